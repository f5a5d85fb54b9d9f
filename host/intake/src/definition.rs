//! Definitions of the live call's tools in a native record, and beside them how each can be called after the call.

use std::fmt::Display;

use aftercall_core::live::{HttpCall, LiveTool};
use serde_json::{Map, Value};

use crate::{Error, address, document};

/// Where the definition of a tool says how it is called: the fields of [`HttpCall`].
const HTTP: &str = "http";

/// The methods that a call may have.
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Where providers have the schema of a function's arguments: OpenAI and Gemini, Anthropic, Gemini in its newer form.
const PARAMETERS: &[&str] = &["/parameters", "/input_schema", "/parametersJsonSchema"];

/// Reads one of the tools, which has the name given. None: it doesn't say how it is called.
///
/// # Errors
/// Says where it is wrong and what would be right.
pub(crate) fn read(tool: &Value, name: &str, place: impl Display) -> Result<Option<LiveTool>, Error> {
    let Some(http) = tool.get(HTTP).filter(|http| !http.is_null()) else { return Ok(None) };
    let function = tool.get("function").unwrap_or(tool);
    let parameters = PARAMETERS.iter().find_map(|at| function.pointer(at));
    let description = function.get("description").and_then(Value::as_str);
    let none = Map::new();
    let properties = parameters.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let call = call(http, properties.unwrap_or(&none), &format!("{place}/{HTTP}"))?;
    Ok(Some(LiveTool::http(name, description, parameters, call)))
}

fn call(http: &Value, properties: &Map<String, Value>, place: &str) -> Result<HttpCall, Error> {
    let mut call: HttpCall = document::typed(&http.to_string(), place)?;
    if !METHODS.contains(&call.method.as_str()) {
        return Err(Error::at(format!("{place}/method"), format!("a call has one of: {}", METHODS.join(", "))));
    }
    if call.method == "GET" && (call.body.is_some() || call.form) {
        let part = if call.body.is_some() { "body" } else { "form" };
        let why = "a GET has no body: leave out `body` and `form`, and put arguments into `query`";
        return Err(Error::at(format!("{place}/{part}"), why));
    }
    for (part, pointer) in [("result", &call.result), ("error", &call.error), ("receipt", &call.receipt)] {
        let wrong = pointer.as_ref().filter(|pointer| !pointer.is_empty() && !pointer.starts_with('/'));
        if let Some(pointer) = wrong {
            let why = match pointer.chars().all(|char| char.is_alphanumeric() || "_-".contains(char)) {
                true => format!("it is no JSON pointer: write `/{pointer}`"),
                false => "it is no JSON pointer: write `/` in front of each name that leads there".to_owned(),
            };
            return Err(Error::at(format!("{place}/{part}"), why));
        }
    }
    if let Some(name) = call.headers.keys().find(|name| address::names_a_secret(name)) {
        let why =
            "a header of this name carries a credential, which is not sent from here: the tenant's grant holds it";
        return Err(Error::at(format!("{place}/headers/{name}"), why));
    }
    let read = address::read(&call.url).map_err(|why| Error::at(format!("{place}/url"), why))?;
    for argument in &read.arguments {
        check_argument(argument, properties, &format!("{place}/url"))?;
    }
    for (name, template) in &call.query {
        check_template(template, properties, &format!("{place}/query/{name}"))?;
    }
    call.body.as_ref().map_or(Ok(()), |body| check_template(body, properties, &format!("{place}/body")))?;
    call.url = read.url;
    let mut query = read.query;
    query.extend(std::mem::take(&mut call.query).into_iter().filter_map(|(name, template)| {
        let kept = if address::names_a_secret(&name) { arguments_alone(template)? } else { template };
        Some((name, kept))
    }));
    call.query = query;
    Ok(call)
}

/// What a parameter has that isn't fixed: only that is no secret of the record's. None: nothing.
fn arguments_alone(template: Value) -> Option<Value> {
    match template {
        Value::Object(members) if members.contains_key("$") => Some(Value::Object(members)),
        Value::Object(members) => {
            let members = members.into_iter().filter_map(|(name, member)| Some((name, arguments_alone(member)?)));
            let members: Map<String, Value> = members.collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        Value::Array(items) => {
            let items: Vec<Value> = items.into_iter().filter_map(arguments_alone).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        _ => None,
    }
}

fn check_template(template: &Value, properties: &Map<String, Value>, place: &str) -> Result<(), Error> {
    match template {
        Value::Object(members) => match members.get("$") {
            Some(_) if members.len() > 1 => {
                Err(Error::at(place, "an object with `$` has no other member: it is replaced as a whole"))
            }
            Some(word) => check_word(word, properties, place),
            None => {
                let inside = |(name, member): (&String, &Value)| {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    check_template(member, properties, &format!("{place}/{name}"))
                };
                members.iter().try_for_each(inside)
            }
        },
        Value::Array(items) => {
            let inside = |(at, item): (usize, &Value)| check_template(item, properties, &format!("{place}/{at}"));
            items.iter().enumerate().try_for_each(inside)
        }
        _ => Ok(()),
    }
}

fn check_word(word: &Value, properties: &Map<String, Value>, place: &str) -> Result<(), Error> {
    match (word.as_str(), word.as_str().and_then(|word| word.strip_prefix("arguments."))) {
        (Some("arguments" | "key"), _) => Ok(()),
        (_, Some(name)) => check_argument(name, properties, place),
        _ => Err(Error::at(format!("{place}/$"), "write `arguments`, `arguments.NAME` or `key`")),
    }
}

fn check_argument(name: &str, properties: &Map<String, Value>, place: &str) -> Result<(), Error> {
    match properties.contains_key(name) {
        true => Ok(()),
        false => Err(Error::at(place, format!("the tool has no argument `{name}` among its schema's properties"))),
    }
}
