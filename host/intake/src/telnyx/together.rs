//! The events of one call, and what its API told of it, as one record.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    event::{self, ENDED, Event},
    insights::Results,
};
use crate::{
    AnalysisState, Error, Notice,
    document::{self, Tree},
    facts, together,
};

/// What is kept of a call, and read by [`parse`](super::parse).
#[derive(Serialize)]
struct Kept {
    event: Value,
    /// Who called whom, where the event doesn't tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    insights: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Value>,
}

/// What an event says of a call that is over.
pub(crate) fn notice(payload: &[u8]) -> Result<Notice, Error> {
    let document = document::tree(payload)?;
    let (webhook, place) = super::webhook(&document);
    let told = event::read(webhook, place)?;
    let (inner, place) = event::inside(webhook, place);
    let (conversation, call, assistant, analysis) = match told {
        Event::Ended { conversation, call, assistant, .. } => {
            (Some(conversation), call, assistant, AnalysisState::ToCome)
        }
        Event::Insights { conversation, call, assistant, .. } => (conversation, call, assistant, AnalysisState::Here),
    };
    if conversation.is_none() && call.is_none() {
        let why = "the event doesn't name its call: send it as Telnyx delivers it";
        return Err(Error::at(format!("{place}/payload/call_control_id"), why));
    }
    conversation.iter().chain(&call).try_for_each(|id| facts::identifier(id))?;
    Ok(Notice {
        conversation,
        call,
        event: inner.text(&["/event_type"]).unwrap_or_default(),
        has_history: document.get("messages").is_some_and(Value::is_array),
        analysis: match document.get("insights").and_then(Value::as_array) {
            Some(insights) if !insights.is_empty() => AnalysisState::Here,
            _ => analysis,
        },
        assistant,
    })
}

/// Puts events and the gathered record together. See [`Form::together`](crate::Form::together).
pub(crate) fn together(events: &[&[u8]], gathered: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    let record = gathered.map(document::tree).transpose()?.unwrap_or(Value::Null);
    let mut told = Told::default();
    told.keep(&record);
    told.name(Tree(&record).text(&["/conversation/id"]))?;
    let mut refused = None;
    for payload in events {
        match document::tree(payload).and_then(read) {
            Ok((document, event)) => told.add(&document, event)?,
            Err(error) => refused = Some(error),
        }
    }
    if told.ended.is_none() && told.insights.is_none() && gathered.is_none() {
        return Err(refused.unwrap_or_else(together::nothing));
    }
    let conversation = record.get("conversation").unwrap_or(&Value::Null);
    let (event, direction) = match told.ended {
        Some(event) => {
            let direction = direction(&event, Tree(conversation));
            (event, direction)
        }
        None => (stand_in(told.conversation, told.insights.as_ref(), Tree(conversation))?, None),
    };
    let kept = Kept { event, direction, insights: told.results.kept(), messages: told.messages };
    Ok(serde_json::to_vec(&kept).expect("a tree serialises"))
}

/// An event, or a record that was kept of one, and what it says.
fn read(document: Value) -> Result<(Value, Event), Error> {
    let (webhook, place) = super::webhook(&document);
    let event = event::read(webhook, place)?;
    Ok((document, event))
}

/// What was told so far.
#[derive(Default)]
struct Told {
    conversation: Option<String>,
    /// The last event that says the call is over.
    ended: Option<Value>,
    /// The last event with what Telnyx made of it.
    insights: Option<Value>,
    results: Results,
    messages: Option<Value>,
}

impl Told {
    fn add(&mut self, document: &Value, event: Event) -> Result<(), Error> {
        let (webhook, _) = super::webhook(document);
        match event {
            Event::Ended { conversation, .. } => {
                self.name(Some(conversation))?;
                self.ended = Some(webhook.clone());
            }
            Event::Insights { conversation, results, .. } => {
                self.name(conversation)?;
                results.into_iter().for_each(|made| self.results.add(made));
                self.insights = Some(webhook.clone());
            }
        }
        self.keep(document);
        Ok(())
    }

    /// Takes insights and messages of a record; messages that are there already stay.
    fn keep(&mut self, record: &Value) {
        let results = Tree(record).list(&["/insights"]).iter().filter_map(event::insight);
        results.for_each(|made| self.results.add(made));
        if self.messages.is_none() {
            self.messages = record.get("messages").filter(|messages| messages.is_array()).cloned();
        }
    }

    fn name(&mut self, conversation: Option<String>) -> Result<(), Error> {
        match (&self.conversation, conversation) {
            (Some(one), Some(other)) if *one != other => Err(together::two_calls(one, &other)),
            (None, named @ Some(_)) => {
                self.conversation = named;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Who called whom: the API says which of an event's two addresses is the person's.
/// Source: Telnyx' page on how conversations are keyed (`telnyx_end_user_target`).
fn direction(event: &Value, conversation: Tree<'_>) -> Option<&'static str> {
    let (event, _) = event::inside(event, "");
    let person = conversation.text(&["/metadata/telnyx_end_user_target"])?;
    let is_person = |place| event.text(&[place]).is_some_and(|address| address == person);
    match (is_person("/payload/from"), is_person("/payload/to")) {
        (true, false) => Some("inbound"),
        (false, true) => Some("outbound"),
        _ => None,
    }
}

/// An event in the place of one that never came: made of the insights' event and of the conversation as the API tells it.
/// Which of the two addresses called is told by neither, so the person's stands first, and there is no direction. A call
/// ended with its last message, as far as is known.
fn stand_in(id: Option<String>, insights: Option<&Value>, conversation: Tree<'_>) -> Result<Value, Error> {
    let Some(id) = id else {
        let why = "nothing names the call's conversation: gather its record, by its call control identifier";
        return Err(Error::at("/conversation/id", why));
    };
    let (event, _) = insights.map_or((Tree(&Value::Null), String::new()), |event| event::inside(event, ""));
    let inner = |place| event.value(&[place]).and_then(Value::as_object).into_iter().flatten();
    let told = inner("/payload/metadata").chain(inner("/payload")).filter(|(_, value)| !value.is_null());
    let mut payload: Map<String, Value> = told.map(|(key, value)| (key.clone(), value.clone())).collect();
    for key in ["results", "metadata"] {
        payload.remove(key);
    }
    let (began, ended) = (conversation.instant(&["/created_at"]), conversation.instant(&["/last_message_at"]));
    let told = [
        ("conversation_id", Some(json!(id))),
        ("assistant_id", conversation.text(&["/metadata/assistant_id"]).map(Value::from)),
        ("call_control_id", conversation.text(&["/metadata/call_control_id"]).map(Value::from)),
        ("from", conversation.text(&["/metadata/telnyx_end_user_target"]).map(Value::from)),
        ("to", conversation.text(&["/metadata/telnyx_agent_target"]).map(Value::from)),
        (
            "duration_sec",
            began.zip(ended).map(|(began, ended)| json!(Duration::from_millis(ended.ms_since(began)).as_secs_f64())),
        ),
    ];
    for (key, value) in told {
        if let Some(value) = value {
            payload.entry(key).or_insert(value);
        }
    }
    let ended = conversation.text(&["/last_message_at"]);
    Ok(json!({ "event_type": ENDED, "occurred_at": ended, "payload": payload }))
}
