//! What goes out.

use std::collections::BTreeMap;

use aftercall_core::{
    conversation::{Content, Dialect, Item, Opaque, Role, ToolCall},
    model::{Exchange, Failure, FailureKind, Offer, TurnRequest},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// Parameters of the live call that don't hold after it: those that this request sets itself, and those that
/// would change the form of the answer.
const NOT_PASSED_ON: [&str; 10] = [
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "n",
    "stream",
    "stream_options",
];

/// Longest name of a function that the format takes, in characters.
const FUNCTION_CHARS_MAX: usize = 64;

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Message<'a> {
    System {
        content: String,
    },
    User {
        content: String,
    },
    Assistant {
        content: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call<'a>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: &'a str,
    },
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: String,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: Box<RawValue>,
}

/// The body of one request: the call's parameters, the history, what the model is told now, and each turn
/// since.
pub(crate) fn body(request: &TurnRequest<'_>, model: &str) -> Result<Vec<u8>, Failure> {
    let conversation = request.conversation;
    let mut body: BTreeMap<String, Box<RawValue>> = serde_json::from_str(conversation.model.parameters.as_str())
        .map_err(|error| Failure {
            kind: FailureKind::Rejected,
            message: format!("the call's model parameters are no JSON object: {error}"),
            retry_after_ms: None,
        })?;
    body.retain(|name, _| !NOT_PASSED_ON.contains(&name.as_str()));
    let mut messages = history(&conversation.items);
    messages.push(raw(&Message::System { content: request.instruction.to_owned() }));
    messages.extend(request.exchanges.iter().flat_map(exchange));
    body.insert("model".to_owned(), raw(&model));
    body.insert("messages".to_owned(), raw(&messages));
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), raw(&request.tools.iter().map(tool).collect::<Vec<_>>()));
    }
    Ok(serde_json::to_vec(&body).expect("a map of JSON documents serialises"))
}

fn history(items: &[Item]) -> Vec<Box<RawValue>> {
    let mut messages = Vec::new();
    let mut rest = items;
    while let Some((leader, tail)) = rest.split_first() {
        let continuing = tail.iter().take_while(|item| item.continues).count();
        let (group, after) = rest.split_at(1 + continuing);
        messages.push(match &leader.opaque {
            Some(opaque) => own_bytes(opaque),
            None => raw(&message(leader, group)),
        });
        rest = after;
    }
    messages
}

/// One message out of the items that make it up.
fn message<'a>(leader: &'a Item, group: &'a [Item]) -> Message<'a> {
    match &leader.content {
        Content::Message { role: Role::System, text, .. } => Message::System { content: text.clone() },
        Content::Message { role: Role::User, text, interrupted } => {
            Message::User { content: spoken(text, *interrupted) }
        }
        Content::ToolResult { call, output, .. } => Message::Tool { tool_call_id: call, content: output },
        Content::Message { role: Role::Assistant, .. } | Content::ToolCall(_) => {
            let words = |item: &Item| match &item.content {
                Content::Message { text, interrupted, .. } => Some(spoken(text, *interrupted)),
                Content::ToolCall(_) | Content::ToolResult { .. } => None,
            };
            let calls = |item: &'a Item| match &item.content {
                Content::ToolCall(made) => Some(call(made)),
                Content::Message { .. } | Content::ToolResult { .. } => None,
            };
            let words: Vec<String> = group.iter().filter_map(words).collect();
            let content = (!words.is_empty()).then(|| words.join("\n"));
            Message::Assistant { content, tool_calls: group.iter().filter_map(calls).collect() }
        }
    }
}

fn spoken(text: &str, interrupted: bool) -> String {
    if interrupted { format!("{text} [cut off here by the other side]") } else { text.to_owned() }
}

fn call(call: &ToolCall) -> Call<'_> {
    let function = CalledFunction { name: function_name(&call.name), arguments: &call.arguments };
    Call { id: &call.id, r#type: "function", function }
}

/// A name that the format takes, for a tool of the live call that may have come from anywhere.
fn function_name(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    match name.chars().map(allowed).take(FUNCTION_CHARS_MAX).collect::<String>() {
        empty if empty.is_empty() => "unnamed".to_owned(),
        name => name,
    }
}

fn tool(offer: &Offer<'_>) -> Box<RawValue> {
    let function = Function { name: offer.name, description: offer.description, parameters: offer.schema.raw() };
    raw(&Tool { r#type: "function", function })
}

fn exchange(exchange: &Exchange<'_>) -> Vec<Box<RawValue>> {
    let results = exchange.reply.calls.iter().zip(&exchange.results);
    let results = results.map(|(call, content)| raw(&Message::Tool { tool_call_id: &call.id, content }));
    let objection = exchange.objection.iter().map(|words| raw(&Message::System { content: words.clone() }));
    std::iter::once(own_bytes(&exchange.reply.message)).chain(results).chain(objection).collect()
}

fn own_bytes(opaque: &Opaque) -> Box<RawValue> {
    match opaque.dialect {
        Dialect::OpenaiChat => opaque.data.raw(),
    }
}

fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    to_raw_value(value).expect("texts and JSON documents serialise")
}

#[cfg(test)]
mod tests;
