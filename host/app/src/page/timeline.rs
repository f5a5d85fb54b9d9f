//! The timeline: what was done after the call, with each tool call as a card of its own.

use aftercall_core::{
    binding::Bindings,
    conversation::ToolCall,
    run::{AttemptResult, Found},
    time::Timestamp,
    timeline::{Moment, What},
    tool::{Outcome, Receipt},
    usage::Used,
};
use maud::{Markup, html};

use crate::story;

/// What happened, in order.
pub(super) fn timeline(moments: &[Moment]) -> Markup {
    html! { ol.timeline { @for moment in moments { (line(moment)) } } }
}

fn line(moment: &Moment) -> Markup {
    match &moment.what {
        What::Replied { turn, took_ms, text, .. } => html! {
            li.turn {
                (head(moment.at, html! { "Turn " (turn) small { " · the model took " (story::span(*took_ms)) } }))
                @if let Some(text) = text { p.said { (text.trim()) } }
            }
        },
        What::Insights { turn, took_ms, found: Some(_), .. } => html! {
            li.turn {
                (head(moment.at, html! { "Turn " (turn) small { " · insights, in " (story::span(*took_ms)) } }))
            }
        },
        What::Refused { call, words } => {
            let told = Told { tone: "bad", words: ("✗", " was refused"), more: html! { p { (words) } } };
            card(moment.at, call, &Bindings::new(), told, html! {}, html! {})
        }
        What::Tried { call, bound, took_ms, tries, result, log, usage, again_at, .. } => {
            let took = html! {
                small { " · " (story::span(*took_ms)) @if *tries > 1 { " · attempt " (tries) } }
            };
            let rest = html! {
                (again(*again_at))
                @for line in log { p.log { (line.message) } }
                (limits(usage))
            };
            card(moment.at, call, bound, tried(result), took, rest)
        }
        What::Settled { call, found, again_at } => {
            card(moment.at, call, &Bindings::new(), settled(found), html! {}, again(*again_at))
        }
        what => {
            let (words, details) = story::words(what);
            let class = matches!(what, What::Ended(_)).then_some("ended");
            html! { li class=[class] { (head(moment.at, html! { (words) })) @for detail in details { p { (detail) } } } }
        }
    }
}

/// What came of a call, for its card.
struct Told {
    tone: &'static str,
    /// A mark, and the words behind the tool's name.
    words: (&'static str, &'static str),
    more: Markup,
}

fn tried(result: &AttemptResult) -> Told {
    let (tone, more) = match result {
        AttemptResult::Done(outcome) | AttemptResult::Known(outcome) => ("good", done(outcome)),
        AttemptResult::Conflict(outcome) => ("bad", done(outcome)),
        AttemptResult::Failed(failure) => {
            ("bad", html! { p { (story::kind_in_words(failure)) ": " (failure.message) } })
        }
        AttemptResult::InDoubt(failure) | AttemptResult::Unsettled(failure) => {
            ("warn", html! { p { (failure.message) } })
        }
        AttemptResult::Unknowable => ("warn", html! {}),
    };
    Told { tone, words: story::came_of(result), more }
}

fn settled(found: &Found) -> Told {
    let (tone, more) = match found {
        Found::Happened(outcome) => ("good", done(outcome)),
        Found::Otherwise(outcome) => ("bad", done(outcome)),
        Found::DidNotHappen => ("calm", html! {}),
        Found::NotYet { .. } | Found::Never => ("warn", html! {}),
    };
    Told { tone, words: story::found_in_words(found), more }
}

/// How near a call came to each of its limits, folded: whoever wonders opens it.
fn limits(usage: &[Used]) -> Markup {
    html! {
        @if !usage.is_empty() {
            details.limits {
                summary { "limits" }
                table { @for used in usage { (limit(used)) } }
            }
        }
    }
}

fn limit(used: &Used) -> Markup {
    html! {
        tr {
            td { (used) }
            td { meter min="0" max=(used.max.max(1)) value=(used.used) {} }
            td { (used.percent()) " %" }
        }
    }
}

fn again(at: Option<Timestamp>) -> Markup {
    html! { @if let Some(at) = at { p { "Again at " (story::time(at)) "." } } }
}

fn head(at: Timestamp, words: Markup) -> Markup {
    html! { div.head { time { (story::time(at)) } span { (words) } } }
}

fn card(at: Timestamp, call: &ToolCall, bound: &Bindings, told: Told, took: Markup, rest: Markup) -> Markup {
    let Told { tone, words: (mark, how), more } = told;
    html! {
        li.card.(tone) {
            (head(at, html! { span.mark { (mark) } " " strong { (call.name) } (how) (took) }))
            p.arguments { (story::clip(&story::asked_in_words(call, bound))) }
            (more)
            (rest)
        }
    }
}

fn done(outcome: &Outcome) -> Markup {
    html! {
        @if !outcome.text.is_empty() { p { (outcome.text) } }
        @for receipt in &outcome.receipts { (self::receipt(receipt)) }
    }
}

/// A receipt leads to the vendor's own page, where there is one. Anything but a web address is text.
fn receipt(receipt: &Receipt) -> Markup {
    let words = format!("{} {}", receipt.kind, receipt.id);
    let url = receipt.url.as_deref().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    html! {
        p.receipt {
            "receipt: "
            @match url {
                Some(url) => a href=(url) rel="noreferrer noopener" { (words) },
                None => (words),
            }
        }
    }
}
