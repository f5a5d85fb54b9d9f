//! `{{tool:/json/pointer}}`: what a model would have read in a tool's result.

use serde_json::Value;

use super::format::ToolResult;

#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum Error {
    #[error("close the placeholder in {0:?} with }}}}")]
    Unclosed(String),
    #[error("write the placeholder {0:?} as tool:/pointer")]
    Malformed(String),
    #[error("no result of the tool {0:?} is in the request")]
    NoResult(String),
    #[error("the newest result of the tool {tool:?} is not JSON: {content:?}")]
    NotJson { tool: String, content: String },
    #[error("the newest result of the tool {tool:?} has nothing at {pointer:?}: {content:?}")]
    Nothing { tool: String, pointer: String, content: String },
}

/// The template with every placeholder in its strings filled from the tools' results, oldest first.
pub(super) fn fill(template: &Value, results: &[ToolResult<'_>]) -> Result<Value, Error> {
    match template {
        Value::String(text) => fill_text(text, results),
        Value::Array(items) => items.iter().map(|item| fill(item, results)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| Ok((name.clone(), fill(value, results)?))).collect(),
        other => Ok(other.clone()),
    }
}

fn fill_text(text: &str, results: &[ToolResult<'_>]) -> Result<Value, Error> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once("{{") {
        let (placeholder, after) = opened.split_once("}}").ok_or_else(|| Error::Unclosed(text.to_owned()))?;
        let value = look_up(placeholder.trim(), results)?;
        let whole = rest.len() == text.len() && before.is_empty() && after.is_empty();
        if whole {
            return Ok(value);
        }
        filled.push_str(before);
        match value {
            Value::String(found) => filled.push_str(&found),
            found => filled.push_str(&found.to_string()),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(Value::String(filled))
}

fn look_up(placeholder: &str, results: &[ToolResult<'_>]) -> Result<Value, Error> {
    let (tool, pointer) = placeholder.split_once(':').ok_or_else(|| Error::Malformed(placeholder.to_owned()))?;
    let newest = results.iter().rev().find(|result| result.tool == tool);
    let content = &newest.ok_or_else(|| Error::NoResult(tool.to_owned()))?.content;
    let Ok(result) = serde_json::from_str::<Value>(content) else {
        return Err(Error::NotJson { tool: tool.to_owned(), content: content.to_string() });
    };
    match result.pointer(pointer) {
        Some(found) => Ok(found.clone()),
        None => {
            Err(Error::Nothing { tool: tool.to_owned(), pointer: pointer.to_owned(), content: content.to_string() })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_read_the_newest_result_of_their_tool() {
        let results = [("upsert", r#"{"id": 1}"#), ("upsert", r#"{"id":"2"}"#), ("talk", "done")];
        let history = results.map(|(tool, content)| ToolResult { tool, content: content.into() });
        let check = |template: Value, expected: Result<Value, &str>| {
            let filled = fill(&template, &history).map_err(|error| error.to_string());
            match expected {
                Ok(value) => assert_eq!(filled, Ok(value), "{template}"),
                Err(part) => {
                    assert!(filled.as_ref().is_err_and(|error| error.contains(part)), "{template}: {filled:?}")
                }
            }
        };
        check(json!("plain"), Ok(json!("plain")));
        check(json!(null), Ok(json!(null)));
        check(json!("{{upsert:/id}}"), Ok(json!("2")));
        check(json!("{{ upsert: }}"), Ok(json!({"id": "2"})));
        check(json!("lead {{upsert:/id}}, {{upsert:}}."), Ok(json!("lead 2, {\"id\":\"2\"}.")));
        check(json!({"a": ["{{upsert:/id}}", 7]}), Ok(json!({"a": ["2", 7]})));
        check(json!("{{upsert:/id"), Err("close the placeholder"));
        check(json!("{{upsert}}"), Err("as tool:/pointer"));
        check(json!("{{other:/id}}"), Err("no result of the tool \"other\""));
        check(json!("{{talk:/id}}"), Err("is not JSON"));
        check(json!("{{upsert:/name}}"), Err("nothing at \"/name\""));
    }
}
