//! What OpenAI's Chat Completions refuses with 400, and in what words. Pure.

mod messages;
mod tools;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::model::format::Refused;

pub(crate) use tools::schema;

pub(crate) const FUNCTION_NAME_BYTES_MAX: usize = 64;

/// Every top-level parameter that the provider knows; it refuses others.
const PARAMETERS: &[&str] = &[
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

/// Whether a real provider would take this body.
pub(crate) fn check(body: &Value) -> Result<(), Refused> {
    let Value::Object(fields) = body else {
        return Err(wrong_type("body", "an object", body));
    };
    if let Some(unknown) = fields.keys().find(|name| !PARAMETERS.contains(&name.as_str())) {
        return Err(Refused::new(format!("Unknown parameter: '{unknown}'.")).at(unknown).code("unknown_parameter"));
    }
    match fields.get("model") {
        None => return Err(Refused::new("you must provide a model parameter".to_owned())),
        Some(Value::String(model)) if model.is_empty() => {
            return Err(Refused::new("you must provide a model parameter".to_owned()));
        }
        Some(Value::String(_)) => {}
        Some(other) => return Err(wrong_type("model", "a string", other)),
    }
    messages::check(array("messages", fields.get("messages").ok_or_else(|| missing("messages"))?)?)?;
    tools::check(fields)?;
    parameters(fields)
}

fn parameters(fields: &Map<String, Value>) -> Result<(), Refused> {
    stream(fields, &["include_usage", "include_obfuscation"])?;
    for (name, lowest, highest) in [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
    ] {
        let value = fields.get(name).filter(|value| !value.is_null());
        let Some(value) = value else { continue };
        let number = value.as_f64().ok_or_else(|| wrong_type(name, "a decimal", value))?;
        if !(lowest..=highest).contains(&number) {
            let message =
                format!("Invalid '{name}': expected a value from {lowest} to {highest}, but got {number} instead.");
            return Err(Refused::new(message).at(name).code("decimal_out_of_range"));
        }
    }
    for name in ["max_tokens", "max_completion_tokens", "n"] {
        let value = fields.get(name).filter(|value| !value.is_null());
        let Some(value) = value else { continue };
        let number = value.as_i64().ok_or_else(|| wrong_type(name, "an integer", value))?;
        if number < 1 {
            let message = format!(
                "Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {number} instead."
            );
            return Err(Refused::new(message).at(name).code("integer_below_min_value"));
        }
    }
    Ok(())
}

/// Whether and how a reply is streamed, with the options that the format has for it.
pub(crate) fn stream(fields: &Map<String, Value>, options: &[&str]) -> Result<(), Refused> {
    let boolean = |name: &str, value: &Value| match value {
        Value::Null | Value::Bool(_) => Ok(()),
        other => Err(wrong_type(name, "a boolean", other)),
    };
    let (at, is_on) = ("stream_options", fields.get("stream") == Some(&Value::Bool(true)));
    fields.get("stream").map_or(Ok(()), |stream| boolean("stream", stream))?;
    let Some(given) = fields.get(at).filter(|given| !given.is_null()) else { return Ok(()) };
    if !is_on {
        return Err(Refused::new(format!("The '{at}' parameter is only allowed when 'stream' is enabled.")).at(at));
    }
    for (name, value) in object(at, given)? {
        let place = format!("{at}.{name}");
        if !options.contains(&name.as_str()) {
            return Err(Refused::new(format!("Unknown parameter: '{place}'.")).at(&place).code("unknown_parameter"));
        }
        boolean(&place, value)?;
    }
    Ok(())
}

/// Whether the provider takes this as a function's name: `^[a-zA-Z0-9_-]{1,64}$`.
pub(crate) fn is_function_name(name: &str) -> bool {
    (1..=FUNCTION_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

pub(crate) fn missing(param: &str) -> Refused {
    Refused::new(format!("Missing required parameter: '{param}'.")).at(param).code("missing_required_parameter")
}

pub(crate) fn wrong_type(param: &str, expected: &str, value: &Value) -> Refused {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    let message = format!("Invalid type for '{param}': expected {expected}, but got {got} instead.");
    Refused::new(message).at(param).code("invalid_type")
}

pub(crate) fn invalid_value(param: &str, given: &str, supported: &[&str]) -> Refused {
    let supported: Vec<String> = supported.iter().map(|value| format!("'{value}'")).collect();
    let message = format!("Invalid value: '{given}'. Supported values are: {}.", supported.join(", "));
    Refused::new(message).at(param).code("invalid_value")
}

/// The items of an array that must have some.
pub(crate) fn array<'a>(param: &str, value: &'a Value) -> Result<&'a [Value], Refused> {
    let items = value.as_array().ok_or_else(|| wrong_type(param, "an array of objects", value))?;
    if items.is_empty() {
        let message = format!(
            "Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead."
        );
        return Err(Refused::new(message).at(param).code("empty_array"));
    }
    Ok(items)
}

pub(crate) fn object<'a>(param: &str, value: &'a Value) -> Result<&'a Map<String, Value>, Refused> {
    value.as_object().ok_or_else(|| wrong_type(param, "an object", value))
}

pub(crate) fn string<'a>(param: &str, value: Option<&'a Value>) -> Result<&'a str, Refused> {
    let value = value.ok_or_else(|| missing(param))?;
    value.as_str().ok_or_else(|| wrong_type(param, "a string", value))
}

pub(crate) fn function_name<'a>(param: &str, value: Option<&'a Value>) -> Result<&'a str, Refused> {
    let name = string(param, value)?;
    if name.len() > FUNCTION_NAME_BYTES_MAX {
        let message = format!(
            "Invalid '{param}': string too long. Expected a string with maximum length {FUNCTION_NAME_BYTES_MAX}, but got a string with length {} instead.",
            name.len()
        );
        return Err(Refused::new(message).at(param).code("string_above_max_length"));
    }
    if !is_function_name(name) {
        let message = format!(
            "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        );
        return Err(Refused::new(message).at(param).code("invalid_value"));
    }
    Ok(name)
}
