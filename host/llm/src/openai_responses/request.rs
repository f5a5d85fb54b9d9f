//! What goes out.

use std::collections::HashSet;

use aftercall_core::{
    conversation::{Content, Dialect, Role, ToolCall},
    model::{Exchange, Failure, Offer, TurnRequest},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    items::{self, Own},
    parameters,
};
use crate::{
    dialect::Delivery,
    history::{Group, groups, own, spoken},
    names::{self, Form, Names},
    openai::schema,
    raw::raw,
};

/// What a function may be called.
const FUNCTION: Form = Form { allowed: names::is_word, first: names::is_word, chars_max: 64, nothing: "unnamed" };

/// What a call may be called: the provider refuses a longer identifier ("string too long").
const CALL: Form = Form { allowed: |_| true, first: |_| true, chars_max: 64, nothing: "call" };

/// An item without an identifier of the provider's.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Item<'a> {
    Message { role: &'static str, content: Words<'a> },
    FunctionCall { call_id: &'a str, name: &'a str, arguments: &'a str },
    FunctionCallOutput { call_id: &'a str, output: &'a str },
    CustomToolCallOutput { call_id: &'a str, output: &'a str },
}

/// The words of a message: a text, or of the assistant the parts that alone it may have.
#[derive(Serialize)]
#[serde(untagged)]
enum Words<'a> {
    Text(&'a str),
    Parts([OutputText<'a>; 1]),
}

#[derive(Serialize)]
struct OutputText<'a> {
    r#type: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    name: &'a str,
    description: String,
    parameters: Box<RawValue>,
    strict: bool,
}

/// The body of one request: the call's parameters, the history, what the model is told now, and each turn since.
///
/// One whose reply is made in the background the provider demands to store.
pub(crate) fn body(request: &TurnRequest<'_>, model: &str, delivery: Delivery) -> Result<Vec<u8>, Failure> {
    let mut body = parameters::of(request, model)?;
    body.insert("model".to_owned(), raw(model));
    body.insert("store".to_owned(), raw(&(delivery == Delivery::Background)));
    match delivery {
        Delivery::Whole => None,
        Delivery::Streamed => body.insert("stream".to_owned(), raw(&true)),
        Delivery::Background => body.insert("background".to_owned(), raw(&true)),
    };
    body.insert("input".to_owned(), raw(&input(request)));
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), raw(&request.tools.iter().map(tool).collect::<Vec<_>>()));
        if request.words_only {
            body.insert("tool_choice".to_owned(), raw("none"));
        }
    }
    Ok(serde_json::to_vec(&body).expect("a map of JSON documents serialises"))
}

fn input(request: &TurnRequest<'_>) -> Vec<Box<RawValue>> {
    let calls = names::calls(request);
    let calls = Names::new(calls.iter().map(|call| call.id.as_str()), [], &CALL);
    let tools = Names::of_tools(request, &FUNCTION);
    let mut input = Input { tools, calls, items: Vec::new(), custom: HashSet::new() };
    for group in groups(&request.conversation.items) {
        let own = group.own(Dialect::OpenaiResponses, request.history).and_then(items::of);
        match own.filter(|own| input.fits(own)) {
            Some(own) => input.take(own),
            None => input.translate(group),
        }
    }
    input.tell(request.instruction);
    for exchange in request.exchanges {
        input.exchange(exchange);
    }
    input.items
}

/// What the model has before it, in order.
struct Input<'a> {
    tools: Names<'a>,
    calls: Names<'a>,
    items: Vec<Box<RawValue>>,
    /// The calls of tools that take any text, which are answered by items of another type.
    custom: HashSet<String>,
}

impl Input<'_> {
    /// Whether the calls that these items answer went out in the provider's own form too, where that matters.
    fn fits(&self, own: &[Own]) -> bool {
        let answered = own.iter().filter(|item| item.look.r#type == "custom_tool_call_output");
        answered.map(|item| item.look.call_id.as_str()).all(|id| id.is_some_and(|id| self.custom.contains(id)))
    }

    fn take(&mut self, own: Vec<Own>) {
        for item in own {
            if item.look.r#type == "custom_tool_call" {
                self.custom.extend(item.look.call_id.as_str().map(str::to_owned));
            }
            self.items.push(item.bytes);
        }
    }

    fn translate(&mut self, group: Group<'_>) {
        for content in group.contents() {
            match content {
                Content::Message { role: Role::System, text, .. } => self.tell(text),
                Content::Message { role: Role::User, text, interrupted } => {
                    let text = spoken(text, *interrupted);
                    self.items.push(raw(&Item::Message { role: "user", content: Words::Text(&text) }));
                }
                Content::Message { role: Role::Assistant, text, interrupted } => self.say(&spoken(text, *interrupted)),
                Content::ToolCall(call) => self.call(call),
                Content::ToolResult { call, output, .. } => self.answer(call, output),
            }
        }
    }

    fn exchange(&mut self, exchange: &Exchange<'_>) {
        let reply = exchange.reply;
        let own = own(&reply.message, Dialect::OpenaiResponses).and_then(items::of);
        // The provider doesn't keep what it isn't asked to: thoughts that come without their sealed form can't go back,
        // and nothing that led from them can under its own identifier.
        match own.filter(|own| !own.iter().any(Own::is_bare_reasoning)) {
            Some(own) => self.take(own),
            None => {
                if let Some(text) = reply.text.as_ref().filter(|text| !text.is_empty()) {
                    self.say(text);
                }
                reply.calls.iter().for_each(|call| self.call(call));
            }
        }
        for (call, told) in reply.calls.iter().zip(&exchange.results) {
            self.answer(&call.id, &told.text);
        }
        if let Some(objection) = &exchange.objection {
            self.tell(objection);
        }
    }

    fn tell(&mut self, text: &str) {
        self.items.push(raw(&Item::Message { role: "developer", content: Words::Text(text) }));
    }

    fn say(&mut self, text: &str) {
        let part = OutputText { r#type: "output_text", text };
        self.items.push(raw(&Item::Message { role: "assistant", content: Words::Parts([part]) }));
    }

    fn call(&mut self, call: &ToolCall) {
        let (call_id, name) = (self.calls.of(&call.id), self.tools.of(&call.name));
        self.items.push(raw(&Item::FunctionCall { call_id, name, arguments: &call.arguments }));
    }

    fn answer(&mut self, call: &str, output: &str) {
        let call_id = self.calls.of(call);
        self.items.push(match self.custom.contains(call) {
            true => raw(&Item::CustomToolCallOutput { call_id, output }),
            false => raw(&Item::FunctionCallOutput { call_id, output }),
        });
    }
}

fn tool<'a>(offer: &Offer<'a>) -> Tool<'a> {
    let schema::Described { schema, description } = schema::described(offer.schema, offer.description);
    Tool { r#type: "function", name: offer.name, description, parameters: schema, strict: false }
}

#[cfg(test)]
mod tests;
