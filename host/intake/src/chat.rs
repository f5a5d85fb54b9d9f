//! A list of OpenAI Chat messages as items.

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
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ChatRole {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

#[derive(Deserialize)]
struct Call {
    id: String,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
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
pub(crate) fn items(messages: &[Box<RawValue>], place: &str, origin: Origin) -> Result<Vec<Item>, Error> {
    let mut items = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let place = format!("{place}/{index}");
        let Some(message) = pipecat::chat_message(message) else { continue };
        let mut group = group(document::typed(message.get().as_bytes(), &place)?, &place)?.into_iter();
        let opaque = match origin {
            Origin::Provider => {
                let data = Json::try_from(&*message).map_err(|error| Error::at(&*place, error.to_string()))?;
                Some(Opaque { dialect: Dialect::OpenaiChat, data })
            }
            Origin::Platform => None,
        };
        items.extend(group.next().map(|leader| Item { opaque, ..Item::plain(None, leader) }));
        items.extend(group.map(|content| Item { continues: true, ..Item::plain(None, content) }));
    }
    Ok(items)
}

/// What one message says and does; at least one thing.
fn group(message: Message, place: &str) -> Result<Vec<Content>, Error> {
    let text = text(&message.content).ok_or_else(|| {
        Error::at(format!("{place}/content"), "a message's content is a text, a list of parts, or null")
    })?;
    let said = |role| Content::Message { role, text: text.clone(), interrupted: false };
    Ok(match message.role {
        ChatRole::System | ChatRole::Developer => vec![said(Role::System)],
        ChatRole::User => vec![said(Role::User)],
        ChatRole::Tool => {
            let call = message.tool_call_id.ok_or_else(|| {
                Error::at(place, "a `tool` message needs the `tool_call_id` of the call that it answers")
            })?;
            vec![Content::ToolResult { call, output: text, is_error: false }]
        }
        ChatRole::Assistant => {
            let calls = message.tool_calls.unwrap_or_default();
            let words = (!text.is_empty() || calls.is_empty()).then(|| said(Role::Assistant));
            let calls = calls.into_iter().map(|Call { id, function }| {
                let arguments = document::text_of(Some(&function.arguments), "{}");
                Content::ToolCall(ToolCall { id, name: function.name, arguments })
            });
            words.into_iter().chain(calls).collect()
        }
    })
}

/// The words of a message's content; of parts, those that are texts. None: it has another form.
pub(crate) fn text(content: &Value) -> Option<String> {
    match content {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(parts.iter().filter_map(|part| part.get("text")?.as_str()).collect()),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}
