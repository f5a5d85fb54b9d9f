//! Bland: the call's record, as its webhook has it.
//!
//! The webhook's body is the call object of `GET /v1/calls/{call_id}`, flat. Bland sends other things to the same
//! address, by a call's `webhook_events`: events while the call is on, and half a minute after it a second webhook
//! with corrected words alone. Those tell no whole call.
//!
//! What a tool answered is nowhere in it: an `agent-action` says in words that something was done. It becomes a call
//! without a result, so that the model knows of it and has to look before it does it again.
//! Source: Bland's pages "Call Details", "Send Call" and "Webhook Signing".

use aftercall_core::{
    conversation::{Content, Conversation, Direction, Item, ModelOfCall, Role, ToolCall},
    json::Json,
    time::Timestamp,
};
use http::HeaderName;
use serde_json::Value;

use crate::{
    Encoding, Error, Parsed, Place, Scheme,
    document::{self, Tree},
};

/// The webhook that tells a whole call.
pub const POST_CALL: &str = "post-call webhook";

/// What a call object has beside its `call_id`, or another event of Bland's.
pub(crate) const MARKS: [&str; 7] = [
    "transcripts",
    "concatenated_transcript",
    "queue_status",
    "corrected_duration",
    "category",
    "citations",
    "corrected_transcript",
];

/// The tool that stands for what an `agent-action` says in words.
const ACTION: &str = "agent_action";

/// How Bland signs: `x-webhook-signature: HEX`, over the body alone. Nothing says when: whoever saw a webhook can send it
/// again, which leads to no second run. Source: Bland's guide to webhook signing.
pub fn scheme() -> Scheme {
    Scheme {
        signature: Place::whole(HeaderName::from_static("x-webhook-signature"), ""),
        encoding: Encoding::Hex,
        time: None,
        signed: "{body}".parse().expect("it is a template"),
    }
}

/// Reads a call object.
///
/// # Errors
/// It is another event, or of a call that isn't over, or the call has no identifier.
pub fn parse(payload: &[u8]) -> Result<Parsed, Error> {
    let document = document::tree(payload)?;
    let call = Tree(&document);
    is_whole(call)?;
    let id = document::text_of(call.value(&["/call_id", "/c_id"]), "");
    if id.trim().is_empty() {
        let why = "the call has no identifier: send the call object as Bland delivers it";
        return Err(Error::at("/call_id", why));
    }
    let items = history(call);
    let started_at = call.instant(&["/started_at"]);
    let conversation = Conversation {
        platform: "bland".parse().expect("it is a name"),
        id,
        direction: call.value(&["/inbound"]).and_then(document::truth).map(|inbound| match inbound {
            true => Direction::Inbound,
            false => Direction::Outbound,
        }),
        from: call.text(&["/from"]),
        to: call.text(&["/to"]),
        time_zone: None,
        started_at,
        ended_at: ended_at(call, started_at),
        end_reason: end_reason(call),
        answered_by: call.text(&["/answered_by"]),
        is_test: false,
        model: ModelOfCall {
            name: call.text(&["/model", "/request_data/model"]),
            parameters: Json::parse("{}").expect("it is JSON"),
        },
        live_tools: document::live_tools([], &items),
        live_definitions: Vec::new(),
        items,
        summary: call.text(&["/summary"]),
        // What was extracted by the caller's own schema; else the variables of the call, which are Bland's and the tools'.
        variables: call.object(&["/analysis", "/variables"]),
        left_out: Vec::new(),
    };
    let assistant = call.text(&[
        "/pathway_id",
        "/persona_id",
        "/agent_id",
        "/request_data/pathway_id",
        "/request_data/persona_id",
        "/request_data/agent_id",
    ]);
    Ok(Parsed { conversation, assistant, tenant: None })
}

/// Refuses what tells no whole call: other events, and the objects of calls that aren't over.
pub(crate) fn is_whole(call: Tree<'_>) -> Result<(), Error> {
    const RESULTS: [&str; 6] =
        ["/transcripts", "/concatenated_transcript", "/completed", "/queue_status", "/status", "/corrected_duration"];
    let other = |place: &str, event| Err(Error::OtherEvent { place: place.to_owned(), event, wanted: POST_CALL });
    if call.value(&RESULTS).is_none() {
        let has = |place: &&str| call.value(&[place]).is_some();
        if let Some(value) = call.value(&["/category"]) {
            return other("/category", document::text_of(Some(value), ""));
        }
        return match ["/citations", "/corrected_transcript"].into_iter().find(has) {
            Some(place) => other(place, place[1..].to_owned()),
            None => {
                let why = "nothing tells what was said or how the call went: send the call object as Bland delivers it";
                Err(Error::at("/transcripts", why))
            }
        };
    }
    let completed = call.value(&["/completed"]).and_then(document::truth);
    if completed == Some(true) || has_ended(call) {
        return Ok(());
    }
    let mut statuses = STATUSES.iter().filter_map(|place| Some((place, call.text(&[place])?)));
    match statuses.find(|(_, status)| is_under_way(status)) {
        Some((place, status)) => other(place, status),
        None if completed == Some(false) => other("/completed", "completed: false".to_owned()),
        None => Ok(()),
    }
}

/// Where a call object has the call's status.
const STATUSES: [&str; 2] = ["/status", "/queue_status"];

/// Whether a call that wasn't completed is over all the same, as one that nobody answered. A call only goes on, so that
/// where its two statuses differ, the one that lags behind doesn't count. `end_at` tells nothing: see [`ended_at`].
fn has_ended(call: Tree<'_>) -> bool {
    let took = call.value(&["/corrected_duration"]).and_then(|took| document::span_ms(took, 1.0));
    call.text(&["/call_ended_by", "/error_message"]).is_some()
        || call.instant(&["/ended_at"]).is_some()
        || call.text(&["/answered_by"]).is_some_and(|by| by == "no-answer")
        || took.is_some_and(|took| took > 0)
        || STATUSES.iter().filter_map(|place| call.text(&[place])).any(|status| is_final(&status))
}

/// Whether a status is that of a call which isn't over.
fn is_under_way(status: &str) -> bool {
    let status = status.trim().to_ascii_lowercase().replace('_', "-");
    matches!(
        status.as_str(),
        "new" | "pre-queue" | "queued" | "allocated" | "initiated" | "started" | "ringing" | "in-progress"
    )
}

/// Whether a status is that of a call which is over.
fn is_final(status: &str) -> bool {
    !is_under_way(status) && !status.trim().eq_ignore_ascii_case("unknown")
}

/// Why the call ended: who hung up, or how it went.
fn end_reason(call: Tree<'_>) -> Option<String> {
    let status = || STATUSES.iter().filter_map(|place| call.text(&[place])).find(|status| !is_under_way(status));
    call.text(&["/call_ended_by"]).or_else(status)
}

/// When the call ended. Bland describes `end_at` as the time at which a call is cut for being too long, so how long it
/// took counts first: `corrected_duration` in seconds, `call_length` in minutes.
pub(crate) fn ended_at(call: Tree<'_>, started_at: Option<Timestamp>) -> Option<Timestamp> {
    let span = |place, unit| document::span_ms(call.value(&[place])?, unit).filter(|span| *span > 0);
    let took = span("/corrected_duration", 1.0).or_else(|| span("/call_length", 60.0));
    match (started_at, took) {
        (Some(started_at), Some(took)) => Some(started_at.plus_ms(took)),
        _ => call.instant(&["/ended_at", "/end_at"]),
    }
}

/// The instructions, where the call was made with them, and what was said and done.
fn history(call: Tree<'_>) -> Vec<Item> {
    let instructions = call.text(&["/request_data/task", "/request_data/prompt"]);
    let instructions = instructions.map(|text| Item::message(Role::System, text));
    let said = match call.list(&["/transcripts"]) {
        [] => call.text(&["/concatenated_transcript"]).iter().flat_map(|text| lines(text)).collect(),
        entries => entries.iter().enumerate().filter_map(|(place, entry)| item(place, entry)).collect::<Vec<_>>(),
    };
    instructions.into_iter().chain(said).collect()
}

/// One entry of `transcripts`. Of any other speaker (a narrator, a webhook) it is nothing that was said.
fn item(place: usize, entry: &Value) -> Option<Item> {
    let at = entry.get("created_at").and_then(document::instant_of);
    let text = document::text_of(entry.get("text"), "");
    let id = document::text_of(entry.get("id"), &place.to_string());
    Some(Item::plain(at, content(entry.get("user")?.as_str()?, text, &id)?))
}

/// What a speaker says or does. `robot` is the assistant: an older name of it.
fn content(speaker: &str, text: String, id: &str) -> Option<Content> {
    match speaker {
        "user" => Some(Content::Message { role: Role::User, text, interrupted: false }),
        "assistant" | "robot" => Some(Content::Message { role: Role::Assistant, text, interrupted: false }),
        "agent-action" => {
            let arguments = Json::of(&serde_json::json!({ "action": text.trim() })).as_str().to_owned();
            Some(Content::ToolCall(ToolCall { id: format!("action_{id}"), name: ACTION.to_owned(), arguments }))
        }
        _ => None,
    }
}

/// The entries of `concatenated_transcript`: a line begins one with `user: `, or goes on with the one before.
fn lines(transcript: &str) -> Vec<Item> {
    let mut entries: Vec<(&str, String)> = Vec::new();
    for line in transcript.lines() {
        let speaker = line.split_once(':').map(|(speaker, text)| (speaker.trim(), text.trim()));
        match (speaker, entries.last_mut()) {
            (Some((speaker @ ("user" | "assistant" | "robot" | "agent-action"), text)), _) => {
                entries.push((speaker, text.to_owned()));
            }
            (_, Some((_, before))) if !line.trim().is_empty() => *before += &format!("\n{}", line.trim()),
            _ => {}
        }
    }
    let entries = entries.into_iter().enumerate();
    entries
        .filter_map(|(place, (speaker, text))| Some(Item::plain(None, content(speaker, text, &place.to_string())?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Unverified, verify::tests::check_one_header};

    #[test]
    fn what_bland_signs_is_believed() {
        const BODY: &[u8] = br#"{"call_id":"c-1","completed":true}"#;
        const SIGNED: &str = "5b8905a3af8ac9e813526619ae85bc130b9493c51b1ddb988bbb4c376c66d1d1";
        let other = SIGNED.replacen('5', "0", 1);
        check_one_header(
            scheme(),
            "bland-signing-secret",
            &[
                (SIGNED, BODY, 0, Ok(())),
                (&other, BODY, 0, Err(Unverified::NoSecretFits)),
                (SIGNED, br#"{"call_id":"c-2","completed":true}"#, 0, Err(Unverified::NoSecretFits)),
            ],
        );
    }
}
