//! ElevenLabs' `post_call_transcription`, as its webhook sends it: `{"type": …, "data": {…}}`.
//!
//! The fields are those of ElevenLabs' SDK (`ConversationHistory…` types). What the caller's program may set is not
//! believed: no number is read from dynamic variables, no instructions from an override. Nor is `call_successful`
//! read, which says "success" of calls that nobody understood.

use std::iter;

use aftercall_core::{
    conversation::{Content, Conversation, Direction, Item, ModelOfCall, Role, ToolCall},
    json::Json,
    time::Timestamp,
};
use http::HeaderName;
use serde_json::{Map, Value};

use crate::{
    Encoding, Error, Parsed, Place, Scheme, Time, Unit,
    document::{self, Tree},
};

/// The one event of ElevenLabs that tells a whole call.
pub const TRANSCRIPTION: &str = "post_call_transcription";

/// What the system tool answers by which the agent leaves the line to a voicemail.
const VOICEMAIL: &str = "voicemail_detection_success";

/// How ElevenLabs signs: `elevenlabs-signature: t=SECONDS,v0=HEX`, over `SECONDS.BODY`.
/// Source: ElevenLabs' SDK, `webhooks.construct_event`, which allows thirty minutes.
pub fn scheme() -> Scheme {
    let part = |prefix| Place::part(HeaderName::from_static("elevenlabs-signature"), ',', prefix);
    Scheme {
        signature: part("v0="),
        encoding: Encoding::Hex,
        time: Some(Time { place: part("t="), unit: Unit::Seconds, tolerance_ms: 30 * 60 * 1000 }),
        signed: "{timestamp}.{body}".parse().expect("it is a template"),
    }
}

/// Reads a `post_call_transcription`.
///
/// # Errors
/// It is another event, or the call has no identifier.
pub fn parse(payload: &[u8]) -> Result<Parsed, Error> {
    let document = document::tree(payload)?;
    let Some(event) = Tree(&document).text(&["/type"]) else {
        return Err(Error::at("/type", "the event's name is missing: send it as ElevenLabs delivers it"));
    };
    if event != TRANSCRIPTION {
        return Err(Error::OtherEvent { place: "/type".to_owned(), event, wanted: TRANSCRIPTION });
    }
    let call = Tree(document.get("data").unwrap_or(&Value::Null));
    let id = call.text(&["/conversation_id"]).ok_or_else(|| {
        Error::at("/data/conversation_id", "the call has no identifier: send the event as ElevenLabs delivers it")
    })?;
    Ok(Parsed {
        conversation: conversation(id, call),
        assistant: call.text(&["/agent_id", "/agent_name"]),
        tenant: None,
    })
}

fn conversation(id: String, call: Tree<'_>) -> Conversation {
    let direction = match call.text(&["/metadata/phone_call/direction"]).as_deref() {
        Some("inbound") => Some(Direction::Inbound),
        Some("outbound") => Some(Direction::Outbound),
        _ => None,
    };
    let person = call.text(&["/metadata/phone_call/external_number"]);
    let ours = call.text(&["/metadata/phone_call/agent_number"]);
    let (from, to) = match direction {
        Some(Direction::Outbound) => (ours, person),
        Some(Direction::Inbound) | None => (person, ours),
    };
    let started_at = call.instant(&["/metadata/start_time_unix_secs", "/metadata/accepted_time_unix_secs"]);
    let turns = call.list(&["/transcript"]);
    let mut items: Vec<Item> = turns.iter().flat_map(|turn| items_of(turn, started_at)).collect();
    document::name_calls(&mut items, results(turns).filter_map(named));
    document::pair(&mut items);
    let is_voicemail = call.says_yes(&["/metadata/features_usage/voicemail_detection/used"])
        || results(turns).any(|result| Tree(result).text(&["/result/result_type"]).as_deref() == Some(VOICEMAIL));
    let end_reason = call.text(&["/metadata/termination_reason", "/metadata/error/reason"]);
    let empty = Conversation::new("elevenlabs".parse().expect("it is a name"), id);
    Conversation {
        direction,
        from,
        to,
        started_at,
        ended_at: document::within(started_at, call.value(&["/metadata/call_duration_secs"])),
        end_reason,
        answered_by: is_voicemail.then(|| "voicemail".to_owned()),
        model: ModelOfCall { name: model(call, turns), ..empty.model.clone() },
        live_tools: document::live_tools([], &items),
        live_definitions: Vec::new(),
        items,
        summary: call.text(&["/analysis/transcript_summary"]),
        variables: variables(call),
        ..empty
    }
}

/// Whether a document is an event of ElevenLabs about a call.
pub(crate) fn is_event(document: &Value) -> bool {
    let name = document.get("type").and_then(Value::as_str).unwrap_or_default();
    let is_known = name.starts_with("post_call_") || name == "call_initiation_failure";
    is_known && document.get("data").is_some_and(Value::is_object)
}

/// The items of one turn: what was said, the tools called with it, and their results. A turn that has results alone
/// was spoken after them.
fn items_of(turn: &Value, started_at: Option<Timestamp>) -> Vec<Item> {
    let at = document::within(started_at, turn.get("time_in_call_secs"));
    let plain = |content| Item::plain(at, content);
    let words = said(turn).map(plain);
    let is_of_reply = |item: &Item| matches!(item.content, Content::Message { role: Role::Assistant, .. });
    let continues = words.as_ref().is_some_and(is_of_reply);
    let calls = list(turn, "/tool_calls").enumerate().map(|(index, made)| {
        let continues = continues || index > 0;
        Item { continues, ..plain(call(made)) }
    });
    let calls: Vec<Item> = calls.collect();
    let results = list(turn, "/tool_results").flat_map(result).map(plain);
    match calls.is_empty() {
        true => results.chain(words).collect(),
        false => words.into_iter().chain(calls).chain(results).collect(),
    }
}

/// What was said in a turn. None: nothing, or by nobody who is known. Of a turn that was cut off, `message` is what
/// was heard, `original_message` what the model meant to say.
fn said(turn: &Value) -> Option<Content> {
    let role = match turn.get("role")?.as_str()? {
        "user" => Role::User,
        "agent" | "assistant" => Role::Assistant,
        _ => return None,
    };
    let text = document::text_of(turn.get("message"), "");
    let interrupted = Tree(turn).says_yes(&["/interrupted"]);
    (!text.trim().is_empty()).then_some(Content::Message { role, text, interrupted })
}

/// `tool_has_been_called` of a request is not read: it is false of calls that have a result.
fn call(made: &Value) -> Content {
    Content::ToolCall(ToolCall {
        id: document::text_of(made.get("request_id"), ""),
        name: document::text_of(made.get("tool_name"), ""),
        arguments: document::text_of(made.get("params_as_json"), "{}"),
    })
}

/// A tool's result; behind that of a workflow, what the workflow called in its steps.
fn result(given: &Value) -> Vec<Content> {
    let tree = Tree(given);
    let was_called = given.get("tool_has_been_called").and_then(document::truth) != Some(false);
    let own = Content::ToolResult {
        call: document::text_of(given.get("request_id"), ""),
        output: document::text_of(given.get("result_value"), ""),
        is_error: tree.says_yes(&["/is_error", "/is_blocked"]) || !was_called,
    };
    let inner =
        steps(given).flat_map(|step| list(step, "/requests").map(call).chain(list(step, "/results").flat_map(result)));
    iter::once(own).chain(inner).collect()
}

/// All results, those within workflows too.
fn results(turns: &[Value]) -> impl Iterator<Item = &Value> {
    turns.iter().flat_map(|turn| list(turn, "/tool_results")).flat_map(with_inner)
}

fn with_inner(result: &Value) -> Vec<&Value> {
    let inner = steps(result).flat_map(|step| list(step, "/results")).flat_map(with_inner);
    iter::once(result).chain(inner).collect()
}

fn steps(result: &Value) -> impl Iterator<Item = &Value> {
    list(result, "/result/steps")
}

/// The objects of a list, which may be null or absent.
fn list<'a>(parent: &'a Value, place: &str) -> impl Iterator<Item = &'a Value> {
    Tree(parent).list(&[place]).iter().filter(|value| value.is_object())
}

/// What a result says of its call, which may have come without a name: its identifier, and the name.
fn named(result: &Value) -> Option<(&str, &str)> {
    Some((result.get("request_id")?.as_str()?, result.get("tool_name")?.as_str()?))
}

/// The model that spoke last, by what each turn or the whole call is charged for; one of several is not guessed.
fn model(call: Tree<'_>, turns: &[Value]) -> Option<String> {
    let only = |usage: Option<&Value>| {
        let mut names = usage?.as_object()?.keys();
        names.next().filter(|_| names.next().is_none()).cloned()
    };
    let of_call = ["irreversible_generation", "initiated_generation"]
        .map(|part| call.value(&[&format!("/metadata/charging/llm_usage/{part}/model_usage")]));
    let of_turns = turns.iter().rev().map(|turn| turn.pointer("/llm_usage/model_usage"));
    of_turns.chain(of_call).find_map(only)
}

/// What the platform collected: each by its name, without the platform's reasons for it.
fn variables(call: Tree<'_>) -> Option<Json> {
    let collected = call.value(&["/analysis/data_collection_results"])?.as_object().filter(|all| !all.is_empty())?;
    let value = |(name, result): (&String, &Value)| (name.clone(), result.get("value").unwrap_or(result).clone());
    Some(Json::of(&collected.iter().map(value).collect::<Map<_, _>>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Unverified, verify::tests::check_one_header};

    #[test]
    fn what_elevenlabs_signs_is_believed() {
        const BODY: &[u8] = br#"{"type":"post_call_transcription","event_timestamp":1772633061,"data":{}}"#;
        const SIGNED: &str = "t=1772633061,v0=6b47877eabada2511df7cf1f80c562990f49340e8d92e7eb3cd8c21a6c06d671";
        let signed_at = 1_772_633_061_000;
        let header = HeaderName::from_static("elevenlabs-signature");
        check_one_header(
            scheme(),
            "wsec_0123456789abcdef",
            &[
                (SIGNED, BODY, signed_at, Ok(())),
                (SIGNED, BODY, signed_at + 1_800_000, Ok(())),
                (SIGNED, BODY, signed_at + 1_800_001, Err(Unverified::TooFarInTime)),
                (&SIGNED.replace("v0=6b", "v0=6a"), BODY, signed_at, Err(Unverified::NoSecretFits)),
                (&SIGNED.replace("3061,", "3062,"), BODY, signed_at, Err(Unverified::NoSecretFits)),
                (SIGNED, &BODY[1..], signed_at, Err(Unverified::NoSecretFits)),
                ("t=1772633061", BODY, signed_at, Err(Unverified::Header(header))),
            ],
        );
    }
}
