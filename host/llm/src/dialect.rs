//! What each wire format is, in one shape: where a request goes, how it is shown a key, what it says, and how the
//! answer is read.

use std::collections::BTreeMap;

use aftercall_core::{
    conversation::{Conversation, Dialect, Opaque},
    left_out::{Because, LeftOut, Part},
    model::{Failure, Reply, TurnRequest},
};
use reqwest::header::{AUTHORIZATION, HeaderName};
use serde_json::value::RawValue;

use crate::{
    answer::Answer,
    anthropic, gemini,
    openai_chat::{self, Server},
    openai_responses,
    route::Route,
};

/// A wire format.
pub(crate) struct Wire {
    /// The path below the endpoint's base, in segments, for the model of that name on the wire.
    pub(crate) path: fn(model: &str) -> Vec<String>,
    /// The header that carries the key, and what stands before the key in it.
    pub(crate) key: (HeaderName, &'static str),
    /// Headers that each request carries, their names in lower case.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// The body of one request to the model of that name on the wire.
    pub(crate) body: fn(request: &TurnRequest<'_>, model: &str) -> Result<Vec<u8>, Failure>,
    /// The reply to the turn of that number (from 0), or why there is none.
    pub(crate) read: fn(answer: &Answer, turn: usize) -> Result<Reply, Failure>,
    /// What an opaque of this format says beyond the words, calls and results that are kept beside it, each as often as it
    /// is there. None of it can be carried into another format.
    pub(crate) beyond: fn(opaque: &RawValue) -> Vec<Part>,
}

/// The format of that name.
pub(crate) fn wire(dialect: Dialect) -> &'static Wire {
    match dialect {
        Dialect::OpenaiChat => &OPENAI_CHAT,
        Dialect::OpenaiResponses => &OPENAI_RESPONSES,
        Dialect::Anthropic => &ANTHROPIC,
        Dialect::Gemini => &GEMINI,
    }
}

static OPENAI_CHAT: Wire = Wire {
    path: |_| vec!["chat".to_owned(), "completions".to_owned()],
    key: (AUTHORIZATION, "Bearer "),
    headers: &[],
    body: |request, model| openai_chat::body(request, model, Server::default()),
    read: openai_chat::read,
    beyond: openai_chat::beyond,
};

static OPENAI_RESPONSES: Wire = Wire {
    path: |_| vec!["responses".to_owned()],
    key: (AUTHORIZATION, "Bearer "),
    headers: &[],
    body: openai_responses::body,
    read: openai_responses::read,
    beyond: openai_responses::beyond,
};

static ANTHROPIC: Wire = Wire {
    path: |_| vec!["messages".to_owned()],
    key: (HeaderName::from_static("x-api-key"), ""),
    headers: &[("anthropic-version", "2023-06-01")],
    body: anthropic::body,
    read: anthropic::read,
    beyond: anthropic::beyond,
};

static GEMINI: Wire = Wire {
    path: gemini::path,
    key: (HeaderName::from_static("x-goog-api-key"), ""),
    headers: &[],
    body: gemini::body,
    read: gemini::read,
    beyond: gemini::beyond,
};

/// The header that carries a route's key, and what stands before the key in it.
pub(crate) fn key_header(route: &Route) -> &'static (HeaderName, &'static str) {
    match route.dialect {
        Dialect::OpenaiChat => &route.server.quirks().key,
        dialect => &wire(dialect).key,
    }
}

/// The body of one request by a route to the model of that name on the wire.
pub(crate) fn body(route: &Route, request: &TurnRequest<'_>, model: &str) -> Result<Vec<u8>, Failure> {
    match route.dialect {
        Dialect::OpenaiChat => openai_chat::body(request, model, route.server),
        dialect => (wire(dialect).body)(request, model),
    }
}

/// What writes the body of one request.
pub(crate) type Body = fn(request: &TurnRequest<'_>, model: &str) -> Result<Vec<u8>, Failure>;

/// What writes the body of a request whose reply is made in the background. None: the format has no such.
pub(crate) fn background(dialect: Dialect) -> Option<Body> {
    match dialect {
        Dialect::OpenaiResponses => Some(openai_responses::background_body),
        Dialect::OpenaiChat | Dialect::Anthropic | Dialect::Gemini => None,
    }
}

/// Of a history, what no request to that dialect can carry: parts of other providers' own messages that have no
/// translation.
pub fn left_out(conversation: &Conversation, to: Dialect) -> Vec<LeftOut> {
    let mut times: BTreeMap<(Dialect, Part), u32> = BTreeMap::new();
    let foreign = conversation.items.iter().filter_map(|item| item.opaque.as_ref()).filter(|own| own.dialect != to);
    for Opaque { dialect, data } in foreign {
        for part in (wire(*dialect).beyond)(&data.raw()) {
            *times.entry((*dialect, part)).or_default() += 1;
        }
    }
    let left_out = |((from, part), times)| LeftOut { part, times, because: Because::Untranslatable { from, to } };
    times.into_iter().map(left_out).collect()
}

/// The reply to the turn of that number (from 0) in a provider's answer, as it comes over the wire.
///
/// # Errors
/// There is none in it: the provider refuses, fails, or speaks otherwise than its dialect allows.
pub fn read(dialect: Dialect, status: u16, body: Vec<u8>, turn: usize) -> Result<Reply, Failure> {
    let answer = Answer { route: String::new(), status, retry_after_ms: None, body, key: None };
    (wire(dialect).read)(&answer, turn)
}

/// Whether a provider's own message has a recording in it.
pub fn has_audio(own: &Opaque) -> bool {
    (wire(own.dialect).beyond)(&own.data.raw()).contains(&Part::Audio)
}

/// The body of the request that asks for a turn, in the dialect of the request's model.
///
/// # Errors
/// The call's model parameters are no JSON object.
pub fn render(request: &TurnRequest<'_>) -> Result<Vec<u8>, Failure> {
    (wire(request.model.dialect).body)(request, &request.model.model)
}
