//! A live call as maps read it: what it was asked for, what it answered, and whether that is a success.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Place;
use crate::{
    cap::DAY_MS,
    conversation::{Content, Conversation, Item, ToolCall},
    effect::canonical,
    schema::read_arguments,
    time::Timestamp,
    tool::{Outcome, Receipt},
};

/// Longest part of a live result that an outcome quotes, in characters: protects the records, and the model's bill.
pub const RESULT_CHARS_MAX: usize = 2_000;

/// Longest identifier that is taken for a receipt, in bytes: protects the records.
pub const RECEIPT_BYTES_MAX: usize = 256;

/// Longest words about one argument, which they may quote, in characters: protects the records.
pub(super) const WORDS_CHARS_MAX: usize = 300;

/// A live call.
pub(super) struct Live<'a> {
    pub(super) item: usize,
    pub(super) name: &'a str,
    at: Option<Timestamp>,
    /// An object, or why it is none.
    arguments: Result<Value, String>,
    result: Option<Answer<'a>>,
}

/// What a live tool answered.
struct Answer<'a> {
    text: &'a str,
    value: Value,
    is_error: bool,
}

/// Whether a live call did what it was asked for.
pub(super) enum Success {
    Yes,
    No,
    Unclear,
}

impl<'a> Live<'a> {
    pub(super) fn of(item: usize, made: &'a ToolCall, call: &Conversation, result: Option<&'a Item>) -> Self {
        let result = result.and_then(|item| match &item.content {
            Content::ToolResult { output, is_error, .. } => {
                let value = serde_json::from_str(output).unwrap_or_else(|_| output.as_str().into());
                Some(Answer { text: output.trim(), value, is_error: *is_error })
            }
            Content::Message { .. } | Content::ToolCall(_) => None,
        });
        let arguments = read_arguments(&made.arguments).map(Value::Object);
        Self { item, name: &made.name, at: call.items.get(item).and_then(|item| item.at), arguments, result }
    }

    pub(super) fn find(&self, place: &Place) -> Option<&Value> {
        match place {
            Place::Arguments(pointer) => self.arguments.as_ref().ok()?.pointer(pointer),
            Place::Result(pointer) => self.result.as_ref()?.value.pointer(pointer),
        }
    }

    /// All arguments.
    pub(super) fn arguments(&self) -> Result<Map<String, Value>, String> {
        self.arguments.as_ref().map(|all| all.as_object().cloned().unwrap_or_default()).map_err(Clone::clone)
    }

    /// Why nothing is found at a place.
    pub(super) fn lack(&self, place: &Place) -> String {
        match (place, &self.arguments, &self.result) {
            (Place::Arguments(_), Err(why), _) => format!("of the live call, {why}"),
            (Place::Result(_), _, None) => format!("it would stand at `{place}`, and the live tool didn't answer"),
            _ => format!("the live call has nothing at `{place}`"),
        }
    }

    pub(super) fn success(&self, succeeded: &BTreeMap<Place, Value>) -> Success {
        let is = |(place, wanted): (_, &Value)| Some(canonical(self.find(place)?) == canonical(wanted));
        let conditions: Vec<Option<bool>> = succeeded.iter().map(is).collect();
        match &self.result {
            _ if conditions.contains(&Some(false)) => Success::No,
            Some(_) if !conditions.is_empty() && !conditions.contains(&None) => Success::Yes,
            Some(answer) if conditions.is_empty() => answer.success(),
            _ => Success::Unclear,
        }
    }

    pub(super) fn outcome(&self, receipt: Option<&Place>) -> Outcome {
        let id = match receipt.and_then(|place| self.find(place)) {
            Some(Value::String(id)) => Some(id.clone()),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        };
        let id = id.filter(|id| !id.trim().is_empty() && id.len() <= RECEIPT_BYTES_MAX);
        let text = self.result.as_ref().map_or("", |answer| answer.text);
        Outcome {
            text: format!(
                "done on the live call already, by `{}`. It answered: {}",
                self.name,
                clip(text, RESULT_CHARS_MAX)
            ),
            data: None,
            receipts: id.map(|id| Receipt { id, kind: self.name.to_owned(), url: None }).into_iter().collect(),
        }
    }

    /// When it began at the earliest: where a vendor is searched from, if it is in doubt.
    pub(super) fn not_before(&self, call: &Conversation, now: Timestamp) -> Timestamp {
        let day_ago = Timestamp::from_millis(now.as_millis().saturating_sub(DAY_MS));
        self.at.or(call.started_at).unwrap_or(day_ago).min(now)
    }

    /// When it began at the latest: from when on a vendor that knows nothing of it is believed.
    pub(super) fn not_after(&self, call: &Conversation, now: Timestamp) -> Timestamp {
        self.at.or(call.ended_at).unwrap_or(now).min(now)
    }
}

impl Answer<'_> {
    /// What it says where no map says what to look for.
    fn success(&self) -> Success {
        let says = |word: &str| self.value.get(word);
        let denies = |word| says(word) == Some(&Value::Bool(false));
        let errs = says("error").is_some_and(|error| match error {
            Value::Null => false,
            Value::Bool(errs) => *errs,
            Value::Number(code) => code.as_f64() != Some(0.0),
            Value::String(words) => !words.is_empty(),
            Value::Array(errors) => !errors.is_empty(),
            Value::Object(error) => !error.is_empty(),
        });
        match errs || denies("ok") || denies("success") {
            true => Success::No,
            false if self.is_error || self.text.is_empty() => Success::Unclear,
            false => Success::Yes,
        }
    }
}

/// The beginning of a text, up to so many characters.
pub(super) fn clip(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
