//! The parameters beside input and tools.

use serde_json::{Map, Value};

use super::{Refused, array, invalid_value, missing, object, seal, stream, string, wrong_type};

/// Every top-level parameter that the provider knows; it refuses others.
const PARAMETERS: &[&str] = &[
    "background",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

/// Parameters of Chat Completions, and where they are here.
const MOVED: &[(&str, &str)] = &[
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
    ("messages", "input"),
    ("reasoning_effort", "reasoning.effort"),
    ("response_format", "text.format"),
    ("verbosity", "text.verbosity"),
];

const INCLUDABLE: &[&str] = &[
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "message.output_text.logprobs",
    seal::INCLUDED,
    "web_search_call.action.sources",
    "web_search_call.results",
];

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh"];

const OUTPUT_TOKENS_MIN: i64 = 16;

pub(super) fn check(fields: &Map<String, Value>) -> Result<(), Refused> {
    known(fields)?;
    let model = match string("model", fields.get("model"))? {
        "" => return Err(missing("model")),
        model => model,
    };
    switches(fields)?;
    numbers(fields)?;
    of_model(fields, model)
}

fn known(fields: &Map<String, Value>) -> Result<(), Refused> {
    let Some(unknown) = fields.keys().find(|name| !PARAMETERS.contains(&name.as_str())) else { return Ok(()) };
    let refused = match MOVED.iter().find(|(old, _)| old == unknown) {
        Some((_, new)) => Refused::new(format!(
            "Unsupported parameter: '{unknown}'. In the Responses API, this parameter has moved to '{new}'. Try again with the new parameter."
        ))
        .code("unsupported_parameter"),
        None => Refused::new(format!("Unknown parameter: '{unknown}'.")).code("unknown_parameter"),
    };
    Err(refused.at(unknown))
}

fn switches(fields: &Map<String, Value>) -> Result<(), Refused> {
    stream(fields, &["include_obfuscation"])?;
    for name in ["background", "store"] {
        match fields.get(name) {
            None | Some(Value::Null | Value::Bool(_)) => {}
            Some(other) => return Err(wrong_type(name, "a boolean", other)),
        }
    }
    let is_on = |name: &str| fields.get(name) == Some(&Value::Bool(true));
    if is_on("stream") && is_on("background") {
        let message = "The sandbox does not stream what is made in the background.";
        return Err(Refused::new(message).at("stream").code("unsupported_value"));
    }
    if is_on("background") && fields.get("store") == Some(&Value::Bool(false)) {
        return Err(Refused::new("Background mode requires store=true.").at("store"));
    }
    for name in ["previous_response_id", "conversation"] {
        if let Some(Value::String(id)) = fields.get(name) {
            let message = format!("The sandbox keeps no conversation, so '{id}' is not found.");
            return Err(Refused::new(message).at(name).code("previous_response_not_found"));
        }
    }
    Ok(())
}

fn numbers(fields: &Map<String, Value>) -> Result<(), Refused> {
    let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
    for (name, highest) in [("temperature", 2.0), ("top_p", 1.0)] {
        let Some(value) = given(name) else { continue };
        let number = value.as_f64().ok_or_else(|| wrong_type(name, "a decimal", value))?;
        if !(0.0..=highest).contains(&number) {
            let message = format!("Invalid '{name}': expected a value from 0 to {highest}, but got {number} instead.");
            return Err(Refused::new(message).at(name).code("decimal_out_of_range"));
        }
    }
    if let Some(value) = given("max_output_tokens") {
        let number = value.as_i64().ok_or_else(|| wrong_type("max_output_tokens", "an integer", value))?;
        if number < OUTPUT_TOKENS_MIN {
            let message = format!(
                "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {OUTPUT_TOKENS_MIN}, but got {number} instead."
            );
            return Err(Refused::new(message).at("max_output_tokens").code("integer_below_min_value"));
        }
    }
    Ok(())
}

/// What depends on whether the model thinks, which is known of OpenAI's own.
fn of_model(fields: &Map<String, Value>, model: &str) -> Result<(), Refused> {
    let mut effort = None;
    if let Some(reasoning) = fields.get("reasoning").filter(|value| !value.is_null()) {
        effort = object("reasoning", reasoning)?.get("effort").filter(|value| !value.is_null());
    }
    let effort = effort.map(|effort| string("reasoning.effort", Some(effort))).transpose()?;
    if let Some(effort) = effort.filter(|effort| !EFFORTS.contains(effort)) {
        return Err(invalid_value("reasoning.effort", effort, EFFORTS));
    }
    let unsupported = |name: &str| {
        let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
        Refused::new(message).at(name).code("unsupported_parameter")
    };
    if let Some(include) = fields.get("include").filter(|value| !value.is_null()) {
        for (index, value) in include.as_array().map_or(&[][..], Vec::as_slice).iter().enumerate() {
            let at = format!("include[{index}]");
            let included = string(&at, Some(value))?;
            if !INCLUDABLE.contains(&included) {
                return Err(invalid_value(&at, included, INCLUDABLE));
            }
            if included == seal::INCLUDED && thinks(model) == Some(false) {
                return Err(Refused::new("Encrypted content is not supported with this model.").at("include"));
            }
        }
        if !include.is_array() {
            array("include", include)?;
        }
    }
    if thinks(model) == Some(false) && effort.is_some() {
        return Err(unsupported("reasoning.effort"));
    }
    let samples = ["temperature", "top_p"].into_iter().find(|name| fields.get(*name).is_some_and(|it| !it.is_null()));
    match samples {
        Some(name) if thinks(model) == Some(true) && effort != Some("none") => Err(unsupported(name)),
        _ => Ok(()),
    }
}

fn thinks(model: &str) -> Option<bool> {
    let is = |names: &[&str]| names.iter().any(|name| model.starts_with(name));
    if is(&["gpt-3.5", "gpt-4", "chatgpt-4o", "gpt-5-chat"]) {
        return Some(false);
    }
    is(&["o1", "o3", "o4", "gpt-5"]).then_some(true)
}
