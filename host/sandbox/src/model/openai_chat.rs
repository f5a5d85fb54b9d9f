//! OpenAI's Chat Completions.

mod check;
mod stream;

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    BYTES_PER_TOKEN,
    format::{Format, History, Refused, Said, ToolResult},
    stream::Event,
};
use crate::endpoint::{Reply, Request, credential};

pub(crate) use check::is_function_name;

/// How OpenAI words what every format of its refuses.
pub(crate) mod words {
    pub(crate) use super::check::{
        array, function_name, invalid_value, missing, object, schema, stream, string, wrong_type,
    };
}

pub(crate) struct OpenaiChat;

impl Format for OpenaiChat {
    fn serves(&self, path: &str) -> bool {
        path == "/v1/chat/completions"
    }

    fn key<'a>(&self, request: &'a Request) -> Option<&'a str> {
        credential(request, "Bearer")
    }

    fn check(&self, body: &Value) -> Result<(), Refused> {
        check::check(body)
    }

    fn history<'a>(&self, body: &'a Value) -> History<'a> {
        let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let is = |message: &&Value, roles: &[&str]| message["role"].as_str().is_some_and(|role| roles.contains(&role));
        let after_instruction = messages.iter().rev().take_while(|message| !is(message, &["system", "developer"]));
        History {
            told: messages.iter().collect(),
            turn: after_instruction.filter(|message| is(message, &["assistant"])).count(),
            results: results(messages),
        }
    }

    fn reply(&self, said: &Said<'_>) -> Value {
        let message = message(said);
        let prompt_tokens = said.input_tokens;
        let completion_tokens = message.to_string().len().div_ceil(BYTES_PER_TOKEN);
        json!({
            "id": format!("chatcmpl-{}-{}", said.scene, said.turn),
            "object": "chat.completion",
            "created": said.now_ms / 1000,
            "model": said.body["model"],
            "choices": [{
                "index": 0,
                "message": message,
                "logprobs": null,
                "finish_reason": said.line.finish_reason(),
            }],
            "usage": {
                "prompt_tokens": prompt_tokens,
                "completion_tokens": completion_tokens,
                "total_tokens": prompt_tokens + completion_tokens,
            },
            "service_tier": "default",
            "system_fingerprint": "fp_sandbox",
        })
    }

    fn events(&self, reply: &Value, body: &Value) -> Vec<Event> {
        stream::events(reply, body)
    }

    fn refuse(&self, refused: &Refused) -> Reply {
        let Refused { status, message, param, code } = refused;
        let kind = match *status {
            StatusCode::TOO_MANY_REQUESTS => "requests",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        let error = json!({ "message": message, "type": kind, "param": param, "code": code });
        Reply::json(*status, &json!({ "error": error }))
    }
}

fn message(said: &Said<'_>) -> Value {
    let Said { turn, line, .. } = said;
    let mut message = json!({ "role": "assistant", "content": said.text, "refusal": line.refusal, "annotations": [] });
    if !said.calls.is_empty() {
        let call = |(index, (name, arguments)): (usize, &(&str, String))| {
            json!({
                "id": format!("call_{turn}_{index}"),
                "type": "function",
                "function": { "name": name, "arguments": arguments },
            })
        };
        message["tool_calls"] = said.calls.iter().enumerate().map(call).collect();
    }
    for (name, value) in &line.extra {
        message[name] = value.clone();
    }
    message
}

/// The text of each tool message, with the tool whose call it answers.
fn results(messages: &[Value]) -> Vec<ToolResult<'_>> {
    let result = |(at, message): (usize, &'_ Value)| {
        if message["role"] != "tool" {
            return None;
        }
        let calls = messages.get(..at)?.iter().rev().find(|earlier| earlier["role"] == "assistant");
        let calls = calls?["tool_calls"].as_array()?;
        let answered = calls.iter().find(|call| call["id"] == message["tool_call_id"])?;
        Some((at, answered["function"]["name"].as_str()?))
    };
    let found: Vec<(usize, &str)> = messages.iter().enumerate().filter_map(result).collect();
    found.into_iter().map(|(at, tool)| ToolResult { tool, content: text(&messages[at]["content"]) }).collect()
}

fn text(content: &Value) -> Cow<'_, str> {
    match content {
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        other => Cow::Owned(other.to_string()),
    }
}
