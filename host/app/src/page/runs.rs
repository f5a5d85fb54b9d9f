//! The list of runs.

use aftercall_core::{ports::RunLine, run::Standing};
use maud::html;

use super::{layout, tone};
use crate::story;

/// The newest runs, as a page.
pub fn runs(lines: &[RunLine], user: &str) -> String {
    let live = lines.iter().any(|line| line.standing == Standing::Working.as_str());
    let body = html! {
        header { h1 { "Runs" } p.facts { "as " (user) } }
        main.list {
            @if lines.is_empty() {
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
