//! A message, as it is posted (<https://docs.slack.dev/reference/methods/chat.postMessage>) and as it is read.

use aftercall::{Answer, Context, Failure, FailureKind, Text};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer;
use crate::place::{Place, Posted};
use crate::thread::Thread;

const POST_URL: &str = "https://slack.com/api/chat.postMessage";
/// The longest text, as it is sent. Longer ones Slack may break into several messages, of which one alone would have our
/// key (<https://api.slack.com/changelog/2018-04-truncating-really-long-messages>).
const TEXT_CHARS_MAX: usize = 4_000;
/// What our metadata is of.
const EVENT_TYPE: &str = "aftercall_effect";

/// A message that is to be posted.
#[derive(Serialize)]
struct Draft<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a Thread>,
    text: &'a str,
    metadata: Metadata<'a>,
    /// No markup.
    mrkdwn: bool,
    /// No links made of addresses.
    parse: &'static str,
    /// No mentions made of names.
    link_names: bool,
    /// Nothing fetched from addresses.
    unfurl_links: bool,
    unfurl_media: bool,
}

#[derive(Serialize)]
struct Metadata<'a> {
    event_type: &'static str,
    event_payload: EventPayload<'a>,
}

#[derive(Serialize)]
struct EventPayload<'a> {
    key: &'a str,
}

/// The answer to a message that Slack has taken.
#[derive(Deserialize)]
struct Taken {
    ts: String,
    message: Option<Message>,
}

/// A message that Slack has, as far as it is read.
#[derive(Deserialize)]
pub(crate) struct Message {
    pub(crate) ts: String,
    /// Of the message that began the thread, where it is in one.
    pub(crate) thread_ts: Option<String>,
    /// Any app's, of any shape.
    #[serde(default)]
    metadata: Value,
}

/// Posts a message with our key.
pub(crate) async fn post(cx: &Context, place: &Place<'_>, text: &Text) -> Result<Answer<Posted>, Failure> {
    let draft = Draft {
        channel: place.channel_id,
        thread_ts: place.thread,
        text: &plain(text)?,
        metadata: Metadata { event_type: EVENT_TYPE, event_payload: EventPayload { key: cx.key() } },
        mrkdwn: false,
        parse: "none",
        link_names: false,
        unfurl_links: false,
        unfurl_media: false,
    };
    // Without its charset, Slack warns.
    let request = cx.post(POST_URL).json(&draft).header("content-type", "application/json; charset=utf-8");
    let taken: Taken = answer::told(request.send().await?, FailureKind::OutcomeUnknown)?;
    let as_asked = |ts| Message { ts, thread_ts: place.thread.map(ToString::to_string), metadata: Value::Null };
    Ok(place.posted(&taken.message.unwrap_or_else(|| as_asked(taken.ts))))
}

impl Message {
    /// Whether it carries this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.metadata["event_type"] == EVENT_TYPE && self.metadata["event_payload"]["key"] == key
    }

    /// Whether its metadata is ours and doesn't tell its key. Slack leaves the payload out where a request or a token may
    /// not see it.
    pub(crate) fn hides_its_key(&self) -> bool {
        self.metadata["event_type"] == EVENT_TYPE && !self.metadata["event_payload"]["key"].is_string()
    }
}

/// What was said, as text and nothing else: the three characters with which Slack's mentions, links and dates begin are
/// escaped (<https://docs.slack.dev/messaging/formatting-message-text#escaping>).
fn plain(text: &Text) -> Result<String, Failure> {
    let escaped = text.as_str().trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    match escaped.chars().count() {
        count if count > TEXT_CHARS_MAX => Err(Failure::invalid_arguments(format!(
            "`text` is too long: it is {count} characters, where & counts as 5, < and > as 4; write {TEXT_CHARS_MAX} at most"
        ))),
        _ => Ok(escaped),
    }
}
