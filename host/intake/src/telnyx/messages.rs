//! The messages of a conversation as items.

use std::collections::{HashSet, VecDeque};

use aftercall_core::{
    conversation::{Content, Item, Role, ToolCall},
    time::Timestamp,
};
use serde_json::Value;

use crate::{
    chat,
    document::{self, Tree},
};

/// Where a result names its call, which Telnyx' published type has no field for.
const ANSWERED: [&str; 2] = ["/tool_call_id", "/metadata/tool_call_id"];

/// When a message was made. It is spoken later, or never.
pub(super) fn created_at(message: &Value) -> Option<Timestamp> {
    Tree(message).instant(&["/created_at", "/sent_at"])
}

/// Whether messages stand the wrong way round. Telnyx says nothing of their order; users tell that its API gives the
/// newest first.
pub(super) fn is_newest_first(times: impl DoubleEndedIterator<Item = Option<Timestamp>> + Clone) -> bool {
    let first = times.clone().flatten().next();
    let last = times.rev().flatten().next();
    first > last
}

/// The history that messages tell, whichever way round they stand.
pub(super) fn items(messages: &[Value]) -> Vec<Item> {
    let mut messages: Vec<&Value> = messages.iter().collect();
    if is_newest_first(messages.iter().map(|message| created_at(message))) {
        messages.reverse();
    }
    let answered = messages.iter().filter_map(|message| Tree(message).text(&ANSWERED)).collect();
    let mut history = History { answered, ..History::default() };
    for message in messages {
        history.add(message);
    }
    let mut items = history.finish();
    document::name_calls(&mut items, []);
    items
}

/// A history in the making, with what is needed to find out which call a result answers.
#[derive(Default)]
struct History {
    items: Vec<Item>,
    /// The calls that results name, wherever these stand: no other result answers them.
    answered: HashSet<String>,
    /// The places of calls without a result, by the number of user turns before them.
    open: Vec<(usize, VecDeque<usize>)>,
    user_turns: usize,
    calls: usize,
    /// The places of results since the last call that don't name theirs.
    waiting: Vec<usize>,
    /// The places of results that no call was open for.
    early: Vec<usize>,
}

impl History {
    /// A message of no known role is nothing that was said.
    fn add(&mut self, message: &Value) {
        let tree = Tree(message);
        let text = tree.value(&["/text", "/content"]).map_or_else(String::new, words);
        let said = |role| Content::Message { role, text: text.clone(), interrupted: false };
        let contents = match message.get("role").and_then(Value::as_str) {
            Some("user") => {
                self.user_turns += 1;
                vec![said(Role::User)]
            }
            Some("assistant") => {
                let calls: Vec<Content> = tree.list(&["/tool_calls"]).iter().map(|made| self.call(made)).collect();
                if !calls.is_empty() {
                    self.pair();
                }
                let words = (!text.is_empty() || calls.is_empty()).then(|| said(Role::Assistant));
                words.into_iter().chain(calls).collect()
            }
            // Nothing marks a result of a tool that failed.
            Some("tool") => {
                let call = tree.text(&ANSWERED).unwrap_or_default();
                vec![Content::ToolResult { call, output: text, is_error: false }]
            }
            Some("system" | "developer") => vec![said(Role::System)],
            _ => vec![],
        };
        // What the person on the line lived through is `sent_at`.
        let at = tree.instant(&["/sent_at", "/created_at"]);
        for (place, content) in contents.into_iter().enumerate() {
            self.note(&content);
            self.items.push(Item { continues: place > 0, ..Item::plain(at, content) });
        }
    }

    fn call(&mut self, made: &Value) -> Content {
        let made = Tree(made);
        self.calls += 1;
        Content::ToolCall(ToolCall {
            id: made.text(&["/id"]).unwrap_or_else(|| format!("telnyx_call_{}", self.calls)),
            name: made.text(&["/function/name", "/name"]).unwrap_or_default(),
            arguments: document::text_of(made.value(&["/function/arguments", "/arguments"]), "{}"),
        })
    }

    /// Keeps the place of the next item, where it is a call without a result or a result without a call.
    fn note(&mut self, content: &Content) {
        let place = self.items.len();
        match content {
            Content::ToolCall(call) if !self.answered.contains(&call.id) => match self.open.last_mut() {
                Some((turns, calls)) if *turns == self.user_turns => calls.push_back(place),
                _ => self.open.push((self.user_turns, VecDeque::from([place]))),
            },
            Content::ToolResult { call, .. } if call.is_empty() => self.waiting.push(place),
            Content::Message { .. } | Content::ToolCall(_) | Content::ToolResult { .. } => {}
        }
    }

    /// Pairs the results since the last call with the open calls, both in their order.
    ///
    /// Of fewer results than open calls nothing tells which calls they answer. It is a guess that the calls before the
    /// person last spoke were given up: those of the newest turn come first, and in each turn the first calls.
    fn pair(&mut self) {
        let mut answered = Vec::new();
        while answered.len() < self.waiting.len() {
            let Some((_, calls)) = self.open.last_mut() else { break };
            match calls.pop_front() {
                Some(place) => answered.push(place),
                None => drop(self.open.pop()),
            }
        }
        answered.sort_unstable();
        let mut results = std::mem::take(&mut self.waiting).into_iter();
        answered.into_iter().zip(results.by_ref()).for_each(|(call, result)| self.answer(call, result));
        self.early.extend(results);
    }

    /// Gives the result at one place the call at another.
    fn answer(&mut self, call: usize, result: usize) {
        let Some(Content::ToolCall(ToolCall { id, .. })) = self.items.get(call).map(|item| &item.content) else {
            return;
        };
        let id = id.clone();
        if let Some(Item { content: Content::ToolResult { call, .. }, .. }) = self.items.get_mut(result) {
            *call = id;
        }
    }

    /// Pairs the results that came before their calls with the calls that stayed open.
    fn finish(mut self) -> Vec<Item> {
        self.pair();
        let open = std::mem::take(&mut self.open).into_iter().flat_map(|(_, calls)| calls);
        let early = std::mem::take(&mut self.early);
        early.into_iter().zip(open).for_each(|(result, call)| self.answer(call, result));
        self.items
    }
}

/// A message's text; of parts, those that are texts; anything else written down.
fn words(content: &Value) -> String {
    chat::text(content).unwrap_or_else(|| content.to_string())
}
