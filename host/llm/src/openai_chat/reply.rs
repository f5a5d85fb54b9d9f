//! What comes back.

use std::collections::HashSet;

use aftercall_core::{
    conversation::{Dialect, Opaque, ToolCall},
    json::Json,
    model::{Failure, Finish, Reply, Usage},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::answer::Answer;

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    error: Value,
}

#[derive(Deserialize)]
struct Choice {
    message: Box<RawValue>,
    #[serde(default)]
    finish_reason: Value,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    role: Value,
    content: Option<Value>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// Reads an answer: the reply to the turn of that number (from 0), or why there is none.
///
/// What doesn't matter is let pass. What does is insisted on, but for what servers are known to leave out
/// and can be supplied: a call's identifier, the message's role. The message is kept byte for byte then
/// too, unless something had to be supplied, since the next request must agree with itself.
pub(crate) fn read(answer: &Answer, turn: usize) -> Result<Reply, Failure> {
    answer.check_status()?;
    let nonsense = |why: &str| answer.nonsense(why);
    let completion: Completion = serde_json::from_slice(&answer.body).map_err(|error| nonsense(&error.to_string()))?;
    let Some(choice) = completion.choices.into_iter().next() else {
        return Err(no_choice(answer, &completion.error));
    };
    if !choice.message.get().starts_with('{') {
        return Err(nonsense("its message is no object"));
    }
    let message: Message =
        serde_json::from_str(choice.message.get()).map_err(|error| nonsense(&format!("in its message: {error}")))?;
    let made = message.tool_calls.unwrap_or_default();
    let calls = calls(&made, turn).map_err(nonsense)?;
    let is_whole = message.role.is_string()
        && calls.iter().zip(&made).all(|(call, made)| {
            made.id.as_ref() == Some(&call.id) && made.function.arguments == call.arguments.as_str()
        });
    let refusal = message.refusal.filter(|words| !words.is_empty());
    let finish = match choice.finish_reason.as_str() {
        _ if refusal.is_some() => Finish::Refusal,
        Some("length") => Finish::Length,
        Some("content_filter") => Finish::Refusal,
        _ => Finish::Stop,
    };
    let content = message.content.filter(|content| !content.is_null());
    if content.is_none() && calls.is_empty() && finish == Finish::Stop {
        return Err(nonsense("its message has neither words nor tool calls"));
    }
    let text = content.as_ref().map(words).transpose().map_err(nonsense)?;
    let data = match is_whole {
        true => Json::try_from(&*choice.message).map_err(|_| nonsense("its message is nested too deeply"))?,
        false => supplied(&choice.message, &calls).ok_or_else(|| nonsense("one of its tool calls is no object"))?,
    };
    Ok(Reply {
        text: text.filter(|text| !text.is_empty()).or(refusal),
        calls,
        finish,
        usage: usage(&completion.usage),
        message: Opaque { dialect: Dialect::OpenaiChat, data },
    })
}

/// Some routers answer 200 and say in the body what went wrong.
fn no_choice(answer: &Answer, error: &Value) -> Failure {
    if error.is_null() { answer.nonsense("it has no choices") } else { answer.failed_by(error) }
}

fn calls(made: &[Call], turn: usize) -> Result<Vec<ToolCall>, &'static str> {
    let mut seen = HashSet::new();
    let call = |(index, made): (usize, &Call)| {
        if made.function.name.is_empty() {
            return Err("one of its tool calls has no name");
        }
        let arguments = match &made.function.arguments {
            Value::String(text) => text.clone(),
            Value::Null => "{}".to_owned(),
            Value::Object(object) => Value::Object(object.clone()).to_string(),
            _ => return Err("the arguments of one of its tool calls are neither text nor an object"),
        };
        let given = made.id.clone().filter(|id| !id.is_empty() && seen.insert(id.clone()));
        let id = given.unwrap_or_else(|| format!("call_turn{turn}_{index}"));
        Ok(ToolCall { id, name: made.function.name.clone(), arguments })
    };
    made.iter().enumerate().map(call).collect()
}

/// The message with what was supplied in it. None, if a tool call is no object.
fn supplied(message: &RawValue, calls: &[ToolCall]) -> Option<Json> {
    let mut message: Map<String, Value> = serde_json::from_str(message.get()).ok()?;
    if !message.get("role").is_some_and(Value::is_string) {
        message.insert("role".to_owned(), "assistant".into());
    }
    for (index, call) in calls.iter().enumerate() {
        let made = message.get_mut("tool_calls")?.get_mut(index)?.as_object_mut()?;
        made.insert("id".to_owned(), call.id.as_str().into());
        made.insert("type".to_owned(), "function".into());
        let function = made.get_mut("function")?.as_object_mut()?;
        function.insert("arguments".to_owned(), call.arguments.as_str().into());
    }
    Some(Json::of(&message))
}

/// The words of a message's content: a text, or parts of which some are texts.
fn words(content: &Value) -> Result<String, &'static str> {
    match content {
        Value::String(text) => Ok(text.clone()),
        Value::Array(parts) => Ok(parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect()),
        _ => Err("the content of its message is no text"),
    }
}

fn usage(usage: &Value) -> Usage {
    let tokens = |place: &str| usage.pointer(place).and_then(Value::as_u64).unwrap_or(0);
    Usage {
        input_tokens: tokens("/prompt_tokens"),
        cached_tokens: tokens("/prompt_tokens_details/cached_tokens"),
        output_tokens: tokens("/completion_tokens"),
    }
}

#[cfg(test)]
mod tests;
