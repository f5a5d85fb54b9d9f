//! The schemas of the tools offered, as far as the provider takes them.

use aftercall_core::json::Json;
use serde_json::{Map, Value, json, value::RawValue};

use crate::raw::raw;

/// What the provider refuses at the top of a schema.
const NOT_AT_THE_TOP: [&str; 5] = ["oneOf", "anyOf", "allOf", "enum", "not"];

/// A tool's schema and description.
pub(crate) struct Described {
    pub(crate) schema: Box<RawValue>,
    pub(crate) description: String,
}

/// A schema as the provider takes it: untouched, where it does. What it has no place for is told in the description.
///
/// It wants an object with properties at the top and none of [`NOT_AT_THE_TOP`] beside them, and the items of each array.
pub(crate) fn described(schema: &Json, description: &str) -> Described {
    let whole = schema.value();
    let mut taken = match &whole {
        Value::Object(fields) => fields.clone(),
        _ => Map::new(),
    };
    let moved: Map<String, Value> =
        NOT_AT_THE_TOP.into_iter().filter_map(|name| Some((name.to_owned(), taken.remove(name)?))).collect();
    if taken.get("type") != Some(&"object".into()) {
        taken.insert("type".to_owned(), "object".into());
    }
    if !taken.get("properties").is_some_and(Value::is_object) {
        taken.insert("properties".to_owned(), json!({}));
    }
    let mut taken = Value::Object(taken);
    give_items(&mut taken);
    let description = match moved.is_empty() {
        true => description.to_owned(),
        false => {
            format!("{description}\nAll arguments together must also match this JSON Schema: {}", Value::Object(moved))
        }
    };
    let schema = if taken == whole { schema.raw().to_owned() } else { raw(&taken) };
    Described { schema, description }
}

/// Lets each array that doesn't say of what it is be of anything.
fn give_items(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    let may_be =
        |kinds: &Value| kinds == "array" || kinds.as_array().is_some_and(|kinds| kinds.contains(&"array".into()));
    if fields.get("type").is_some_and(may_be) && !fields.contains_key("items") {
        fields.insert("items".to_owned(), json!({}));
    }
    for (name, inner) in fields {
        match (name.as_str(), inner) {
            ("properties" | "$defs" | "definitions", Value::Object(named)) => named.values_mut().for_each(give_items),
            ("oneOf" | "anyOf" | "allOf", Value::Array(list)) => list.iter_mut().for_each(give_items),
            ("items" | "additionalProperties", inner) => give_items(inner),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: &str, expected: &str, told: &str) {
        let described = described(&Json::parse(schema).expect("JSON"), "Does it.");
        assert_eq!(described.schema.get(), expected, "{schema}");
        assert_eq!(described.description, format!("Does it.{told}"), "{schema}");
    }

    #[test]
    fn what_fits_is_untouched_and_nothing_is_lost() {
        let fits = r#"{"type":"object", "properties":{"n":{"maximum":1.50,"anyOf":[{"type":"array","items":{}}]}}}"#;
        check(fits, fits, "");
        check("true", r#"{"properties":{},"type":"object"}"#, "");
        check(r#"{"type":"object"}"#, r#"{"properties":{},"type":"object"}"#, "");
        check(
            r#"{"type":"object","properties":{"a":{"type":["array","null"]},"b":{"items":{"type":"array"}}}}"#,
            r#"{"properties":{"a":{"items":{},"type":["array","null"]},"b":{"items":{"items":{},"type":"array"}}},"type":"object"}"#,
            "",
        );
        check(
            r#"{"type":"object","properties":{"a":{}},"anyOf":[{"required":["a"]}]}"#,
            r#"{"properties":{"a":{}},"type":"object"}"#,
            "\nAll arguments together must also match this JSON Schema: {\"anyOf\":[{\"required\":[\"a\"]}]}",
        );
    }
}
