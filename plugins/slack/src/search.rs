//! The search for a message in doubt, by the key in its metadata.
//! <https://docs.slack.dev/reference/methods/conversations.history>,
//! <https://docs.slack.dev/reference/methods/conversations.replies>

use aftercall::{Context, Failure, FailureKind, Finding};
use serde::Deserialize;

use crate::answer;
use crate::message::Message;
use crate::place::{Place, Settings};

/// How far Slack's clock may be behind the host's.
const CLOCK_SKEW_MS: u64 = 120_000;
/// How many messages are asked for at once: what Slack recommends. Apps that are sold outside its Marketplace get 15.
const PAGE_MESSAGES: &str = "200";
/// How many pages are read. Protects the call's time.
const PAGES_MAX: usize = 10;

/// Some of the messages.
#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    #[serde(default)]
    response_metadata: Next,
}

#[derive(Default, Deserialize)]
struct Next {
    /// Empty behind the last page.
    #[serde(default)]
    next_cursor: String,
}

/// Finds the message with our key.
pub(crate) async fn find(cx: &Context, settings: &Settings, place: &Place<'_>) -> Result<Finding, Failure> {
    let mut cursor = String::new();
    let mut is_hidden = false;
    for _ in 0..PAGES_MAX {
        let page = match page(cx, place, &cursor).await {
            Ok(page) => page,
            // Without its thread, a reply can't be looked for any more.
            Err(failure) if failure.code.as_deref() == Some("thread_not_found") => return Ok(Finding::Unknown(None)),
            Err(failure) => return Err(failure),
        };
        if let Some(message) = page.messages.iter().find(|message| message.has(cx.key())) {
            return Finding::happened(place.posted(message));
        }
        is_hidden |= page.messages.iter().any(Message::hides_its_key);
        cursor = page.response_metadata.next_cursor;
        if cursor.is_empty() {
            // Not asked again before the lag's end: a search costs a request, and some apps have one a minute.
            let absent = Finding::absent(cx, settings.history_lag_ms, settings.history_lag_ms);
            return Ok(absent.unless_hidden(is_hidden));
        }
    }
    Ok(Finding::Unknown(None))
}

async fn page(cx: &Context, place: &Place<'_>, cursor: &str) -> Result<Page, Failure> {
    let oldest = timestamp(cx.first_attempt_at().min(cx.now()).saturating_sub(CLOCK_SKEW_MS));
    let mut query = vec![("channel", place.channel_id)];
    query.extend(place.thread.map(|thread| ("ts", thread.as_str())));
    query.extend([("oldest", oldest.as_str()), ("inclusive", "true"), ("include_all_metadata", "true")]);
    query.push(("limit", PAGE_MESSAGES));
    if !cursor.is_empty() {
        query.push(("cursor", cursor));
    }
    let method = if place.thread.is_some() { "conversations.replies" } else { "conversations.history" };
    let request = cx.get(format!("https://slack.com/api/{method}")).query(&query);
    answer::told(request.send().await?, FailureKind::Unavailable)
}

/// Milliseconds since 1970, as Slack writes them.
fn timestamp(at_ms: u64) -> String {
    format!("{}.{:03}000", at_ms / 1_000, at_ms % 1_000)
}
