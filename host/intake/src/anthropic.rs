//! A list of Anthropic messages as items.
//!
//! Each message is kept byte for byte beside its items. Of a message with results, each result is a message, and what is
//! said beside them another one; of one that was kept with what else the provider answered, only what the provider takes
//! back.

use std::collections::BTreeMap;

use aftercall_core::{
    conversation::{Content, Dialect, Item, Opaque, Role, ToolCall},
    json::Json,
};
use serde::{Deserialize, Serialize};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use crate::{Error, chat, document};

#[derive(Deserialize)]
struct Message {
    role: Role,
    content: Box<RawValue>,
}

#[derive(Deserialize)]
struct Kind {
    r#type: String,
}

#[derive(Deserialize)]
struct ToolUse {
    id: String,
    name: String,
    input: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct ToolResult {
    tool_use_id: String,
    #[serde(default)]
    content: Value,
    is_error: Option<bool>,
}

/// A message as the provider takes it.
#[derive(Serialize)]
struct Own<'a, T> {
    role: Role,
    content: &'a T,
}

/// The items of a list of messages that stands at `place` of the payload.
pub(crate) fn items(messages: &[&RawValue], place: &str) -> Result<Vec<Item>, Error> {
    let mut items = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let place = format!("{place}/{index}");
        let read: Message = document::typed(message.get(), &place)?;
        let at_content = format!("{place}/content");
        let blocks: Vec<Box<RawValue>> = match read.content.get().starts_with('[') {
            true => document::typed(read.content.get(), &at_content)?,
            false => Vec::new(),
        };
        let whole = match has_more(message) {
            true => own(&Own { role: read.role, content: &read.content }),
            false => opaque(message),
        };
        let whole = whole.map_err(|error| Error::at(&*place, error.to_string()))?;
        let words = || words(&read.content, &at_content);
        match read.role {
            Role::System => items.push(said(Role::System, words()?, whole)),
            Role::User => items.extend(of_user(&blocks, words()?, whole, &at_content)?),
            Role::Assistant => items.extend(of_assistant(&blocks, words()?, whole, &at_content)?),
        }
    }
    Ok(items)
}

fn said(role: Role, text: String, opaque: Opaque) -> Item {
    Item { opaque: Some(opaque), ..Item::message(role, text) }
}

/// What the person on the line said, after what the tools did.
fn of_user(blocks: &[Box<RawValue>], text: String, whole: Opaque, place: &str) -> Result<Vec<Item>, Error> {
    let (mut results, mut others) = (Vec::new(), Vec::new());
    for (index, block) in blocks.iter().enumerate() {
        let place = format!("{place}/{index}");
        if kind(block, &place)? != "tool_result" {
            others.push(block);
            continue;
        }
        let ToolResult { tool_use_id: call, content, is_error } = document::typed(block.get(), &place)?;
        let output = chat::text(&content).ok_or_else(|| {
            Error::at(format!("{place}/content"), "a result's content is a text, or a list of blocks")
        })?;
        let content = Content::ToolResult { call, output, is_error: is_error.unwrap_or(false) };
        let alone = own(&Own { role: Role::User, content: &[block] });
        let alone = alone.map_err(|error| Error::at(place, error.to_string()))?;
        results.push(Item { opaque: Some(alone), ..Item::plain(None, content) });
    }
    match (results.as_mut_slice(), others.is_empty()) {
        ([], _) => return Ok(vec![said(Role::User, text, whole)]),
        ([alone], true) => alone.opaque = Some(whole),
        (_, true) => {}
        (_, false) => {
            let rest = own(&Own { role: Role::User, content: &others });
            let rest = rest.map_err(|error| Error::at(place, error.to_string()))?;
            results.push(said(Role::User, text, rest));
        }
    }
    Ok(results)
}

fn of_assistant(blocks: &[Box<RawValue>], text: String, whole: Opaque, place: &str) -> Result<Vec<Item>, Error> {
    let mut contents = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let place = format!("{place}/{index}");
        if kind(block, &place)? == "tool_use" {
            let ToolUse { id, name, input } = document::typed(block.get(), &place)?;
            let arguments = input.map_or_else(|| "{}".to_owned(), |input| input.get().to_owned());
            contents.push(Content::ToolCall(ToolCall { id, name, arguments }));
        }
    }
    if !text.is_empty() || contents.is_empty() {
        contents.insert(0, Content::Message { role: Role::Assistant, text, interrupted: false });
    }
    let mut contents = contents.into_iter();
    let leader = contents.next().map(|content| Item { opaque: Some(whole), ..Item::plain(None, content) });
    let others = contents.map(|content| Item { continues: true, ..Item::plain(None, content) });
    Ok(leader.into_iter().chain(others).collect())
}

/// The words of a content: a text, or the texts among its blocks.
fn words(content: &RawValue, place: &str) -> Result<String, Error> {
    let content: Value = document::typed(content.get(), place)?;
    let text = chat::text(&content).filter(|_| !content.is_null());
    text.ok_or_else(|| Error::at(place, "a message's content is a text, or a list of blocks"))
}

fn kind(block: &RawValue, place: &str) -> Result<String, Error> {
    document::typed::<Kind>(block.get(), place).map(|kind| kind.r#type)
}

/// Whether a message has what the provider doesn't take back: an identifier, a count of tokens.
fn has_more(message: &RawValue) -> bool {
    let fields: Option<BTreeMap<String, &RawValue>> = serde_json::from_str(message.get()).ok();
    fields.is_some_and(|fields| fields.keys().any(|name| name != "role" && name != "content"))
}

fn own<T: Serialize>(message: &Own<'_, T>) -> Result<Opaque, serde_json::Error> {
    opaque(&to_raw_value(message)?)
}

fn opaque(message: &RawValue) -> Result<Opaque, serde_json::Error> {
    Ok(Opaque { dialect: Dialect::Anthropic, data: Json::try_from(message)? })
}
