//! A document's schemas, taken at their word.

use serde_json::{Value, json};

/// What a schema doesn't name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unnamed {
    /// Nobody's: in a request.
    Refused,
    /// The vendor's own business, as the document has it: in an answer.
    Allowed,
}

/// Changes all schemas of an OpenAPI document: what they don't name isn't allowed, where that is wanted, and `nullable` of
/// OpenAPI 3.0 becomes what JSON Schema says for it.
pub(crate) fn document(document: &mut Value, unnamed: Unnamed) {
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.values_mut().for_each(|of| schema(of, unnamed));
    }
    find(document, unnamed);
}

/// Changes the schemas that stand where they are used.
fn find(node: &mut Value, unnamed: Unnamed) {
    match node {
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "schema" => schema(member, unnamed),
                    "schemas" => {}
                    _ => find(member, unnamed),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| find(item, unnamed)),
        _ => {}
    }
}

fn schema(of: &mut Value, unnamed: Unnamed) {
    let Some(keywords) = of.as_object_mut() else { return };
    let is_composed = ["allOf", "anyOf", "oneOf"].iter().any(|keyword| keywords.contains_key(*keyword));
    let is_closed = unnamed == Unnamed::Refused && !is_composed;
    if is_closed && keywords.contains_key("properties") && !keywords.contains_key("additionalProperties") {
        keywords.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    if keywords.remove("nullable") == Some(Value::Bool(true)) {
        if let Some(kind) = keywords.get_mut("type").filter(|kind| kind.is_string()) {
            *kind = json!([kind.take(), "null"]);
        }
        if let Some(Value::Array(values)) = keywords.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    for (keyword, inner) in keywords {
        match (keyword.as_str(), inner) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(|of| schema(of, unnamed)),
            ("items" | "additionalProperties" | "not", inner) => schema(inner, unnamed),
            ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => list.iter_mut().for_each(|of| schema(of, unnamed)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_taken_at_their_word() {
        let check_as = |unnamed: Unnamed, given: Value, expected: Value| {
            let mut document =
                json!({ "components": { "schemas": { "A": given.clone() } }, "paths": { "schema": given } });
            super::document(&mut document, unnamed);
            let expected =
                json!({ "components": { "schemas": { "A": expected.clone() } }, "paths": { "schema": expected } });
            assert_eq!(document, expected);
        };
        let check = |given: Value, expected: Value| check_as(Unnamed::Refused, given, expected);
        check(json!({ "type": "string" }), json!({ "type": "string" }));
        check(json!({ "type": "string", "nullable": true }), json!({ "type": ["string", "null"] }));
        check(json!({ "type": "string", "nullable": false }), json!({ "type": "string" }));
        check(
            json!({ "enum": ["a"], "type": "string", "nullable": true }),
            json!({ "enum": ["a", null], "type": ["string", "null"] }),
        );
        check(
            json!({ "properties": { "properties": { "additionalProperties": { "type": "string" } } } }),
            json!({
                "properties": { "properties": { "additionalProperties": { "type": "string" } } },
                "additionalProperties": false,
            }),
        );
        check(
            json!({ "items": { "properties": { "a": {} } } }),
            json!({ "items": { "properties": { "a": {} }, "additionalProperties": false } }),
        );
        check(
            json!({ "properties": {}, "oneOf": [{ "properties": {} }] }),
            json!({ "properties": {}, "oneOf": [{ "properties": {}, "additionalProperties": false }] }),
        );
        check_as(
            Unnamed::Allowed,
            json!({ "properties": { "a": { "type": "string", "nullable": true } } }),
            json!({ "properties": { "a": { "type": ["string", "null"] } } }),
        );
    }
}
