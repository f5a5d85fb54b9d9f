//! Arguments against a tool's JSON Schema.
//!
//! The validator resolves no reference outside the schema (no file, no network) and matches patterns with
//! the linear-time engine, so that neither a plugin's schema nor a model's arguments can cost more than
//! their size.

use std::collections::BTreeMap;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use crate::limits::{
    ARGUMENTS_BYTES_MAX, PATTERN_BYTES_MAX, SCHEMA_BYTES_MAX, SCHEMA_COMPLAINTS_MAX, SCHEMA_NODES_MAX,
    SCHEMA_PATTERNS_MAX,
};

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
    /// Small, and endless once its references are followed.
    #[error(
        "the schema has more than {SCHEMA_NODES_MAX} parts once its references are followed, or refers to itself: write the parts out"
    )]
    Unfolds,
    /// Compiling them all would take too long.
    #[error("the schema has {patterns} patterns, more than {SCHEMA_PATTERNS_MAX}: write fewer")]
    Patterns {
        /// How many it has.
        patterns: usize,
    },
    /// A reference that leads out of the schema, or that is resolved while validating.
    #[error("the schema refers to `{0}`: only references into the schema itself, as `#/$defs/NAME`, are followed")]
    Reference(String),
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
        unfolded(schema, schema, &mut BTreeMap::new())?;
        let patterns = patterns(schema);
        if patterns > SCHEMA_PATTERNS_MAX {
            return Err(Error::Patterns { patterns });
        }
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES_MAX))
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

/// How many parts a schema has once its references are followed. References to references multiply: a schema
/// of two kilobytes can take years to validate with.
fn unfolded<'a>(
    part: &'a Value,
    root: &'a Value,
    known: &mut BTreeMap<&'a str, Option<usize>>,
) -> Result<usize, Error> {
    let parts: Vec<&'a Value> = match part {
        Value::Object(map) => map.values().collect(),
        Value::Array(list) => list.iter().collect(),
        _ => return Ok(1),
    };
    let mut total = 1_usize;
    for part in parts {
        total = total.saturating_add(unfolded(part, root, known)?);
    }
    for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
        let Some(reference) = part.get(keyword).and_then(Value::as_str) else { continue };
        let elsewhere = || Error::Reference(reference.chars().take(200).collect());
        let pointer =
            reference.strip_prefix('#').filter(|p| p.starts_with('/') && keyword == "$ref" && !p.contains('%'));
        let target = pointer.and_then(|pointer| root.pointer(pointer)).ok_or_else(elsewhere)?;
        total = total.saturating_add(match known.get(reference) {
            Some(Some(parts)) => *parts,
            // Being followed at this moment: it refers to itself.
            Some(None) => return Err(Error::Unfolds),
            None => {
                known.insert(reference, None);
                let parts = unfolded(target, root, known)?;
                known.insert(reference, Some(parts));
                parts
            }
        });
    }
    if total > SCHEMA_NODES_MAX { Err(Error::Unfolds) } else { Ok(total) }
}

/// How many patterns a schema has. A property that is called like the keyword counts too.
fn patterns(part: &Value) -> usize {
    match part {
        Value::Object(map) => {
            let keys = map.get("patternProperties").and_then(Value::as_object).map_or(0, serde_json::Map::len);
            usize::from(map.contains_key("pattern")) + keys + map.values().map(patterns).sum::<usize>()
        }
        Value::Array(list) => list.iter().map(patterns).sum(),
        _ => 0,
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
        Ok(Value::Object(map)) => match inexact(&map) {
            None => Ok(map),
            Some(number) => Err(format!("the number {number} is not exact in JSON: write it as a string")),
        },
        Ok(other) => Err(format!("the arguments must be a JSON object, not `{}`", kind_of(&other))),
        Err(error) => Err(format!("the arguments are not JSON: {error}")),
    }
}

/// An integer that not every reader of JSON reads as the same number (RFC 8259, section 6): two of them can
/// become one, and with it two effects.
fn inexact(map: &serde_json::Map<String, Value>) -> Option<&serde_json::Number> {
    const EXACT_MAX: u64 = (1 << 53) - 1;
    fn find(value: &Value) -> Option<&serde_json::Number> {
        match value {
            Value::Number(number) => {
                let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
                let exact = match (size, number.as_f64()) {
                    (Some(size), _) => size <= EXACT_MAX,
                    // Written with a point or an exponent, and whole all the same.
                    (None, Some(float)) => float.fract() != 0.0 || float.abs() <= 9_007_199_254_740_991.0,
                    (None, None) => false,
                };
                (!exact).then_some(number)
            }
            Value::Array(list) => list.iter().find_map(find),
            Value::Object(map) => map.values().find_map(find),
            _ => None,
        }
    }
    map.values().find_map(find)
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
            (r#"{"a":9007199254740991, "b":1.5}"#, Ok(json!({"a": 9_007_199_254_740_991_u64, "b": 1.5}))),
            (r#"{"a":9007199254740993}"#, Err("write it as a string")),
            (r#"{"a":[{"b":-9007199254740993}]}"#, Err("write it as a string")),
            (r#"{"a":1e300}"#, Err("write it as a string")),
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
        let each = |n: usize, of: fn(usize) -> Value| -> Vec<Value> { (0..n).map(of).collect() };
        for (schema, fits) in [
            (json!({"type": "object", "allOf": each(SCHEMA_PATTERNS_MAX, |_| json!({"pattern": "a"}))}), true),
            (json!({"type": "object", "allOf": each(SCHEMA_PATTERNS_MAX + 1, |_| json!({"pattern": "a"}))}), false),
            (
                json!({"type": "object", "allOf": each(40, |n| json!({"patternProperties": {"a": {}, n.to_string(): {}}}))}),
                false,
            ),
        ] {
            assert_eq!(Schema::compile(&schema).is_ok(), fits, "{schema}");
        }
        for schema in [
            json!({"type": "object", "properties": {"a": {"type": "strin"}}}),
            json!({"type": "object", "properties": {"a": {"pattern": "(?=x)"}}}),
            json!({"type": "object", "properties": {"a": {"pattern": "(((a{1,100}){1,100}){1,100}){1,100}"}}}),
        ] {
            assert!(matches!(Schema::compile(&schema), Err(Error::Invalid(_))), "{schema}");
        }
    }

    #[test]
    fn references_lead_into_the_schema_and_to_an_end() {
        let with = |defs: Value, a: Value| json!({"type": "object", "$defs": defs, "properties": {"a": a}});
        let refer = |to: &str| json!({"$ref": to});
        let twice = |n: u32| json!({"allOf": [refer(&format!("#/$defs/d{n}")), refer(&format!("#/$defs/d{n}"))]});
        let mut bomb: serde_json::Map<String, Value> = (0..40).map(|n| (format!("d{n}"), twice(n + 1))).collect();
        bomb.insert("d40".to_owned(), json!({"type": "string"}));
        let cases = [
            (with(json!({"b": {"type": "string"}}), refer("#/$defs/b")), Ok(())),
            (with(json!({}), json!({"type": "object", "properties": {"$ref": {"type": "string"}}})), Ok(())),
            (with(json!({}), refer("#/$defs/b")), Err("only references into the schema")),
            (with(json!({}), refer("http://127.0.0.1:1/x.json")), Err("only references into the schema")),
            (with(json!({}), refer("file:///etc/passwd")), Err("only references into the schema")),
            (with(json!({}), refer("#")), Err("only references into the schema")),
            (with(json!({}), json!({"$dynamicRef": "#/$defs/b"})), Err("only references into the schema")),
            (with(json!({"b": refer("#/$defs/b")}), refer("#/$defs/b")), Err("refers to itself")),
            (with(json!({"b": {"items": refer("#/$defs/b")}}), refer("#/$defs/b")), Err("refers to itself")),
            (with(Value::Object(bomb), refer("#/$defs/d0")), Err("more than")),
        ];
        for (schema, expected) in cases {
            match (Schema::compile(&schema), expected) {
                (Ok(_), Ok(())) => {}
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}: {schema}"),
                (got, expected) => panic!("{got:?} instead of {expected:?}: {schema}"),
            }
        }
    }
}
