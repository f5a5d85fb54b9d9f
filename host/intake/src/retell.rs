//! Retell's `call_ended` and `call_analyzed`, as its webhook sends them: `{"event": …, "call": {…}}`.
//!
//! Both tell the whole call; the latter has what Retell made of it besides. Read as well: the call under `data`,
//! as old versions have it, and the whole event in a `body`, as relays pass it on. The fields are those of Retell's
//! SDK (`resources/call`). The model's name is not told.

use aftercall_core::{
    conversation::{Content, Conversation, Direction, Item, Role, ToolCall},
    left_out::{LeftOut, Part},
    time::Timestamp,
};
use http::HeaderName;
use serde_json::Value;

use crate::{
    Encoding, Error, Parsed, Place, Scheme, Time, Unit,
    document::{self, Tree},
    own,
};

/// The event of a call that has ended, before Retell has analysed it.
pub const CALL_ENDED: &str = "call_ended";

/// The event of a call that Retell has analysed.
pub const CALL_ANALYZED: &str = "call_analyzed";

/// The histories that a call may have, the better first. Where personal data isn't stored, only the scrubbed one may
/// be there; `transcript_object` lacks the tool calls.
const HISTORIES: [&str; 3] =
    ["/transcript_with_tool_calls", "/scrubbed_transcript_with_tool_calls", "/transcript_object"];

/// How Retell signs: `x-retell-signature: v=MILLISECONDS,d=HEX`, over the body and the time behind it, with the API key
/// that has the webhook badge. Source: Retell's SDK, `lib/webhook_auth`, which allows five minutes.
pub fn scheme() -> Scheme {
    let part = |prefix| Place::part(HeaderName::from_static("x-retell-signature"), ',', prefix);
    Scheme {
        signature: part("d="),
        encoding: Encoding::Hex,
        time: Some(Time { place: part("v="), unit: Unit::Milliseconds, tolerance_ms: 5 * 60 * 1000 }),
        signed: "{body}{timestamp}".parse().expect("it is a template"),
    }
}

/// Reads a `call_ended` or a `call_analyzed`.
///
/// # Errors
/// It is another event, or the call has no identifier.
pub fn parse(payload: &[u8]) -> Result<Parsed, Error> {
    let document = document::tree(payload)?;
    let (event, place) = unwrap(&document);
    let Some(name) = Tree(event).text(&["/event"]) else {
        return Err(Error::at(format!("{place}/event"), "the event's name is missing: send it as Retell delivers it"));
    };
    if ![CALL_ENDED, CALL_ANALYZED].contains(&name.as_str()) {
        return Err(Error::OtherEvent { place: format!("{place}/event"), event: name, wanted: CALL_ANALYZED });
    }
    let key = if is_object(event, "call") || !is_object(event, "data") { "call" } else { "data" };
    let call = Tree(event.get(key).unwrap_or(&Value::Null));
    let id = call.text(&["/call_id"]).ok_or_else(|| {
        Error::at(format!("{place}/{key}/call_id"), "the call has no identifier: send the event as Retell delivers it")
    })?;
    Ok(Parsed {
        conversation: conversation(id, call),
        assistant: call.text(&["/agent_id", "/agent_name"]),
        tenant: None,
    })
}

fn conversation(id: String, call: Tree<'_>) -> Conversation {
    let direction = match (call.text(&["/direction"]).as_deref(), call.text(&["/call_type"]).as_deref()) {
        (Some("inbound"), _) | (None, Some("web_call")) => Some(Direction::Inbound),
        (Some("outbound"), _) => Some(Direction::Outbound),
        _ => None,
    };
    // A call that never connected has no beginning.
    let started_at = call.instant(&["/start_timestamp"]);
    let end_reason = call.text(&["/disconnection_reason"]);
    let is_voicemail =
        call.says_yes(&["/call_analysis/in_voicemail"]) || end_reason.as_deref() == Some("voicemail_reached");
    let (mut items, left_out) = items(call.list(&HISTORIES), started_at);
    document::name_calls(&mut items, []);
    document::pair(&mut items);
    Conversation {
        direction,
        from: call.text(&["/from_number"]),
        to: call.text(&["/to_number"]),
        started_at,
        ended_at: call.instant(&["/end_timestamp"]),
        end_reason,
        answered_by: is_voicemail.then(|| "voicemail".to_owned()),
        live_tools: document::live_tools([], &items),
        live_definitions: Vec::new(),
        items,
        summary: call.text(&["/call_analysis/call_summary"]),
        variables: call.object(&["/call_analysis/custom_analysis_data", "/collected_dynamic_variables"]),
        left_out,
        ..Conversation::new("retell".parse().expect("it is a name"), id)
    }
}

/// Whether a document is an event of Retell about a call.
pub(crate) fn is_event(document: &Value) -> bool {
    let (event, _) = unwrap(document);
    let name = event.get("event").and_then(Value::as_str).unwrap_or_default();
    let is_known = ["call_", "transcript_", "transfer_"].iter().any(|family| name.starts_with(family));
    is_known && (is_object(event, "call") || is_object(event, "data"))
}

/// The event, and its place: relays have it in a `body`, beside the headers.
fn unwrap(document: &Value) -> (&Value, &'static str) {
    match document.get("body") {
        Some(body) if document.get("event").is_none() && body.is_object() => (body, "/body"),
        _ => (document, ""),
    }
}

fn is_object(parent: &Value, key: &str) -> bool {
    parent.get(key).is_some_and(Value::is_object)
}

/// The history, and what of it has no place in one.
///
/// Gemini seals the first of the calls that it makes in one reply (`thought_signature`), so a call without a seal right
/// behind one with it is of the same.
fn items(history: &[Value], started_at: Option<Timestamp>) -> (Vec<Item>, Vec<LeftOut>) {
    let mut items = Vec::new();
    let mut seals: Vec<Option<String>> = Vec::new();
    let mut is_in_sealed_reply = false;
    for entry in history {
        let Some(item) = item(entry, started_at) else { continue };
        let is_call = matches!(item.content, Content::ToolCall(_));
        let seal = Tree(entry).text(&["/thought_signature"]).filter(|_| is_call);
        let continues = is_call && seal.is_none() && is_in_sealed_reply;
        is_in_sealed_reply = is_call && (seal.is_some() || continues);
        items.push(Item { continues, ..item });
        seals.push(seal);
    }
    let left_out = own::left_out(Part::Reasoning, own::seal(&mut items, &seals));
    (items, left_out)
}

/// The item that an entry of the history is. None: it is nothing said (a key press, a step of the flow), or said by
/// somebody who is neither the person on the line nor the assistant: to whom the call was transferred.
fn item(entry: &Value, started_at: Option<Timestamp>) -> Option<Item> {
    let text = document::text_of(entry.get("content"), "");
    let content = match entry.get("role")?.as_str()? {
        "agent" => {
            let (heard, interrupted) = heard(&text, Tree(entry).list(&["/words"]));
            said(Role::Assistant, heard, interrupted)?
        }
        "user" | "sms" => said(Role::User, &text, false)?,
        // What the operator put into the live call.
        "injected" => said(Role::System, &text, false)?,
        "tool_call_invocation" => Content::ToolCall(ToolCall {
            id: document::text_of(entry.get("tool_call_id"), ""),
            name: document::text_of(entry.get("name"), ""),
            arguments: document::text_of(entry.get("arguments"), "{}"),
        }),
        "tool_call_result" => Content::ToolResult {
            call: document::text_of(entry.get("tool_call_id"), ""),
            output: text,
            is_error: entry.get("successful").and_then(document::truth) == Some(false),
        },
        _ => return None,
    };
    let seconds = Tree(entry).value(&["/time_sec", "/words/0/start"]);
    Some(Item::plain(document::within(started_at, seconds), content))
}

fn said(role: Role, text: &str, interrupted: bool) -> Option<Content> {
    (!text.trim().is_empty()).then(|| Content::Message { role, text: text.to_owned(), interrupted })
}

/// What was heard of the assistant's words, and whether it was cut off: words that take no time, at the end, were
/// never spoken.
fn heard<'a>(text: &'a str, words: &[Value]) -> (&'a str, bool) {
    let time = |word: &Value, key| word.get(key).and_then(Value::as_f64);
    let takes_no_time =
        |word: &&Value| time(word, "start").zip(time(word, "end")).is_some_and(|(start, end)| end <= start);
    let unspoken = words.iter().rev().take_while(takes_no_time).count();
    let is_timed = words.iter().any(|word| time(word, "end").is_some_and(|end| end > 0.0));
    if unspoken == 0 || !is_timed {
        return (text, false);
    }
    let mut end = 0;
    for word in words.iter().take(words.len() - unspoken) {
        let word = word.get("word").and_then(Value::as_str).unwrap_or_default().trim();
        // The text is written otherwise than its words: all of it is better than a guess.
        let Some(at) = text.get(end..).and_then(|rest| rest.find(word)) else { return (text, true) };
        end += at + word.len();
    }
    (text.get(..end).unwrap_or(text), true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Unverified, verify::tests::check_one_header};

    #[test]
    fn what_was_never_spoken_is_left_out() {
        let words = |spans: &[(f64, f64)]| -> Vec<Value> {
            let texts = ["We", "are", "open."].iter().zip(spans);
            texts.map(|(word, (start, end))| serde_json::json!({ "word": word, "start": start, "end": end })).collect()
        };
        for (spans, expected) in [
            (&[(1.0, 1.1), (1.1, 1.2), (1.2, 1.5)][..], ("We are open.", false)),
            (&[(1.0, 1.1), (1.1, 1.1), (1.1, 1.1)], ("We", true)),
            (&[(1.0, 1.0), (1.0, 1.0), (1.0, 1.0)], ("", true)),
            (&[(0.0, 0.0), (0.0, 0.0), (0.0, 0.0)], ("We are open.", false)),
            (&[], ("We are open.", false)),
        ] {
            assert_eq!(heard("We are open.", &words(spans)), expected, "{spans:?}");
        }
    }

    #[test]
    fn what_retell_signs_is_believed() {
        const BODY: &[u8] = br#"{"event":"call_ended","call":{"call_id":"c1"}}"#;
        const SIGNED: &str = "v=1772633061250,d=db5d799378f2468b9df341c01461a4535132d5ef3f68a2f849b151f566ffbfb5";
        let signed_at = 1_772_633_061_250;
        let header = HeaderName::from_static("x-retell-signature");
        check_one_header(
            scheme(),
            "key_0123456789abcdef",
            &[
                (SIGNED, BODY, signed_at, Ok(())),
                (SIGNED, BODY, signed_at + 300_000, Ok(())),
                (SIGNED, BODY, signed_at + 300_001, Err(Unverified::TooFarInTime)),
                (&SIGNED.replace("d=db", "d=da"), BODY, signed_at, Err(Unverified::NoSecretFits)),
                (&SIGNED.replace("1250", "1251"), BODY, signed_at, Err(Unverified::NoSecretFits)),
                (SIGNED, &BODY[1..], signed_at, Err(Unverified::NoSecretFits)),
                ("d=db5d", BODY, signed_at, Err(Unverified::Header(header))),
            ],
        );
    }
}
