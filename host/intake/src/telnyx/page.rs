//! What Telnyx' API answers when it is asked for the messages of a conversation.

use aftercall_core::json::Json;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::messages;
use crate::{
    Error,
    document::{self, Tree},
};

/// Most messages that a page may be asked to have, by `page[size]`. Telnyx' own limit; it gives 20 unasked.
pub const PAGE_MESSAGES_MAX: u8 = 100;

/// One page of `GET /v2/ai/conversations/{id}/messages?page[number]=N&page[size]=M`.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Its messages, as they came.
    pub messages: Vec<Json>,
    /// Its number, from 1: the one that was asked for.
    pub number: u64,
    /// How many pages there are, where the answer says.
    pub pages: Option<u64>,
}

impl Page {
    /// The number of the page after this one. None: this is the last. Not every answer says how many pages there are;
    /// an empty one is then the last.
    pub fn next(&self) -> Option<u64> {
        let is_last = self.messages.is_empty() || self.pages.is_some_and(|pages| self.number >= pages);
        (!is_last).then(|| self.number.saturating_add(1))
    }
}

/// Reads the page whose number was `asked` for. Not every answer repeats the number.
///
/// # Errors
/// It isn't JSON, or tells of errors, or has no list of messages.
pub fn page(body: &[u8], asked: u64) -> Result<Page, Error> {
    let document = document::tree(body)?;
    let answer = Tree(&document);
    if let Some(first) = answer.list(&["/errors"]).first() {
        let why = Tree(first).text(&["/detail", "/title", "/code"]).unwrap_or_else(|| first.to_string());
        return Err(Error::at("/errors/0", format!("Telnyx didn't give the messages: {why}")));
    }
    let messages = document.get("data").and_then(Value::as_array).ok_or_else(|| {
        Error::at("/data", "the answer has no list of messages: ask for `/v2/ai/conversations/{id}/messages`")
    })?;
    Ok(Page {
        messages: messages.iter().map(Json::from).collect(),
        number: asked,
        pages: answer.value(&["/meta/total_pages"]).and_then(Value::as_u64),
    })
}

/// What is kept of a call, and read by [`parse`](super::parse): its event, and the messages of all its pages in the
/// order of the pages, put oldest first.
///
/// # Errors
/// The event isn't JSON.
pub fn record(event: &[u8], pages: impl IntoIterator<Item = Page>) -> Result<Vec<u8>, Error> {
    #[derive(Serialize)]
    struct Record<'a> {
        event: &'a RawValue,
        messages: Vec<&'a RawValue>,
    }
    let event = serde_json::from_slice(event).map_err(|error| Error::NotJson { why: error.to_string() })?;
    let mut messages: Vec<Json> = pages.into_iter().flat_map(|page| page.messages).collect();
    if messages::is_newest_first(messages.iter().map(|message| messages::created_at(&message.value()))) {
        messages.reverse();
    }
    let record = Record { event, messages: messages.iter().map(Json::raw).collect() };
    Ok(serde_json::to_vec(&record).expect("raw JSON serialises"))
}
