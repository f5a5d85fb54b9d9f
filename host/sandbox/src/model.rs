//! An LLM that plays its lines. Which line is told by the request alone, so that a request repeated after a crash gets
//! the same reply.

mod check;
mod placeholder;
pub mod script;

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use crate::endpoint::{Class, Endpoint, Refusal, Reply, Request, credential, has_content_type};
use crate::service::Access;
use check::Refused;
use script::{Line, LineFault, Scene, Script};

/// Roughly what a token of English takes.
const BYTES_PER_TOKEN: usize = 4;

pub(crate) struct Model {
    script: Script,
    key: Option<String>,
    /// How often each line has been asked for, by the index of its scene and its own.
    asked: BTreeMap<(usize, usize), u32>,
}

impl Model {
    pub(crate) fn new(script: Script, key: Option<String>) -> Model {
        Model { script, key, asked: BTreeMap::new() }
    }

    fn authorise(&self, request: &Request) -> Result<(), Refused> {
        let Some(key) = &self.key else { return Ok(()) };
        match credential(request, "Bearer") {
            Some(given) if given == key => Ok(()),
            Some(_) => Err(Refused {
                status: StatusCode::UNAUTHORIZED,
                code: Some("invalid_api_key"),
                ..Refused::new("Incorrect API key provided.".to_owned())
            }),
            None => Err(Refused {
                status: StatusCode::UNAUTHORIZED,
                ..Refused::new("You didn't provide an API key in an Authorization header, as Bearer auth.".to_owned())
            }),
        }
    }

    fn play(&mut self, request: &Request, now_ms: u64) -> Result<Reply, Refused> {
        let (method, path) = (request.method(), request.uri().path());
        if path != "/v1/chat/completions" {
            return Err(Refused {
                status: StatusCode::NOT_FOUND,
                ..Refused::new(format!("Invalid URL ({method} {path})"))
            });
        }
        if method != http::Method::POST {
            return Err(Refused {
                status: StatusCode::METHOD_NOT_ALLOWED,
                code: Some("method_not_supported"),
                ..Refused::new(format!("Not allowed to {method} on {path}."))
            });
        }
        self.authorise(request)?;
        if !has_content_type(request, "application/json") {
            return Err(Refused::new("Invalid Content-Type header, expected application/json.".to_owned()));
        }
        let body: Value = serde_json::from_slice(request.body())
            .map_err(|_| Refused::new("We could not parse the JSON body of your request.".to_owned()))?;
        check::check(&body)?;
        Ok(self.line(&body, request.body().len(), now_ms).unwrap_or_else(script_fault))
    }

    /// Plays the line that the request has come to. An error is the script's, not the client's.
    fn line(&mut self, body: &Value, request_bytes: usize, now_ms: u64) -> Result<Reply, String> {
        let messages = messages(body);
        let turn = turn(messages);
        let (index, scene) =
            self.script.scene_for(messages).ok_or("no scene of the script has its marker in the history")?;
        let line = scene.lines.get(turn).ok_or_else(|| {
            format!("scene {:?} has {} lines and is asked for line {turn}: add a line", scene.name, scene.lines.len())
        })?;
        let asked = self.asked.entry((index, turn)).or_default();
        *asked += 1;
        if let Some(fault) = line.fault.as_ref().filter(|fault| fault.times.is_none_or(|times| *asked <= times)) {
            return Ok(faulty(fault));
        }
        let message = message(line, turn, messages).map_err(|error| format!("{}, line {turn}: {error}", scene.name))?;
        Ok(Reply::json(StatusCode::OK, &completion(scene, turn, line, message, body, request_bytes, now_ms)))
    }
}

impl Endpoint for Model {
    fn classify(&self, request: &Request) -> Class {
        let body: Option<Value> = serde_json::from_slice(request.body()).ok();
        Class { access: Access::Read, turn: body.map(|body| turn(messages(&body))) }
    }

    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.play(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let (kind, message, code) = match refusal {
            Refusal::TooLarge => ("invalid_request_error", "The request body is too large.", None),
            Refusal::TooMany => ("requests", "Rate limit reached for requests.", Some("rate_limit_exceeded")),
            Refusal::Internal => ("server_error", "The server had an error while processing your request.", None),
        };
        error(refusal.status(), kind, message, None, code)
    }

    fn records(&self) -> Value {
        let asked = self.asked.iter().map(
            |((scene, line), times)| json!({ "scene": self.script.scenes[*scene].name, "line": line, "asked": times }),
        );
        json!({ "lines": asked.collect::<Vec<_>>() })
    }
}

fn messages(body: &Value) -> &[Value] {
    body["messages"].as_array().map_or(&[], Vec::as_slice)
}

/// How many assistant messages follow the last system or developer message: the index of the line to play.
fn turn(messages: &[Value]) -> usize {
    let is = |message: &&Value, roles: &[&str]| message["role"].as_str().is_some_and(|role| roles.contains(&role));
    let after_instruction = messages.iter().rev().take_while(|message| !is(message, &["system", "developer"]));
    after_instruction.filter(|message| is(message, &["assistant"])).count()
}

fn message(line: &Line, turn: usize, messages: &[Value]) -> Result<Value, placeholder::Error> {
    let text = line.text.clone().map_or(Value::Null, Value::String);
    let content = match placeholder::fill(&text, messages)? {
        filled @ (Value::Null | Value::String(_)) => filled,
        other => other.to_string().into(),
    };
    let mut message = json!({ "role": "assistant", "content": content, "refusal": line.refusal, "annotations": [] });
    if !line.calls.is_empty() {
        let mut calls = Vec::new();
        for (index, call) in line.calls.iter().enumerate() {
            let arguments = match placeholder::fill(&call.arguments, messages)? {
                Value::String(verbatim) => verbatim,
                other => other.to_string(),
            };
            calls.push(json!({
                "id": format!("call_{turn}_{index}"),
                "type": "function",
                "function": { "name": call.name, "arguments": arguments },
            }));
        }
        message["tool_calls"] = calls.into();
    }
    for (name, value) in &line.extra {
        message[name] = value.clone();
    }
    Ok(message)
}

fn completion(
    scene: &Scene,
    turn: usize,
    line: &Line,
    message: Value,
    body: &Value,
    request_bytes: usize,
    now_ms: u64,
) -> Value {
    let prompt_tokens = request_bytes.div_ceil(BYTES_PER_TOKEN);
    let completion_tokens = message.to_string().len().div_ceil(BYTES_PER_TOKEN);
    json!({
        "id": format!("chatcmpl-{}-{turn}", scene.name),
        "object": "chat.completion",
        "created": now_ms / 1000,
        "model": body["model"],
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": line.finish_reason(),
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

fn faulty(fault: &LineFault) -> Reply {
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = match &fault.body {
        Some(Value::String(raw)) => Reply { body: raw.clone().into(), ..Reply::json(status, &Value::Null) },
        Some(json) => Reply::json(status, json),
        None => error(status, "server_error", "This fault is in the script.", None, None),
    };
    if let Some(seconds) = fault.retry_after_seconds {
        reply = reply.header(http::header::RETRY_AFTER, seconds.into());
    }
    reply
}

fn script_fault(message: String) -> Reply {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    error(status, "server_error", &format!("sandbox: {message}"), None, Some("sandbox_script")).noted(message)
}

fn error(status: StatusCode, kind: &str, message: &str, param: Option<&str>, code: Option<&str>) -> Reply {
    Reply::json(status, &json!({ "error": { "message": message, "type": kind, "param": param, "code": code } }))
}
