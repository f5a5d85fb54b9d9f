//! Texts as HTML that carry our key, and how what carries it is found again. HubSpot takes no idempotency key.

use aftercall::{Context, Failure, Finding, IntoOutcome};

use crate::hubspot::{self, Page, Search};
use crate::refusal;
use crate::settings::Settings;

/// When to look again, while HubSpot may not show yet what was made.
const LOOK_AGAIN_MS: u64 = 15_000;

/// A paragraph. What was said on the call is text in it, never markup.
pub(crate) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escape(text))
}

/// The line that carries the key.
pub(crate) fn reference(key: &str) -> String {
    format!("<p>Reference: {}</p>", escape(key))
}

/// Searches for the object whose text, this property, carries our key.
pub(crate) async fn find<O: IntoOutcome>(
    objects: &str,
    property: &'static str,
    settings: &Settings,
    cx: &Context,
    outcome: impl FnOnce(&str) -> O,
) -> Result<Finding, Failure> {
    let search = Search::of(&[property]).or(property, "CONTAINS_TOKEN", cx.key());
    let url = hubspot::url(&format!("{objects}/search"));
    let answer = cx.post(url).reads_only().json(&search).send().await?;
    let page: Page = refusal::told(answer)?.json()?;
    match page.results.iter().find(|object| has_key(object.property(property), cx.key())) {
        Some(ours) => Finding::happened(outcome(&ours.id)),
        None => Ok(unless_too_early(settings, cx)),
    }
}

/// What it says that nothing was found.
pub(crate) fn unless_too_early(settings: &Settings, cx: &Context) -> Finding {
    if cx.now().saturating_sub(cx.attempt_at()) < settings.search_lag_ms {
        Finding::ask_again_after(LOOK_AGAIN_MS)
    } else {
        Finding::DidNotHappen
    }
}

/// Whether a text has this key in its reference line. A search by token may find more than that.
fn has_key(text: Option<&str>, key: &str) -> bool {
    let reference = format!("Reference: {}", escape(key));
    let Some((_, rest)) = text.and_then(|text| text.split_once(&reference)) else {
        return false;
    };
    !rest.starts_with(|next: char| next.is_alphanumeric())
}

/// Escapes what would be markup between tags; quotes are none there.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.trim().chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\n' => html.push_str("<br>"),
            '\r' => {}
            other => html.push(other),
        }
    }
    html
}
