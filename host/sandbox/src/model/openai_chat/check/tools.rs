//! The tools offered, and the choice among them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Refused, array, function_name, invalid_value, missing, object, string, wrong_type};

const TOOLS_MAX: usize = 128;

pub(super) fn check(fields: &Map<String, Value>) -> Result<(), Refused> {
    let Some(tools) = fields.get("tools") else {
        return match ["tool_choice", "parallel_tool_calls"].iter().find(|name| fields.contains_key(**name)) {
            Some(name) => Err(Refused::new(format!(
                "Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified."
            ))
            .at(name)),
            None => Ok(()),
        };
    };
    let tools = array("tools", tools)?;
    if tools.len() > TOOLS_MAX {
        let message = format!(
            "Invalid 'tools': array too long. Expected an array with maximum length {TOOLS_MAX}, but got an array with length {} instead.",
            tools.len()
        );
        return Err(Refused::new(message).at("tools").code("array_above_max_length"));
    }
    let mut names = BTreeSet::new();
    for (index, value) in tools.iter().enumerate() {
        let name = tool(&format!("tools[{index}]"), value)?;
        if !names.insert(name) {
            let message = format!("Invalid 'tools': the function name '{name}' is not unique.");
            return Err(Refused::new(message).at(&format!("tools[{index}].function.name")).code("invalid_value"));
        }
    }
    match fields.get("parallel_tool_calls") {
        None | Some(Value::Bool(_)) => {}
        Some(other) => return Err(wrong_type("parallel_tool_calls", "a boolean", other)),
    }
    fields.get("tool_choice").map_or(Ok(()), |value| choice(value, &names))
}

fn tool<'a>(at: &str, value: &'a Value) -> Result<&'a str, Refused> {
    let tool = object(at, value)?;
    match string(&format!("{at}.type"), tool.get("type"))? {
        "function" => {}
        other => return Err(invalid_value(&format!("{at}.type"), other, &["function"])),
    }
    let at = format!("{at}.function");
    let function = object(&at, tool.get("function").ok_or_else(|| missing(&at))?)?;
    let name = function_name(&format!("{at}.name"), function.get("name"))?;
    if function.contains_key("description") {
        string(&format!("{at}.description"), function.get("description"))?;
    }
    let Some(parameters) = function.get("parameters") else { return Ok(name) };
    object(&format!("{at}.parameters"), parameters)?;
    let strict = function.get("strict") == Some(&Value::Bool(true));
    schema(parameters, strict).map(|()| name).map_err(|reason| {
        let message = format!("Invalid schema for function '{name}': {reason}");
        Refused::new(message).at(&format!("{at}.parameters")).code("invalid_function_parameters")
    })
}

/// Whether a function's schema is taken.
pub(crate) fn schema(parameters: &Value, strict: bool) -> Result<(), String> {
    top_level(parameters)?;
    nested(parameters, strict, &mut Vec::new())
}

fn top_level(schema: &Value) -> Result<(), String> {
    match &schema["type"] {
        Value::String(kind) if kind == "object" => {}
        Value::String(kind) => {
            return Err(format!("schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."));
        }
        _ => return Err("schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.".to_owned()),
    }
    if ["oneOf", "anyOf", "allOf", "enum", "not"].iter().any(|keyword| schema.get(keyword).is_some()) {
        return Err(
            "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."
                .to_owned(),
        );
    }
    Ok(())
}

fn nested(schema: &Value, strict: bool, path: &mut Vec<String>) -> Result<(), String> {
    let context =
        || format!("In context=({}), ", path.iter().map(|step| format!("'{step}'")).collect::<Vec<_>>().join(", "));
    let properties = schema["properties"].as_object();
    if path.is_empty() && properties.is_none() {
        return Err(format!("{}object schema missing properties.", context()));
    }
    if schema["type"] == "array" && schema.get("items").is_none() {
        return Err(format!("{}array schema missing items.", context()));
    }
    if strict && schema["type"] == "object" {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Err(format!("{}'additionalProperties' is required to be supplied and to be false.", context()));
        }
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        let optional = properties.and_then(|all| all.keys().find(|name| !required.iter().any(|known| known == *name)));
        if let Some(name) = optional {
            return Err(format!(
                "{}'required' is required to be supplied and to be an array including every key in properties. Missing '{name}'.",
                context()
            ));
        }
    }
    let mut step = |name: &str, inner: &Value| {
        path.push(name.to_owned());
        let checked = nested(inner, strict, path);
        path.pop();
        checked
    };
    if let Some(items) = schema.get("items") {
        step("items", items)?;
    }
    properties.into_iter().flatten().try_for_each(|(name, inner)| step(name, inner))
}

fn choice(value: &Value, names: &BTreeSet<&str>) -> Result<(), Refused> {
    match value {
        Value::String(mode) if ["none", "auto", "required"].contains(&mode.as_str()) => Ok(()),
        Value::String(mode) => Err(invalid_value("tool_choice", mode, &["none", "auto", "required"])),
        Value::Object(fields) => {
            let name =
                string("tool_choice.function.name", fields.get("function").and_then(|function| function.get("name")))?;
            if names.contains(name) {
                return Ok(());
            }
            let message = format!("Invalid value for 'tool_choice': the function '{name}' is not in 'tools'.");
            Err(Refused::new(message).at("tool_choice"))
        }
        other => Err(wrong_type("tool_choice", "one of a string or an object", other)),
    }
}
