//! A provider's own message in the pieces that have to go out byte for byte.

use aftercall_core::conversation::Dialect;
use serde_json::{Value, value::RawValue};
use std::collections::BTreeMap;

/// The pieces of a message in that format, without what the provider gives out and doesn't take back.
pub(crate) fn of(dialect: Dialect, message: &str) -> Vec<String> {
    let fields = || serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(message).expect("an object");
    match dialect {
        Dialect::OpenaiChat => vec![message.to_owned()],
        Dialect::OpenaiResponses => without_idle_thoughts(list(message)),
        Dialect::Anthropic => match fields().get("content") {
            Some(text) if text.get().starts_with('"') => {
                let is_blank = read(text.get()).as_str().is_none_or(|text| text.trim().is_empty());
                if is_blank { Vec::new() } else { vec![text.get().to_owned()] }
            }
            Some(blocks) => {
                let blocks = list(blocks.get());
                match blocks.iter().any(|block| lacks_input(block)) {
                    true => Vec::new(),
                    false => blocks.into_iter().filter(|block| !is_blank_block(block)).collect(),
                }
            }
            None => Vec::new(),
        },
        Dialect::Gemini => match fields().get("parts") {
            Some(parts) => list(parts.get()).into_iter().filter(|part| !is_blank_part(part)).collect(),
            None => Vec::new(),
        },
    }
}

fn list(json: &str) -> Vec<String> {
    let list: Vec<Box<RawValue>> = serde_json::from_str(json).unwrap_or_default();
    list.iter().map(|raw| raw.get().to_owned()).collect()
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).expect("it was JSON before")
}

/// The provider takes no call without its input, so its message goes out translated.
fn lacks_input(block: &str) -> bool {
    let block = read(block);
    block["type"] == "tool_use" && block["input"].is_null()
}

fn is_blank_block(block: &str) -> bool {
    let block = read(block);
    block["type"] == "text" && block["text"].as_str().is_some_and(|text| text.trim().is_empty())
}

fn is_blank_part(part: &str) -> bool {
    let part = read(part);
    part["text"] == "" && part.get("thoughtSignature").or_else(|| part.get("thought_signature")).is_none()
}

/// Thoughts at the end led to nothing, and the provider refuses those.
fn without_idle_thoughts(mut items: Vec<String>) -> Vec<String> {
    while items.last().is_some_and(|item| read(item)["type"] == "reasoning") {
        items.pop();
    }
    items
}
