//! The history, what the model is told, and each turn since, as messages.

use std::{
    collections::{BTreeMap, HashSet},
    iter::Peekable,
};

use aftercall_core::{
    conversation::{Content, Dialect, Role, ToolCall},
    model::{Exchange, Reply, TurnRequest},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::server::{Quirks, Told};
use crate::{
    history::{Group, groups, own, spoken},
    names::{self, Form, Names},
    notes::Notes,
    raw::raw,
};

/// What a function may be called.
const FUNCTION: Form = Form { allowed: names::is_word, first: names::is_word, chars_max: 64, nothing: "unnamed" };

/// What a call may be called: OpenAI refuses a longer identifier (<https://github.com/langgenius/dify/issues/28987>).
const CALL: Form = Form { allowed: |_| true, first: |_| true, chars_max: 40, nothing: "call" };

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Message<'a> {
    System {
        content: String,
    },
    User {
        content: String,
    },
    Assistant {
        content: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call<'a>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: &'a str,
    },
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// All messages of a request.
pub(super) fn messages(request: &TurnRequest<'_>, quirks: &Quirks) -> Vec<Box<RawValue>> {
    let mut written = Written {
        request,
        quirks,
        tools: Names::of_tools(request, &FUNCTION),
        calls: translated_calls(request),
        notes: (quirks.told == Told::User).then(|| Notes::of(request)),
        messages: Vec::new(),
    };
    let mut rest = groups(&request.conversation.items).peekable();
    written.instructions(&mut rest);
    rest.for_each(|group| written.group(group));
    written.tell(request.instruction);
    request.exchanges.iter().for_each(|exchange| written.exchange(exchange));
    written.messages
}

/// The conversation as far as it is written.
struct Written<'a> {
    request: &'a TurnRequest<'a>,
    quirks: &'a Quirks,
    tools: Names<'a>,
    calls: Names<'a>,
    /// How the model is told something by a message of the user, where that is the way.
    notes: Option<Notes>,
    messages: Vec<Box<RawValue>>,
}

impl<'a> Written<'a> {
    /// Where one system message is taken, makes one of those that the history begins with, and says what notes are.
    fn instructions(&mut self, rest: &mut Peekable<impl Iterator<Item = Group<'a>>>) {
        let Some(notes) = &self.notes else { return };
        let mut words = Vec::new();
        while let Some(Content::Message { role: Role::System, text, .. }) =
            rest.peek().map(|group| &group.leader().content)
        {
            words.push(text.clone());
            rest.next();
        }
        words.push(notes.rule());
        self.messages.push(raw(&Message::System { content: words.join("\n\n") }));
    }

    /// Tells the model something that nobody on the line said.
    fn tell(&mut self, words: &str) {
        self.messages.push(raw(&match &self.notes {
            Some(notes) => Message::User { content: notes.note(words) },
            None => Message::System { content: words.to_owned() },
        }));
    }

    /// One message of the history.
    fn group(&mut self, group: Group<'a>) {
        let own = group.own(Dialect::OpenaiChat, self.request.history);
        match (&group.leader().content, own) {
            (Content::Message { role: Role::System, text, .. }, own) => match own.filter(|own| self.is_taken(own)) {
                Some(own) => self.push(own.to_owned()),
                None => self.tell(text),
            },
            (_, Some(own)) => self.push(own.to_owned()),
            (_, None) => self.push(raw(&self.translated(group))),
        }
    }

    /// Whether a system message of the history can go out as it is. Few but OpenAI know the role `developer`.
    fn is_taken(&self, own: &RawValue) -> bool {
        self.notes.is_none() && (self.quirks.is_openai || !is_of(own, "developer"))
    }

    /// One message out of the items that make it up.
    fn translated<'b>(&'b self, group: Group<'b>) -> Message<'b> {
        match &group.leader().content {
            Content::Message { role: Role::System, text, .. } => Message::System { content: text.clone() },
            Content::Message { role: Role::User, text, interrupted } => {
                Message::User { content: spoken(text, *interrupted) }
            }
            Content::ToolResult { call, output, .. } => {
                Message::Tool { tool_call_id: self.calls.of(call), content: output }
            }
            Content::Message { role: Role::Assistant, .. } | Content::ToolCall(_) => {
                let words = |content: &Content| match content {
                    Content::Message { text, interrupted, .. } => Some(spoken(text, *interrupted)),
                    Content::ToolCall(_) | Content::ToolResult { .. } => None,
                };
                let words: Vec<String> = group.contents().filter_map(words).collect();
                let calls = group.contents().filter_map(call_of).map(|call| self.call(call));
                let content = (!words.is_empty()).then(|| words.join("\n"));
                Message::Assistant { content, tool_calls: calls.collect() }
            }
        }
    }

    fn call<'b>(&'b self, call: &'b ToolCall) -> Call<'b> {
        let function = CalledFunction { name: self.tools.of(&call.name), arguments: &call.arguments };
        Call { id: self.calls.of(&call.id), r#type: "function", function }
    }

    /// One turn since.
    fn exchange(&mut self, exchange: &Exchange<'_>) {
        let Reply { text, calls, message, .. } = exchange.reply;
        let own = own(message, Dialect::OpenaiChat);
        let translated = || {
            let tool_calls = calls.iter().map(|call| self.call(call)).collect();
            raw(&Message::Assistant { content: text.clone(), tool_calls })
        };
        self.push(own.map_or_else(translated, ToOwned::to_owned));
        for (call, told) in calls.iter().zip(&exchange.results) {
            self.push(raw(&Message::Tool { tool_call_id: self.calls.of(&call.id), content: &told.text }));
        }
        if let Some(objection) = &exchange.objection {
            self.tell(objection);
        }
    }

    /// Adds a message, as the server takes it: untouched, where it does.
    fn push(&mut self, message: Box<RawValue>) {
        let fitted = fitted(&message, self.quirks);
        self.messages.push(fitted.unwrap_or(message));
    }
}

/// A message with the fields that the server takes and demands. None: it has them.
fn fitted(message: &RawValue, quirks: &Quirks) -> Option<Box<RawValue>> {
    if quirks.fields.is_none() && quirks.demanded.is_none() {
        return None;
    }
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(message.get()).ok()?;
    let count = fields.len();
    if let Some(taken) = quirks.fields {
        fields.retain(|name, _| taken.contains(&name.as_str()));
    }
    let lacks = |name: &str| fields.get(name).is_none_or(|value| matches!(value.get(), "null" | r#""""#));
    match quirks.demanded {
        Some((name, words)) if is_of(message, "assistant") && lacks(name) => {
            fields.insert(name.to_owned(), raw(words));
        }
        _ if fields.len() == count => return None,
        _ => {}
    }
    Some(raw(&fields))
}

/// Whether a message has that role.
fn is_of(message: &RawValue, role: &str) -> bool {
    #[derive(Deserialize)]
    struct Look {
        role: String,
    }
    serde_json::from_str(message.get()).is_ok_and(|look: Look| look.role == role)
}

/// New identifiers for calls that the format refuses. Those in the provider's own bytes stay what they are.
fn translated_calls<'a>(request: &TurnRequest<'a>) -> Names<'a> {
    let (own_groups, groups): (Vec<Group<'a>>, Vec<Group<'a>>) = groups(&request.conversation.items)
        .partition(|group| group.own(Dialect::OpenaiChat, request.history).is_some());
    let is_own = |exchange: &&Exchange<'a>| own(&exchange.reply.message, Dialect::OpenaiChat).is_some();
    let (own_exchanges, exchanges): (Vec<&Exchange<'a>>, Vec<&Exchange<'a>>) =
        request.exchanges.iter().partition(is_own);
    let ids = |groups: Vec<Group<'a>>, exchanges: Vec<&Exchange<'a>>| {
        let live = groups.into_iter().flat_map(Group::contents).filter_map(call_of);
        let since = exchanges.into_iter().flat_map(|exchange| &exchange.reply.calls);
        live.chain(since).map(|call| call.id.as_str()).collect::<Vec<&'a str>>()
    };
    let own: HashSet<&str> = ids(own_groups, own_exchanges).into_iter().collect();
    let translated = ids(groups, exchanges);
    let translated = translated.iter().copied().filter(|id| !own.contains(id));
    Names::new(translated, own.iter().copied(), &CALL)
}

fn call_of(content: &Content) -> Option<&ToolCall> {
    match content {
        Content::ToolCall(call) => Some(call),
        Content::Message { .. } | Content::ToolResult { .. } => None,
    }
}
