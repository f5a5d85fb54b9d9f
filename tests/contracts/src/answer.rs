//! An answer beside what its operation may answer.

use crate::{
    openapi::Operation,
    sent::{Answer, media_type},
};

/// What is wrong with an answer, by its operation. Empty: nothing.
///
/// # Errors
/// The document can't be used: a schema of it isn't one.
pub fn check(operation: &Operation<'_>, answer: &Answer) -> anyhow::Result<Vec<String>> {
    let Answer { status, headers, body } = answer;
    let Some((_, response)) = operation.response(*status) else {
        return Ok(vec![format!("the operation has no answer with {status}")]);
    };
    let types = response["content"].as_object().filter(|types| !types.is_empty());
    let Some(types) = types else {
        let is_empty = body.is_empty();
        return Ok(if is_empty { Vec::new() } else { vec![format!("an answer with {status} has no body")] });
    };
    // Of a body without a schema nothing is said, not even that there always is one.
    if body.is_empty() && types.values().all(|described| described.get("schema").is_none()) {
        return Ok(Vec::new());
    }
    if body.is_empty() {
        return Ok(vec![format!("an answer with {status} has a body")]);
    }
    let media = media_type(headers);
    let Some(described) = media.and_then(|media| types.get(media)).or_else(|| types.get("*/*")) else {
        return Ok(vec![match media {
            Some(media) => format!("the operation answers no body of the type `{media}`"),
            None => "the answer doesn't say of what type it is".to_owned(),
        }]);
    };
    match (described.get("schema"), serde_json::from_str(body)) {
        (None, _) => Ok(Vec::new()),
        (Some(schema), Ok(body)) => operation.contract.wrong_answer(schema, &body),
        (Some(_), Err(error)) => Ok(vec![format!("the body is no JSON: {error}")]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{openapi::Contract, sent::Sent};

    fn contract() -> Contract {
        let message = json!({
            "type": "object",
            "required": ["id"],
            "properties": { "id": { "type": "string" }, "parts": { "type": "integer", "nullable": true } },
        });
        let refusal = json!({ "content": { "*/*": { "schema": { "type": "object", "required": ["message"] } } } });
        let responses = json!({
            "201": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Message" } } } },
            "204": { "description": "done" },
            "400": { "content": { "application/json": { "schema": { "type": "array" } } } },
            "4XX": { "$ref": "#/components/responses/Refusal" },
        });
        let mail = json!({ "202": { "description": "" }, "default": { "$ref": "#/components/responses/Refusal" } });
        let document = json!({
            "servers": [{ "url": "https://api.example.com" }],
            "paths": {
                "/messages": { "post": { "responses": responses } },
                "/mail": { "post": { "responses": mail } },
                "/page": { "post": { "responses": { "200": { "content": { "*/*": {} } } } } },
            },
            "components": { "schemas": { "Message": message }, "responses": { "Refusal": refusal } },
        });
        Contract::new("test".to_owned(), document).expect("a document")
    }

    #[test]
    fn what_the_document_does_not_answer_is_told() {
        const JSON: &str = "application/json; charset=utf-8";
        let contract = contract();
        for (path, status, media, body, expected) in [
            ("/messages", 201, JSON, r#"{"id":"1"}"#, &[][..]),
            ("/messages", 201, JSON, r#"{"id":"1","parts":null,"more":1}"#, &[]),
            ("/messages", 201, JSON, r#"{"id":1,"parts":"2"}"#, &["at `/id`", "at `/parts`"]),
            ("/messages", 201, JSON, r#"{"parts":2}"#, &["\"id\" is a required property"]),
            ("/messages", 201, JSON, "<html>", &["no JSON"]),
            ("/messages", 201, JSON, "", &["an answer with 201 has a body"]),
            ("/messages", 201, "", r#"{"id":"1"}"#, &["doesn't say of what type"]),
            ("/messages", 201, "text/html", "<html>", &["no body of the type `text/html`"]),
            ("/messages", 204, "", "", &[]),
            ("/messages", 204, JSON, "{}", &["an answer with 204 has no body"]),
            ("/messages", 200, JSON, r#"{"id":"1"}"#, &["no answer with 200"]),
            ("/messages", 400, JSON, r#"{"message":"no"}"#, &["\"array\""]),
            ("/messages", 404, JSON, r#"{"message":"no"}"#, &[]),
            ("/messages", 404, JSON, "{}", &["message"]),
            ("/messages", 500, JSON, r#"{"message":"no"}"#, &["no answer with 500"]),
            ("/page", 200, "", "<p>", &[]),
            ("/page", 200, "", "", &[]),
            ("/mail", 503, "application/problem+json", r#"{"message":"no"}"#, &[]),
        ] {
            let sent = Sent {
                package: "test".to_owned(),
                method: "POST".to_owned(),
                url: format!("https://api.example.com{path}").parse().expect("a URL"),
                headers: Default::default(),
                body: String::new(),
                answer: None,
            };
            let typed = [("content-type".to_owned(), media.to_owned())].into_iter().filter(|_| !media.is_empty());
            let answer = Answer { status, headers: typed.collect(), body: body.to_owned() };
            let operation = contract.operation(&sent).expect("there is one");
            let complaints = check(&operation, &answer).expect("the document can be used");
            let told = complaints.len() == expected.len()
                && complaints.iter().zip(expected).all(|(complaint, words)| complaint.contains(words));
            assert!(told, "{path} {answer}: {complaints:?}");
        }
    }
}
