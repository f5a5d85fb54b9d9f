//! LiveKit Agents' session report, as `SessionReport.to_dict()` of its Python SDK and `sessionReportToJSON` of its
//! JavaScript SDK write it: the `livekit` field of a native record.
//!
//! LiveKit posts nothing when a call ends: `docs/platforms/livekit.py` does, from the user's agent. The report is
//! taken as it is. Python writes `call_id`, `arguments` and times in seconds, JavaScript `callId`, `args` and
//! milliseconds. It has no sampling parameters and no schemas of tools: those stand in `llm`, beside it.

use aftercall_core::{
    conversation::{Content, Item, Role, ToolCall},
    left_out::{LeftOut, Part},
    time::Timestamp,
};
use serde_json::Value;

use crate::{
    Error,
    document::{self, Tree},
    native::Told,
    own,
};

/// Where a report has its history.
const HISTORY: [&str; 2] = ["/chat_history/items", "/chatHistory/items"];

/// Where an item has Gemini's seal on it: Python's `ChatMessage.extra` and `FunctionCall.extra` have what stands in
/// `extra_content` on the wire (`llm/_provider_format/openai.py`), JavaScript's `FunctionCall` the seal itself
/// (`llm/provider_format/google.ts`). Python's plugin for Gemini's own format keeps it to itself.
const SEALS: [&str; 3] = ["/extra/google/thought_signature", "/extra/google/thoughtSignature", "/thoughtSignature"];

/// Reads a session report that stands at `/livekit`.
pub(crate) fn read(report: &Value) -> Result<Told, Error> {
    let report = Tree(report);
    let history = report.value(&HISTORY).and_then(Value::as_array).ok_or_else(|| {
        Error::at("/livekit/chat_history/items", "the report has no history: send what `to_dict()` gives, with it")
    })?;
    let (items, left_out) = items(history);
    let ended_at = report.instant(&["/timestamp"]);
    Ok(Told {
        assistant: report.text(&["/agent_name"]),
        model: model(report),
        started_at: started_at(report, ended_at).or_else(|| items.iter().find_map(|item| item.at)),
        ended_at,
        end_reason: report.text(&["/close_reason"]),
        tools: history
            .iter()
            .flat_map(|item| Tree(item).list(&["/tools_added", "/toolsAdded"]))
            .filter_map(name)
            .collect(),
        items,
        left_out,
    })
}

fn name(tool: &Value) -> Option<String> {
    tool.as_str().map(str::to_owned)
}

/// The one language model that was used. Several: which of them leads the conversation isn't said.
fn model(report: Tree<'_>) -> Option<String> {
    let mut used =
        report.list(&["/usage"]).iter().filter(|usage| usage.get("type").is_some_and(|kind| kind == "llm_usage"));
    let model = used.next()?.get("model")?.as_str()?;
    used.next().is_none().then(|| model.to_owned())
}

fn started_at(report: Tree<'_>, ended_at: Option<Timestamp>) -> Option<Timestamp> {
    let duration_ms = report.value(&["/duration_ms"])?.as_u64()?;
    ended_at?.as_millis().checked_sub(duration_ms).map(Timestamp::from_millis)
}

/// The items of a history, and what of it has no place in one. An item that is nothing said or done, as a handoff to another
/// agent, is passed over.
fn items(history: &[Value]) -> (Vec<Item>, Vec<LeftOut>) {
    let (mut items, mut seals) = (Vec::new(), Vec::new());
    let mut last_reply = None;
    let mut instructions = None;
    for item in history.iter().map(Tree) {
        let Some(content) = content(item) else { continue };
        if let Content::Message { role: Role::System, text, .. } = &content {
            // An agent's instructions are recorded when it takes over, though its history may begin with them.
            if instructions.as_ref() == Some(text) {
                continue;
            }
            instructions = Some(text.clone());
        }
        let reply = reply(item, &content);
        let continues = reply.is_some() && reply == last_reply && matches!(content, Content::ToolCall(_));
        last_reply = reply;
        let at = item.instant(&["/created_at", "/createdAt"]);
        items.push(Item { continues, ..Item::plain(at, content) });
        seals.push(item.text(&SEALS));
    }
    let mut left_out = own::left_out(Part::Reasoning, own::seal(&mut items, &seals));
    for (part, kind) in [(Part::Image, "image_content"), (Part::Audio, "audio_content")] {
        let parts = history.iter().flat_map(|item| Tree(item).list(&["/content"]));
        left_out.extend(own::left_out(part, parts.filter(|part| part["type"] == kind).count()));
    }
    (items, left_out)
}

/// Which reply of the model an item is part of: the calls of one are `ID/fnc_0`, `ID/fnc_1`… where its words are `ID`,
/// or share a group.
fn reply(item: Tree<'_>, content: &Content) -> Option<String> {
    let id = || item.text(&["/id"])?.split('/').next().map(str::to_owned);
    match content {
        Content::ToolCall(_) => item.text(&["/group_id", "/groupId"]).or_else(id),
        Content::Message { role: Role::Assistant, .. } => id(),
        Content::Message { .. } | Content::ToolResult { .. } => None,
    }
}

fn content(item: Tree<'_>) -> Option<Content> {
    let text = |places: &[&str], or| document::text_of(item.value(places), or);
    let is = |places: &[&str]| item.value(places).is_some_and(|value| value == true);
    match item.text(&["/type"])?.as_str() {
        "message" => {
            let role = document::role(&item.text(&["/role"])?)?;
            Some(Content::Message { role, text: words(item.value(&["/content"])), interrupted: is(&["/interrupted"]) })
        }
        "function_call" => Some(Content::ToolCall(ToolCall {
            id: text(&["/call_id", "/callId"], ""),
            name: text(&["/name"], ""),
            arguments: text(&["/arguments", "/args"], "{}"),
        })),
        "function_call_output" => Some(Content::ToolResult {
            call: text(&["/call_id", "/callId"], ""),
            output: text(&["/output"], ""),
            is_error: is(&["/is_error", "/isError"]),
        }),
        "agent_config_update" => {
            let text = words(item.value(&["/instructions"]));
            (!text.is_empty()).then_some(Content::Message { role: Role::System, text, interrupted: false })
        }
        _ => None,
    }
}

/// The words of a message's content: of its parts, texts, instructions by how they are spoken, and what was heard in
/// recorded audio.
fn words(content: Option<&Value>) -> String {
    let words = |part: &Value| {
        let part = Tree(part);
        // The `audio` of such a part is the recording itself.
        if part.text(&["/type"]).is_some_and(|kind| kind == "audio_content") {
            return part.text(&["/transcript"]);
        }
        part.0.as_str().map(str::to_owned).or_else(|| part.text(&["/audio", "/text", "/transcript"]))
    };
    match content {
        Some(Value::Array(parts)) => parts.iter().filter_map(words).collect::<Vec<_>>().join("\n"),
        Some(part) => words(part).unwrap_or_default(),
        None => String::new(),
    }
}
