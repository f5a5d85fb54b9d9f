//! Slack's Web API, as far as a bot posts messages and reads them again. It takes no idempotency key: the same message
//! twice is two messages. It refuses with 200 and `{"ok":false}`; its rate limit alone has a status. Unlike the real one,
//! a history shows a message at once.
//! Shapes: <https://docs.slack.dev/reference/methods/chat.postMessage>, `…/conversations.history`,
//! `…/conversations.replies`.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use crate::endpoint::{
    Class, Endpoint, Refusal, Reply, Request, credential, has_content_type, parameter, query, segments,
};
use crate::service::Access;

/// The channel that there is without a seed.
const CHANNEL: &str = "C0FRONTDESK";
const BOT: &str = "U0ASSISTANT";
const TEXT_CHARS_MAX: usize = 40_000;
const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 999;

#[derive(Clone)]
pub(crate) struct Slack {
    token: String,
    /// The messages of each channel that the bot is in, oldest first.
    channels: BTreeMap<String, Vec<Message>>,
}

#[derive(Clone)]
struct Message {
    /// In microseconds since the Unix epoch; unique in its channel.
    at: u64,
    /// Of the message that began the thread, where it is a reply.
    thread: Option<u64>,
    text: String,
    metadata: Option<Value>,
}

/// Slack's word for what is wrong.
type Answer = Result<Value, String>;

impl Slack {
    pub(crate) fn new(token: String) -> Slack {
        Slack { token, channels: BTreeMap::from([(CHANNEL.to_owned(), Vec::new())]) }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer {
        match credential(request, "Bearer") {
            None => return Err("not_authed".to_owned()),
            Some(token) if token != self.token => return Err("invalid_auth".to_owned()),
            Some(_) => {}
        }
        let segments = segments(request);
        let [api, method] = segments.as_slice() else { return Err("unknown_method".to_owned()) };
        match (request.method(), api.as_str(), method.as_str()) {
            (&Method::POST, "api", "chat.postMessage") => self.post(request, now_ms),
            (&Method::GET, "api", "conversations.history") => self.history(&query(request)),
            (&Method::GET, "api", "conversations.replies") => self.replies(&query(request)),
            _ => Err("unknown_method".to_owned()),
        }
    }

    fn post(&mut self, request: &Request, now_ms: u64) -> Answer {
        if !has_content_type(request, "application/json") {
            return Err("not_played_but_json".to_owned());
        }
        let draft: Map<String, Value> =
            serde_json::from_slice(request.body()).map_err(|_| "invalid_json".to_owned())?;
        let field = |name: &str| draft.get(name).and_then(Value::as_str);
        let id = field("channel").ok_or("channel_not_found")?.to_owned();
        let messages = self.channels.get_mut(&id).ok_or("channel_not_found")?;
        let text = field("text").filter(|text| !text.is_empty()).ok_or("no_text")?;
        if text.chars().count() > TEXT_CHARS_MAX {
            return Err("msg_too_long".to_owned());
        }
        let metadata = draft.get("metadata").filter(|metadata| !metadata.is_null());
        if let Some(metadata) = metadata
            && !(metadata["event_type"].is_string() && metadata["event_payload"].is_object())
        {
            return Err("invalid_metadata_format".to_owned());
        }
        // A reply to what isn't there begins a thread of its own.
        let thread = match field("thread_ts") {
            None => None,
            Some(ts) => {
                let ts = micros(ts).ok_or("invalid_arguments")?;
                messages.iter().find(|message| message.at == ts).map(|message| message.thread.unwrap_or(ts))
            }
        };
        let next = messages.last().map_or(0, |last| last.at + 1);
        let message = Message {
            at: now_ms.saturating_mul(1_000).max(next),
            thread,
            text: text.to_owned(),
            metadata: metadata.cloned(),
        };
        messages.push(message.clone());
        Ok(json!({ "channel": id, "ts": ts(message.at), "message": message.shown(false) }))
    }

    /// What is said in a channel, without replies, newest first.
    fn history(&self, query: &[(String, String)]) -> Answer {
        let messages = self.channel(query)?;
        page(messages.iter().rev().filter(|message| message.thread.is_none()), query)
    }

    /// A thread: what began it, and its replies, oldest first.
    fn replies(&self, query: &[(String, String)]) -> Answer {
        let messages = self.channel(query)?;
        let root = parameter(query, "ts").and_then(micros).ok_or("thread_not_found")?;
        if !messages.iter().any(|message| message.at == root) {
            return Err("thread_not_found".to_owned());
        }
        page(messages.iter().filter(|message| message.at == root || message.thread == Some(root)), query)
    }

    fn channel(&self, query: &[(String, String)]) -> Result<&Vec<Message>, String> {
        let found = parameter(query, "channel").and_then(|id| self.channels.get(id));
        found.ok_or_else(|| "channel_not_found".to_owned())
    }
}

/// The messages that a query wants, as far as they are on one page.
fn page<'a>(messages: impl Iterator<Item = &'a Message>, query: &[(String, String)]) -> Answer {
    let flag = |name: &str| matches!(parameter(query, name), Some("true" | "1"));
    let bound = |name: &str| match parameter(query, name) {
        None => Ok(None),
        Some(text) => micros(text).map(Some).ok_or(format!("invalid_ts_{name}")),
    };
    let number = |name: &str, default: usize| match parameter(query, name) {
        None | Some("") => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| format!("invalid_{name}")),
    };
    let (oldest, latest) = (bound("oldest")?, bound("latest")?);
    let within = |at: u64| {
        let inclusive = flag("inclusive");
        oldest.is_none_or(|oldest| at > oldest || inclusive && at == oldest)
            && latest.is_none_or(|latest| at < latest || inclusive && at == latest)
    };
    let start = number("cursor", 0)?;
    let limit = number("limit", LIMIT_DEFAULT)?.clamp(1, LIMIT_MAX);
    let fitting: Vec<&Message> = messages.filter(|message| within(message.at)).collect();
    let next = start.saturating_add(limit);
    let more = next < fitting.len();
    let shown: Vec<Value> =
        fitting.iter().skip(start).take(limit).map(|message| message.shown(flag("include_all_metadata"))).collect();
    let cursor = if more { next.to_string() } else { String::new() };
    Ok(json!({ "messages": shown, "has_more": more, "response_metadata": { "next_cursor": cursor } }))
}

impl Message {
    /// The payload of its metadata is shown to those who ask for it.
    fn shown(&self, with_payload: bool) -> Value {
        let mut shown = json!({ "type": "message", "user": BOT, "text": self.text, "ts": ts(self.at) });
        if let Some(thread) = self.thread {
            shown["thread_ts"] = ts(thread).into();
        }
        if let Some(metadata) = &self.metadata {
            shown["metadata"] = match with_payload {
                true => metadata.clone(),
                false => json!({ "event_type": metadata["event_type"] }),
            };
        }
        shown
    }
}

impl Endpoint for Slack {
    fn classify(&self, request: &Request) -> Class {
        let reads = request.method() == Method::GET;
        Class { access: if reads { Access::Read } else { Access::Write }, turn: None }
    }

    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        match self.route(request, now_ms) {
            Ok(mut answer) => {
                answer["ok"] = true.into();
                Reply::json(StatusCode::OK, &answer)
            }
            Err(error) => refused(StatusCode::OK, &error),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let error = match refusal {
            Refusal::TooLarge => "request_too_large",
            Refusal::TooMany => "ratelimited",
            Refusal::Internal => "internal_error",
        };
        refused(refusal.status(), error)
    }

    fn records(&self) -> Value {
        let of = |(id, messages): (&String, &Vec<Message>)| {
            messages
                .iter()
                .map(|message| {
                    let mut record = message.shown(true);
                    record["channel"] = id.as_str().into();
                    record
                })
                .collect::<Vec<_>>()
        };
        json!({ "messages": self.channels.iter().flat_map(of).collect::<Vec<_>>() })
    }

    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        let ids = Vec::<String>::deserialize(&seed["channels"]).map_err(|error| format!("channels: {error}"))?;
        self.channels = ids.into_iter().map(|id| (id, Vec::new())).collect();
        Ok(())
    }
}

fn refused(status: StatusCode, error: &str) -> Reply {
    Reply::json(status, &json!({ "ok": false, "error": error })).noted(error.to_owned())
}

/// `1503435956.000247`
fn ts(at: u64) -> String {
    format!("{}.{:06}", at / 1_000_000, at % 1_000_000)
}

fn micros(ts: &str) -> Option<u64> {
    let (seconds, micros) = ts.split_once('.').unwrap_or((ts, "0"));
    let micros = format!("{micros:0<6}");
    seconds.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(micros.get(..6)?.parse().ok()?)
}
