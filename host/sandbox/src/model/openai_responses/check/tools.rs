//! The tools offered, and the choice among them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Refused, array, function_name, invalid_value, object, schema, string, wrong_type};

const TOOLS_MAX: usize = 128;

pub(super) fn check(fields: &Map<String, Value>) -> Result<(), Refused> {
    let mut names = BTreeSet::new();
    let none = Value::Array(Vec::new());
    let given = fields.get("tools").unwrap_or(&none);
    let tools = match given.as_array() {
        Some(tools) => tools.as_slice(),
        None => array("tools", given)?,
    };
    if tools.len() > TOOLS_MAX {
        let message = format!(
            "Invalid 'tools': array too long. Expected an array with maximum length {TOOLS_MAX}, but got an array with length {} instead.",
            tools.len()
        );
        return Err(Refused::new(message).at("tools").code("array_above_max_length"));
    }
    for (index, value) in tools.iter().enumerate() {
        let name = tool(&format!("tools[{index}]"), value)?;
        if !names.insert(name) {
            let message = format!("Invalid 'tools': the function name '{name}' is not unique.");
            return Err(Refused::new(message).at(&format!("tools[{index}].name")).code("invalid_value"));
        }
    }
    fields.get("tool_choice").map_or(Ok(()), |value| choice(value, &names))
}

/// A function, whose fields stand beside its type; where it doesn't say so, its schema is strict.
fn tool<'a>(at: &str, value: &'a Value) -> Result<&'a str, Refused> {
    let tool = object(at, value)?;
    match string(&format!("{at}.type"), tool.get("type"))? {
        "function" => {}
        other => return Err(invalid_value(&format!("{at}.type"), other, &["function"])),
    }
    if let Some(unknown) =
        tool.keys().find(|name| !["type", "name", "description", "parameters", "strict"].contains(&name.as_str()))
    {
        let at = format!("{at}.{unknown}");
        return Err(Refused::new(format!("Unknown parameter: '{at}'.")).at(&at).code("unknown_parameter"));
    }
    let name = function_name(&format!("{at}.name"), tool.get("name"))?;
    if let Some(description) = tool.get("description").filter(|value| !value.is_null()) {
        string(&format!("{at}.description"), Some(description))?;
    }
    let strict = match tool.get("strict") {
        None | Some(Value::Null) => true,
        Some(Value::Bool(strict)) => *strict,
        Some(other) => return Err(wrong_type(&format!("{at}.strict"), "a boolean", other)),
    };
    let Some(parameters) = tool.get("parameters").filter(|value| !value.is_null()) else { return Ok(name) };
    object(&format!("{at}.parameters"), parameters)?;
    schema(parameters, strict).map(|()| name).map_err(|reason| {
        let message = format!("Invalid schema for function '{name}': {reason}");
        Refused::new(message).at(&format!("{at}.parameters")).code("invalid_function_parameters")
    })
}

fn choice(value: &Value, names: &BTreeSet<&str>) -> Result<(), Refused> {
    match value {
        Value::String(mode) if ["none", "auto", "required"].contains(&mode.as_str()) => Ok(()),
        Value::String(mode) => Err(invalid_value("tool_choice", mode, &["none", "auto", "required"])),
        Value::Object(fields) => match string("tool_choice.name", fields.get("name"))? {
            name if names.contains(name) => Ok(()),
            name => {
                let message = format!("Tool choice 'function' '{name}' not found in 'tools' parameter.");
                Err(Refused::new(message).at("tool_choice"))
            }
        },
        other => Err(wrong_type("tool_choice", "one of a string or an object", other)),
    }
}
