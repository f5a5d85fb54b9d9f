//! The fields of an object in JSON in a short form: their names with their types, of which a JSON Schema is made.
//!
//! A name leads through objects and lists: `items[].start.date`. `*` stands for any name, `!` behind a name says that the field
//! must be there. Names of one type may share a line: `"id name parts" = "string"`. What isn't listed isn't allowed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Types by their fields.
pub(crate) type Fields = BTreeMap<String, String>;

/// The types that JSON has.
const KINDS: [&str; 7] = ["string", "integer", "number", "boolean", "object", "array", "null"];

/// The schema of an object.
///
/// # Errors
/// A field has a type that there isn't.
pub(crate) fn schema(fields: &Fields) -> anyhow::Result<Value> {
    let mut whole = object();
    for (path, of) in each(fields) {
        insert(&mut whole, path, kind(of)?);
    }
    Ok(whole)
}

/// Each name with its type.
pub(crate) fn each(fields: &Fields) -> impl Iterator<Item = (&str, &str)> {
    fields.iter().flat_map(|(names, of)| names.split_whitespace().map(move |name| (name, of.as_str())))
}

/// A name without its mark, and whether that says that it must be there.
pub(crate) fn required(name: &str) -> (&str, bool) {
    name.strip_suffix('!').map_or((name, false), |name| (name, true))
}

/// The schema of a type: `any`, one or several of JSON's (`string|null`), or the name of a shape, which begins with a capital.
/// With `[]` behind it, it is a list of such.
///
/// # Errors
/// There is no such type.
pub(crate) fn kind(of: &str) -> anyhow::Result<Value> {
    if let Some(item) = of.strip_suffix("[]") {
        return Ok(json!({ "type": "array", "items": kind(item)? }));
    }
    if of == "any" {
        return Ok(json!({}));
    }
    if of.starts_with(|first: char| first.is_ascii_uppercase()) {
        return Ok(json!({ "$ref": format!("#/components/schemas/{of}") }));
    }
    let kinds: Vec<&str> = of.split('|').collect();
    anyhow::ensure!(kinds.iter().all(|kind| KINDS.contains(kind)), "`{of}` is no type: these are {KINDS:?}, and `any`");
    Ok(if let [kind] = *kinds { json!({ "type": kind }) } else { json!({ "type": kinds }) })
}

/// An object without fields.
fn object() -> Value {
    json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false })
}

/// Puts a field's schema where its name leads, through the objects and lists on the way.
fn insert(object_schema: &mut Value, path: &str, of: Value) {
    let (segment, rest) = path.split_once('.').map_or((path, None), |(segment, rest)| (segment, Some(rest)));
    let (segment, is_required) = required(segment);
    let (name, is_list) = segment.strip_suffix("[]").map_or((segment, false), |name| (name, true));
    if let Some(names) =
        object_schema["required"].as_array_mut().filter(|names| is_required && !names.contains(&name.into()))
    {
        names.push(name.into());
    }
    let place =
        if name == "*" { &mut object_schema["additionalProperties"] } else { &mut object_schema["properties"][name] };
    let inner = if is_list {
        if !place.is_object() {
            *place = json!({ "type": "array", "items": null });
        }
        &mut place["items"]
    } else {
        place
    };
    match rest {
        None => *inner = of,
        Some(rest) => {
            if !inner.is_object() {
                *inner = object();
            }
            insert(inner, rest, of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_what_is_listed() {
        for (listed, expected) in [
            (&[("id!", "string")][..], json!({ "properties": { "id": { "type": "string" } }, "required": ["id"] })),
            (&[("id", "string|null")], json!({ "properties": { "id": { "type": ["string", "null"] } } })),
            (
                &[("id! to", "string")],
                json!({ "properties": { "id": { "type": "string" }, "to": { "type": "string" } }, "required": ["id"] }),
            ),
            (
                &[("ids", "string[]")],
                json!({ "properties": { "ids": { "type": "array", "items": { "type": "string" } } } }),
            ),
            (&[("*", "any")], json!({ "additionalProperties": {} })),
            (&[("of", "Item")], json!({ "properties": { "of": { "$ref": "#/components/schemas/Item" } } })),
            (
                &[("items[]!.id!", "integer"), ("items[]!.name", "string")],
                json!({ "required": ["items"], "properties": { "items": { "type": "array", "items": {
                    "type": "object",
                    "properties": { "id": { "type": "integer" }, "name": { "type": "string" } },
                    "required": ["id"],
                    "additionalProperties": false,
                } } } }),
            ),
        ] {
            let fields = listed.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
            let mut whole = object();
            whole.as_object_mut().expect("it is one").extend(expected.as_object().expect("it is one").clone());
            assert_eq!(schema(&fields).expect("they are types"), whole, "{listed:?}");
        }
        assert!(kind("text").is_err());
        assert!(kind("string|text").is_err());
    }
}
