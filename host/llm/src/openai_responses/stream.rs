//! What comes back as a stream: events of which the last one carries the whole response.
//!
//! The format is that of OpenAI's published API. Servers are known to leave the output out of that response
//! (<https://github.com/QuantumNous/new-api/issues/4362>), since each item came before in an event of its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    raw::raw,
    stream::{Assembly, Fields, said, sse::Event},
};

/// Events that are the last one.
const LAST: [&str; 3] = ["response.completed", "response.incomplete", "response.failed"];

/// The items so far, by their places in the output.
#[derive(Default)]
pub(crate) struct Events(BTreeMap<u64, Box<RawValue>>);

#[derive(Deserialize)]
struct Happened {
    #[serde(default)]
    r#type: Value,
    response: Option<Box<RawValue>>,
    output_index: Option<u64>,
    item: Option<Box<RawValue>>,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    code: Value,
    #[serde(default)]
    message: Value,
}

/// What of a response says whether it is the final one.
#[derive(Deserialize)]
struct State {
    #[serde(default)]
    status: Value,
    #[serde(default)]
    output: Value,
}

impl Assembly for Events {
    fn take(&mut self, event: &Event) -> Result<Option<Vec<u8>>, String> {
        let Some(happened) = said::<Happened>(event)? else { return Ok(None) };
        let is_bare = happened.r#type.is_null() && !happened.error.is_null();
        if happened.r#type == "error" || event.name == "error" || is_bare {
            let Happened { error, code, message, .. } = happened;
            let error = if error.is_null() { json!({"code": code, "message": message}) } else { error };
            return Ok(Some(json!({"status": "failed", "error": error}).to_string().into_bytes()));
        }
        if let (true, Some(item)) = (happened.r#type == "response.output_item.done", happened.item) {
            let next = self.0.last_key_value().map_or(0, |(last, _)| last.saturating_add(1));
            self.0.insert(happened.output_index.unwrap_or(next), item);
        }
        let is_last = happened.r#type.as_str().is_some_and(|kind| LAST.contains(&kind));
        happened.response.map_or(Ok(None), |response| self.finish(&response, is_last))
    }
}

impl Events {
    /// The response, if it is the final one: it is where it says so, or its event.
    fn finish(&mut self, response: &RawValue, is_last: bool) -> Result<Option<Vec<u8>>, String> {
        let in_event = |error: serde_json::Error| format!("in an event: {error}");
        let State { status, output } = serde_json::from_str(response.get()).map_err(in_event)?;
        if !is_last && !matches!(status.as_str(), Some("completed" | "incomplete" | "failed" | "cancelled")) {
            return Ok(None);
        }
        if output.as_array().is_some_and(|items| !items.is_empty()) || self.0.is_empty() {
            return Ok(Some(response.get().as_bytes().to_vec()));
        }
        let mut fields: Fields = serde_json::from_str(response.get()).map_err(in_event)?;
        let items: Vec<Box<RawValue>> = std::mem::take(&mut self.0).into_values().collect();
        fields.insert("output".to_owned(), raw(&items));
        Ok(Some(serde_json::to_vec(&fields).expect("a map of JSON documents serialises")))
    }
}

#[cfg(test)]
mod tests;
