//! The history: roles, and every call answered in the message after it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Refused, array, at, blocks, known, missing, object, string};

/// Most messages that a request may have.
const MESSAGES_MAX: usize = 100_000;

/// What a message calls and answers, and in which order its blocks come.
#[derive(Default)]
struct Read<'a> {
    role: &'a str,
    kinds: Vec<&'a str>,
    calls: Vec<&'a str>,
    /// The calls that it answers, with their places.
    answers: Vec<(usize, &'a str)>,
}

/// `must_think`: whether a run of calls and results has to begin with a thought.
pub(super) fn check(messages: &[Value], must_think: bool) -> Result<(), Refused> {
    if messages.len() > MESSAGES_MAX {
        return Err(at("messages", &format!("List should have at most {MESSAGES_MAX} items")));
    }
    let mut seen = BTreeSet::new();
    let mut before = Read::default();
    for (index, message) in messages.iter().enumerate() {
        let read = read(index, message, index + 1 == messages.len(), &mut seen)?;
        if index == 0 && read.role != "user" {
            return Err(at("messages", "first message must use the \"user\" role"));
        }
        // The provider puts neighbours together by now; it didn't always, and others who speak the format don't.
        if read.role == before.role {
            let message = format!(
                "roles must alternate between \"user\" and \"assistant\", but found multiple \"{}\" roles in a row",
                read.role
            );
            return Err(at("messages", &message));
        }
        answered(index, &before, &read)?;
        if index + 1 == messages.len() {
            last(index, &before, &read, must_think)?;
        }
        before = read;
    }
    Ok(())
}

/// Whether any message calls a tool or answers a call.
pub(super) fn have_calls(messages: &[Value]) -> bool {
    let blocks = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    blocks.into_iter().any(|block| block["type"] == "tool_use" || block["type"] == "tool_result")
}

fn read<'a>(
    index: usize,
    message: &'a Value,
    is_last: bool,
    seen: &mut BTreeSet<&'a str>,
) -> Result<Read<'a>, Refused> {
    let place = format!("messages.{index}");
    let fields = object(&place, message)?;
    known(fields, &format!("{place}."), &["role", "content"])?;
    let role = string(&format!("{place}.role"), fields.get("role"))?;
    if role == "system" {
        let words = "Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message role.";
        return Err(at("messages", words));
    }
    if !["user", "assistant"].contains(&role) {
        return Err(at(&format!("{place}.role"), "Input should be 'user' or 'assistant'"));
    }
    let mut read = Read { role, ..Read::default() };
    let content = fields.get("content").ok_or_else(|| missing(&format!("{place}.content")))?;
    let empty = at(&place, "all messages must have non-empty content except for the optional final assistant message");
    let is_empty = content.as_str().is_some_and(str::is_empty) || content.as_array().is_some_and(Vec::is_empty);
    match content {
        _ if is_empty && !(is_last && role == "assistant") => return Err(empty),
        Value::String(text) if text.trim().is_empty() && !text.is_empty() => {
            return Err(at("messages", "text content blocks must contain non-whitespace text"));
        }
        Value::String(_) => read.kinds.push("text"),
        Value::Array(all) => {
            for (block, at_block) in all.iter().zip(0..) {
                let place = format!("{place}.content.{at_block}");
                let kind = blocks::check(&place, role, block)?;
                read.block(&place, at_block, kind, block, seen)?;
            }
        }
        _ => {
            array(&format!("{place}.content"), content)?;
        }
    }
    Ok(read)
}

impl<'a> Read<'a> {
    fn block(
        &mut self,
        place: &str,
        index: usize,
        kind: &'a str,
        block: &'a Value,
        seen: &mut BTreeSet<&'a str>,
    ) -> Result<(), Refused> {
        let text = |name: &str| block[name].as_str().unwrap_or_default();
        match kind {
            "tool_use" => {
                if !seen.insert(text("id")) {
                    return Err(at(place, "`tool_use` ids must be unique"));
                }
                self.calls.push(text("id"));
            }
            "tool_result" => self.answers.push((index, text("tool_use_id"))),
            _ => {}
        }
        self.kinds.push(kind);
        Ok(())
    }
}

/// Holds the results of a message against the calls of the one before.
fn answered(index: usize, before: &Read<'_>, read: &Read<'_>) -> Result<(), Refused> {
    let mut open: BTreeSet<&str> = before.calls.iter().copied().collect();
    for (block, id) in &read.answers {
        let place = format!("messages.{index}.content.{block}");
        if open.remove(id) {
            continue;
        }
        let words = match before.calls.contains(id) {
            true => {
                format!("each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}")
            }
            false => format!(
                "unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            ),
        };
        return Err(at(&place, &words));
    }
    // Words that come before the results come between a call and its result.
    let leading = read.kinds.iter().take_while(|kind| **kind == "tool_result").count();
    if open.is_empty() && (before.calls.is_empty() || leading == read.answers.len()) {
        return Ok(());
    }
    let open: Vec<&str> = match open.is_empty() {
        true => before.calls.clone(),
        false => open.into_iter().collect(),
    };
    Err(unanswered(index - 1, &open))
}

fn unanswered(index: usize, open: &[&str]) -> Refused {
    let words = format!(
        "`tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
        open.join(", ")
    );
    at(&format!("messages.{index}"), &words)
}

fn last(index: usize, before: &Read<'_>, read: &Read<'_>, must_think: bool) -> Result<(), Refused> {
    if !read.calls.is_empty() {
        return Err(unanswered(index, &read.calls));
    }
    if read.role == "assistant" {
        // Older models go on with words of their own, which nothing here ever wants of them.
        let words =
            "This model does not support assistant message prefill. The conversation must end with a user message.";
        return Err(Refused::new(words));
    }
    let resumes = !read.kinds.is_empty() && read.kinds.iter().all(|kind| *kind == "tool_result");
    let first = before.kinds.first().copied().unwrap_or("text");
    if must_think && resumes && !["thinking", "redacted_thinking"].contains(&first) {
        let words = format!(
            "Expected `thinking` or `redacted_thinking`, but found `{first}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks)."
        );
        return Err(at(&format!("messages.{}.content.0.type", index - 1), &words));
    }
    Ok(())
}
