//! Telnyx: `call.conversation.ended`, and the call's messages, which are fetched from its API.
//!
//! The event says which call ended and not what was said. What is kept of a call is both together, oldest message
//! first, with what Telnyx made of it: [`record`] and [`Form::together`](crate::Form::together) make it, [`parse`] reads it.
//! Source: Telnyx' API reference ("Call Conversation Ended", "Call Conversation Insights Generated", "Get conversation
//! messages") and its SDKs, which are made of the same description.

mod event;
mod insights;
mod messages;
mod page;
mod together;

use aftercall_core::{
    conversation::{Conversation, Direction, ModelOfCall},
    json::Json,
    time::Timestamp,
};
use http::HeaderName;
use serde_json::Value;

use crate::{
    Encoding, Error, Parsed, Place, Scheme, Time, Unit,
    document::{self, Tree},
};

pub use event::{ENDED, Event, INSIGHT_GROUP, INSIGHTS, Insight, event};
pub(crate) use together::{notice, together};

pub use page::{PAGE_MESSAGES_MAX, Page, page, record};

/// Where the type of the event stands: in what is kept of a call, in a webhook, in a bare event.
pub(crate) const MARKS: [&str; 4] = ["/event/data/event_type", "/event/event_type", "/data/event_type", "/event_type"];

/// How Telnyx signs: `telnyx-signature-ed25519: BASE64`, over `SECONDS|BODY`, where the seconds are `telnyx-timestamp`.
/// Source: Telnyx' SDK, `lib/webhook_verification.py`, which allows five minutes.
pub fn scheme() -> Scheme {
    let whole = |header| Place::whole(HeaderName::from_static(header), "");
    Scheme {
        signature: whole("telnyx-signature-ed25519"),
        encoding: Encoding::Base64,
        time: Some(Time { place: whole("telnyx-timestamp"), unit: Unit::Seconds, tolerance_ms: 5 * 60 * 1000 }),
        signed: "{timestamp}|{body}".parse().expect("it is a template"),
    }
}

/// Reads what is kept of a call: `{"event": …, "messages": […]}`, and `insights` where there are any.
///
/// # Errors
/// It is another event, or its messages are not there.
pub fn parse(payload: &[u8]) -> Result<Parsed, Error> {
    let document = document::tree(payload)?;
    let (webhook, place) = webhook(&document);
    let (event, inner) = event::inside(webhook, place);
    let Event::Ended { conversation: id, assistant, at: ended_at, .. } = event::read(webhook, place)? else {
        let kind = event.text(&["/event_type"]).unwrap_or_default();
        return Err(Error::OtherEvent { place: format!("{inner}/event_type"), event: kind, wanted: ENDED });
    };
    let messages = document.get("messages").and_then(Value::as_array).ok_or_else(|| {
        let why = "the messages are not in the event: fetch them with `GET /v2/ai/conversations/{id}/messages`, and \
                   send `{\"event\": …, \"messages\": […]}`";
        Error::at("/messages", why)
    })?;
    let items = messages::items(messages);
    let call = Tree(event.value(&["/payload"]).unwrap_or(&Value::Null));
    let (summary, variables) = insights::read(Tree(&document).list(&["/insights"]));
    let conversation = Conversation {
        platform: "telnyx".parse().expect("it is a name"),
        id,
        direction: direction(call).or_else(|| said_direction(Tree(&document))),
        from: call.text(&["/from"]),
        to: call.text(&["/to"]),
        time_zone: None,
        started_at: started_at(call, ended_at),
        ended_at,
        end_reason: call.text(&["/reason"]),
        answered_by: None,
        is_test: false,
        model: ModelOfCall { name: call.text(&["/llm_model"]), parameters: Json::parse("{}").expect("it is JSON") },
        live_tools: document::live_tools([], &items),
        live_definitions: Vec::new(),
        items,
        summary,
        variables,
        left_out: Vec::new(),
    };
    Ok(Parsed { conversation, assistant, tenant: None })
}

/// The event of a record that is kept of a call, and its place; or the event that a document is.
fn webhook(document: &Value) -> (&Value, &'static str) {
    match document.get("event").filter(|event| event.is_object()) {
        Some(event) => (event, "/event"),
        None => (document, ""),
    }
}

fn said_direction(call: Tree<'_>) -> Option<Direction> {
    match call.text(&["/direction"])?.as_str() {
        "incoming" | "inbound" => Some(Direction::Inbound),
        "outgoing" | "outbound" => Some(Direction::Outbound),
        _ => None,
    }
}

/// Who called whom: by the word of other call events, where one adds it; else a call to the assistant's own SIP address
/// (`…@assistant-ID.sip.telnyx.com`) came in. A call between two numbers doesn't tell.
fn direction(call: Tree<'_>) -> Option<Direction> {
    if let Some(said) = said_direction(call) {
        return Some(said);
    }
    let is_assistant = |address: &str| {
        let host = address.rsplit('@').next().unwrap_or_default().trim_start_matches("sip:");
        let host = host.split([':', ';']).next().unwrap_or_default();
        host.starts_with("assistant-") && host.ends_with(".sip.telnyx.com")
    };
    call.text(&["/to"]).filter(|to| is_assistant(to)).map(|_| Direction::Inbound)
}

/// When the call began: as long before its end as it took.
fn started_at(call: Tree<'_>, ended_at: Option<Timestamp>) -> Option<Timestamp> {
    let took = document::span_ms(call.value(&["/duration_sec"])?, 1.0)?;
    ended_at?.as_millis().checked_sub(took).map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests;
