//! The items of the input, each for itself.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Map, Value};

use super::{Refused, function_name, invalid_value, missing, object, seal, string, wrong_type};

/// The types of items, what their identifiers begin with, and the fields that they have. Of the provider's own tools'
/// items the fields aren't looked at.
const TYPES: &[(&str, &str, &[&str])] = &[
    ("message", "msg", &["content", "id", "phase", "role", "status", "type"]),
    ("reasoning", "rs", &["content", "encrypted_content", "id", "status", "summary", "type"]),
    ("function_call", "fc", &["arguments", "call_id", "id", "name", "namespace", "status", "type"]),
    ("function_call_output", "fc", &["call_id", "id", "output", "status", "type"]),
    ("custom_tool_call", "ctc", &["call_id", "id", "input", "name", "namespace", "status", "type"]),
    ("custom_tool_call_output", "ctc", &["call_id", "id", "output", "status", "type"]),
    ("item_reference", "", &["id", "type"]),
    ("web_search_call", "ws", &[]),
    ("file_search_call", "fs", &[]),
    ("code_interpreter_call", "ci", &[]),
    ("image_generation_call", "ig", &[]),
    ("mcp_call", "mcp", &[]),
    ("mcp_list_tools", "mcpl", &[]),
];

const ROLES: &[&str] = &["assistant", "system", "developer", "user"];

const ID_CHARS_MAX: usize = 64;

pub(super) fn check(items: &[Value]) -> Result<(), Refused> {
    let mut ids = BTreeSet::new();
    for (index, value) in items.iter().enumerate() {
        let at = format!("input[{index}]");
        let item = object(&at, value)?;
        let kind = match item.get("type") {
            None if item.contains_key("role") => "message",
            given => string(&format!("{at}.type"), given)?,
        };
        let Some((_, prefix, fields)) = TYPES.iter().find(|(name, ..)| *name == kind) else {
            let names: Vec<&str> = TYPES.iter().map(|(name, ..)| *name).collect();
            return Err(invalid_value(&at, kind, &names));
        };
        if let Some(unknown) = item.keys().find(|name| !fields.is_empty() && !fields.contains(&name.as_str())) {
            let at = format!("{at}.{unknown}");
            return Err(Refused::new(format!("Unknown parameter: '{at}'.")).at(&at).code("unknown_parameter"));
        }
        if let Some(id) = item.get("id").filter(|id| !id.is_null()) {
            let id = identifier(&format!("{at}.id"), id, prefix)?;
            if !ids.insert(id) {
                let message =
                    format!("Duplicate item found with id {id}. Remove duplicate items from your input and try again.");
                return Err(Refused::new(message).at("input"));
            }
        }
        of_kind(&at, kind, item)?;
    }
    Ok(())
}

fn of_kind(at: &str, kind: &str, item: &Map<String, Value>) -> Result<(), Refused> {
    match kind {
        "message" => message(at, item),
        "reasoning" => reasoning(at, item),
        "function_call" => {
            call_id(at, item)?;
            function_name(&format!("{at}.name"), item.get("name"))?;
            string(&format!("{at}.arguments"), item.get("arguments")).map(drop)
        }
        "custom_tool_call" => {
            call_id(at, item)?;
            string(&format!("{at}.name"), item.get("name"))?;
            string(&format!("{at}.input"), item.get("input")).map(drop)
        }
        "function_call_output" | "custom_tool_call_output" => {
            call_id(at, item)?;
            content(&format!("{at}.output"), item.get("output"), &["input_text", "input_image", "input_file"])
        }
        "item_reference" => Err(not_kept(string(&format!("{at}.id"), item.get("id"))?)),
        _ => Ok(()),
    }
}

fn message(at: &str, item: &Map<String, Value>) -> Result<(), Refused> {
    let role = string(&format!("{at}.role"), item.get("role"))?;
    let kinds: &[&str] = match role {
        "assistant" => &["output_text", "refusal"],
        role if ROLES.contains(&role) => &["input_text", "input_image", "input_file"],
        other => return Err(invalid_value(&format!("{at}.role"), other, ROLES)),
    };
    content(&format!("{at}.content"), item.get("content"), kinds)
}

fn reasoning(at: &str, item: &Map<String, Value>) -> Result<(), Refused> {
    let at_summary = format!("{at}.summary");
    let summary = item.get("summary").ok_or_else(|| missing(&at_summary))?;
    if !summary.is_array() {
        return Err(wrong_type(&at_summary, "an array of objects", summary));
    }
    let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
    let Some(content) = item.get("encrypted_content").filter(|content| !content.is_null()) else {
        return Err(not_kept(id));
    };
    let content = string(&format!("{at}.encrypted_content"), Some(content))?;
    seal::check(id, content).map_err(|reason| {
        let message = format!("The encrypted content for item {id} could not be verified. Reason: {reason}");
        Refused::new(message).code("invalid_encrypted_content")
    })
}

/// The sandbox keeps no items, whatever `store` says.
fn not_kept(id: &str) -> Refused {
    let message = format!(
        "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input."
    );
    Refused::new(message).at("input").status(StatusCode::NOT_FOUND)
}

fn content(at: &str, value: Option<&Value>, kinds: &[&str]) -> Result<(), Refused> {
    let value = value.ok_or_else(|| missing(at))?;
    let parts = match value {
        Value::String(_) => return Ok(()),
        Value::Array(parts) => parts,
        other => return Err(wrong_type(at, "one of a string or array of objects", other)),
    };
    for (index, value) in parts.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let part = object(&at, value)?;
        let kind = string(&format!("{at}.type"), part.get("type"))?;
        match kind {
            kind if !kinds.contains(&kind) => return Err(invalid_value(&at, kind, kinds)),
            "input_text" | "output_text" => string(&format!("{at}.text"), part.get("text"))?,
            "refusal" => string(&format!("{at}.refusal"), part.get("refusal"))?,
            _ => continue,
        };
    }
    Ok(())
}

fn identifier<'a>(at: &str, value: &'a Value, prefix: &str) -> Result<&'a str, Refused> {
    let id = string(at, Some(value))?;
    let wrong = |message: String| Err(Refused::new(format!("Invalid '{at}': {message}")).at(at).code("invalid_value"));
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return wrong(format!(
            "'{id}'. Expected an ID that contains letters, numbers, underscores, or dashes, but this value contained additional characters."
        ));
    }
    if !id.starts_with(prefix) {
        return wrong(format!("'{id}'. Expected an ID that begins with '{prefix}'."));
    }
    short(at, id)?;
    Ok(id)
}

fn call_id(at: &str, item: &Map<String, Value>) -> Result<(), Refused> {
    let at = format!("{at}.call_id");
    match string(&at, item.get("call_id"))? {
        "" => {
            let message = format!(
                "Invalid '{at}': empty string. Expected a string with minimum length 1, but got an empty string instead."
            );
            Err(Refused::new(message).at(&at).code("empty_string"))
        }
        id => short(&at, id),
    }
}

fn short(at: &str, id: &str) -> Result<(), Refused> {
    let chars = id.chars().count();
    if chars <= ID_CHARS_MAX {
        return Ok(());
    }
    let message = format!(
        "Invalid '{at}': string too long. Expected a string with maximum length {ID_CHARS_MAX}, but got a string with length {chars} instead."
    );
    Err(Refused::new(message).at(at).code("string_above_max_length"))
}
