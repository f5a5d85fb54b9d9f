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
    stream::{Assembly, Stream, cut_off},
};

/// How a reply is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// In one piece, once it is made.
    Whole,
    /// Piece by piece, so that the connection is never silent for long.
    Streamed,
    /// When it is asked for, until it is made.
    Background,
}

/// A wire format.
pub(crate) struct Wire {
    /// The path below the endpoint's base, in segments, for the model of that name on the wire.
    pub(crate) path: fn(model: &str, delivery: Delivery) -> Vec<String>,
    /// What a request for a stream has in its query: a name and a value.
    pub(crate) streamed_query: Option<(&'static str, &'static str)>,
    /// The header that carries the key, and what stands before the key in it.
    pub(crate) key: (HeaderName, &'static str),
    /// Headers that each request carries, their names in lower case.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// The body of one request to the model of that name on the wire.
    pub(crate) body: fn(request: &TurnRequest<'_>, model: &str, delivery: Delivery) -> Result<Vec<u8>, Failure>,
    /// What puts an answer together that comes as a stream.
    pub(crate) assembly: fn() -> Box<dyn Assembly>,
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
    path: |_, _| vec!["chat".to_owned(), "completions".to_owned()],
    streamed_query: None,
    key: (AUTHORIZATION, "Bearer "),
    headers: &[],
    body: |request, model, delivery| openai_chat::body(request, model, delivery, Server::default()),
    assembly: || Box::<openai_chat::Chunks>::default(),
    read: openai_chat::read,
    beyond: openai_chat::beyond,
};

static OPENAI_RESPONSES: Wire = Wire {
    path: |_, _| vec!["responses".to_owned()],
    streamed_query: None,
    key: (AUTHORIZATION, "Bearer "),
    headers: &[],
    body: openai_responses::body,
    assembly: || Box::<openai_responses::Events>::default(),
    read: openai_responses::read,
    beyond: openai_responses::beyond,
};

static ANTHROPIC: Wire = Wire {
    path: |_, _| vec!["messages".to_owned()],
    streamed_query: None,
    key: (HeaderName::from_static("x-api-key"), ""),
    headers: &[("anthropic-version", "2023-06-01")],
    body: anthropic::body,
    assembly: || Box::<anthropic::Events>::default(),
    read: anthropic::read,
    beyond: anthropic::beyond,
};

static GEMINI: Wire = Wire {
    path: gemini::path,
    streamed_query: Some(("alt", "sse")),
    key: (HeaderName::from_static("x-goog-api-key"), ""),
    headers: &[],
    body: |request, model, _| gemini::body(request, model),
    assembly: || Box::<gemini::Answers>::default(),
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
    let delivery = delivery(route);
    match route.dialect {
        Dialect::OpenaiChat => openai_chat::body(request, model, delivery, route.server),
        dialect => (wire(dialect).body)(request, model, delivery),
    }
}

/// How replies come by a route: as it says, else streamed where that is known to lose nothing.
pub(crate) fn delivery(route: &Route) -> Delivery {
    let is_streamed = route.stream.unwrap_or_else(|| match route.dialect {
        Dialect::OpenaiChat => route.server.quirks().streams,
        Dialect::OpenaiResponses | Dialect::Anthropic | Dialect::Gemini => true,
    });
    match route.background {
        true => Delivery::Background,
        false if is_streamed => Delivery::Streamed,
        false => Delivery::Whole,
    }
}

/// Of a history, what no request to that dialect can carry: parts of other providers' own messages that have no
/// translation, and what its record doesn't have as any provider takes it.
pub fn left_out(conversation: &Conversation, to: Dialect) -> Vec<LeftOut> {
    let foreign = beyond(conversation, |dialect| dialect != to).into_iter();
    let foreign =
        foreign.map(|((from, part), times)| LeftOut { part, times, because: Because::Untranslatable { from, to } });
    conversation.left_out.iter().copied().chain(foreign).collect()
}

/// Of a history, what a request to that dialect lacks besides once all of it is written anew, because the provider refused its
/// own messages.
pub fn lost_if_rewritten(conversation: &Conversation, of: Dialect) -> Vec<LeftOut> {
    let own = beyond(conversation, |dialect| dialect == of).into_iter();
    own.map(|((by, part), times)| LeftOut { part, times, because: Because::Refused { by } }).collect()
}

/// What the providers' own messages of a history say that has no translation, and how often, of those in some dialects.
fn beyond(conversation: &Conversation, of: impl Fn(Dialect) -> bool) -> BTreeMap<(Dialect, Part), u32> {
    let mut times = BTreeMap::new();
    for Opaque { dialect, data } in conversation.items.iter().filter_map(|item| item.opaque.as_ref()) {
        if of(*dialect) {
            for part in (wire(*dialect).beyond)(data.raw()) {
                *times.entry((*dialect, part)).or_default() += 1;
            }
        }
    }
    times
}

/// The reply to the turn of that number (from 0) in a provider's answer, as it comes over the wire.
///
/// # Errors
/// There is none in it: the provider refuses, fails, or speaks otherwise than its dialect allows.
pub fn read(dialect: Dialect, status: u16, body: Vec<u8>, turn: usize) -> Result<Reply, Failure> {
    let answer = Answer { route: String::new(), status, retry_after_ms: None, body, key: None };
    (wire(dialect).read)(&answer, turn)
}

/// The same of an answer that comes as a stream of events, in pieces that are cut anywhere.
///
/// # Errors
/// As of [`read`], and the stream ends before the reply does.
pub fn read_streamed<'a>(
    dialect: Dialect,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    turn: usize,
) -> Result<Reply, Failure> {
    let wire = wire(dialect);
    let answer = Answer { route: String::new(), status: 200, retry_after_ms: None, body: Vec::new(), key: None };
    let gathered = Stream::new((wire.assembly)()).gathered(pieces);
    let body = gathered.map_err(|unreadable| unreadable.within(&answer))?.ok_or_else(cut_off)?;
    (wire.read)(&Answer { body, ..answer }, turn)
}

/// Whether a provider's own message has a recording in it.
pub fn has_audio(own: &Opaque) -> bool {
    (wire(own.dialect).beyond)(own.data.raw()).contains(&Part::Audio)
}

/// The body of the request that asks for a turn, in the dialect of the request's model. What a dialect doesn't have is
/// delivered whole.
///
/// # Errors
/// The call's model parameters are no JSON object.
pub fn render(request: &TurnRequest<'_>, delivery: Delivery) -> Result<Vec<u8>, Failure> {
    (wire(request.model.dialect).body)(request, &request.model.model, delivery)
}
