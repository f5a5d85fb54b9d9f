//! The messages of a conversation as items.

use std::collections::VecDeque;

use aftercall_core::{
    conversation::{Content, Item, Role, ToolCall},
    time::Timestamp,
};
use serde_json::Value;

use crate::{
    chat,
    document::{self, Tree},
};

/// The name of a tool that a message doesn't name.
const UNNAMED_TOOL: &str = "unnamed_tool";

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
    let mut history = History::default();
    for message in messages {
        history.add(message);
    }
    history.finish()
}

/// A history in the making, with what is needed to find out which call a result answers.
#[derive(Default)]
struct History {
    items: Vec<Item>,
    /// Calls without a result, each with the number of user turns before it.
    open: VecDeque<(usize, String)>,
    user_turns: usize,
    calls: usize,
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
                let words = (!text.is_empty() || calls.is_empty()).then(|| said(Role::Assistant));
                words.into_iter().chain(calls).collect()
            }
            Some("tool") => vec![self.result(tree, text)],
            Some("system" | "developer") => vec![said(Role::System)],
            _ => vec![],
        };
        // What the person on the line lived through is `sent_at`.
        let at = tree.instant(&["/sent_at", "/created_at"]);
        let items = contents.into_iter().enumerate();
        self.items.extend(items.map(|(place, content)| Item { continues: place > 0, ..Item::plain(at, content) }));
    }

    fn call(&mut self, made: &Value) -> Content {
        let made = Tree(made);
        self.calls += 1;
        let id = made.text(&["/id"]).unwrap_or_else(|| format!("telnyx_call_{}", self.calls));
        self.open.push_back((self.user_turns, id.clone()));
        let arguments = made.value(&["/function/arguments", "/arguments"]);
        Content::ToolCall(ToolCall {
            id,
            name: made.text(&["/function/name", "/name"]).unwrap_or_else(|| UNNAMED_TOOL.to_owned()),
            arguments: document::text_of(arguments, "{}"),
        })
    }

    /// A result, which is paired with its call by order where it doesn't name it. Nothing marks one that failed.
    fn result(&mut self, message: Tree<'_>, output: String) -> Content {
        let call = match message.text(&["/tool_call_id", "/metadata/tool_call_id"]) {
            Some(named) => {
                self.open.retain(|(_, id)| *id != named);
                named
            }
            None => self.next_open().unwrap_or_else(|| {
                self.early.push(self.items.len());
                String::new()
            }),
        };
        Content::ToolResult { call, output, is_error: false }
    }

    /// The call that the next result answers: the first open one since the person last spoke. Those before were most
    /// likely given up, so they come last.
    fn next_open(&mut self) -> Option<String> {
        let newest = self.open.back()?.0;
        let place = self.open.iter().position(|(turns, _)| *turns == newest)?;
        self.open.remove(place).map(|(_, id)| id)
    }

    /// Pairs the results that came before their calls with the calls that stayed open.
    fn finish(mut self) -> Vec<Item> {
        for (place, (_, id)) in self.early.into_iter().zip(self.open) {
            if let Some(Item { content: Content::ToolResult { call, .. }, .. }) = self.items.get_mut(place) {
                *call = id;
            }
        }
        self.items
    }
}

/// A message's text; of parts, those that are texts; anything else written down.
fn words(content: &Value) -> String {
    chat::text(content).unwrap_or_else(|| content.to_string())
}
