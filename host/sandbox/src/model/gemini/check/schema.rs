//! The subset of OpenAPI's schemas that parameters are written in.

use serde_json::Value;

use super::{Object, Refused, field, invalid, known, list, object, text, wrong};

const FIELDS: &[&str] = &[
    "anyOf",
    "default",
    "description",
    "enum",
    "example",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "nullable",
    "pattern",
    "properties",
    "propertyOrdering",
    "required",
    "title",
    "type",
];

const TYPES: [&str; 6] = ["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"];

/// The parameters of a function, which are an object.
pub(super) fn parameters(at: &str, value: &Value) -> Result<(), Refused> {
    let kind = check(at, at, value)?;
    if kind != "OBJECT" {
        return Err(wrong(at, "parameters schema should be of type OBJECT."));
    }
    Ok(())
}

/// Checks a schema and gives its type. `at` is its place where it is read, and `within` where it is understood: the provider
/// counts the properties in the one and names them in the other.
fn check(at: &str, within: &str, value: &Value) -> Result<String, Refused> {
    let schema = object(at, value)?;
    known(at, schema, FIELDS)?;
    let kind = text(&format!("{at}.type"), field(schema, "type"))?.to_ascii_uppercase();
    if !kind.is_empty() && !TYPES.contains(&kind.as_str()) {
        let name = "type.googleapis.com/google.ai.generativelanguage.v1beta.Type";
        return Err(invalid(&format!("{at}.type"), name, &schema["type"]));
    }
    if let Some(any_of) = field(schema, "anyOf") {
        if schema.len() > 1 {
            let why =
                "schema specified other fields alongside any_of. When using any_of, it must be the only field set.";
            return Err(Refused::new(format!("Unable to submit request because `{within}` {why}")));
        }
        for (index, part) in list(&format!("{at}.any_of"), Some(any_of))?.iter().enumerate() {
            check(&format!("{at}.any_of[{index}]"), &format!("{within}.any_of[{index}]"), part)?;
        }
        return Ok(kind);
    }
    if kind.is_empty() {
        return Err(wrong(&format!("{within}.type"), "must be specified"));
    }
    text(&format!("{at}.description"), field(schema, "description"))?;
    format(within, schema, &kind)?;
    values(at, within, schema, &kind)?;
    match field(schema, "items") {
        Some(items) => drop(check(&format!("{at}.items"), &format!("{within}.items"), items)?),
        None if kind == "ARRAY" => return Err(wrong(&format!("{within}.items"), "missing field.")),
        None => {}
    }
    properties(at, within, schema, &kind)?;
    Ok(kind)
}

fn format(within: &str, schema: &Object, kind: &str) -> Result<(), Refused> {
    let within = format!("{within}.format");
    let format = text(&within, field(schema, "format"))?;
    let (formats, words): (&[&str], _) = match kind {
        "STRING" => (&["enum", "date-time"], "only 'enum' and 'date-time' are supported for STRING type"),
        "NUMBER" => (&["float", "double"], "only 'float' and 'double' are supported for NUMBER type"),
        "INTEGER" => (&["int32", "int64"], "only 'int32' and 'int64' are supported for INTEGER type"),
        _ => (&[], "format is only supported for NUMBER, INTEGER and STRING type"),
    };
    if format.is_empty() || formats.contains(&format) { Ok(()) } else { Err(wrong(&within, words)) }
}

fn values(at: &str, within: &str, schema: &Object, kind: &str) -> Result<(), Refused> {
    let Some(values) = field(schema, "enum") else { return Ok(()) };
    for (index, value) in list(&format!("{at}.enum"), Some(values))?.iter().enumerate() {
        if text(&format!("{at}.enum[{index}]"), Some(value))?.is_empty() {
            return Err(wrong(&format!("{within}.enum[{index}]"), "cannot be empty"));
        }
    }
    if kind == "STRING" { Ok(()) } else { Err(wrong(&format!("{within}.enum"), "only allowed for STRING type")) }
}

fn properties(at: &str, within: &str, schema: &Object, kind: &str) -> Result<(), Refused> {
    let none = Object::new();
    let fields = match field(schema, "properties") {
        Some(fields) => object(&format!("{at}.properties"), fields)?,
        None => &none,
    };
    if kind == "OBJECT" && fields.is_empty() {
        return Err(wrong(&format!("{within}.properties"), "should be non-empty for OBJECT type"));
    }
    for (index, (name, part)) in fields.iter().enumerate() {
        check(&format!("{at}.properties[{index}].value"), &format!("{within}.properties[{name}]"), part)?;
    }
    let required = list(&format!("{at}.required"), field(schema, "required"))?;
    for (index, name) in required.iter().enumerate() {
        if !fields.contains_key(text(&format!("{at}.required[{index}]"), Some(name))?) {
            return Err(wrong(&format!("{within}.required[{index}]"), "property is not defined"));
        }
    }
    Ok(())
}
