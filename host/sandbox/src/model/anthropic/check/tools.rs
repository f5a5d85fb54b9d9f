//! The tools and the choice among them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Fields, Refused, array, at, blocks::cache_control, identifier, known, missing, object, string};

const NAME_CHARS_MAX: usize = 128;

pub(super) fn check(fields: &Fields) -> Result<(), Refused> {
    let mut names = BTreeSet::new();
    let tools = fields.get("tools").map_or(Ok(&[][..]), |tools| {
        tools.as_array().map(Vec::as_slice).ok_or_else(|| at("tools", "Input should be a valid list"))
    })?;
    for (index, value) in tools.iter().enumerate() {
        if !names.insert(tool(index, value)?) {
            return Err(at("tools", "Tool names must be unique."));
        }
    }
    let Some(choice) = fields.get("tool_choice") else { return Ok(()) };
    let choice = object("tool_choice", choice)?;
    if names.is_empty() {
        return Err(Refused::new("tool_choice may only be specified while providing tools."));
    }
    match string("tool_choice.type", choice.get("type"))? {
        "auto" | "any" => known(choice, "tool_choice.", &["type", "disable_parallel_tool_use"]),
        "none" => known(choice, "tool_choice.", &["type"]),
        "tool" => {
            let name = string("tool_choice.tool.name", choice.get("name"))?;
            if names.contains(name) {
                return Ok(());
            }
            Err(Refused::new(format!("Tool '{name}' not found in provided tools")))
        }
        other => Err(at("tool_choice", &super::settings::expected_tags(other, "'any', 'auto', 'none', 'tool'"))),
    }
}

/// Checks a tool and gives its name.
fn tool(index: usize, value: &Value) -> Result<&str, Refused> {
    let fields = object(&format!("tools.{index}"), value)?;
    let place = format!("tools.{index}.custom");
    let names = ["type", "name", "description", "input_schema", "cache_control", "strict", "input_examples"];
    known(fields, &format!("{place}."), &names)?;
    match fields.get("type") {
        None => {}
        Some(kind) if kind == "custom" => {}
        Some(_) => return Err(at(&format!("tools.{index}.type"), "The sandbox has no tools of its own.")),
    }
    let name = identifier(&format!("{place}.name"), fields.get("name"), Some(NAME_CHARS_MAX))?;
    if let Some(description) = fields.get("description") {
        string(&format!("{place}.description"), Some(description))?;
    }
    cache_control(&place, fields)?;
    let place = format!("{place}.input_schema");
    let schema = object(&place, fields.get("input_schema").ok_or_else(|| missing(&place))?)?;
    match schema.get("type") {
        None => return Err(missing(&format!("{place}.type"))),
        Some(kind) if kind == "object" => {}
        Some(_) => return Err(at(&format!("{place}.type"), "Input should be 'object'")),
    }
    if ["oneOf", "allOf", "anyOf"].iter().any(|keyword| schema.contains_key(*keyword)) {
        return Err(at(&place, "input_schema does not support oneOf, allOf, or anyOf at the top level"));
    }
    if !is_schema(&Value::Object(schema.clone())) {
        let words =
            "JSON schema is invalid. It must match JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12).";
        return Err(at(&place, words));
    }
    Ok(name)
}

/// Whether the keywords that tools use have values of the types that the draft gives them.
fn is_schema(schema: &Value) -> bool {
    let Value::Object(fields) = schema else { return schema.is_boolean() };
    fields.iter().all(|(keyword, value)| match keyword.as_str() {
        "properties" | "$defs" | "patternProperties" => {
            value.as_object().is_some_and(|parts| parts.values().all(is_schema))
        }
        "items" | "additionalProperties" | "not" => is_schema(value),
        "anyOf" | "allOf" | "oneOf" => array("", value).is_ok_and(|parts| parts.iter().all(is_schema)),
        "required" => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
        "enum" => value.is_array(),
        "type" => value.is_string() || value.is_array(),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => value.is_number(),
        "minLength" | "maxLength" | "minItems" | "maxItems" => value.is_u64(),
        "pattern" | "format" | "description" | "title" | "$ref" => value.is_string(),
        _ => true,
    })
}
