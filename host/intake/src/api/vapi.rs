//! Vapi's API: `GET /call`, `GET /call/{id}`, and for what a call object names but doesn't have, `GET /assistant/{id}` and
//! `GET /phone-number/{id}`. A call object has in itself what a report has beside it.
//!
//! An assistant is as it is now: if it was changed since the call, a report would have told another.
//! Source: Vapi's SDK (`types/Call`, `ListCallsRequest`) and its API reference.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::{
    Ask, Span, escaped,
    list::{self, Listed, Lister, Page},
    refused, with_query,
};
use crate::{
    Error, Form,
    document::{self, Tree},
    vapi::END_OF_CALL,
};

/// Calls of a page, each with all that was said: a page must stay smaller than
/// [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX). Vapi gives 100 unasked.
const PAGE_CALLS: usize = 25;

/// What a report has beside its call.
const BESIDE: [&str; 10] = [
    "artifact",
    "analysis",
    "messages",
    "summary",
    "assistant",
    "phoneNumber",
    "customer",
    "startedAt",
    "endedAt",
    "endedReason",
];

/// The call, then what it names.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    id: String,
    call: Option<Value>,
    named: VecDeque<Named>,
}

/// Something that a call object names.
#[derive(Debug, Clone)]
enum Named {
    Assistant(String),
    PhoneNumber(String),
}

impl Steps {
    pub(super) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), call: None, named: VecDeque::new() }
    }

    pub(super) fn next(&self) -> Ask {
        Ask::get(match self.named.front() {
            Some(Named::Assistant(id)) => format!("/assistant/{}", escaped(id)),
            Some(Named::PhoneNumber(id)) => format!("/phone-number/{}", escaped(id)),
            None => format!("/call/{}", escaped(&self.id)),
        })
    }

    /// What a call names may be gone: the call is told without it.
    pub(super) fn answered(&mut self, answer: &Value) -> Result<Option<Vec<u8>>, Error> {
        match (self.named.pop_front(), &mut self.call) {
            (Some(Named::Assistant(id)), Some(call)) if answer["id"] == json!(id) => {
                call["assistant"] = assistant(answer, call);
            }
            (Some(Named::PhoneNumber(id)), Some(call)) if answer["id"] == json!(id) => {
                call["phoneNumber"] = parts(answer, &["id", "number", "sipUri", "provider"]);
            }
            (Some(_), _) => {}
            (None, call) => {
                if Tree(answer).text(&["/id"]).is_none() || !answer.is_object() {
                    return Err(refused(Form::Vapi, "the call", answer));
                }
                if let Some(status) = under_way(Tree(answer)) {
                    return Err(Error::UnderWay { place: "/status".to_owned(), status });
                }
                self.named = lacking(Tree(answer));
                *call = Some(answer.clone());
            }
        }
        Ok(self.record())
    }

    /// Goes on without what a call names. False: nothing is asked for but the call.
    pub(super) fn without(&mut self) -> bool {
        self.named.pop_front().is_some()
    }

    /// None: there is more to ask.
    pub(super) fn record(&self) -> Option<Vec<u8>> {
        self.call.clone().filter(|_| self.named.is_empty()).map(record)
    }
}

/// What a call object names and doesn't have.
fn lacking(call: Tree<'_>) -> VecDeque<Named> {
    let assistant = call.text(&["/assistantId"]).filter(|_| call.object(&["/assistant"]).is_none());
    let number = call.text(&["/phoneNumberId"]).filter(|_| call.text(&["/phoneNumber/number"]).is_none());
    assistant.map(Named::Assistant).into_iter().chain(number.map(Named::PhoneNumber)).collect()
}

/// Of an assistant, what is read of it, as it was overridden for the call. Not its servers, which have secrets.
fn assistant(assistant: &Value, call: &Value) -> Value {
    const MODEL: [&str; 7] = ["provider", "model", "messages", "temperature", "topP", "maxTokens", "reasoningEffort"];
    let overridden = call.pointer("/assistantOverrides/model").filter(|model| model.is_object());
    let model = overridden.unwrap_or(&assistant["model"]);
    let tools = Tree(model).list(&["/tools"]).iter();
    let tools = tools.map(|tool| json!({ "type": tool["type"], "function": parts(&tool["function"], &["name"]) }));
    let mut told = parts(assistant, &["id", "name"]);
    told["model"] = parts(model, &MODEL);
    told["model"]["tools"] = tools.collect();
    told
}

/// Some fields of an object.
fn parts(object: &Value, keys: &[&str]) -> Value {
    let part = |key: &&str| Some(((*key).to_owned(), object.get(key)?.clone()));
    Value::Object(keys.iter().filter_map(part).collect())
}

/// The status of a call that isn't over.
fn under_way(call: Tree<'_>) -> Option<String> {
    let status = call.text(&["/status"])?;
    matches!(status.as_str(), "scheduled" | "queued" | "ringing" | "in-progress" | "forwarding").then_some(status)
}

/// A call object as the report that would have told it.
fn record(mut call: Value) -> Vec<u8> {
    let mut report = Map::from_iter([("type".to_owned(), json!(END_OF_CALL))]);
    if let Some(call) = call.as_object_mut() {
        report.extend(BESIDE.iter().filter_map(|key| call.remove_entry(*key)));
    }
    report.insert("call".to_owned(), call);
    serde_json::to_vec(&json!({ "message": report })).expect("a tree serialises")
}

pub(super) const LISTER: Lister = Lister { ask, read };

/// A call that ended in the span was changed since it began. Vapi gives the newest first.
fn ask(span: Span, cursor: Option<&str>) -> Ask {
    let mut query = vec![("updatedAtGe", document::written(span.since)), ("limit", PAGE_CALLS.to_string())];
    query.extend(cursor.map(|cursor| ("createdAtLe", cursor.to_owned())));
    Ask::get(with_query("/call", &query))
}

fn read(_: Span, cursor: Option<&str>, answer: &Value) -> Result<Page, Error> {
    let Some(calls) = answer.as_array() else { return Err(refused(Form::Vapi, "the calls", answer)) };
    let times: Vec<String> = calls.iter().filter_map(|call| Tree(call).text(&["/createdAt"])).collect();
    let instants: Vec<_> = times.iter().map(|time| document::instant(time)).collect();
    if !instants.is_sorted_by(|one, other| one >= other) {
        return Err(Error::at(
            "/0/createdAt",
            "the calls don't stand newest first, so nothing tells which are missing",
        ));
    }
    let next = if calls.len() < PAGE_CALLS { None } else { list::after(cursor, &times, PAGE_CALLS)? };
    Ok(Page { calls: calls.iter().filter_map(listed).collect(), next })
}

fn listed(call: &Value) -> Option<Listed> {
    let tree = Tree(call);
    let is_over = tree.text(&["/status"]).as_deref() == Some("ended") || tree.text(&["/endedAt"]).is_some();
    let conversation = tree.text(&["/id"]).filter(|_| is_over && under_way(tree).is_none())?;
    let payload = lacking(tree).is_empty().then(|| record(call.clone()));
    Some(Listed { conversation, ended_at: tree.instant(&["/endedAt"]), payload })
}
