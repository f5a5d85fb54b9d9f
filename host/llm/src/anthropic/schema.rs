//! A tool's schema as the provider takes it: an object at the top, with no alternatives beside it.
//!
//! The provider answers 400 to `oneOf`, `allOf` and `anyOf` at the top level, and takes the rest of JSON Schema 2020-12.

use aftercall_core::json::Json;
use serde_json::{Map, Value, value::RawValue};

use crate::raw::raw;

/// The keywords that the top level may not have.
const REFUSED: [&str; 3] = ["oneOf", "allOf", "anyOf"];

/// The description and the schema of a tool. What the schema can't say, the description says.
pub(crate) fn offered(description: &str, schema: &Json) -> (String, Box<RawValue>) {
    let is_refused = |fields: &Map<String, Value>| REFUSED.iter().any(|keyword| fields.contains_key(*keyword));
    let Value::Object(mut fields) = schema.value() else { return (description.to_owned(), schema.raw().to_owned()) };
    if !is_refused(&fields) {
        return (description.to_owned(), schema.raw().to_owned());
    }
    let moved = REFUSED.iter().filter_map(|keyword| Some((*keyword, fields.remove(*keyword)?)));
    let moved: Map<String, Value> = moved.map(|(keyword, rule)| (keyword.to_owned(), rule)).collect();
    let moved = Value::Object(moved);
    let said = format!("{description}\n\nThe arguments must also satisfy this JSON Schema: {moved}");
    (said.trim_start().to_owned(), raw(&fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_refuses_is_said_in_words() {
        for (schema, expected, words) in [
            (r#"{"type":"object", "x":1.0}"#, r#"{"type":"object", "x":1.0}"#, "Sends."),
            (
                r#"{"type":"object","properties":{"a":{"anyOf":[{"type":"string"}]}}}"#,
                r#"{"type":"object","properties":{"a":{"anyOf":[{"type":"string"}]}}}"#,
                "Sends.",
            ),
            (
                r#"{"type":"object","anyOf":[{"required":["a"]},{"required":["b"]}]}"#,
                r#"{"type":"object"}"#,
                "Sends.\n\nThe arguments must also satisfy this JSON Schema: {\"anyOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}",
            ),
        ] {
            let (description, offered) = offered("Sends.", &Json::parse(schema).expect("JSON"));
            assert_eq!((description.as_str(), offered.get()), (words, expected), "{schema}");
        }
    }
}
