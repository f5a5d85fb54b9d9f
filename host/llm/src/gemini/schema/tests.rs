use aftercall_core::{
    lint::{Fault, lint},
    tool::{Effect, Tool},
};

use super::*;

/// `None`: no parameters; `Some(None)`: as they are, of which authors are told before.
fn check(schema: Value, expected: Option<Option<Value>>) {
    let found = match parameters(&Json::from(&schema)) {
        Parameters::None => None,
        Parameters::Whole(raw) => {
            assert_eq!(raw.get(), schema.to_string());
            assert!(is_told_to_authors(&schema), "{schema}");
            Some(None)
        }
        Parameters::Subset(subset) => Some(Some(subset)),
    };
    assert_eq!(found, expected, "{schema}");
}

fn is_told_to_authors(schema: &Value) -> bool {
    let tool = Tool {
        name: "t".to_owned(),
        title: None,
        description: "Does it.".to_owned(),
        input_schema: Json::of(schema),
        output_schema: None,
        effect: Effect::Read,
        identity: Vec::new(),
        reconcilable: false,
    };
    lint(&tool).iter().any(|complaint| complaint.fault != Fault::Undescribed)
}

/// The schema of one field.
fn field(schema: Value, expected: Value) {
    let whole = |field: Value, kind: &str| json!({"type": kind, "properties": {"f": field}});
    let expected = (!expected.is_null()).then(|| whole(expected, "OBJECT"));
    check(whole(schema, "object"), Some(expected));
}

#[test]
fn what_the_subset_has_is_said_in_it() {
    for (schema, expected) in [
        (
            json!({"type": "string", "minLength": 1, "pattern": "^a"}),
            json!({"type": "STRING", "minLength": 1, "pattern": "^a"}),
        ),
        (json!({"type": "string", "enum": ["a", "b"]}), json!({"type": "STRING", "enum": ["a", "b"]})),
        (json!({"enum": ["a", null]}), json!({"type": "STRING", "enum": ["a"], "nullable": true})),
        (json!({"const": "a"}), json!({"type": "STRING", "enum": ["a"]})),
        (
            json!({"type": ["integer", "null"], "maximum": 3}),
            json!({"type": "INTEGER", "maximum": 3, "nullable": true}),
        ),
        (json!({"type": "number", "minLength": 3}), json!({"type": "NUMBER"})),
        (json!({"type": "boolean", "title": "T"}), json!({"type": "BOOLEAN", "title": "T"})),
        (json!({"type": "string", "format": "date-time"}), json!({"type": "STRING", "format": "date-time"})),
        (
            json!({"type": "array", "items": {"type": "string"}, "maxItems": 3}),
            json!({"type": "ARRAY", "items": {"type": "STRING"}, "maxItems": 3}),
        ),
        (
            json!({"type": ["string", "integer"], "maxLength": 4}),
            json!({"anyOf": [{"type": "STRING", "maxLength": 4}, {"type": "INTEGER"}]}),
        ),
        (
            json!({"description": "When.", "anyOf": [{"type": "string", "description": "A day."}, {"type": "null"}]}),
            json!({"type": "STRING", "description": "When. A day.", "nullable": true}),
        ),
        (
            json!({"description": "Who.", "anyOf": [{"type": "string"}, {"type": "integer"}]}),
            json!({"anyOf": [{"type": "STRING", "description": "Who."}, {"type": "INTEGER", "description": "Who."}]}),
        ),
        (
            json!({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, {"required": ["b"], "properties": {"b": {"type": "string"}}}]}),
            json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}, "b": {"type": "STRING"}}, "required": ["a", "b"]}),
        ),
    ] {
        field(schema, expected);
    }
}

#[test]
fn what_it_has_no_word_for_is_told_or_goes_out_whole() {
    let told = |description: &str, rest: Value| format!("{description}In the words of JSON Schema also: {rest}");
    for (schema, expected) in [
        (json!({"type": "array", "prefixItems": [{"type": "string"}], "items": false}), Value::Null),
        (json!({"type": "array", "items": true}), Value::Null),
        (
            json!({"type": "string", "format": "email", "description": "Where."}),
            json!({"type": "STRING", "description": told("Where. ", json!({"format": "email"}))}),
        ),
        (
            json!({"type": "integer", "enum": [1, 2]}),
            json!({"type": "INTEGER", "description": told("", json!({"enum": [1, 2]}))}),
        ),
        (
            json!({"type": "string", "enum": ["", "b"]}),
            json!({"type": "STRING", "description": told("", json!({"enum": ["", "b"]}))}),
        ),
        (
            json!({"type": "number", "exclusiveMinimum": 0, "default": 1}),
            json!({"type": "NUMBER", "description": told("", json!({"default": 1, "exclusiveMinimum": 0}))}),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false, "required": ["a", "z"]}),
            json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"], "description": told("", json!({"additionalProperties": false, "required": ["z"]}))}),
        ),
        (
            json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}),
            json!({"anyOf": [
                {"type": "STRING", "description": told("", json!({"oneOf": "exactly one of the alternatives"}))},
                {"type": "INTEGER", "description": told("", json!({"oneOf": "exactly one of the alternatives"}))},
            ]}),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "anyOf": [{"required": ["a"]}]}),
            json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "description": told("", json!({"anyOf": [{"required": ["a"]}]}))}),
        ),
        (json!({"type": "object"}), Value::Null),
        (json!({"type": "object", "additionalProperties": {"type": "string"}}), Value::Null),
        (json!({"type": "array"}), Value::Null),
        (json!({}), Value::Null),
        (json!(true), Value::Null),
        (json!({"type": "null"}), Value::Null),
        (json!({"allOf": [{"type": "string"}, {"type": "integer"}]}), Value::Null),
        (json!({"anyOf": [{"type": "string"}, {}]}), Value::Null),
    ] {
        field(schema, expected);
    }
}

#[test]
fn references_are_followed() {
    let schema = json!({
        "type": "object",
        "$defs": {"day": {"type": "string", "description": "A day."}, "days": {"type": "array", "items": {"$ref": "#/$defs/day"}}},
        "properties": {"from": {"$ref": "#/$defs/day", "description": "First."}, "all": {"$ref": "#/$defs/days"}},
    });
    let expected = json!({
        "type": "OBJECT",
        "properties": {
            "from": {"type": "STRING", "description": "First."},
            "all": {"type": "ARRAY", "items": {"type": "STRING", "description": "A day."}},
        },
    });
    check(schema, Some(Some(expected)));
    let told = json!({
        "type": "object",
        "$defs": {"day": {"type": "string"}},
        "properties": {"a": {"type": "object", "properties": {"x": {"type": "string"}}, "additionalProperties": {"$ref": "#/$defs/day"}}},
    });
    check(told, Some(None));
}

#[test]
fn a_tool_without_arguments_has_no_parameters() {
    for schema in [
        json!({"type": "object"}),
        json!({"type": "object", "properties": {}, "additionalProperties": false, "required": [], "$schema": "x"}),
    ] {
        check(schema, None);
    }
    check(json!({"type": "object", "additionalProperties": {"type": "string"}}), Some(None));
    check(json!({"type": "object", "properties": {}, "minProperties": 1}), Some(None));
}
