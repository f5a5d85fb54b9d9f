//! What Gemini's `generateContent` refuses with 400, and in what words. Pure. It is as strict as the strictest of the
//! models, which are those of the third generation.

mod contents;
mod generation;
mod parts;
mod schema;
mod tools;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::model::format::Refused;

pub(super) use contents::current_turn;

type Object = Map<String, Value>;

/// Every top-level field that the provider knows; it refuses others.
const FIELDS: &[&str] = &[
    "cachedContent",
    "contents",
    "generationConfig",
    "model",
    "safetySettings",
    "serviceTier",
    "store",
    "systemInstruction",
    "toolConfig",
    "tools",
];

/// Whether a real provider would take this body.
pub(super) fn check(body: &Value) -> Result<(), Refused> {
    let body = body.as_object().ok_or_else(|| Refused::new("Invalid JSON payload received. Expected an object."))?;
    known("", body, FIELDS)?;
    let contents = list("contents", field(body, "contents"))?;
    if contents.is_empty() {
        return Err(wrong("contents", "contents is not specified"));
    }
    if let Some(system) = field(body, "systemInstruction") {
        contents::instruction(object("system_instruction", system)?)?;
    }
    contents::check(contents)?;
    let config = field(body, "generationConfig").map(|config| object("generation_config", config)).transpose()?;
    config.map_or(Ok(()), generation::check)?;
    list("safety_settings", field(body, "safetySettings"))?;
    tools::check(list("tools", field(body, "tools"))?)?;
    field(body, "toolConfig").map_or(Ok(()), tools::config)
}

/// A field in either of its spellings, of which `name` is the one with capitals.
pub(super) fn field<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.get(&snake(name))).filter(|value| !value.is_null())
}

/// A field's name as the provider's messages have it.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

fn known(at: &str, object: &Object, names: &[&str]) -> Result<(), Refused> {
    let is_known = |name: &&String| names.iter().any(|known| *known == name.as_str() || snake(known) == **name);
    let Some(unknown) = object.keys().find(|name| !is_known(name)) else { return Ok(()) };
    let place = if at.is_empty() { String::new() } else { format!(" at '{at}'") };
    Err(Refused::new(format!("Invalid JSON payload received. Unknown name \"{unknown}\"{place}: Cannot find field.")))
}

/// A value that its type doesn't have.
fn invalid(at: &str, kind: &str, value: &Value) -> Refused {
    Refused::new(format!("Invalid value at '{at}' ({kind}), {value}"))
}

/// A value that is of its type and makes no sense.
fn wrong(at: &str, why: &str) -> Refused {
    Refused::new(format!("* GenerateContentRequest.{at}: {why}\n"))
}

fn object<'a>(at: &str, value: &'a Value) -> Result<&'a Object, Refused> {
    value.as_object().ok_or_else(|| invalid(at, "TYPE_MESSAGE", value))
}

/// A list; one that is absent has nothing in it.
fn list<'a>(at: &str, value: Option<&'a Value>) -> Result<&'a [Value], Refused> {
    let Some(value) = value else { return Ok(&[]) };
    value.as_array().map(Vec::as_slice).ok_or_else(|| invalid(at, "TYPE_LIST", value))
}

/// A text; one that is absent is empty.
fn text<'a>(at: &str, value: Option<&'a Value>) -> Result<&'a str, Refused> {
    let Some(value) = value else { return Ok("") };
    value.as_str().ok_or_else(|| invalid(at, "TYPE_STRING", value))
}

/// The name of a function: in words that the provider has for declarations.
fn function_name<'a>(at: &str, name: Option<&'a Value>) -> Result<&'a str, Refused> {
    let at = format!("{at}.name");
    let name = text(&at, name)?;
    if name.is_empty() {
        return Err(wrong(&at, "Name cannot be empty."));
    }
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !first || name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c)) {
        let why = "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.";
        return Err(wrong(&at, why));
    }
    Ok(name)
}
