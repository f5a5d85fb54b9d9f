//! The conversation: the instructions, and what was said and done since, in turns.

use aftercall_core::{
    conversation::{Content, Dialect, Role, ToolCall},
    model::{Exchange, TurnRequest},
};
use serde_json::value::RawValue;

use super::{
    calls::{self, Ids},
    turns::{Block, CacheControl, Speaker, Turn, Turns},
};
use crate::{
    history::{Group, groups, own, spoken},
    names::Names,
    notes::Notes,
    raw::raw,
};

/// How often a request may tell the provider to keep what comes up to a place.
const CACHE_CONTROLS_MAX: usize = 4;

/// What the conversation begins with where the assistant spoke first: the provider wants the user to.
const BEGINNING: &str = "The call begins.";

/// What it ends with where the assistant spoke last: newer models refuse to go on with their own words.
const GO_ON: &str = "Go on.";

/// What a tool said that failed without a word: the provider wants words of a failure.
const FAILED: &str = "(it failed and said nothing)";

/// The instructions as blocks, and the turns.
pub(crate) fn transcript(request: &TurnRequest<'_>) -> (Vec<Box<RawValue>>, Turns) {
    let mut rest = groups(&request.conversation.items).peekable();
    let notes = Notes::of(request);
    let mut system = Vec::new();
    while let Some(text) = rest.peek().and_then(instructions) {
        system.push(text);
        rest.next();
    }
    let rule = notes.rule();
    system.push(&rule);
    let system = system.into_iter().filter(|text| !text.trim().is_empty());
    let system = system.map(|text| raw(&Block::Text { text, cache_control: None })).collect();

    let own_ids = own_calls(request).map(|call| call.id.as_str());
    let (names, ids) = (Names::of_tools(request, &calls::NAME), Ids::reserving(own_ids));
    let mut written = Written { request, notes, names, ids, turns: Turns::default() };
    rest.for_each(|group| written.group(group));
    let cache_control = (written.turns.cache_controls() < CACHE_CONTROLS_MAX).then_some(CacheControl::Ephemeral);
    written.note(request.instruction, cache_control);
    request.exchanges.iter().for_each(|exchange| written.exchange(exchange));
    if written.turns.last_speaker() == Some(Speaker::Assistant) {
        written.note(GO_ON, None);
    }
    (system, written.turns)
}

/// The conversation as far as it is written.
struct Written<'a> {
    request: &'a TurnRequest<'a>,
    notes: Notes,
    names: Names<'a>,
    ids: Ids<'a>,
    turns: Turns,
}

impl<'a> Written<'a> {
    fn note(&mut self, words: &str, cache_control: Option<CacheControl>) {
        let text = self.notes.note(words);
        self.turns.add(Speaker::User, &Block::Text { text: &text, cache_control });
    }

    /// One message of the history.
    fn group(&mut self, group: Group<'a>) {
        let own = own_message(group, self.request);
        if self.turns.last_speaker().is_none() && instructions(&group).is_none() && !is_of_user(group) {
            self.note(BEGINNING, None);
        }
        for content in group.contents() {
            match (content, &own) {
                (Content::ToolCall(call), Some(_)) => self.ids.own_call(&call.id),
                (Content::ToolResult { call, .. }, Some(_)) => drop(self.ids.result(call)),
                (Content::Message { .. }, Some(_)) => {}
                (content, None) => self.content(content),
            }
        }
        if let Some(own) = own {
            self.turns.push(own);
        }
    }

    /// One thing said or done, that came in another form.
    fn content(&mut self, content: &'a Content) {
        match content {
            Content::Message { role: Role::System, text, .. } => self.note(text, None),
            Content::Message { role: Role::User, text, interrupted } => {
                self.turns.say(Speaker::User, &spoken(text, *interrupted));
            }
            Content::Message { role: Role::Assistant, text, interrupted } => {
                self.turns.say(Speaker::Assistant, &spoken(text, *interrupted));
            }
            Content::ToolCall(call) => self.call(call),
            Content::ToolResult { call, output, is_error } => self.result(call, output, *is_error),
        }
    }

    fn call(&mut self, call: &'a ToolCall) {
        let (id, name) = (self.ids.call(&call.id), self.names.of(&call.name).to_owned());
        self.turns.add(Speaker::Assistant, &Block::ToolUse { id, name, input: calls::input(&call.arguments) });
    }

    fn result(&mut self, call: &str, output: &str, is_error: bool) {
        let content = match output.trim().is_empty() {
            true => is_error.then_some(FAILED),
            false => Some(output),
        };
        let tool_use_id = self.ids.result(call);
        self.turns.add(Speaker::User, &Block::ToolResult { tool_use_id, content, is_error });
    }

    /// One turn since.
    fn exchange(&mut self, exchange: &'a Exchange<'a>) {
        let reply = exchange.reply;
        match own(&reply.message, Dialect::Anthropic).and_then(Turn::read) {
            Some(own) => {
                reply.calls.iter().for_each(|call| self.ids.own_call(&call.id));
                self.turns.push(own);
            }
            None => {
                self.turns.say(Speaker::Assistant, reply.text.as_deref().unwrap_or_default());
                reply.calls.iter().for_each(|call| self.call(call));
            }
        }
        for (call, told) in reply.calls.iter().zip(&exchange.results) {
            self.result(&call.id, &told.text, told.is_error);
        }
        if let Some(objection) = &exchange.objection {
            self.note(objection, None);
        }
    }
}

/// The words of a message that is an instruction.
fn instructions<'a>(group: &Group<'a>) -> Option<&'a str> {
    match &group.leader().content {
        Content::Message { role: Role::System, text, .. } => Some(text),
        Content::Message { .. } | Content::ToolCall(_) | Content::ToolResult { .. } => None,
    }
}

fn is_of_user(group: Group<'_>) -> bool {
    matches!(&group.leader().content, Content::Message { role: Role::User, .. })
}

fn own_message(group: Group<'_>, request: &TurnRequest<'_>) -> Option<Turn> {
    group.own(Dialect::Anthropic, request.history).and_then(Turn::read)
}

/// The calls that are in the provider's own bytes.
fn own_calls<'a>(request: &TurnRequest<'a>) -> impl Iterator<Item = &'a ToolCall> {
    let own_groups = groups(&request.conversation.items).filter(|group| own_message(*group, request).is_some());
    let of_history = own_groups.flat_map(Group::contents).filter_map(|content| match content {
        Content::ToolCall(call) => Some(call),
        Content::Message { .. } | Content::ToolResult { .. } => None,
    });
    let own_replies = request.exchanges.iter().map(|exchange| exchange.reply);
    let own_replies = own_replies.filter(|reply| own(&reply.message, Dialect::Anthropic).is_some());
    of_history.chain(own_replies.flat_map(|reply| &reply.calls))
}
