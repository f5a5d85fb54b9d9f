//! What Anthropic's Messages refuses with 400, and in what words. Pure.
//!
//! The words are those that its users report; a field that is missing, of a wrong type or unknown is told in the words of
//! the validator that the provider uses, after the place.

mod blocks;
mod messages;
mod model;
mod settings;
mod tools;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::model::format::Refused;

/// Every top-level parameter that the provider knows; it refuses others.
const PARAMETERS: &[&str] = &[
    "cache_control",
    "container",
    "inference_geo",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

/// Most places up to which a request may tell the provider to keep it.
const CACHE_CONTROLS_MAX: usize = 4;

type Fields = Map<String, Value>;

/// Whether the real provider would take this body.
pub(crate) fn check(body: &Value) -> Result<(), Refused> {
    let fields = object("body", body)?;
    known(fields, "", PARAMETERS)?;
    let model = string("model", fields.get("model"))?;
    if model.is_empty() {
        return Err(at("model", "String should have at least 1 character"));
    }
    let generation = model::Generation::of(model);
    let messages = array("messages", fields.get("messages").ok_or_else(|| missing("messages"))?)?;
    if let Some(system) = fields.get("system") {
        instructions(system)?;
    }
    tools::check(fields)?;
    settings::check(fields, &generation)?;
    messages::check(messages, settings::thinks_within_a_budget(fields))?;
    if !fields.contains_key("tools") && messages::have_calls(messages) {
        return Err(Refused::new("Requests which include `tool_use` or `tool_result` blocks must define tools."));
    }
    let marks = ["messages", "system", "tools"].iter().filter_map(|name| fields.get(*name)).map(marks).sum::<usize>();
    if marks > CACHE_CONTROLS_MAX {
        let message =
            format!("A maximum of {CACHE_CONTROLS_MAX} blocks with cache_control may be provided. Found {marks}.");
        return Err(Refused::new(message));
    }
    Ok(())
}

fn instructions(system: &Value) -> Result<(), Refused> {
    if system.is_string() {
        return Ok(());
    }
    for (index, block) in array("system", system)?.iter().enumerate() {
        let place = format!("system.{index}");
        let block = object(&place, block)?;
        if block.get("type").and_then(Value::as_str) != Some("text") {
            return Err(at(&format!("{place}.type"), "Input should be 'text'"));
        }
        blocks::text(&place, "system", block)?;
    }
    Ok(())
}

/// How often a part of the body is marked.
fn marks(part: &Value) -> usize {
    match part {
        Value::Array(items) => items.iter().map(marks).sum(),
        Value::Object(fields) => {
            let own = fields.get("cache_control").is_some_and(|mark| !mark.is_null());
            usize::from(own) + fields.get("content").map_or(0, marks)
        }
        _ => 0,
    }
}

/// A refusal of what stands at a place.
fn at(place: &str, words: &str) -> Refused {
    Refused::new(format!("{place}: {words}")).at(place)
}

fn missing(place: &str) -> Refused {
    at(place, "Field required")
}

/// Refuses a field that isn't among those that are known. `place` ends with a dot, or is the top.
fn known(fields: &Fields, place: &str, names: &[&str]) -> Result<(), Refused> {
    match fields.keys().find(|name| !names.contains(&name.as_str())) {
        Some(unknown) => Err(at(&format!("{place}{unknown}"), "Extra inputs are not permitted")),
        None => Ok(()),
    }
}

fn object<'a>(place: &str, value: &'a Value) -> Result<&'a Fields, Refused> {
    value.as_object().ok_or_else(|| at(place, "Input should be a valid dictionary"))
}

/// The items of a list that must have some.
fn array<'a>(place: &str, value: &'a Value) -> Result<&'a [Value], Refused> {
    match value.as_array().ok_or_else(|| at(place, "Input should be a valid list"))? {
        empty if empty.is_empty() => Err(at(place, "at least one item is required")),
        items => Ok(items),
    }
}

fn string<'a>(place: &str, value: Option<&'a Value>) -> Result<&'a str, Refused> {
    let value = value.ok_or_else(|| missing(place))?;
    value.as_str().ok_or_else(|| at(place, "Input should be a valid string"))
}

/// A text of ASCII letters, digits, `_` and `-`.
fn identifier<'a>(place: &str, value: Option<&'a Value>, chars_max: Option<usize>) -> Result<&'a str, Refused> {
    let text = string(place, value)?;
    let fits = chars_max.is_none_or(|most| text.len() <= most) && !text.is_empty();
    if fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        return Ok(text);
    }
    let length = chars_max.map_or("+".to_owned(), |most| format!("{{1,{most}}}"));
    Err(at(place, &format!("String should match pattern '^[a-zA-Z0-9_-]{length}$'")))
}
