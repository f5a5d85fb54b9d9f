//! JSON Schema for models: one object, nothing but what a model uses, no references.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, RestrictFormats, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// The schema of a tool's arguments, as JSON. An optional argument is left out, never null.
pub fn input<T: JsonSchema>() -> String {
    input_schema::<T>().as_value().to_string()
}

/// The same with the values that there are of some arguments. `None`, where a required one can have none.
///
/// # Errors
/// Says of which argument of the tool there can be no such choice.
pub fn input_of<T: JsonSchema>(tool: &str, choices: &[(&str, Vec<String>)]) -> Result<Option<String>, String> {
    let mut schema = input_schema::<T>();
    for (argument, values) in choices {
        let wrong = |why| format!("the argument `{argument}` of `{tool}` can't have its choices: {why}");
        if !choose(&mut schema, argument, values).map_err(wrong)? {
            return Ok(None);
        }
    }
    Ok(Some(schema.as_value().to_string()))
}

fn input_schema<T: JsonSchema>() -> Schema {
    let mut schema = plain::<T>(SchemaSettings::draft2020_12().for_deserialize());
    RecursiveTransform(optional_is_absent).transform(&mut schema);
    // Providers want it, of a tool without arguments too.
    schema.ensure_object().entry("properties").or_insert_with(|| Map::new().into());
    schema
}

/// Gives an argument, or each of a list, the values that there are. `false`, where it is required and there are none: a schema
/// without values is one that providers refuse.
fn choose(schema: &mut Schema, name: &str, values: &[String]) -> Result<bool, String> {
    let is_required = required(schema).iter().any(|required| required == name);
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    let argument = properties.and_then(|properties| Some((properties.get(name)?["items"].is_object(), properties)));
    let Some((is_list, properties)) = argument else {
        return Err("its schema has another name, so take off what renames it".to_owned());
    };
    let argument = &mut properties[name];
    let one = if is_list { &mut argument["items"] } else { argument };
    if one["type"] != "string" {
        return Err("it is no text, nor a list of texts".to_owned());
    }
    check_values(values)?;
    if values.is_empty() {
        properties.remove(name);
        return Ok(!is_required);
    }
    one["enum"] = values.into();
    Ok(true)
}

/// That each value is one that a model can name, and means one thing.
fn check_values(values: &[String]) -> Result<(), String> {
    for (index, value) in values.iter().enumerate() {
        if value.trim().is_empty() {
            return Err("one of the settings' names is empty".to_owned());
        }
        if values[..index].contains(value) {
            return Err(format!("the settings have the name {value:?} twice"));
        }
    }
    Ok(())
}

fn required(schema: &Schema) -> Vec<String> {
    match schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect(),
        _ => Vec::new(),
    }
}

/// The schema of an outcome's data.
pub(crate) fn output<T: JsonSchema>() -> Schema {
    plain::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn plain<T: JsonSchema>(settings: SchemaSettings) -> Schema {
    let settings = settings
        .with(|settings| settings.inline_subschemas = true)
        // Rust's own formats, such as `uint32`, are unknown to providers, and some refuse them.
        .with_transform(RestrictFormats::default());
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.remove("title");
    schema
}

fn optional_is_absent(schema: &mut Schema) {
    let required = required(schema);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, property) in properties {
            if let Value::Object(property) = property
                && !required.contains(name)
            {
                forbid_null(property);
            }
        }
    }
}

fn forbid_null(schema: &mut Map<String, Value>) {
    let is_null = |value: &Value| value.is_null() || value["type"] == "null";
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &mut types[..] {
            schema["type"] = only.take();
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::Array(mut any)) = schema.remove("anyOf") {
        any.retain(|value| !is_null(value));
        match &mut any[..] {
            [Value::Object(only)] => {
                // What the argument itself says, such as its description, wins.
                for (key, value) in std::mem::take(only) {
                    schema.entry(key).or_insert(value);
                }
            }
            _ => {
                schema.insert("anyOf".to_owned(), any.into());
            }
        }
    }
}
