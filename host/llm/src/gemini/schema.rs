//! A tool's JSON Schema in the provider's own subset.
//!
//! A declaration takes its parameters as `parameters`, a subset of OpenAPI 3.0 that every model knows, or as
//! `parametersJsonSchema`, any JSON Schema, of which later models know some
//! (<https://ai.google.dev/api/caching#FunctionDeclaration>). The subset it is, wherever it has a word for the shape; what
//! it has no word for besides is told in the description. A shape without a word (an object of any fields, a list of
//! anything) goes out as JSON Schema, as it is.

mod resolve;

use aftercall_core::json::Json;
use serde_json::{Map, Value, json, value::RawValue};

/// The parameters of a function.
pub(super) enum Parameters {
    /// It takes none.
    None,
    /// In the subset.
    Subset(Value),
    /// As they are.
    Whole(Box<RawValue>),
}

/// There is no word for the shape.
#[derive(Debug)]
struct Inexpressible;

type Schema = Map<String, Value>;

/// What says nothing of a value, and what has been followed.
const WITHOUT_MEANING: [&str; 9] =
    ["$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "deprecated", "readOnly", "writeOnly"];

/// What a schema may have beside its alternatives without being a shape itself.
const ANNOTATIONS: [&str; 6] = ["title", "description", "default", "example", "examples", "nullable"];

/// The keywords that hold for one type alone, and of them those that the subset has.
const KEYWORDS: [(&str, &[&str], &[&str]); 5] = [
    ("string", &["minLength", "maxLength", "pattern"], &["contentEncoding", "contentMediaType", "contentSchema"]),
    ("number", &["minimum", "maximum"], &["exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
    (
        "array",
        &["items", "minItems", "maxItems"],
        &["prefixItems", "uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems"],
    ),
    (
        "object",
        &["properties", "required", "minProperties", "maxProperties"],
        &[
            "additionalProperties",
            "patternProperties",
            "propertyNames",
            "dependentRequired",
            "dependentSchemas",
            "unevaluatedProperties",
        ],
    ),
    ("boolean", &[], &[]),
];

/// A schema of an object, as a function's parameters.
pub(super) fn parameters(schema: &Json) -> Parameters {
    let root = schema.value();
    let has_fields = root["properties"].as_object().is_some_and(|fields| !fields.is_empty());
    let is_plain = |(name, value): (&String, &Value)| {
        WITHOUT_MEANING.contains(&name.as_str())
            || ["type", "properties", "title", "description"].contains(&name.as_str())
            || (name == "additionalProperties" && value.is_boolean())
            || (name == "required" && value == &json!([]))
    };
    if !has_fields && root.as_object().is_some_and(|root| root.iter().all(is_plain)) {
        return Parameters::None;
    }
    match subset(&root, &root) {
        Ok(subset) if subset.contains_key("properties") => Parameters::Subset(subset.into()),
        Ok(_) | Err(Inexpressible) => Parameters::Whole(schema.raw().to_owned()),
    }
}

fn subset(part: &Value, root: &Value) -> Result<Schema, Inexpressible> {
    let mut schema = resolve::resolved(part, root)?;
    schema.retain(|name, _| !WITHOUT_MEANING.contains(&name.as_str()));
    if let Some(list) = alternatives(&schema) {
        return any_of(&schema, &list, root);
    }
    let mut types = types(&schema);
    let nullable =
        types.iter().any(|kind| kind == "null") || has_null(&schema) || schema.get("nullable") == Some(&json!(true));
    types.retain(|kind| kind != "null");
    schema.remove("nullable");
    let of_type = |kind: &String| typed(&schema, kind, nullable, root);
    match types.as_slice() {
        [] => Err(Inexpressible),
        [kind] => of_type(kind),
        many => {
            let list = many.iter().map(|kind| of_type(kind).map(Value::from)).collect::<Result<Vec<_>, _>>()?;
            Ok(Schema::from_iter([("anyOf".to_owned(), list.into())]))
        }
    }
}

/// The alternatives of a schema that is nothing else.
fn alternatives(schema: &Schema) -> Option<Vec<Value>> {
    let is_else = |name: &str| !["anyOf", "oneOf"].contains(&name) && !ANNOTATIONS.contains(&name);
    if schema.keys().any(|name| is_else(name)) || (schema.contains_key("anyOf") && schema.contains_key("oneOf")) {
        return None;
    }
    schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array().cloned()
}

/// `anyOf` stands alone, since servers refuse it beside anything else: what holds for all is told of each.
fn any_of(schema: &Schema, list: &[Value], root: &Value) -> Result<Schema, Inexpressible> {
    let is_null = |part: &&Value| part["type"] == "null";
    let nullable = list.iter().any(|part| is_null(&part)) || schema.get("nullable") == Some(&json!(true));
    let mut rest: Schema = schema.clone();
    for name in ["anyOf", "oneOf", "description", "nullable"] {
        rest.remove(name);
    }
    if schema.contains_key("oneOf") {
        rest.insert("oneOf".to_owned(), json!("exactly one of the alternatives"));
    }
    let words = described(schema.get("description"), &rest)?;
    let alternative = |part: &Value| {
        let mut part = subset(part, root)?;
        if part.contains_key("anyOf") {
            return Err(Inexpressible);
        }
        let inner = part.get("description").and_then(Value::as_str).map(str::to_owned);
        let both: Vec<String> = words.clone().into_iter().chain(inner).collect();
        if !both.is_empty() {
            part.insert("description".to_owned(), both.join(" ").into());
        }
        if nullable {
            part.insert("nullable".to_owned(), true.into());
        }
        Ok(part)
    };
    let mut alternatives = list.iter().filter(|part| !is_null(part)).map(alternative).collect::<Result<Vec<_>, _>>()?;
    match alternatives.len() {
        0 => Err(Inexpressible),
        1 => Ok(alternatives.remove(0)),
        _ => Ok(Schema::from_iter([("anyOf".to_owned(), alternatives.into_iter().map(Value::from).collect())])),
    }
}

/// The types that a schema allows, by what it says or, where it doesn't, by the keywords that it has.
fn types(schema: &Schema) -> Vec<String> {
    match schema.get("type") {
        Some(Value::String(kind)) => return vec![kind.clone()],
        Some(Value::Array(kinds)) => return kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => {}
    }
    let has = |(_, ours, theirs): &&(&str, &[&str], &[&str])| {
        ours.iter().chain(*theirs).any(|name| schema.contains_key(*name))
    };
    let all_texts = |values: &[Value]| values.iter().all(|value| value.is_string() || value.is_null());
    let values = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice);
    let values = values.or_else(|| schema.get("const").map(std::slice::from_ref));
    if values.is_some_and(all_texts) {
        return vec!["string".to_owned()];
    }
    KEYWORDS.iter().find(has).map(|(kind, ..)| (*kind).to_owned()).into_iter().collect()
}

fn has_null(schema: &Schema) -> bool {
    schema.get("enum").and_then(Value::as_array).is_some_and(|values| values.contains(&Value::Null))
}

/// A schema as one of one type.
fn typed(schema: &Schema, kind: &str, nullable: bool, root: &Value) -> Result<Schema, Inexpressible> {
    let mut subset = Schema::new();
    // What has no word in the subset.
    let mut rest = Schema::new();
    let keywords_as = if kind == "integer" { "number" } else { kind };
    let of_others = |name: &str| {
        let mut others = KEYWORDS.iter().filter(|(other, ..)| *other != keywords_as);
        others.any(|(_, ours, theirs)| ours.contains(&name) || theirs.contains(&name))
    };
    let (_, ours, _) = KEYWORDS.iter().find(|(other, ..)| *other == keywords_as).ok_or(Inexpressible)?;
    for (name, value) in schema {
        match (name.as_str(), value) {
            ("type" | "description", _) => {}
            ("enum" | "const", value) => match texts(value).filter(|_| kind == "string") {
                Some(texts) => drop(subset.insert("enum".to_owned(), texts)),
                None => drop(rest.insert(name.clone(), value.clone())),
            },
            ("title", Value::String(_)) => drop(subset.insert(name.clone(), value.clone())),
            ("format", Value::String(format)) if has_format(kind, format) => {
                subset.insert(name.clone(), value.clone());
            }
            ("additionalProperties", Value::Bool(true)) => {}
            ("items", items @ Value::Object(_)) if kind == "array" => {
                subset.insert(name.clone(), self::subset(items, root)?.into());
            }
            // `true` and `false` are schemas too, for which there is no word.
            ("items", _) if kind == "array" => return Err(Inexpressible),
            ("properties", Value::Object(fields)) if kind == "object" => {
                let field = |(name, field): (&String, &Value)| Ok((name.clone(), self::subset(field, root)?.into()));
                subset.insert(name.clone(), fields.iter().map(field).collect::<Result<Schema, _>>()?.into());
            }
            ("required", Value::Array(names)) if kind == "object" => {
                let is_field = |required: &Value| {
                    required.as_str().is_some_and(|required| {
                        schema.get("properties").is_some_and(|fields| fields.get(required).is_some())
                    })
                };
                let (fields, others): (Vec<_>, Vec<_>) = names.iter().cloned().partition(is_field);
                let lists = [(fields, &mut subset), (others, &mut rest)];
                lists.into_iter().filter(|(list, _)| !list.is_empty()).for_each(|(list, place)| {
                    place.insert(name.clone(), list.into());
                });
            }
            (name, _) if ours.contains(&name) => drop(subset.insert(name.to_owned(), value.clone())),
            (name, _) if of_others(name) => {}
            (name, _) => drop(rest.insert(name.to_owned(), value.clone())),
        }
    }
    let is_shaped = match kind {
        "array" => subset.contains_key("items"),
        "object" => subset.get("properties").and_then(Value::as_object).is_some_and(|fields| !fields.is_empty()),
        _ => true,
    };
    if !is_shaped {
        return Err(Inexpressible);
    }
    subset.insert("type".to_owned(), kind.to_ascii_uppercase().into());
    if nullable {
        subset.insert("nullable".to_owned(), true.into());
    }
    subset.extend(described(schema.get("description"), &rest)?.map(|words| ("description".to_owned(), words.into())));
    Ok(subset)
}

/// The texts of an `enum` or `const`, without null. None: not all of them are texts with anything in them.
fn texts(values: &Value) -> Option<Value> {
    let values = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
    let texts: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
    let are_texts = !texts.is_empty() && texts.iter().all(|text| text.as_str().is_some_and(|text| !text.is_empty()));
    are_texts.then(|| texts.into_iter().cloned().collect())
}

fn has_format(kind: &str, format: &str) -> bool {
    let formats: &[&str] = match kind {
        "string" => &["enum", "date-time"],
        "number" => &["float", "double"],
        "integer" => &["int32", "int64"],
        _ => &[],
    };
    formats.contains(&format)
}

/// The description, with what the subset has no word for.
fn described(description: Option<&Value>, rest: &Schema) -> Result<Option<String>, Inexpressible> {
    let rest = (!rest.is_empty()).then(|| Value::from(rest.clone()).to_string());
    if rest.as_ref().is_some_and(|rest| rest.contains(r#""$ref""#)) {
        return Err(Inexpressible);
    }
    let rest = rest.map(|rest| format!("In the words of JSON Schema also: {rest}"));
    let words: Vec<String> = description.and_then(Value::as_str).map(str::to_owned).into_iter().chain(rest).collect();
    Ok((!words.is_empty()).then(|| words.join(" ")))
}

#[cfg(test)]
mod tests;
