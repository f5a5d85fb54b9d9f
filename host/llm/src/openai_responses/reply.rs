//! What comes back.

use std::collections::HashSet;

use aftercall_core::{
    conversation::{Dialect, Opaque, ToolCall},
    json::Json,
    model::{Failure, FailureKind, Finish, Reply, Usage},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{answer::Answer, error};

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    status: Value,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    incomplete_details: Value,
    output: Option<Box<RawValue>>,
    #[serde(default)]
    usage: Value,
}

/// Reads an answer: the reply to the turn of that number (from 0), or why there is none.
///
/// The list of items is kept byte for byte, unless something had to be supplied that servers are known to leave out: a
/// call's identifier, its arguments.
pub(crate) fn read(answer: &Answer, turn: usize) -> Result<Reply, Failure> {
    answer.check_status()?;
    let nonsense = |why: &str| answer.nonsense(why);
    let response: Response = serde_json::from_slice(&answer.body).map_err(|error| nonsense(&error.to_string()))?;
    let status = response.status.as_str().unwrap_or("completed");
    match status {
        "completed" | "incomplete" if response.output.is_some() => {}
        "queued" | "in_progress" => return Err(nonsense("it is still being made, which nobody asked for")),
        "cancelled" => return Err(unavailable("the provider cancelled the reply".to_owned())),
        _ if !response.error.is_null() => return Err(failed(answer, &response.error)),
        _ => return Err(nonsense("it has no output")),
    }
    let output = response.output.expect("it was just looked at");
    let items: Vec<Value> =
        serde_json::from_str(output.get()).map_err(|error| nonsense(&format!("in its output: {error}")))?;
    let Spoken { text, refusal } = spoken(&items);
    let calls = calls(&items, turn).map_err(nonsense)?;
    let finish = match response.incomplete_details["reason"].as_str() {
        _ if !refusal.is_empty() => Finish::Refusal,
        Some("content_filter") => Finish::Refusal,
        Some(_) => Finish::Length,
        None if status == "incomplete" => Finish::Length,
        None => Finish::Stop,
    };
    if text.is_empty() && calls.is_empty() && finish == Finish::Stop {
        return Err(nonsense("its output has neither words nor tool calls"));
    }
    let data = match supplied(&items, &calls) {
        None => Json::try_from(&*output).map_err(|_| nonsense("its output is nested too deeply"))?,
        Some(supplied) => Json::of(&supplied),
    };
    let words = if text.is_empty() { refusal } else { text };
    Ok(Reply {
        text: (!words.is_empty()).then(|| words.join("\n")),
        calls,
        finish,
        usage: usage(&response.usage),
        message: Opaque { dialect: Dialect::OpenaiResponses, data },
    })
}

/// Why a response that the provider began came to nothing.
fn failed(answer: &Answer, error: &Value) -> Failure {
    let told = answer.failed_by(error);
    let is_about = |what: &str| error["code"].as_str().is_some_and(|code| code.contains(what));
    let kind = match error::status(error) {
        // It says what to do about it.
        Some(_) if told.kind == FailureKind::Unauthorized => return told,
        None if is_about("invalid") || is_about("image") => FailureKind::Rejected,
        _ => told.kind,
    };
    Failure { kind, message: format!("the provider gave up on the reply: {}", answer.words()), ..told }
}

pub(super) fn unavailable(message: String) -> Failure {
    Failure { kind: FailureKind::Unavailable, message, retry_after_ms: None }
}

/// The words of a reply, those of each message in one piece.
struct Spoken {
    text: Vec<String>,
    refusal: Vec<String>,
}

fn spoken(items: &[Value]) -> Spoken {
    let messages: Vec<&Value> = items.iter().filter(|item| item["type"] == "message").collect();
    let words = |kind: &str| -> Vec<String> {
        let of_one = |message: &&Value| -> String {
            let parts = message["content"].as_array().map_or(&[][..], Vec::as_slice);
            parts.iter().filter_map(|part| part[kind].as_str()).collect()
        };
        messages.iter().map(of_one).filter(|words| !words.is_empty()).collect()
    };
    Spoken { text: words("text"), refusal: words("refusal") }
}

fn function_calls(items: &[Value]) -> impl Iterator<Item = &Value> {
    items.iter().filter(|item| item["type"] == "function_call")
}

fn calls(items: &[Value], turn: usize) -> Result<Vec<ToolCall>, &'static str> {
    let mut seen = HashSet::new();
    let call = |(index, made): (usize, &Value)| {
        let name = made["name"].as_str().filter(|name| !name.is_empty()).ok_or("one of its tool calls has no name")?;
        let arguments = match &made["arguments"] {
            Value::String(text) => text.clone(),
            Value::Null => "{}".to_owned(),
            object @ Value::Object(_) => object.to_string(),
            _ => return Err("the arguments of one of its tool calls are neither text nor an object"),
        };
        let given = made["call_id"].as_str().filter(|id| !id.is_empty() && seen.insert(id.to_string()));
        let id = given.map_or_else(|| format!("call_turn{turn}_{index}"), str::to_owned);
        Ok(ToolCall { id, name: name.to_owned(), arguments })
    };
    function_calls(items).enumerate().map(call).collect()
}

/// The items with what was supplied in them. None: nothing was.
fn supplied(items: &[Value], calls: &[ToolCall]) -> Option<Vec<Value>> {
    let agrees = |(made, call): (&Value, &ToolCall)| made["call_id"] == call.id && made["arguments"] == call.arguments;
    if function_calls(items).zip(calls).all(agrees) {
        return None;
    }
    let mut items = items.to_vec();
    for (made, call) in items.iter_mut().filter(|item| item["type"] == "function_call").zip(calls) {
        made["call_id"] = call.id.as_str().into();
        made["arguments"] = call.arguments.as_str().into();
    }
    Some(items)
}

fn usage(usage: &Value) -> Usage {
    let tokens = |place: &str| usage.pointer(place).and_then(Value::as_u64).unwrap_or(0);
    Usage {
        input_tokens: tokens("/input_tokens"),
        cached_tokens: tokens("/input_tokens_details/cached_tokens"),
        output_tokens: tokens("/output_tokens"),
    }
}

#[cfg(test)]
mod tests;
