//! An LLM that plays its lines. Which line is told by the request alone, so that a request repeated after a crash gets
//! the same reply.

mod anthropic;
mod format;
mod gemini;
mod openai_chat;
mod openai_responses;
mod placeholder;
pub mod script;
mod stream;

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use crate::endpoint::{Class, Endpoint, Refusal, Reply, Request, has_content_type};
use crate::service::Access;
use format::{FORMATS, Format, History, Refused, Said};
use openai_chat::OpenaiChat;
use openai_responses::Background;
use script::{LineFault, Script};
use stream::Event;

/// Roughly what a token of English takes.
const BYTES_PER_TOKEN: usize = 4;

#[derive(Clone)]
pub(crate) struct Model {
    script: Script,
    key: Option<String>,
    /// How often each line has been asked for, by the index of its scene and its own.
    asked: BTreeMap<(usize, usize), u32>,
    background: Background,
}

/// Whether the real provider would take a body that is sent to this path, such as `/v1/chat/completions`.
///
/// # Errors
/// The provider's words in refusing it.
pub fn check(path: &str, body: &Value) -> Result<(), String> {
    let format = format_of(path).ok_or_else(|| format!("no provider is played at {path}"))?;
    format.check(body).map_err(|refused| refused.message)
}

fn format_of(path: &str) -> Option<&'static dyn Format> {
    FORMATS.into_iter().find(|format| format.serves(path))
}

impl Model {
    pub(crate) fn new(script: Script, key: Option<String>) -> Model {
        Model { script, key, asked: BTreeMap::new(), background: Background::default() }
    }

    fn authorise(&self, format: &dyn Format, request: &Request) -> Result<(), Refused> {
        let Some(key) = &self.key else { return Ok(()) };
        let unauthorised = |message: &str| Refused::new(message).status(StatusCode::UNAUTHORIZED);
        match format.key(request) {
            Some(given) if given == key => Ok(()),
            Some(_) => Err(unauthorised("Incorrect API key provided.").code("invalid_api_key")),
            None => Err(unauthorised("You didn't provide an API key in the header that it belongs in.")),
        }
    }

    fn play(&mut self, format: &dyn Format, request: &Request, now_ms: u64) -> Result<Reply, Refused> {
        let ask = format.ask(request.uri().path());
        let method = if ask.is_some_and(|ask| !ask.cancel) { http::Method::GET } else { http::Method::POST };
        if request.method() != method {
            let message = format!("Not allowed to {} on {}.", request.method(), request.uri().path());
            let refused = Refused::new(message).status(StatusCode::METHOD_NOT_ALLOWED);
            return Err(refused.code("method_not_supported"));
        }
        self.authorise(format, request)?;
        if let Some(ask) = ask {
            return self.background.answer(ask).map(|response| Reply::json(StatusCode::OK, &response));
        }
        if !has_content_type(request, "application/json") {
            return Err(Refused::new("Invalid Content-Type header, expected application/json."));
        }
        let body: Value = serde_json::from_slice(request.body())
            .map_err(|_| Refused::new("We could not parse the JSON body of your request."))?;
        format.check_headers(request)?;
        format.check(&body)?;
        let input_tokens = request.body().len().div_ceil(BYTES_PER_TOKEN);
        let streamed = format.is_streamed(request, &body);
        let played = self.line(format, &body, streamed, input_tokens, now_ms);
        Ok(played.unwrap_or_else(|message| script_fault(format, message)))
    }

    /// Plays the line that the request has come to. An error is the script's, not the client's.
    fn line(
        &mut self,
        format: &dyn Format,
        body: &Value,
        streamed: bool,
        input_tokens: usize,
        now_ms: u64,
    ) -> Result<Reply, String> {
        let history = format.history(body);
        let turn = history.turn;
        let (index, scene) =
            self.script.scene_for(&history.told).ok_or("no scene of the script has its marker in the history")?;
        let line = scene.lines.get(turn).ok_or_else(|| {
            format!("scene {:?} has {} lines and is asked for line {turn}: add a line", scene.name, scene.lines.len())
        })?;
        let asked = self.asked.entry((index, turn)).or_default();
        *asked += 1;
        let fault = line.fault.as_ref().filter(|fault| fault.times.is_none_or(|times| *asked <= times));
        if let Some(fault) = fault.filter(|fault| !streamed || fault.after_events.is_none()) {
            return Ok(faulty(format, fault));
        }
        let filled = |error: placeholder::Error| format!("{}, line {turn}: {error}", scene.name);
        let text = line.text.as_deref().map(|text| words(text, &history)).transpose().map_err(filled)?;
        let calls = line.calls.iter().map(|call| Ok((call.name.as_str(), arguments(&call.arguments, &history)?)));
        let calls = calls.collect::<Result<_, _>>().map_err(filled)?;
        let said = Said { scene: &scene.name, turn, line, text, calls, body, input_tokens, now_ms };
        let reply = format.reply(&said);
        if streamed {
            let mut events = format.events(&reply, body);
            if let Some(fault) = fault {
                fail(&mut events, format, fault);
            }
            return Ok(stream::reply(&events));
        }
        let reply = match format.is_background(body) {
            true => self.background.begin(reply, line.polls.unwrap_or(1), *asked),
            false => reply,
        };
        Ok(Reply::json(StatusCode::OK, &reply))
    }
}

impl Endpoint for Model {
    fn classify(&self, request: &Request) -> Class {
        let body: Option<Value> = serde_json::from_slice(request.body()).ok();
        let format = format_of(request.uri().path());
        Class { access: Access::Read, turn: body.zip(format).map(|(body, format)| format.history(&body).turn) }
    }

    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        let Some(format) = format_of(request.uri().path()) else {
            let message = format!("Invalid URL ({} {})", request.method(), request.uri().path());
            return refuse(&OpenaiChat, Refused::new(message).status(StatusCode::NOT_FOUND));
        };
        self.play(format, request, now_ms).unwrap_or_else(|refused| refuse(format, refused))
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        OpenaiChat.refuse(
            &match refusal {
                Refusal::TooLarge => Refused::new("The request body is too large."),
                Refusal::TooMany => Refused::new("Rate limit reached for requests.").code("rate_limit_exceeded"),
                Refusal::Internal => Refused::new("The server had an error while processing your request."),
            }
            .status(refusal.status()),
        )
    }

    fn records(&self) -> Value {
        let asked = self.asked.iter().map(
            |((scene, line), times)| json!({ "scene": self.script.scenes[*scene].name, "line": line, "asked": times }),
        );
        json!({ "lines": asked.collect::<Vec<_>>() })
    }
}

/// A line's words, with what tools have answered in the places kept for it.
fn words(text: &str, history: &History<'_>) -> Result<String, placeholder::Error> {
    Ok(match placeholder::fill(&text.into(), &history.results)? {
        Value::String(text) => text,
        other => other.to_string(),
    })
}

/// A call's arguments as the model writes them.
fn arguments(arguments: &Value, history: &History<'_>) -> Result<String, placeholder::Error> {
    Ok(match placeholder::fill(arguments, &history.results)? {
        Value::String(verbatim) => verbatim,
        other => other.to_string(),
    })
}

fn refuse(format: &dyn Format, refused: Refused) -> Reply {
    format.refuse(&refused).noted(refused.message)
}

fn faulty(format: &dyn Format, fault: &LineFault) -> Reply {
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = match &fault.body {
        Some(Value::String(raw)) => Reply { body: raw.clone().into(), ..Reply::json(status, &Value::Null) },
        Some(json) => Reply::json(status, json),
        None => format.refuse(&Refused::new("This fault is in the script.").status(status)),
    };
    if let Some(seconds) = fault.retry_after_seconds {
        reply = reply.header(http::header::RETRY_AFTER, seconds.into());
    }
    reply
}

/// Has a stream fail after as many of its events as the fault says.
fn fail(events: &mut Vec<Event>, format: &dyn Format, fault: &LineFault) {
    events.truncate(fault.after_events.unwrap_or_default());
    let error = faulty(format, fault);
    if !error.status.is_success() {
        events.push(format.error(&String::from_utf8_lossy(&error.body)));
    }
}

fn script_fault(format: &dyn Format, message: String) -> Reply {
    let refused = Refused::new(format!("sandbox: {message}")).code("sandbox_script");
    format.refuse(&refused.status(StatusCode::INTERNAL_SERVER_ERROR)).noted(message)
}
