//! Arguments against a tool's JSON Schema.
//!
//! The validator resolves no reference outside the schema (no file, no network) and matches patterns with
//! the linear-time engine, so that neither a plugin's schema nor a model's arguments can cost more than
//! their size.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use crate::limits::{ARGUMENTS_BYTES_MAX, SCHEMA_BYTES_MAX, SCHEMA_COMPLAINTS_MAX};

/// A schema that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too large to be handed to a model or to validate with.
    #[error("the schema has {bytes} bytes, more than {SCHEMA_BYTES_MAX}")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
    },
    /// Not a schema of an object.
    #[error("the schema must say `\"type\": \"object\"`: a tool takes named arguments")]
    NotAnObject,
    /// Not a JSON Schema.
    #[error("not a usable JSON Schema: {0}")]
    Invalid(String),
}

/// A schema, ready to validate with.
#[derive(Debug)]
pub struct Schema(Validator);

impl Schema {
    /// Makes a schema of an object ready.
    ///
    /// # Errors
    /// Says why the schema can't be used.
    pub fn compile(schema: &Value) -> Result<Self, Error> {
        let bytes = schema.to_string().len();
        if bytes > SCHEMA_BYTES_MAX {
            return Err(Error::TooLarge { bytes });
        }
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return Err(Error::NotAnObject);
        }
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .build(schema)
            .map(Self)
            .map_err(|error| Error::Invalid(error.to_string()))
    }

    /// What is wrong with a document, in words for whoever wrote it. Empty: nothing.
    pub fn complaints(&self, document: &Value) -> Vec<String> {
        let complaint = |error: jsonschema::ValidationError<'_>| {
            let place = error.instance_path().to_string();
            if place.is_empty() { error.to_string() } else { format!("at {place}: {error}") }
        };
        self.0.iter_errors(document).take(SCHEMA_COMPLAINTS_MAX).map(complaint).collect()
    }
}

/// Reads the arguments that a model wrote. An empty text means no arguments, as several models write it.
///
/// # Errors
/// Says, for the model, why they can't be read.
pub fn read_arguments(text: &str) -> Result<serde_json::Map<String, Value>, String> {
    if text.len() > ARGUMENTS_BYTES_MAX {
        return Err(format!("the arguments have {} bytes, more than {ARGUMENTS_BYTES_MAX}", text.len()));
    }
    if text.trim().is_empty() {
        return Ok(serde_json::Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(other) => Err(format!("the arguments must be a JSON object, not `{}`", kind_of(&other))),
        Err(error) => Err(format!("the arguments are not JSON: {error}")),
    }
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_read_or_complained_of() {
        for (text, expected) in [
            ("{}", Ok(json!({}))),
            ("", Ok(json!({}))),
            (r#"{"a":1}"#, Ok(json!({"a": 1}))),
            ("[1]", Err("array")),
            ("null", Err("null")),
            (r#"{"a":"#, Err("not JSON")),
        ] {
            match (read_arguments(text), expected) {
                (Ok(map), Ok(value)) => assert_eq!(Value::Object(map), value),
                (Err(error), Err(words)) => assert!(error.contains(words), "{error}"),
                (got, expected) => panic!("`{text}`: {got:?} instead of {expected:?}"),
            }
        }
        assert!(read_arguments(&" ".repeat(ARGUMENTS_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_schema_complains_with_the_place() {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["to"],
            "properties": {"to": {"type": "string", "pattern": "^\\+[1-9]\\d{1,14}$"}, "n": {"type": "integer", "maximum": 3}},
        });
        let schema = Schema::compile(&schema).expect("a schema");
        for (document, words) in [
            (json!({"to": "+15550100"}), vec![]),
            (json!({}), vec!["\"to\" is a required property"]),
            (json!({"to": "555", "n": 4}), vec!["/to", "/n"]),
            (json!({"to": "+15550100", "cc": 1}), vec!["cc"]),
        ] {
            let complaints = schema.complaints(&document);
            assert_eq!(complaints.len(), words.len(), "{complaints:?}");
            for word in words {
                assert!(complaints.iter().any(|c| c.contains(word)), "{word}: {complaints:?}");
            }
        }
    }

    #[test]
    fn a_schema_that_reaches_out_or_is_a_bomb_is_refused() {
        let huge = json!({"type": "object", "description": "x".repeat(SCHEMA_BYTES_MAX)});
        assert!(matches!(Schema::compile(&huge), Err(Error::TooLarge { .. })));
        assert!(matches!(Schema::compile(&json!({"type": "array"})), Err(Error::NotAnObject)));
        for schema in [
            json!({"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/x.json"}}}),
            json!({"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}),
            json!({"type": "object", "properties": {"a": {"type": "strin"}}}),
            json!({"type": "object", "properties": {"a": {"pattern": "(?=x)"}}}),
        ] {
            assert!(matches!(Schema::compile(&schema), Err(Error::Invalid(_))), "{schema}");
        }
    }
}
