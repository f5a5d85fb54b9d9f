//! What is particular to one provider's wire format, so that one script is played over all of them.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::Value;

use super::{
    anthropic::Anthropic, gemini::Gemini, openai_chat::OpenaiChat, openai_responses::OpenaiResponses, script::Line,
    stream::Event,
};
use crate::endpoint::{Reply, Request};

/// A provider's wire format.
pub(crate) trait Format: Sync {
    /// Whether a request to this path speaks it.
    fn serves(&self, path: &str) -> bool;

    /// The key that a request shows.
    fn key<'a>(&self, request: &'a Request) -> Option<&'a str>;

    /// Whether the real provider would take these headers, the key aside, and this address.
    fn check_headers(&self, _: &Request) -> Result<(), Refused> {
        Ok(())
    }

    /// Whether the real provider would take this body.
    fn check(&self, body: &Value) -> Result<(), Refused>;

    /// What a checked body says of the run.
    fn history<'a>(&self, body: &'a Value) -> History<'a>;

    /// The answer to a request, as the real provider would write it.
    fn reply(&self, said: &Said<'_>) -> Value;

    /// A refusal in the provider's shape.
    fn refuse(&self, refused: &Refused) -> Reply;

    /// Whether a reply is streamed to who sends a checked body to this address.
    fn is_streamed(&self, _: &Request, body: &Value) -> bool {
        body["stream"] == true
    }

    /// A reply to a checked body, streamed.
    fn events(&self, reply: &Value, body: &Value) -> Vec<Event>;

    /// The event of an error in the midst of a stream, of whose body this is the text.
    fn error(&self, body: &str) -> Event {
        Event::verbatim(body)
    }

    /// Whether the reply to a checked body is made in the background.
    fn is_background(&self, _: &Value) -> bool {
        false
    }

    /// What a path asks about a reply that is made in the background.
    fn ask<'a>(&self, _: &'a str) -> Option<Ask<'a>> {
        None
    }
}

/// A question about a reply that is made in the background.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The response's identifier.
    pub(crate) id: &'a str,
    /// Whether it is called off.
    pub(crate) cancel: bool,
}

/// The formats that are played.
pub(crate) static FORMATS: [&dyn Format; 4] = [&OpenaiChat, &OpenaiResponses, &Anthropic, &Gemini];

/// What a request says of the run that it belongs to.
#[derive(Default)]
pub(crate) struct History<'a> {
    /// All that was said and done: where a scene's marker is looked for.
    pub(crate) told: Vec<&'a Value>,
    /// How many replies follow the newest instruction: the index of the line to play.
    pub(crate) turn: usize,
    /// The tools' results, oldest first.
    pub(crate) results: Vec<ToolResult<'a>>,
}

/// What a tool answered.
pub(crate) struct ToolResult<'a> {
    /// The tool.
    pub(crate) tool: &'a str,
    /// Its words.
    pub(crate) content: Cow<'a, str>,
}

/// A line as it is said: with its placeholders filled.
pub(crate) struct Said<'a> {
    /// The scene's name, for identifiers.
    pub(crate) scene: &'a str,
    /// Which line of the scene.
    pub(crate) turn: usize,
    /// The line in the script.
    pub(crate) line: &'a Line,
    /// Its words.
    pub(crate) text: Option<String>,
    /// Its calls: the tools' names, and the arguments as the model writes them.
    pub(crate) calls: Vec<(&'a str, String)>,
    /// The request.
    pub(crate) body: &'a Value,
    /// What the provider counts of the request.
    pub(crate) input_tokens: usize,
    /// In milliseconds since the Unix epoch.
    pub(crate) now_ms: u64,
}

/// Why the real provider would not take a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// Where in the body, where the provider tells.
    pub(crate) param: Option<String>,
    /// The provider's word for it, where it has one.
    pub(crate) code: Option<&'static str>,
}

/// Checks what a provider says of a body: that it takes it, where nothing is expected, or that it refuses it in words with
/// that part in them. Gives the refusal.
#[cfg(test)]
#[track_caller]
pub(crate) fn expect(said: Result<(), Refused>, body: &Value, expected: Option<&str>) -> Option<Refused> {
    match (said, expected) {
        (Ok(()), None) => None,
        (Err(refused), Some(part)) => {
            assert!(refused.message.contains(part), "{body}\n said {:?}, not {part:?}", refused.message);
            Some(refused)
        }
        (said, expected) => panic!("{body}\n gave {said:?}, not {expected:?}"),
    }
}

impl Refused {
    /// A body that is wrong.
    pub(crate) fn new(message: impl Into<String>) -> Refused {
        Refused { status: StatusCode::BAD_REQUEST, message: message.into(), param: None, code: None }
    }

    pub(crate) fn at(self, param: &str) -> Refused {
        Refused { param: Some(param.to_owned()), ..self }
    }

    pub(crate) fn code(self, code: &'static str) -> Refused {
        Refused { code: Some(code), ..self }
    }

    pub(crate) fn status(self, status: StatusCode) -> Refused {
        Refused { status, ..self }
    }
}
