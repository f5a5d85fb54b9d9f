//! ElevenLabs' API: `GET /v1/convai/conversations`, and `GET /v1/convai/conversations/{conversation_id}`, which gives what the
//! webhook has as `data`.
//! Source: ElevenLabs' SDK (`conversationalAi/resources/conversations`) and its API reference.

use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    Ask, Span,
    list::{CALL_MS_MAX, Listed, Lister, Page},
    refused, with_query,
};
use crate::{
    Error, Form,
    document::{self, Tree},
    elevenlabs::TRANSCRIPTION,
};

/// Before a call's identifier.
pub(super) const CALL: &str = "/v1/convai/conversations/";

/// Calls of a page: ElevenLabs allows no more.
const PAGE_CALLS: u32 = 100;

/// A conversation as the event that would have told it.
pub(super) fn record(body: &[u8]) -> Result<Vec<u8>, Error> {
    #[derive(Serialize)]
    struct Record<'a> {
        r#type: &'static str,
        data: &'a RawValue,
    }
    let document = document::tree(body)?;
    let call = Tree(&document);
    if call.text(&["/conversation_id"]).is_none() {
        return Err(refused(Form::ElevenLabs, "the conversation", &document));
    }
    if let Some(status) = under_way(call) {
        return Err(Error::UnderWay { place: "/status".to_owned(), status });
    }
    let data = serde_json::from_slice(body).map_err(|error| Error::NotJson { why: error.to_string() })?;
    Ok(serde_json::to_vec(&Record { r#type: TRANSCRIPTION, data }).expect("raw JSON serialises"))
}

/// The status of a call that isn't over, or is still transcribed and analysed: the webhook comes after that.
fn under_way(call: Tree<'_>) -> Option<String> {
    let status = call.text(&["/status"])?;
    matches!(status.as_str(), "initiated" | "in-progress" | "processing").then_some(status)
}

pub(super) const LISTER: Lister = Lister { ask, read };

/// The list knows when a call began, to the second: a call that ended in the span may have begun before it.
fn ask(span: Span, cursor: Option<&str>) -> Ask {
    let Span { since, until } = span.widened(CALL_MS_MAX);
    let mut query = vec![
        ("call_start_after_unix", (since.as_millis() / 1000).saturating_sub(1).to_string()),
        ("call_start_before_unix", until.as_millis().div_ceil(1000).to_string()),
        ("page_size", PAGE_CALLS.to_string()),
    ];
    query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
    Ask::get(with_query("/v1/convai/conversations", &query))
}

fn read(_: Span, _: Option<&str>, answer: &Value) -> Result<Page, Error> {
    let tree = Tree(answer);
    let Some(conversations) = answer.get("conversations").and_then(Value::as_array) else {
        return Err(refused(Form::ElevenLabs, "the conversations", answer));
    };
    let has_more = tree.says_yes(&["/has_more"]);
    let next = tree.text(&["/next_cursor"]).filter(|_| has_more);
    if has_more && next.is_none() {
        return Err(Error::at("/next_cursor", "there are more calls, and nothing says where: ask again"));
    }
    let call = |call: &Value| {
        let call = Tree(call);
        let began = call.instant(&["/start_time_unix_secs"]);
        let ended_at = document::within(began, call.value(&["/call_duration_secs"]));
        let conversation = call.text(&["/conversation_id"]).filter(|_| under_way(call).is_none())?;
        Some(Listed { conversation, ended_at, payload: None })
    };
    Ok(Page { calls: conversations.iter().filter_map(call).collect(), next })
}
