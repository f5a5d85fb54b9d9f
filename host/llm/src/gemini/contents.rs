//! The turns of a conversation as contents: each has a side and parts, and neighbours of one side are one content.

use serde::Serialize;
use serde_json::value::RawValue;

use aftercall_core::{
    conversation::{Content as Said, Dialect, Role, ToolCall},
    model::{Exchange, History, Reply},
};

use super::part::{Part, parts};
use crate::{
    history::{Group, own, spoken},
    names::Names,
    notes::Notes,
    raw::raw,
};

/// What stands in the place of the provider's seal on a call that it didn't make. Without a seal on the first call of each
/// step, its newest models refuse the request: <https://ai.google.dev/gemini-api/docs/thought-signatures>.
const FOREIGN_SEAL: &str = "skip_thought_signature_validator";

/// What the first turn says where the model spoke first.
const BEGINS: &str = "The conversation begins.";

/// What follows a reply that calls nothing and that nobody objects to, since a turn of the model is to follow one of ours.
const GOES_ON: &str = "Go on.";

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    User,
    Model,
}

/// One content.
#[derive(Serialize)]
pub(super) struct Content {
    role: Side,
    parts: Vec<Box<RawValue>>,
}

/// A part of ours: one of the three.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_response: Option<FunctionResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'static str>,
}

#[derive(Serialize)]
struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    name: &'a str,
    args: Box<RawValue>,
}

#[derive(Serialize)]
struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    name: &'a str,
    response: Response<'a>,
}

/// The two keys that the API reference has for what came of a call. The text stays one, since a number in an object may lose
/// digits on its way (protobuf's `Struct`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Response<'a> {
    Output(&'a str),
    Error(&'a str),
}

/// How a call is named on the wire, which its response repeats.
struct Wire {
    name: String,
    id: Option<String>,
}

/// Contents in the making.
pub(super) struct Contents<'a> {
    list: Vec<Content>,
    names: &'a Names<'a>,
    notes: &'a Notes,
}

/// The parts of the instructions: the words of system messages.
pub(super) fn instructions(groups: &[Group<'_>]) -> Vec<Box<RawValue>> {
    groups.iter().flat_map(|group| group.contents()).filter_map(|content| text(words(content)?)).collect()
}

impl<'a> Contents<'a> {
    pub(super) fn new(names: &'a Names<'a>, notes: &'a Notes) -> Self {
        Self { list: Vec::new(), names, notes }
    }

    /// Adds a history.
    pub(super) fn history(&mut self, groups: &[Group<'_>], history: History) {
        let mut rest = groups;
        while let Some((group, after)) = rest.split_first() {
            rest = after;
            match &group.leader().content {
                Said::Message { role: Role::System, text, .. } => self.note(text),
                Said::Message { role: Role::User, text: said, interrupted } => {
                    let own = group.own(Dialect::Gemini, history).map(parts);
                    self.push(
                        Side::User,
                        own.unwrap_or_else(|| text(spoken(said, *interrupted)).into_iter().collect()),
                    );
                }
                Said::Message { role: Role::Assistant, .. } | Said::ToolCall(_) => {
                    let results =
                        after.iter().take_while(|group| matches!(group.leader().content, Said::ToolResult { .. }));
                    let results: Vec<Group<'_>> = results.copied().collect();
                    rest = after.get(results.len()..).unwrap_or_default();
                    self.step(*group, &results, history);
                }
                // No result stands apart from its call: the repair sees to it.
                Said::ToolResult { .. } => {}
            }
        }
    }

    /// What the model said and called, and what came of it.
    fn step(&mut self, group: Group<'_>, results: &[Group<'_>], history: History) {
        let calls: Vec<&ToolCall> = group.contents().filter_map(call_of).collect();
        let own = group.own(Dialect::Gemini, history).map(parts);
        let mut results = results.to_vec();
        let answers = calls.iter().map(|call| {
            let answers = |group: &Group<'_>| matches!(&group.leader().content, Said::ToolResult { call: id, .. } if *id == call.id);
            results.iter().position(answers).map(|at| results.remove(at))
        });
        let answers: Vec<Option<Group<'_>>> = answers.collect();
        let own_answers: Vec<Option<Vec<Box<RawValue>>>> = answers
            .iter()
            .map(|answer| answer.and_then(|group| group.own(Dialect::Gemini, history)).map(parts))
            .collect();
        let given = own.iter().flatten().filter_map(|part| Wire::of_call(part));
        let mut wires: Vec<Wire> = given.take(calls.len()).collect();
        for (call, answer) in calls.iter().zip(&own_answers).skip(wires.len()) {
            let answered = answer.iter().flatten().find_map(|part| Wire::of_response(part));
            wires.push(answered.unwrap_or_else(|| self.wire(call)));
        }
        self.push(Side::Model, own.unwrap_or_else(|| replied(group.contents(), &wires)));
        for ((answer, own), wire) in answers.iter().zip(own_answers).zip(&wires) {
            let answer = answer.map(|group| &group.leader().content);
            match (own, answer) {
                (Some(own), _) => self.push(Side::User, own),
                (None, Some(Said::ToolResult { output, is_error, .. })) => {
                    self.push(Side::User, vec![response(wire, output, *is_error)])
                }
                _ => {}
            }
        }
    }

    /// Adds an earlier turn of the run.
    pub(super) fn exchange(&mut self, exchange: &Exchange<'_>) {
        let Reply { calls, text: said, message, .. } = exchange.reply;
        let own = own(message, Dialect::Gemini).map(parts);
        let given = own.iter().flatten().filter_map(|part| Wire::of_call(part));
        let mut wires: Vec<Wire> = given.take(calls.len()).collect();
        wires.extend(calls.iter().skip(wires.len()).map(|call| self.wire(call)));
        let translated = || {
            let words = said.as_ref().and_then(|said| text(said.clone())).into_iter();
            words.chain(sealed(calls.iter(), &wires)).collect()
        };
        self.push(Side::Model, own.unwrap_or_else(translated));
        let results = wires.iter().zip(&exchange.results).map(|(wire, told)| response(wire, &told.text, told.is_error));
        self.push(Side::User, results.collect());
        match &exchange.objection {
            Some(words) => self.note(words),
            None if calls.is_empty() => self.note(GOES_ON),
            None => {}
        }
    }

    /// Adds what the model is told by the system that runs it.
    pub(super) fn note(&mut self, words: &str) {
        let note = text(self.notes.note(words));
        self.push(Side::User, note.into_iter().collect());
    }

    /// All of them, of which the first is the user's: before a call the provider insists on that.
    pub(super) fn finish(mut self) -> Vec<Content> {
        if self.list.first().is_some_and(|first| first.role == Side::Model) {
            let begins = text(self.notes.note(BEGINS));
            self.list.insert(0, Content { role: Side::User, parts: begins.into_iter().collect() });
        }
        self.list
    }

    fn push(&mut self, role: Side, parts: Vec<Box<RawValue>>) {
        match self.list.last_mut() {
            _ if parts.is_empty() => {}
            Some(last) if last.role == role => last.parts.extend(parts),
            _ => self.list.push(Content { role, parts }),
        }
    }

    fn wire(&self, call: &ToolCall) -> Wire {
        Wire { name: self.names.of(&call.name).to_owned(), id: Some(call.id.clone()).filter(|id| !id.is_empty()) }
    }
}

impl Wire {
    fn of_call(part: &RawValue) -> Option<Self> {
        let call = Part::read(part)?.function_call?;
        Some(Self { name: call.name, id: call.id })
    }

    fn of_response(part: &RawValue) -> Option<Self> {
        let response = Part::read(part)?.function_response?;
        Some(Self { name: response.name, id: response.id })
    }
}

fn call_of(content: &Said) -> Option<&ToolCall> {
    match content {
        Said::ToolCall(call) => Some(call),
        Said::Message { .. } | Said::ToolResult { .. } => None,
    }
}

fn words(content: &Said) -> Option<String> {
    match content {
        Said::Message { text, interrupted, .. } => Some(spoken(text, *interrupted)),
        Said::ToolCall(_) | Said::ToolResult { .. } => None,
    }
}

/// What a model said and called, in order.
fn replied<'a>(contents: impl Iterator<Item = &'a Said>, wires: &[Wire]) -> Vec<Box<RawValue>> {
    let contents: Vec<&Said> = contents.collect();
    let mut calls = sealed(contents.iter().copied().filter_map(call_of), wires);
    let part = |content: &&Said| match content {
        Said::ToolCall(_) => calls.next(),
        content => words(content).and_then(text),
    };
    contents.iter().filter_map(part).collect()
}

/// The calls of one step, of which the first is sealed.
fn sealed<'a>(calls: impl Iterator<Item = &'a ToolCall>, wires: &[Wire]) -> impl Iterator<Item = Box<RawValue>> {
    calls.zip(wires).enumerate().map(|(index, (call, wire))| {
        let made = FunctionCall { id: wire.id.as_deref(), name: &wire.name, args: arguments(&call.arguments) };
        let thought_signature = (index == 0).then_some(FOREIGN_SEAL);
        raw(&Written { function_call: Some(made), thought_signature, ..Written::default() })
    })
}

/// Arguments as an object. Those that are none are kept as the model wrote them.
fn arguments(text: &str) -> Box<RawValue> {
    let object = serde_json::from_str::<Box<RawValue>>(text).ok().filter(|json| json.get().starts_with('{'));
    let none = text.trim().is_empty();
    object.unwrap_or_else(|| {
        if none { raw(&serde_json::json!({})) } else { raw(&serde_json::json!({ "arguments": text })) }
    })
}

fn response(wire: &Wire, output: &str, is_error: bool) -> Box<RawValue> {
    let response = if is_error { Response::Error(output) } else { Response::Output(output) };
    let answered = FunctionResponse { id: wire.id.as_deref(), name: &wire.name, response };
    raw(&Written { function_response: Some(answered), ..Written::default() })
}

/// A part of words. None: there are none, and the provider refuses such a part.
fn text(words: String) -> Option<Box<RawValue>> {
    (!words.is_empty()).then(|| raw(&Written { text: Some(words), ..Written::default() }))
}
