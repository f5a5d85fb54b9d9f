//! The four formats, read.

use serde_json::Value;

use crate::{Side, told::Reader};

/// Chat Completions: messages, each with words and calls.
pub(crate) fn chat(reader: &mut Reader, body: &Value) {
    for message in list(&body["messages"]) {
        let side = match message["role"].as_str() {
            Some("tool") => {
                reader.result(&key(&message["tool_call_id"]), output(&message["content"]));
                continue;
            }
            Some("user") => Side::User,
            Some("assistant") => Side::Assistant,
            _ => Side::System,
        };
        words(reader, side, &message["content"]);
        for call in list(&message["tool_calls"]) {
            let (function, custom) = (&call["function"], &call["custom"]);
            match custom.is_null() {
                true => reader.call(key(&call["id"]), &function["name"], written(&function["arguments"])),
                false => reader.call(key(&call["id"]), &custom["name"], written(&custom["input"])),
            }
        }
    }
}

/// Responses: a list of items.
pub(crate) fn responses(reader: &mut Reader, body: &Value) {
    reader.words(Side::System, &body["instructions"]);
    for item in list(&body["input"]) {
        match (item["type"].as_str(), item["role"].as_str()) {
            (Some("message") | None, Some("user")) => words(reader, Side::User, &item["content"]),
            (Some("message") | None, Some("assistant")) => words(reader, Side::Assistant, &item["content"]),
            (Some("message") | None, _) => words(reader, Side::System, &item["content"]),
            (Some("function_call"), _) => {
                reader.call(key(&item["call_id"]), &item["name"], written(&item["arguments"]));
            }
            (Some("custom_tool_call"), _) => reader.call(key(&item["call_id"]), &item["name"], written(&item["input"])),
            (Some("function_call_output" | "custom_tool_call_output"), _) => {
                reader.result(&key(&item["call_id"]), output(&item["output"]));
            }
            // A call that the provider answered itself.
            (Some("mcp_call"), _) if !item["output"].is_null() || !item["error"].is_null() => {
                reader.call(key(&item["id"]), &item["name"], written(&item["arguments"]));
                let answer = if item["output"].is_null() { &item["error"] } else { &item["output"] };
                reader.result(&key(&item["id"]), answer.clone());
            }
            _ => {}
        }
    }
}

/// Messages of Anthropic's: instructions, and turns made of blocks.
pub(crate) fn anthropic(reader: &mut Reader, body: &Value) {
    words(reader, Side::System, &body["system"]);
    for message in list(&body["messages"]) {
        let side = if message["role"] == "assistant" { Side::Assistant } else { Side::User };
        reader.words(side, &message["content"]);
        for block in list(&message["content"]) {
            match block["type"].as_str() {
                Some("text") => reader.words(side, &block["text"]),
                Some("tool_use") => reader.call(key(&block["id"]), &block["name"], block["input"].clone()),
                Some("tool_result") => reader.result(&key(&block["tool_use_id"]), output(&block["content"])),
                _ => {}
            }
        }
    }
}

/// Contents of Gemini's: instructions, and turns made of parts, each field in either of two spellings.
pub(crate) fn gemini(reader: &mut Reader, body: &Value) {
    for part in list(&body["systemInstruction"]["parts"]) {
        reader.words(Side::System, &part["text"]);
    }
    for content in list(&body["contents"]) {
        let side = if content["role"] == "model" { Side::Assistant } else { Side::User };
        for part in list(&content["parts"]) {
            let either = |camel: &str, snake: &str| part.get(camel).or_else(|| part.get(snake)).cloned();
            if part["thought"] != true {
                reader.words(side, &part["text"]);
            }
            let named = |of: &Value| format!("{}\n{}", key(&of["name"]), key(&of["id"]));
            if let Some(call) = either("functionCall", "function_call") {
                reader.call(named(&call), &call["name"], call["args"].clone());
            }
            if let Some(answer) = either("functionResponse", "function_response") {
                reader.result(&named(&answer), response(&answer["response"]));
            }
        }
    }
}

fn list(of: &Value) -> &[Value] {
    of.as_array().map_or(&[], Vec::as_slice)
}

fn key(id: &Value) -> String {
    id.as_str().unwrap_or_default().to_owned()
}

/// A text, or parts.
fn words(reader: &mut Reader, side: Side, content: &Value) {
    reader.words(side, content);
    for part in list(content) {
        reader.words(side, part.get("text").unwrap_or(&part["refusal"]));
    }
}

/// The text of a result, or the texts of its parts.
fn output(content: &Value) -> Value {
    match content {
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            texts.join("\n").into()
        }
        Value::Null => "".into(),
        other => other.clone(),
    }
}

/// What a function responded: the text alone, where there is nothing else.
fn response(response: &Value) -> Value {
    let alone = response.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.iter().next());
    match alone {
        Some((name, Value::String(text))) if ["output", "error", "result"].contains(&name.as_str()) => {
            text.as_str().into()
        }
        _ => response.clone(),
    }
}

/// Arguments that are written as a text.
fn written(arguments: &Value) -> Value {
    let object = arguments.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).filter(Value::is_object);
    object.unwrap_or_else(|| arguments.clone())
}
