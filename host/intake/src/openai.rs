//! The items of a conversation with OpenAI's Realtime or Responses API: the `openai_items` field of a native record.
//!
//! OpenAI posts nothing when a call ends; whoever holds the session collects the items (of Realtime, by
//! `conversation.item.done` and, for what the caller said, `conversation.item.input_audio_transcription.completed`).
//! Instructions are no item: they stand in `llm.system`. Items of Responses are kept byte for byte; those of Realtime are
//! translated, since no API takes them back, and what isn't of the spoken history is left out.

use aftercall_core::conversation::{Content, Item, Role, ToolCall};
use serde_json::{Value, value::RawValue};

use crate::{
    document::{self, Tree},
    native::Told,
    openai_responses,
};

/// Reads a list of items.
pub(crate) fn read(raw: &[&RawValue]) -> Told {
    let list: Vec<Value> = raw.iter().filter_map(|item| serde_json::from_str(item.get()).ok()).collect();
    let items = if list.iter().any(is_of_realtime) { items(&list) } else { openai_responses::items(raw) };
    let listed = list.iter().filter(|item| item.get("type").is_some_and(|kind| kind == "mcp_list_tools"));
    let tools = listed.flat_map(|item| Tree(item).list(&["/tools"])).filter_map(|tool| Tree(tool).text(&["/name"]));
    Told { tools: tools.collect(), items, ..Told::default() }
}

/// Whether only the Realtime API writes such an item, by its name, its identifier, that of its response, or what it holds.
fn is_of_realtime(item: &Value) -> bool {
    let starts = |name: &str, with: &str| item[name].as_str().is_some_and(|text| text.starts_with(with));
    let is_audible = |part: &Value| {
        part["type"].as_str().is_some_and(|kind| matches!(kind, "text" | "audio" | "input_audio" | "output_audio"))
    };
    starts("object", "realtime")
        || starts("id", "item_")
        || starts("response_id", "")
        || item["content"].as_array().is_some_and(|parts| parts.iter().any(is_audible))
}

/// The history that a list of items of the Realtime API is.
fn items(list: &[Value]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    // The reply that the last item is of: by its identifier, which those of the Realtime API may have.
    let mut last: Option<Option<String>> = None;
    for item in list.iter().map(Tree) {
        let reply = item.text(&["/response_id"]);
        let contents = contents(item);
        if contents.is_empty() {
            // What isn't carried may stand between two replies. Of those with identifiers it's known.
            last = last.filter(Option::is_some);
        }
        for content in contents {
            // A reply's words and calls are items in a row, since its next reply waits for the results.
            let continues = matches!(content, Content::ToolCall(_)) && last.as_ref() == Some(&reply);
            last = is_of_reply(&content).then(|| reply.clone());
            items.push(Item { continues, ..Item::plain(None, content) });
        }
    }
    items
}

fn is_of_reply(content: &Content) -> bool {
    matches!(content, Content::ToolCall(_) | Content::Message { role: Role::Assistant, interrupted: false, .. })
}

/// What an item says and does. None: nothing, or only to the provider.
pub(crate) fn contents(item: Tree<'_>) -> Vec<Content> {
    let text = |places: &[&str], or| document::text_of(item.value(places), or);
    // Input to the Responses API may leave out the type of a message.
    match item.text(&["/type"]).as_deref().unwrap_or("message") {
        "message" => item
            .text(&["/role"])
            .and_then(|role| document::role(&role))
            .map(|role| said(role, item))
            .into_iter()
            .collect(),
        "function_call" | "custom_tool_call" => vec![Content::ToolCall(ToolCall {
            id: text(&["/call_id", "/id"], ""),
            name: text(&["/name"], ""),
            arguments: text(&["/arguments", "/input"], "{}"),
        })],
        "function_call_output" | "custom_tool_call_output" => {
            let output = words(item.value(&["/output"]));
            vec![Content::ToolResult { call: text(&["/call_id"], ""), output, is_error: false }]
        }
        "mcp_call" => mcp_call(item),
        _ => vec![],
    }
}

fn said(role: Role, item: Tree<'_>) -> Content {
    // What the caller spoke over, or the hang-up cut, never gets complete.
    let is_cut = item.text(&["/status"]).is_some_and(|status| status != "completed");
    let interrupted = role == Role::Assistant && is_cut;
    Content::Message { role, text: words(item.value(&["/content"])), interrupted }
}

/// A call that the provider made itself, with its result. Neither output nor error: it wasn't answered.
fn mcp_call(item: Tree<'_>) -> Vec<Content> {
    let text = |place| document::text_of(item.value(&[place]), "");
    let (id, name) = (text("/id"), text("/name"));
    let arguments = document::text_of(item.value(&["/arguments"]), "{}");
    let error = item.text(&["/error/message"]).or_else(|| item.value(&["/error"]).map(|error| words(Some(error))));
    let output = item.value(&["/output"]).map(|output| words(Some(output)));
    let is_error = error.is_some();
    let result = error.or(output).map(|output| Content::ToolResult { call: id.clone(), output, is_error });
    [Some(Content::ToolCall(ToolCall { id, name, arguments })), result].into_iter().flatten().collect()
}

/// The words of a content: of its parts, texts, what was heard in audio, and refusals, each in lines of its own.
/// Anything else is written down.
fn words(content: Option<&Value>) -> String {
    match content {
        Some(Value::Array(parts)) => {
            let words = |part| Tree(part).text(&["/text", "/transcript", "/refusal"]);
            parts.iter().filter_map(words).collect::<Vec<_>>().join("\n")
        }
        other => document::text_of(other, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `w` is the assistant's words, `c` a call, `r` a result, `u` the caller's words, `-` an item that isn't carried;
    /// a number behind it is the identifier of its reply. In what is expected, `+` is an item that continues another.
    #[test]
    fn words_and_calls_of_a_reply_are_told_from_those_of_the_next() {
        for (list, expected) in [
            ("w c c r r", ". + + . ."),
            ("w - c", ". ."),
            ("c - c", ". ."),
            ("w u c", ". . ."),
            ("c r c", ". . ."),
            ("w1 c1 c2 c2", ". + . +"),
            ("w1 -1 c1", ". +"),
            ("w1 - c1", ". +"),
            ("w1 u c1", ". . ."),
            ("w1 c", ". ."),
            ("w c1", ". ."),
            ("w w c", ". . +"),
        ] {
            let list: Vec<Value> = list.split(' ').map(item).collect();
            let told: Vec<&str> = items(&list).iter().map(|item| if item.continues { "+" } else { "." }).collect();
            assert_eq!(told.join(" "), expected, "{list:?}");
        }
    }

    fn item(word: &str) -> Value {
        let (kind, reply) = word.split_at(1);
        let mut item = match kind {
            "w" => serde_json::json!({ "role": "assistant", "content": "so" }),
            "u" => serde_json::json!({ "role": "user", "content": "so" }),
            "c" => serde_json::json!({ "type": "function_call", "call_id": "c", "name": "find" }),
            "r" => serde_json::json!({ "type": "function_call_output", "call_id": "c" }),
            _ => serde_json::json!({ "type": "reasoning" }),
        };
        item["response_id"] = if reply.is_empty() { Value::Null } else { reply.into() };
        item
    }
}
