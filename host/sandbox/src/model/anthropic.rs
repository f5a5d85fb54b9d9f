//! Anthropic's Messages.

mod check;
mod seal;
mod stream;

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{
    BYTES_PER_TOKEN,
    format::{Format, History, Refused, Said, ToolResult},
    stream::Event,
};
use crate::endpoint::{Reply, Request};

/// The only version of the API.
const VERSION: &str = "2023-06-01";

pub(crate) struct Anthropic;

impl Format for Anthropic {
    fn serves(&self, path: &str) -> bool {
        path == "/v1/messages"
    }

    fn key<'a>(&self, request: &'a Request) -> Option<&'a str> {
        header(request, "x-api-key")
    }

    fn check_headers(&self, request: &Request) -> Result<(), Refused> {
        match header(request, "anthropic-version") {
            Some(VERSION) => Ok(()),
            Some(other) => Err(Refused::new(format!("anthropic-version: \"{other}\" is not a valid version"))),
            None => Err(Refused::new("anthropic-version: header is required")),
        }
    }

    fn check(&self, body: &Value) -> Result<(), Refused> {
        check::check(body)
    }

    /// Instructions after the beginning are words in a message of the user: results of tools alone are none.
    fn history<'a>(&self, body: &'a Value) -> History<'a> {
        let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let instructs = |message: &&Value| message["role"] == "user" && has_words(&message["content"]);
        let after_instruction = messages.iter().rev().take_while(|message| !instructs(message));
        History {
            told: std::iter::once(&body["system"]).chain(messages).collect(),
            turn: after_instruction.filter(|message| message["role"] == "assistant").count(),
            results: results(messages),
        }
    }

    fn reply(&self, said: &Said<'_>) -> Value {
        let content = content(said);
        let output_tokens = content.to_string().len().div_ceil(BYTES_PER_TOKEN);
        let kept_tokens = kept_tokens(said.body).min(said.input_tokens);
        let mut reply = json!({
            "id": format!("msg_{}_{}", said.scene, said.turn),
            "type": "message",
            "role": "assistant",
            "model": said.body["model"],
            "content": content,
            "stop_reason": stop_reason(said),
            "stop_sequence": null,
            "usage": {
                "input_tokens": said.input_tokens - kept_tokens,
                "cache_creation_input_tokens": if said.turn == 0 { kept_tokens } else { 0 },
                "cache_read_input_tokens": if said.turn == 0 { 0 } else { kept_tokens },
                "output_tokens": output_tokens,
                "service_tier": "standard",
            },
        });
        if let Some(refusal) = &said.line.refusal {
            reply["stop_details"] = json!({"type": "refusal", "category": null, "explanation": refusal});
        }
        reply
    }

    fn events(&self, reply: &Value, _: &Value) -> Vec<Event> {
        stream::events(reply)
    }

    fn error(&self, body: &str) -> Event {
        serde_json::from_str(body).map_or_else(|_| Event::verbatim(body), |body| Event::of_type(&body))
    }

    fn refuse(&self, refused: &Refused) -> Reply {
        let kind = match refused.status.as_u16() {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            504 => "timeout_error",
            529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        let error = json!({ "type": kind, "message": refused.message });
        Reply::json(refused.status, &json!({ "type": "error", "error": error, "request_id": "req_sandbox" }))
    }
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

fn content(said: &Said<'_>) -> Value {
    let thought = said
        .line
        .reasoning
        .iter()
        .map(|thought| json!({"type": "thinking", "thinking": thought, "signature": seal::of(thought)}));
    let text = said.text.iter().map(|text| json!({"type": "text", "text": text}));
    let calls = said.calls.iter().enumerate().map(|(index, (name, arguments))| {
        // What is no JSON stays a text: servers of others are known to send that.
        let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| arguments.as_str().into());
        json!({"type": "tool_use", "id": format!("toolu_{}_{index}", said.turn), "name": name, "input": input})
    });
    thought.chain(text).chain(calls).collect()
}

fn stop_reason(said: &Said<'_>) -> &'static str {
    match said.line.finish_reason() {
        _ if said.line.refusal.is_some() => "refusal",
        "content_filter" => "refusal",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        _ => "end_turn",
    }
}

/// Roughly how much of a request the provider is told to keep: the instructions, the tools, and the messages up to the last
/// that is marked.
fn kept_tokens(body: &Value) -> usize {
    let is_marked = |message: &Value| message.to_string().contains("cache_control");
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let Some(last) = messages.iter().rposition(is_marked) else { return 0 };
    let before = messages.iter().take(last.saturating_add(1)).chain([&body["system"], &body["tools"]]);
    before.map(|part| part.to_string().len()).sum::<usize>() / BYTES_PER_TOKEN
}

fn blocks(content: &Value) -> &[Value] {
    content.as_array().map_or(&[], Vec::as_slice)
}

fn has_words(content: &Value) -> bool {
    content.is_string() || blocks(content).iter().any(|block| block["type"] == "text")
}

/// The text of each result, with the tool whose call it answers.
fn results(messages: &[Value]) -> Vec<ToolResult<'_>> {
    let mut results = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        for block in blocks(&message["content"]).iter().filter(|block| block["type"] == "tool_result") {
            let before = messages.get(..at).unwrap_or_default();
            let call = before
                .last()
                .and_then(|calls| blocks(&calls["content"]).iter().find(|call| call["id"] == block["tool_use_id"]));
            if let Some(tool) = call.and_then(|call| call["name"].as_str()) {
                results.push(ToolResult { tool, content: text(&block["content"]) });
            }
        }
    }
    results
}

fn text(content: &Value) -> Cow<'_, str> {
    match content {
        Value::String(text) => Cow::Borrowed(text),
        other => blocks(other).iter().filter_map(|block| block["text"].as_str()).collect(),
    }
}
