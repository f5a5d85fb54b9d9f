//! A request beside the operation that it is.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    openapi::Operation,
    sent::{Sent, media_type},
};

/// Headers that OpenAPI doesn't take for parameters, and the credential, which the host puts on.
const NO_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// What is wrong with a request, by its operation. Empty: nothing.
///
/// # Errors
/// The document can't be used: a schema of it isn't one.
pub fn check(operation: &Operation<'_>, sent: &Sent) -> anyhow::Result<Vec<String>> {
    let mut complaints = parameters(operation, sent)?;
    complaints.extend(body(operation, sent)?);
    Ok(complaints)
}

fn parameters(operation: &Operation<'_>, sent: &Sent) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in sent.url.query_pairs() {
        query.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    for parameter in operation.parameters() {
        let (name, place) =
            (parameter["name"].as_str().unwrap_or_default(), parameter["in"].as_str().unwrap_or_default());
        let given: Vec<String> = match place {
            "path" => {
                operation.places.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.clone()).collect()
            }
            "query" => query.remove(name).unwrap_or_default(),
            "header" if NO_PARAMETERS.contains(&&*name.to_lowercase()) => continue,
            "header" => sent.headers.get(&name.to_lowercase()).cloned().into_iter().collect(),
            _ => continue,
        };
        if given.is_empty() {
            if parameter["required"] == true {
                complaints.push(format!("the {place} lacks `{name}`"));
            }
            continue;
        }
        let value = value_of(&given, operation.contract.resolved(&parameter["schema"]));
        let wrong = operation.contract.wrong(&parameter["schema"], &value)?;
        complaints.extend(wrong.into_iter().map(|wrong| format!("`{name}` in the {place}: {wrong}")));
    }
    complaints.extend(query.keys().map(|name| format!("the operation has no parameter `{name}` in the query")));
    Ok(complaints)
}

fn body(operation: &Operation<'_>, sent: &Sent) -> anyhow::Result<Vec<String>> {
    let described = operation.contract.resolved(&operation.body["requestBody"]);
    if sent.body.is_empty() {
        return Ok(if described["required"] == true { vec!["the body is missing".to_owned()] } else { Vec::new() });
    }
    let media = media_type(&sent.headers).unwrap_or_default();
    let Some(described) = described["content"].get(media) else {
        return Ok(vec![format!("the operation takes no body of the type `{media}`")]);
    };
    let Some(schema) = described.get("schema") else { return Ok(Vec::new()) };
    let body = match media {
        "application/x-www-form-urlencoded" => form(&sent.body, operation.contract.resolved(schema), operation),
        _ => match serde_json::from_str(&sent.body) {
            Ok(body) => body,
            Err(error) => return Ok(vec![format!("the body is no JSON: {error}")]),
        },
    };
    operation.contract.wrong(schema, &body)
}

/// The fields of a form, each of the type that the schema has for it.
fn form(body: &str, schema: &Value, operation: &Operation<'_>) -> Value {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body.as_bytes()) {
        fields.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let typed = fields.into_iter().map(|(name, values)| {
        let of = operation.contract.resolved(&schema["properties"][&name]);
        let value = value_of(&values, of);
        (name, value)
    });
    Value::Object(typed.collect::<Map<_, _>>())
}

/// Texts as the type that a schema wants: several of them, or one where a list is wanted, are a list.
fn value_of(texts: &[String], schema: &Value) -> Value {
    let is_of = |schema: &Value, kind: &str| {
        schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|known| known == kind))
    };
    let one = |text: &str, schema: &Value| {
        let is_no_text = ["integer", "number", "boolean"].iter().any(|kind| is_of(schema, kind));
        let read = is_no_text.then(|| serde_json::from_str(text).ok()).flatten();
        read.unwrap_or_else(|| Value::from(text))
    };
    match texts {
        [text] if !is_of(schema, "array") => one(text, schema),
        texts => texts.iter().map(|text| one(text, &schema["items"])).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::Contract;

    fn contract() -> Contract {
        let message = json!({
            "type": "object",
            "required": ["to"],
            "properties": { "to": { "type": "string", "pattern": "^\\+" }, "parts": { "type": "integer" } },
        });
        let form = json!({
            "type": "object",
            "properties": { "To": { "type": "string" }, "Tries": { "type": "integer" }, "Media": { "type": "array", "items": { "type": "string" } } },
        });
        let reference = json!({ "$ref": "#/components/schemas/Message" });
        let id =
            json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string", "pattern": "^M" } });
        let limit = json!({ "name": "limit", "in": "query", "schema": { "type": "integer", "maximum": 10 } });
        let since = json!({ "name": "since", "in": "query", "required": true, "schema": { "type": "string", "format": "date" } });
        let document = json!({
            "servers": [{ "url": "https://api.example.com" }],
            "paths": {
                "/messages": {
                    "post": { "requestBody": { "required": true, "content": {
                        "application/json": { "schema": reference },
                        "application/x-www-form-urlencoded": { "schema": form },
                    } } },
                    "get": { "parameters": [since, { "$ref": "#/components/parameters/Limit" }] },
                },
                "/messages/{id}": { "parameters": [id], "get": {} },
            },
            "components": { "schemas": { "Message": message }, "parameters": { "Limit": limit } },
        });
        Contract::new("test".to_owned(), document).expect("a document")
    }

    #[test]
    fn what_the_document_does_not_allow_is_told() {
        const JSON: &str = "application/json; charset=utf-8";
        const FORM: &str = "application/x-www-form-urlencoded";
        let contract = contract();
        for (request, media, body, expected) in [
            ("POST /messages", JSON, r#"{"to":"+1"}"#, &[][..]),
            ("POST /messages", JSON, r#"{"to":"1","parts":"2"}"#, &["at `/parts`", "at `/to`"]),
            ("POST /messages", JSON, r#"{"to":"+1","tow":1}"#, &["tow"]),
            ("POST /messages", JSON, "{}", &["to"]),
            ("POST /messages", JSON, "{", &["no JSON"]),
            ("POST /messages", JSON, "", &["the body is missing"]),
            ("POST /messages", "text/plain", "hi", &["no body of the type `text/plain`"]),
            ("POST /messages", FORM, "To=%2B1&Tries=2&Media=a&Media=b", &[]),
            ("POST /messages", FORM, "Media=a", &[]),
            ("POST /messages", FORM, "To=1&To=2", &["at `/To`"]),
            ("POST /messages", FORM, "Tries=two", &["at `/Tries`"]),
            ("POST /messages", FORM, "Tow=1", &["Tow"]),
            ("GET /messages?since=2026-03-01&limit=5", "", "", &[]),
            ("GET /messages", "", "", &["the query lacks `since`"]),
            (
                "GET /messages?since=today&limit=50&page=2",
                "",
                "",
                &["`since` in the query", "`limit` in the query", "no parameter `page`"],
            ),
            ("GET /messages/M1", "", "", &[]),
            ("GET /messages/N1", "", "", &["`id` in the path"]),
            ("GET /messages/M1", JSON, "{}", &["no body of the type"]),
        ] {
            let (method, path) = request.split_once(' ').expect("a method and a path");
            let sent = Sent {
                package: "test".to_owned(),
                method: method.to_owned(),
                url: format!("https://api.example.com{path}").parse().expect("a URL"),
                headers: [("content-type".to_owned(), media.to_owned())]
                    .into_iter()
                    .filter(|_| !media.is_empty())
                    .collect(),
                body: body.to_owned(),
                answer: None,
            };
            let operation = contract.operation(&sent).expect("there is one");
            let complaints = check(&operation, &sent).expect("the document can be used");
            let told = complaints.len() == expected.len()
                && complaints.iter().zip(expected).all(|(complaint, words)| complaint.contains(words));
            assert!(told, "{request} {body}: {complaints:?}");
        }
    }
}
