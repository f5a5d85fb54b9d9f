//! Pages for people, rendered here and nowhere else: plain HTML, one stylesheet, no script.

mod call;
mod run;
mod runs;
mod timeline;

use maud::{DOCTYPE, Markup, html};

pub use run::run;
pub use runs::runs;

/// The stylesheet.
pub const STYLE: &str = include_str!("style.css");

/// How often a page of something that goes on is loaded again, in seconds.
const REFRESH_SECONDS: u32 = 2;

/// What all pages have in common.
fn layout(title: &str, live: bool, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if live { meta http-equiv="refresh" content=(REFRESH_SECONDS); }
                title { (title) " · aftercall" }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="data:,";
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// The colour that an outcome has.
fn tone(outcome: &str) -> &'static str {
    match outcome {
        "under-way" => "live",
        "completed" => "good",
        "sleeping" | "waiting" | "skipped" | "cancelled" => "calm",
        "awaits-approval" | "needs-attention" | "unproven" => "warn",
        _ => "bad",
    }
}
