//! Gemini's `generateContent`.

mod check;
mod seal;
mod stream;

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    BYTES_PER_TOKEN,
    format::{Format, History, Refused, Said, ToolResult},
    stream::Event,
};
use crate::endpoint::{Reply, Request};
use check::field;

pub(crate) struct Gemini;

/// The methods of a model.
const WHOLE: &str = "generateContent";
const STREAMED: &str = "streamGenerateContent";

impl Format for Gemini {
    fn serves(&self, path: &str) -> bool {
        let called = path.strip_prefix("/v1beta/models/").and_then(|rest| rest.rsplit_once(':'));
        called.is_some_and(|(model, method)| {
            !model.is_empty() && !model.contains('/') && [WHOLE, STREAMED].contains(&method)
        })
    }

    fn key<'a>(&self, request: &'a Request) -> Option<&'a str> {
        request.headers().get("x-goog-api-key")?.to_str().ok()
    }

    fn check_headers(&self, request: &Request) -> Result<(), Refused> {
        match self.is_streamed(request, &Value::Null) && request.uri().query() != Some("alt=sse") {
            true => Err(Refused::new("The sandbox streams with alt=sse alone.")),
            false => Ok(()),
        }
    }

    fn check(&self, body: &Value) -> Result<(), Refused> {
        check::check(body)
    }

    fn history<'a>(&self, body: &'a Value) -> History<'a> {
        let contents = body["contents"].as_array().map_or(&[][..], Vec::as_slice);
        let turn = contents.iter().skip(check::current_turn(contents)).filter(|content| content["role"] == "model");
        let parts = contents.iter().filter_map(|content| content["parts"].as_array()).flatten();
        let system = body.as_object().and_then(|body| field(body, "systemInstruction"));
        History {
            told: contents.iter().chain(system).collect(),
            turn: turn.count(),
            results: parts.filter_map(result).collect(),
        }
    }

    fn reply(&self, said: &Said<'_>) -> Value {
        let mut candidate = candidate(said).unwrap_or_else(malformed);
        candidate["index"] = 0.into();
        let tokens = |text: usize| text.div_ceil(BYTES_PER_TOKEN);
        let spoken = tokens(candidate["content"].to_string().len());
        let thought = said.line.reasoning.as_ref().map(|words| tokens(words.len()));
        let mut usage = json!({
            "promptTokenCount": said.input_tokens,
            "candidatesTokenCount": spoken,
            "totalTokenCount": said.input_tokens + spoken + thought.unwrap_or_default(),
        });
        if let Some(thought) = thought {
            usage["thoughtsTokenCount"] = thought.into();
        }
        json!({
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": "sandbox",
            "responseId": format!("{}-{}", said.scene, said.turn),
        })
    }

    fn is_streamed(&self, request: &Request, _: &Value) -> bool {
        request.uri().path().ends_with(STREAMED)
    }

    fn events(&self, reply: &Value, _: &Value) -> Vec<Event> {
        stream::events(reply)
    }

    fn refuse(&self, refused: &Refused) -> Reply {
        let info = |reason: &str, domain: &str| json!([{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain }]);
        let (status, message, details) = match (refused.status, refused.code) {
            (StatusCode::UNAUTHORIZED, Some(_)) => (
                StatusCode::BAD_REQUEST,
                "API key not valid. Please pass a valid API key.",
                Some(info("API_KEY_INVALID", "googleapis.com")),
            ),
            (StatusCode::UNAUTHORIZED, None) => (
                StatusCode::FORBIDDEN,
                "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
                None,
            ),
            (status, code) => (status, refused.message.as_str(), code.map(|code| info(code, "sandbox"))),
        };
        let mut error = json!({ "code": status.as_u16(), "message": message, "status": status_name(status) });
        if let Some(details) = details {
            error["details"] = details;
        }
        Reply::json(status, &json!({ "error": error }))
    }
}

/// Google's word for a status (`google/rpc/code.proto`).
fn status_name(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        400..=499 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    }
}

/// What the model says. An error is arguments that no model of this provider can write, since they are no object.
fn candidate(said: &Said<'_>) -> Result<Value, String> {
    let mut parts: Vec<Value> = Vec::new();
    parts.extend(said.line.reasoning.as_ref().map(|thought| json!({ "text": thought, "thought": true })));
    let words = said.text.as_ref().or(said.line.refusal.as_ref());
    parts.extend(words.filter(|words| !words.is_empty()).map(|words| json!({ "text": words })));
    // The seal stands on the first call, or where there is none, on what is said last.
    let sealed = if said.calls.is_empty() { parts.len().saturating_sub(1) } else { parts.len() };
    for (index, (name, arguments)) in said.calls.iter().enumerate() {
        let args: Map<String, Value> =
            serde_json::from_str(arguments).map_err(|_| format!("Malformed function call: {name}({arguments})"))?;
        let mut call = json!({ "name": name, "args": args });
        // Newer models name their calls and older ones don't: a line that thinks is a newer one's.
        if said.line.reasoning.is_some() {
            call["id"] = format!("{}-{}-{index}", said.scene, said.turn).into();
        }
        parts.push(json!({ "functionCall": call }));
    }
    if let Some(part) = parts.get_mut(sealed) {
        part["thoughtSignature"] = seal::of(part).into();
    }
    let reason = match said.line.finish_reason() {
        _ if said.line.refusal.is_some() => "SAFETY",
        "length" => "MAX_TOKENS",
        "content_filter" => "SAFETY",
        _ => "STOP",
    };
    let mut candidate = json!({ "finishReason": reason });
    if !parts.is_empty() {
        candidate["content"] = json!({ "parts": parts, "role": "model" });
    }
    Ok(candidate)
}

fn malformed(message: String) -> Value {
    json!({ "content": {}, "finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": message })
}

/// The text of a function response, with the tool that it is of.
fn result(part: &Value) -> Option<ToolResult<'_>> {
    let answered = field(part.as_object()?, "functionResponse")?;
    let response = &answered["response"];
    let content = match response.get("output").or_else(|| response.get("error")).unwrap_or(response) {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        other => Cow::Owned(other.to_string()),
    };
    Some(ToolResult { tool: answered["name"].as_str()?, content })
}
