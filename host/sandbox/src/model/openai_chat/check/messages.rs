//! The history: roles, contents, and every tool call answered right after it was made.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Refused, array, function_name, invalid_value, missing, object, string, wrong_type};

const ROLES: &[&str] = &["system", "assistant", "user", "function", "tool", "developer"];

/// The calls of the newest assistant message, while only tool messages have followed it.
#[derive(Default)]
struct Open<'a> {
    /// By id: whether it has been answered.
    calls: BTreeMap<&'a str, bool>,
}

pub(super) fn check(messages: &[Value]) -> Result<(), Refused> {
    let mut open = Open::default();
    for (index, value) in messages.iter().enumerate() {
        let at = format!("messages[{index}]");
        let message = object(&at, value)?;
        let role = string(&format!("{at}.role"), message.get("role"))?;
        if !ROLES.contains(&role) {
            return Err(invalid_value(&format!("{at}.role"), role, ROLES));
        }
        if role == "tool" {
            open.answer(index, message)?;
        } else {
            open.close(index)?;
        }
        match role {
            "assistant" => open.calls = assistant(&at, message)?,
            "user" => content(&at, message, &["text", "image_url", "input_audio", "file"])?,
            "function" => {
                string(&format!("{at}.name"), message.get("name"))?;
                content(&at, message, &["text"])?;
            }
            _ => content(&at, message, &["text"])?,
        }
    }
    open.close(messages.len())
}

impl<'a> Open<'a> {
    /// Takes a tool message as the answer to one of the calls.
    fn answer(&mut self, index: usize, message: &'a Map<String, Value>) -> Result<(), Refused> {
        let id = string(&format!("messages[{index}].tool_call_id"), message.get("tool_call_id"))?;
        if self.calls.is_empty() {
            let text = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
            return Err(Refused::new(text.to_owned()).at(&format!("messages.[{index}].role")));
        }
        match self.calls.insert(id, true) {
            Some(false) => Ok(()),
            Some(true) => {
                let text = format!("Duplicate value for 'tool_call_id' of '{id}' in message[{index}].");
                Err(Refused::new(text).at(&format!("messages.[{index}].tool_call_id")))
            }
            None => {
                let text = format!(
                    "Invalid parameter: 'tool_call_id' of '{id}' not found in 'tool_calls' of previous message."
                );
                Err(Refused::new(text).at(&format!("messages.[{index}].tool_call_id")))
            }
        }
    }

    /// No tool message may follow any more: every call must have been answered.
    fn close(&mut self, index: usize) -> Result<(), Refused> {
        let calls = std::mem::take(&mut self.calls);
        let unanswered: Vec<&str> = calls.iter().filter(|(_, answered)| !**answered).map(|(id, _)| *id).collect();
        if unanswered.is_empty() {
            return Ok(());
        }
        let text = format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
            unanswered.join(", ")
        );
        Err(Refused::new(text).at(&format!("messages.[{index}].role")))
    }
}

/// Checks an assistant message and gives the ids of its calls, none of them answered.
fn assistant<'a>(at: &str, message: &'a Map<String, Value>) -> Result<BTreeMap<&'a str, bool>, Refused> {
    let says_otherwise = ["tool_calls", "function_call", "refusal", "audio"]
        .iter()
        .any(|name| message.get(*name).is_some_and(|v| !v.is_null()));
    let without_content = message.get("content").is_none_or(Value::is_null);
    if !(without_content && says_otherwise) {
        content(at, message, &["text", "refusal"])?;
    }
    let Some(calls) = message.get("tool_calls") else { return Ok(BTreeMap::new()) };
    let mut open = BTreeMap::new();
    for (index, value) in array(&format!("{at}.tool_calls"), calls)?.iter().enumerate() {
        let at = format!("{at}.tool_calls[{index}]");
        let call = object(&at, value)?;
        let id = string(&format!("{at}.id"), call.get("id"))?;
        called(&at, call)?;
        if open.insert(id, false).is_some() {
            return Err(Refused::new(format!("Duplicate value for 'id' of '{id}'.")).at(&format!("{at}.id")));
        }
    }
    Ok(open)
}

/// What a call is of: a function with its arguments, or a tool that takes any text.
fn called(at: &str, call: &Map<String, Value>) -> Result<(), Refused> {
    let (kind, input) = match string(&format!("{at}.type"), call.get("type"))? {
        "function" => ("function", "arguments"),
        "custom" => ("custom", "input"),
        other => return Err(invalid_value(&format!("{at}.type"), other, &["function", "custom"])),
    };
    let at = format!("{at}.{kind}");
    let tool = object(&at, call.get(kind).ok_or_else(|| missing(&at))?)?;
    function_name(&format!("{at}.name"), tool.get("name"))?;
    string(&format!("{at}.{input}"), tool.get(input)).map(drop)
}

fn content(at: &str, message: &Map<String, Value>, kinds: &[&str]) -> Result<(), Refused> {
    let at = format!("{at}.content");
    let value = message.get("content").ok_or_else(|| missing(&at))?;
    match value {
        Value::String(_) => return Ok(()),
        Value::Array(_) => {}
        _ => return Err(wrong_type(&at, "one of a string or array of objects", value)),
    }
    for (index, value) in array(&at, value)?.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let part = object(&at, value)?;
        let kind = string(&format!("{at}.type"), part.get("type"))?;
        if !kinds.contains(&kind) {
            return Err(invalid_value(&format!("{at}.type"), kind, kinds));
        }
        let at_payload = format!("{at}.{kind}");
        if kind == "text" || kind == "refusal" {
            string(&at_payload, part.get(kind))?;
        } else {
            object(&at_payload, part.get(kind).ok_or_else(|| missing(&at_payload))?)?;
        }
    }
    Ok(())
}
