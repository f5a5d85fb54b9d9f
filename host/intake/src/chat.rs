//! A list of OpenAI Chat messages as items.

use std::fmt::Arguments;

use aftercall_core::{
    conversation::{Content, Dialect, Item, Opaque, Role, ToolCall},
    json::Json,
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{Error, document, pipecat};

#[derive(Deserialize)]
struct Message {
    role: ChatRole,
    #[serde(default)]
    content: Value,
    tool_calls: Option<Vec<Call>>,
    tool_call_id: Option<String>,
    function_call: Option<Function>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ChatRole {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    /// A result in the old form, whose call is the `function_call` of the message before it.
    Function,
}

#[derive(Deserialize)]
struct Call {
    id: String,
    function: Option<Function>,
    custom: Option<Custom>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// A call of a tool that takes any text.
#[derive(Deserialize)]
struct Custom {
    name: String,
    #[serde(default)]
    input: Value,
}

/// Whose bytes a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The provider's own: each message is kept byte for byte beside its items.
    Provider,
    /// A platform's rendering: the words alone count.
    Platform,
}

/// The items of a list of messages that stands at `place` of the payload.
pub(crate) fn items(messages: &[&RawValue], place: &str, origin: Origin) -> Result<Vec<Item>, Error> {
    // A message that calls tools is several items.
    let mut items = Vec::with_capacity(messages.len() * 2);
    // The call in the old form that has no result yet.
    let mut open = None;
    for (index, message) in messages.iter().enumerate() {
        let place = format_args!("{place}/{index}");
        let Some(message) = pipecat::chat_message(message) else { continue };
        let read: Message = document::typed(message.get(), place)?;
        // Calls and results in the old form have no identifiers. With what is made up, they go on in the new form.
        let made_up = || format!("function_call_{index}");
        let old = match (&read.function_call, &read.role) {
            (_, ChatRole::Function) => Some(open.take().unwrap_or_else(made_up)),
            (Some(_), _) => Some(made_up()),
            (None, _) => None,
        };
        if read.function_call.is_some() {
            open.clone_from(&old);
        }
        let is_old = old.is_some();
        let (leader, others) = group(read, old.unwrap_or_default(), place)?;
        let opaque = match origin {
            Origin::Provider if !is_old => {
                let data = Json::try_from(message).map_err(|error| Error::at(place.to_string(), error.to_string()))?;
                Some(Opaque { dialect: Dialect::OpenaiChat, data })
            }
            Origin::Provider | Origin::Platform => None,
        };
        items.push(Item { opaque, ..Item::plain(None, leader) });
        items.extend(others.into_iter().map(|content| Item { continues: true, ..Item::plain(None, content) }));
    }
    Ok(items)
}

/// What one message says or does, and what else it does. A call or result in the old form gets `id`.
fn group(message: Message, id: String, place: Arguments<'_>) -> Result<(Content, Vec<Content>), Error> {
    let text = text(&message.content).ok_or_else(|| {
        Error::at(format!("{place}/content"), "a message's content is a text, a list of parts, or null")
    })?;
    let said = |role, text| Content::Message { role, text, interrupted: false };
    let alone = match message.role {
        ChatRole::System | ChatRole::Developer => said(Role::System, text),
        ChatRole::User => said(Role::User, text),
        ChatRole::Tool => {
            let call = message.tool_call_id.ok_or_else(|| {
                Error::at(place.to_string(), "a `tool` message needs the `tool_call_id` of the call that it answers")
            })?;
            Content::ToolResult { call, output: text, is_error: false }
        }
        ChatRole::Function => Content::ToolResult { call: id, output: text, is_error: false },
        ChatRole::Assistant => {
            let made = message.tool_calls.unwrap_or_default().into_iter().enumerate();
            let calls = made.map(|(index, made)| call(made, format_args!("{place}/tool_calls/{index}")));
            let mut calls = calls.collect::<Result<Vec<_>, _>>()?;
            calls.extend(message.function_call.map(|function| Content::ToolCall(function.called(id))));
            if text.is_empty() && !calls.is_empty() {
                return Ok((calls.remove(0), calls));
            }
            return Ok((said(Role::Assistant, text), calls));
        }
    };
    Ok((alone, Vec::new()))
}

/// A tool call that stands at `place`.
fn call(made: Call, place: Arguments<'_>) -> Result<Content, Error> {
    let function = made.function.or(made.custom.map(|Custom { name, input }| Function { name, arguments: input }));
    let why = "a tool call needs its `function`, or `custom`, with the tool's `name`";
    let function = function.ok_or_else(|| Error::at(place.to_string(), why))?;
    Ok(Content::ToolCall(function.called(made.id)))
}

impl Function {
    fn called(self, id: String) -> ToolCall {
        ToolCall { id, name: self.name, arguments: document::text_of(Some(&self.arguments), "{}") }
    }
}

/// The words of a message's content; of parts, those that are texts, each in lines of its own. None: it has another
/// form.
pub(crate) fn text(content: &Value) -> Option<String> {
    match content {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let words = |part| document::Tree(part).text(&["/text"]);
            Some(parts.iter().filter_map(words).collect::<Vec<_>>().join("\n"))
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}
