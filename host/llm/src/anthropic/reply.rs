//! What comes back.

use std::collections::HashSet;

use aftercall_core::{
    conversation::{Dialect, Opaque, ToolCall},
    json::Json,
    model::{Failure, Finish, Reply, Usage},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::{
    calls,
    turns::{Block, Speaker},
};
use crate::{answer::Answer, raw::raw};

#[derive(Deserialize)]
struct Message {
    content: Option<Box<RawValue>>,
    #[serde(default)]
    stop_reason: Value,
    #[serde(default)]
    stop_details: Value,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    error: Value,
}

/// What is read of a block; there are more kinds of blocks than are read.
#[derive(Deserialize)]
struct Said {
    r#type: String,
    #[serde(default)]
    text: Value,
    #[serde(default)]
    id: Value,
    #[serde(default)]
    name: Value,
    input: Option<Box<RawValue>>,
}

/// A message as the next request has it.
#[derive(Serialize)]
struct Kept<'a> {
    role: Speaker,
    content: &'a RawValue,
}

/// What a message says and does.
struct Read {
    text: String,
    calls: Vec<ToolCall>,
    /// The content for the next request.
    kept: Box<RawValue>,
}

/// Reads an answer: the reply to the turn of that number (from 0), or why there is none.
///
/// The content is kept byte for byte. Servers of others who speak this format are known to leave identifiers out, and to
/// write arguments as text: a block of a call is written anew then, since the next request must agree with itself.
pub(crate) fn read(answer: &Answer, turn: usize) -> Result<Reply, Failure> {
    answer.check_status()?;
    let nonsense = |why: &str| answer.nonsense(why);
    let message: Message = serde_json::from_slice(&answer.body).map_err(|error| nonsense(&error.to_string()))?;
    let Some(content) = message.content else { return Err(no_content(answer, &message.error)) };
    let Read { text, calls, kept } = read_content(content, turn).map_err(|why| nonsense(&why))?;
    let finish = match message.stop_reason.as_str() {
        Some("max_tokens" | "model_context_window_exceeded" | "pause_turn") => Finish::Length,
        Some("refusal") => Finish::Refusal,
        _ => Finish::Stop,
    };
    let why = message.stop_details["explanation"].as_str().filter(|_| finish == Finish::Refusal);
    let text = if text.is_empty() { why.map(str::to_owned) } else { Some(text) };
    let kept = raw(&Kept { role: Speaker::Assistant, content: &kept });
    let data = Json::try_from(&*kept).map_err(|_| nonsense("its content is nested too deeply"))?;
    let message_kept = Opaque { dialect: Dialect::Anthropic, data };
    Ok(Reply { text, calls, finish, usage: usage(&message.usage), message: message_kept })
}

/// An answer that says success and has no message may say in its body what went wrong.
fn no_content(answer: &Answer, error: &Value) -> Failure {
    if error.is_null() { answer.nonsense("it has no content") } else { answer.failed_by(error) }
}

fn read_content(content: Box<RawValue>, turn: usize) -> Result<Read, String> {
    if let Ok(text) = serde_json::from_str::<String>(content.get()) {
        return Ok(Read { text, calls: Vec::new(), kept: content });
    }
    let mut blocks: Vec<Box<RawValue>> =
        serde_json::from_str(content.get()).map_err(|error| format!("in its content: {error}"))?;
    let (mut text, mut calls, mut seen, mut is_whole) = (String::new(), Vec::new(), HashSet::new(), true);
    for block in &mut blocks {
        let said: Said = serde_json::from_str(block.get()).map_err(|error| format!("in its content: {error}"))?;
        match said.r#type.as_str() {
            "text" => text.push_str(said.text.as_str().unwrap_or_default()),
            "tool_use" => {
                let (call, rewritten) = read_call(said, calls.len(), turn, &mut seen)?;
                calls.push(call);
                if let Some(rewritten) = rewritten {
                    (*block, is_whole) = (rewritten, false);
                }
            }
            _ => {}
        }
    }
    let kept = if is_whole { content } else { raw(&blocks) };
    Ok(Read { text, calls, kept })
}

/// A call, and its block where that has to be written anew.
fn read_call(
    said: Said,
    index: usize,
    turn: usize,
    seen: &mut HashSet<String>,
) -> Result<(ToolCall, Option<Box<RawValue>>), String> {
    let name = said.name.as_str().filter(|name| !name.is_empty());
    let name = name.ok_or("one of its tool calls has no name")?.to_owned();
    let input = said.input.as_deref().map_or("{}", RawValue::get);
    let (arguments, is_object) = match serde_json::from_str::<Value>(input) {
        Ok(Value::Object(_)) => (input.to_owned(), said.input.is_some()),
        Ok(Value::String(text)) => (text, false),
        _ => return Err("the input of one of its tool calls is neither an object nor text".to_owned()),
    };
    let given = said.id.as_str().filter(|id| !id.is_empty() && seen.insert((*id).to_owned())).map(str::to_owned);
    let is_whole = given.is_some() && is_object;
    let id = given.unwrap_or_else(|| format!("toolu_turn{turn}_{index}"));
    let rewritten = (!is_whole)
        .then(|| raw(&Block::ToolUse { id: id.clone(), name: name.clone(), input: calls::input(&arguments) }));
    Ok((ToolCall { id, name, arguments }, rewritten))
}

/// The provider counts what it read from its cache, and what it has written there, apart from the rest of a request
/// (<https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>).
fn usage(usage: &Value) -> Usage {
    let tokens = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
    let input = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"].map(tokens);
    Usage {
        input_tokens: input.into_iter().fold(0, u64::saturating_add),
        cached_tokens: tokens("cache_read_input_tokens"),
        output_tokens: tokens("output_tokens"),
    }
}

#[cfg(test)]
mod tests;
