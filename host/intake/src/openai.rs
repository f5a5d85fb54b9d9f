//! The items of a conversation with OpenAI's Realtime or Responses API: the `openai_items` field of a native record.
//!
//! OpenAI posts nothing when a call ends; whoever holds the session collects the items (of Realtime, by
//! `conversation.item.done` and, for what the caller said, `conversation.item.input_audio_transcription.completed`).
//! Instructions are no item: they stand in `llm.system`. Items that aren't of the spoken history, such as reasoning,
//! can't be carried yet, and are left out.

use aftercall_core::conversation::{Content, Item, Role, ToolCall};
use serde_json::Value;

use crate::{
    document::{self, Tree},
    native::Told,
};

/// Reads a list of items.
pub(crate) fn read(list: &[Value]) -> Told {
    let mut items: Vec<Item> = Vec::new();
    for item in list.iter().map(Tree) {
        for content in contents(item) {
            // A reply's words and calls are items in a row, since its next reply waits for the results.
            let continues = matches!(content, Content::ToolCall(_)) && items.last().is_some_and(is_of_reply);
            items.push(Item { continues, ..Item::plain(None, content) });
        }
    }
    let listed = list.iter().filter(|item| item.get("type").is_some_and(|kind| kind == "mcp_list_tools"));
    let tools = listed.flat_map(|item| Tree(item).list(&["/tools"])).filter_map(|tool| Tree(tool).text(&["/name"]));
    Told { tools: tools.collect(), items, ..Told::default() }
}

fn is_of_reply(item: &Item) -> bool {
    matches!(item.content, Content::ToolCall(_) | Content::Message { role: Role::Assistant, interrupted: false, .. })
}

/// What an item says and does. None: nothing, or only to the provider.
fn contents(item: Tree<'_>) -> Vec<Content> {
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

/// The words of a content: of its parts, texts, what was heard in audio, and refusals. Anything else is written down.
fn words(content: Option<&Value>) -> String {
    match content {
        Some(Value::Array(parts)) => {
            let words = |part| Tree(part).text(&["/text", "/transcript", "/refusal"]);
            parts.iter().filter_map(words).collect()
        }
        other => document::text_of(other, ""),
    }
}
