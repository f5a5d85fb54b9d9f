//! What comes back.

use std::collections::HashSet;

use aftercall_core::{
    conversation::{Dialect, Opaque, ToolCall},
    json::Json,
    model::{Failure, Finish, Reply, Usage},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::part::{FunctionCall, Part};
use crate::answer::Answer;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    #[serde(default)]
    candidates: Vec<Candidate>,
    #[serde(default)]
    prompt_feedback: Value,
    #[serde(default)]
    usage_metadata: Value,
    #[serde(default)]
    error: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Box<RawValue>>,
    #[serde(default)]
    finish_reason: Value,
    #[serde(default)]
    finish_message: Value,
}

#[derive(Deserialize)]
struct Content {
    parts: Option<Vec<Part>>,
}

/// Why the provider stopped, by the words of its API reference.
enum Stopped {
    Said(Finish),
    /// What it made was none of its format: repeating the request may help.
    Broken,
    /// In words that say nothing here.
    Otherwise,
}

/// Reads an answer: the reply to the turn of that number (from 0), or why there is none.
///
/// The content is kept byte for byte, with the provider's seals on their parts. A call without an identifier gets one of
/// ours, which isn't in those bytes, and so isn't sent back.
pub(crate) fn read(answer: &Answer, turn: usize) -> Result<Reply, Failure> {
    answer.check_status()?;
    let nonsense = |why: &str| answer.nonsense(why);
    let generated: Generated = serde_json::from_slice(&answer.body).map_err(|error| nonsense(&error.to_string()))?;
    let usage = usage(&generated.usage_metadata);
    let Some(candidate) = generated.candidates.into_iter().next() else {
        return no_candidate(answer, &generated.prompt_feedback, &generated.error, usage);
    };
    let reason = candidate.finish_reason.as_str().unwrap_or_default();
    let stopped = stopped(reason);
    if matches!(stopped, Stopped::Broken) {
        let message = candidate.finish_message.as_str().unwrap_or_default();
        return Err(nonsense(format!("it was cut off as {reason} {message}").trim_end()));
    }
    let content = candidate.content.filter(|content| content.get() != "null").unwrap_or_else(nothing);
    if !content.get().starts_with('{') {
        return Err(nonsense("its content is no object"));
    }
    let read: Content =
        serde_json::from_str(content.get()).map_err(|error| nonsense(&format!("in its content: {error}")))?;
    let parts = read.parts.unwrap_or_default();
    let text: String = parts.iter().filter_map(Part::words).collect();
    let made: Vec<FunctionCall> = parts.into_iter().filter_map(|part| part.function_call).collect();
    let calls = calls(&made, turn).map_err(nonsense)?;
    let finish = match stopped {
        Stopped::Said(finish) => finish,
        Stopped::Broken | Stopped::Otherwise => Finish::Stop,
    };
    if text.is_empty() && calls.is_empty() && finish == Finish::Stop {
        return Err(nonsense("its content has neither words nor function calls"));
    }
    let data = Json::try_from(&*content).map_err(|_| nonsense("its content is nested too deeply"))?;
    let message = Opaque { dialect: Dialect::Gemini, data };
    Ok(Reply { text: (!text.is_empty()).then_some(text), calls, finish, usage, message })
}

fn stopped(reason: &str) -> Stopped {
    match reason {
        "STOP" => Stopped::Said(Finish::Stop),
        "MAX_TOKENS" => Stopped::Said(Finish::Length),
        "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR" => {
            Stopped::Said(Finish::Refusal)
        }
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" | "MALFORMED_RESPONSE" => {
            Stopped::Broken
        }
        _ => Stopped::Otherwise,
    }
}

/// The provider refused the request by its content, or says in the body what went wrong.
fn no_candidate(answer: &Answer, feedback: &Value, error: &Value, usage: Usage) -> Result<Reply, Failure> {
    if feedback.get("blockReason").is_some_and(|reason| !reason.is_null()) {
        let data = Json::try_from(&*nothing()).expect("it is JSON");
        let message = Opaque { dialect: Dialect::Gemini, data };
        return Ok(Reply { text: None, calls: Vec::new(), finish: Finish::Refusal, usage, message });
    }
    Err(if error.is_null() { answer.nonsense("it has no candidates") } else { answer.failed_by(error) })
}

/// The content of a reply that has none.
fn nothing() -> Box<RawValue> {
    RawValue::from_string(r#"{"role":"model","parts":[]}"#.to_owned()).expect("it is JSON")
}

fn calls(made: &[FunctionCall], turn: usize) -> Result<Vec<ToolCall>, &'static str> {
    let mut seen = HashSet::new();
    let call = |(index, made): (usize, &FunctionCall)| {
        if made.name.is_empty() {
            return Err("one of its function calls has no name");
        }
        let arguments = match made.args.as_ref().map(|args| args.get()) {
            None | Some("null") => "{}",
            Some(args) if args.starts_with('{') => args,
            Some(_) => return Err("the arguments of one of its function calls are no object"),
        };
        let given = made.id.clone().filter(|id| !id.is_empty() && seen.insert(id.clone()));
        let id = given.unwrap_or_else(|| format!("call_turn{turn}_{index}"));
        Ok(ToolCall { id, name: made.name.clone(), arguments: arguments.to_owned() })
    };
    made.iter().enumerate().map(call).collect()
}

/// Tokens that were cached count among those of the prompt; those of thoughts are counted apart from the reply's.
fn usage(usage: &Value) -> Usage {
    let tokens = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
    Usage {
        input_tokens: tokens("promptTokenCount"),
        cached_tokens: tokens("cachedContentTokenCount"),
        output_tokens: tokens("candidatesTokenCount").saturating_add(tokens("thoughtsTokenCount")),
    }
}

#[cfg(test)]
mod tests;
