//! The list of runs.

use aftercall_core::{inbox::WaitingCall, ports::RunLine, run::Standing};
use maud::html;

use super::{layout, tone};
use crate::story;

/// Calls that wait for their run, and the newest runs, as a page. `today`: what the user's runs have used today, in words.
pub fn runs(waiting: &[WaitingCall], lines: &[RunLine], user: &str, today: Option<&str>) -> String {
    let live = lines.iter().any(|line| line.standing == Standing::Working.as_str());
    let body = html! {
        header { h1 { "Runs" } p.facts { "as " (user) @if let Some(today) = today { " · today " (today) } } }
        main.list {
            @for call in waiting {
                div.row {
                    span.(if call.trouble.is_some() { "warn" } else { tone("waiting") }).badge { "waiting" }
                    span.what {
                        strong { (call.of.conversation) }
                        small {
                            (call.of.tenant) " · " (call.of.platform) " · begins " (story::date(call.ready_at))
                            @if let Some(trouble) = &call.trouble { " · " (trouble) }
                        }
                    }
                }
            }
            @if lines.is_empty() && waiting.is_empty() {
                p.empty { "No run yet. Each call that a platform posts to an endpoint becomes one." }
            }
            @for line in lines {
                @let outcome = line.outcome();
                a.row href={ "/runs/" (line.run) } {
                    span.(tone(outcome)).badge { (outcome) }
                    span.what {
                        strong { (line.identity.conversation) }
                        small {
                            (line.identity.tenant) " · " (line.identity.platform) " · " (story::date(line.accepted_at))
                            @if line.identity.revision > 0 { " · revision " (line.identity.revision) }
                        }
                    }
                }
            }
        }
    };
    layout("Runs", live, &body)
}
