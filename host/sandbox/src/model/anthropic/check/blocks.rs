//! The blocks that messages are made of.

use serde_json::Value;

use super::{Fields, Refused, at, identifier, known, missing, object, settings::expected_tags, string};
use crate::model::anthropic::seal;

/// The kinds of blocks, as far as they are played.
const KINDS: &[&str] = &["document", "image", "redacted_thinking", "text", "thinking", "tool_result", "tool_use"];

/// Checks a block of that role's message, and gives its kind.
pub(super) fn check<'a>(place: &str, role: &str, block: &'a Value) -> Result<&'a str, Refused> {
    let fields = object(place, block)?;
    let kind = string(&format!("{place}.type"), fields.get("type"))?;
    let inner = format!("{place}.{kind}");
    match kind {
        "text" => text(&inner, "messages", fields)?,
        "image" | "document" => {
            let source = format!("{inner}.source");
            object(&source, fields.get("source").ok_or_else(|| missing(&source))?)?;
            cache_control(&inner, fields)?;
        }
        "tool_use" => tool_use(&inner, fields)?,
        "tool_result" => tool_result(&inner, fields)?,
        "thinking" => thinking(place, &inner, fields)?,
        "redacted_thinking" => {
            known(fields, &format!("{inner}."), &["type", "data"])?;
            if string(&format!("{inner}.data"), fields.get("data"))?.is_empty() {
                return Err(at(place, "Invalid `data` in `redacted_thinking` block"));
            }
        }
        other => {
            let kinds: Vec<String> = KINDS.iter().map(|kind| format!("'{kind}'")).collect();
            return Err(at(place, &expected_tags(other, &kinds.join(", "))));
        }
    }
    let message = place.split_once(".content").map_or(place, |(message, _)| message);
    match (kind, role) {
        ("tool_use", "user") => Err(at(message, "`tool_use` blocks can only be in `assistant` messages")),
        ("tool_result", "assistant") => Err(at(message, "`tool_result` blocks can only be in `user` messages")),
        ("thinking" | "redacted_thinking", "user") => {
            Err(at(&format!("{message}.content"), "thinking blocks may only be in `assistant` messages"))
        }
        _ => Ok(kind),
    }
}

/// A block of text, in the messages or in the instructions.
pub(super) fn text(place: &str, part: &str, fields: &Fields) -> Result<(), Refused> {
    known(fields, &format!("{place}."), &["type", "text", "cache_control", "citations"])?;
    let text = string(&format!("{place}.text"), fields.get("text"))?;
    if text.is_empty() && fields.get("cache_control").is_some_and(|mark| !mark.is_null()) {
        return Err(at(place, "cache_control cannot be set for empty text blocks"));
    }
    if text.is_empty() {
        return Err(at(part, "text content blocks must be non-empty"));
    }
    if text.trim().is_empty() {
        return Err(at(part, "text content blocks must contain non-whitespace text"));
    }
    cache_control(place, fields)
}

fn tool_use(place: &str, fields: &Fields) -> Result<(), Refused> {
    known(fields, &format!("{place}."), &["type", "id", "name", "input", "cache_control", "caller"])?;
    identifier(&format!("{place}.id"), fields.get("id"), None)?;
    let name = format!("{place}.name");
    let text = string(&name, fields.get("name"))?;
    if text.is_empty() || text.chars().count() > 200 {
        return Err(at(&name, "String should have at least 1 and at most 200 characters"));
    }
    let input = format!("{place}.input");
    object(&input, fields.get("input").ok_or_else(|| missing(&input))?)?;
    cache_control(place, fields)
}

fn tool_result(place: &str, fields: &Fields) -> Result<(), Refused> {
    known(fields, &format!("{place}."), &["type", "tool_use_id", "content", "is_error", "cache_control"])?;
    identifier(&format!("{place}.tool_use_id"), fields.get("tool_use_id"), None)?;
    let is_empty = match fields.get("content") {
        None => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(parts)) => {
            for (index, part) in parts.iter().enumerate() {
                let inner = format!("{place}.content.{index}");
                match check(&inner, "user", part)? {
                    "text" | "image" | "document" => {}
                    other => return Err(at(&inner, &expected_tags(other, "'document', 'image', 'text'"))),
                }
            }
            parts.is_empty()
        }
        Some(_) => return Err(at(&format!("{place}.content"), "Input should be a valid list")),
    };
    match fields.get("is_error") {
        None | Some(Value::Bool(false)) => {}
        Some(Value::Bool(true)) if is_empty => {
            return Err(at(place, "content cannot be empty if `is_error` is true"));
        }
        Some(Value::Bool(true)) => {}
        Some(_) => return Err(at(&format!("{place}.is_error"), "Input should be a valid boolean")),
    }
    cache_control(place, fields)
}

fn thinking(place: &str, inner: &str, fields: &Fields) -> Result<(), Refused> {
    known(fields, &format!("{inner}."), &["type", "thinking", "signature"])?;
    let thought = string(&format!("{inner}.thinking"), fields.get("thinking"))?;
    let signature = string(&format!("{inner}.signature"), fields.get("signature"))?;
    if seal::holds(thought, signature) {
        return Ok(());
    }
    Err(at(place, "Invalid `signature` in `thinking` block"))
}

/// The mark of what the provider is to keep.
pub(super) fn cache_control(place: &str, fields: &Fields) -> Result<(), Refused> {
    let Some(mark) = fields.get("cache_control").filter(|mark| !mark.is_null()) else { return Ok(()) };
    let place = format!("{place}.cache_control");
    let mark = object(&place, mark)?;
    known(mark, &format!("{place}.ephemeral."), &["type", "ttl"])?;
    match string(&format!("{place}.type"), mark.get("type"))? {
        "ephemeral" => Ok(()),
        other => Err(at(&place, &expected_tags(other, "'ephemeral'"))),
    }
}
