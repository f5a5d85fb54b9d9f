//! What goes out.

use aftercall_core::{
    conversation::{Content, Dialect, Role, ToolCall},
    model::{Exchange, Failure, Offer, Reply, TurnRequest},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    history::{Group, groups, own, spoken, tool_name},
    parameters::passed_on,
};

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
    let mut body = passed_on(&conversation.model.parameters, &NOT_PASSED_ON)?;
    let message =
        |group: Group<'_>| group.own(Dialect::OpenaiChat, request.history).unwrap_or_else(|| raw(&translated(group)));
    let mut messages: Vec<Box<RawValue>> = groups(&conversation.items).map(message).collect();
    messages.push(raw(&Message::System { content: request.instruction.to_owned() }));
    messages.extend(request.exchanges.iter().flat_map(exchange));
    body.insert("model".to_owned(), raw(&model));
    body.insert("messages".to_owned(), raw(&messages));
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), raw(&request.tools.iter().map(tool).collect::<Vec<_>>()));
    }
    Ok(serde_json::to_vec(&body).expect("a map of JSON documents serialises"))
}

/// One message out of the items that make it up.
fn translated(group: Group<'_>) -> Message<'_> {
    match &group.leader().content {
        Content::Message { role: Role::System, text, .. } => Message::System { content: text.clone() },
        Content::Message { role: Role::User, text, interrupted } => {
            Message::User { content: spoken(text, *interrupted) }
        }
        Content::ToolResult { call, output, .. } => Message::Tool { tool_call_id: call, content: output },
        Content::Message { role: Role::Assistant, .. } | Content::ToolCall(_) => {
            let words = |content: &Content| match content {
                Content::Message { text, interrupted, .. } => Some(spoken(text, *interrupted)),
                Content::ToolCall(_) | Content::ToolResult { .. } => None,
            };
            let words: Vec<String> = group.contents().filter_map(words).collect();
            let calls = group.contents().filter_map(|content| match content {
                Content::ToolCall(made) => Some(call(made)),
                Content::Message { .. } | Content::ToolResult { .. } => None,
            });
            let content = (!words.is_empty()).then(|| words.join("\n"));
            Message::Assistant { content, tool_calls: calls.collect() }
        }
    }
}

fn call(call: &ToolCall) -> Call<'_> {
    let function =
        CalledFunction { name: tool_name(&call.name, &['-'], FUNCTION_CHARS_MAX), arguments: &call.arguments };
    Call { id: &call.id, r#type: "function", function }
}

fn tool(offer: &Offer<'_>) -> Box<RawValue> {
    let function = Function { name: offer.name, description: offer.description, parameters: offer.schema.raw() };
    raw(&Tool { r#type: "function", function })
}

fn exchange(exchange: &Exchange<'_>) -> Vec<Box<RawValue>> {
    let results = exchange.reply.calls.iter().zip(&exchange.results);
    let results = results.map(|(call, told)| raw(&Message::Tool { tool_call_id: &call.id, content: &told.text }));
    let objection = exchange.objection.iter().map(|words| raw(&Message::System { content: words.clone() }));
    let reply = own(&exchange.reply.message, Dialect::OpenaiChat).unwrap_or_else(|| raw(&replied(exchange.reply)));
    std::iter::once(reply).chain(results).chain(objection).collect()
}

/// A reply that came in another dialect.
fn replied(reply: &Reply) -> Message<'_> {
    Message::Assistant { content: reply.text.clone(), tool_calls: reply.calls.iter().map(call).collect() }
}

fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    to_raw_value(value).expect("texts and JSON documents serialise")
}

#[cfg(test)]
mod tests;
