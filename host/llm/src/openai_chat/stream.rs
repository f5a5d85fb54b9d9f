//! What comes back as a stream: `chat.completion.chunk`, each with a `delta` of a message.
//!
//! The format is that of OpenAI's published API. What servers are known to do otherwise is read too: calls without an
//! `index` (Gemini's, <https://github.com/THU-MAIC/OpenMAIC/issues/1556>) or with one that is always 0 (Ollama's,
//! <https://github.com/ollama/ollama/issues/15457>), `reasoning_details` in pieces of one `index` (OpenRouter's,
//! <https://github.com/agno-agi/agno/issues/8794>), errors in an event (<https://openrouter.ai/docs/api-reference/streaming>).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::stream::{Assembly, said, sse::Event};

/// The texts that come piece by piece. Any other comes whole, and maybe again.
const GROWING: [&str; 9] =
    ["content", "refusal", "reasoning", "reasoning_content", "arguments", "text", "summary", "data", "transcript"];

/// Fields of a chunk that a whole answer hasn't, or has otherwise.
const OF_CHUNKS: [&str; 2] = ["object", "obfuscation"];

/// How many of the calls so far, or of a list's items, a piece is held against, the newest first: protects the host's
/// processors from a stream of so many that each piece would be held against all of them.
const LOOKED_BACK_MAX: usize = 256;

type Object = Map<String, Value>;

/// The chunks so far.
#[derive(Default)]
pub(crate) struct Chunks {
    /// What stands beside the choices.
    head: Object,
    choices: BTreeMap<u64, Choice>,
}

/// A choice as far as it has come.
#[derive(Default)]
struct Choice {
    /// What stands beside the message.
    rest: Object,
    message: Object,
    calls: Vec<Call>,
}

struct Call {
    index: Option<u64>,
    made: Object,
}

impl Assembly for Chunks {
    fn take(&mut self, event: &Event) -> Result<Option<Vec<u8>>, String> {
        // Some write it after what they pass on broke off, too.
        let Some(chunk) = said::<Object>(event)? else { return Ok(self.end()) };
        if let Some(error) = error_in(event, &chunk) {
            return Ok(Some(json!({"error": error}).to_string().into_bytes()));
        }
        for (name, value) in chunk {
            match (name.as_str(), value) {
                ("choices", Value::Array(choices)) => choices.into_iter().for_each(|choice| self.choose(choice)),
                (name, value) if !OF_CHUNKS.contains(&name) => grow(&mut self.head, name, value),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Not all servers write the event after the last one.
    fn end(&mut self) -> Option<Vec<u8>> {
        let has_finished = |choice: &Choice| choice.rest.get("finish_reason").is_some_and(Value::is_string);
        let is_whole = !self.choices.is_empty() && self.choices.values().all(has_finished);
        is_whole.then(|| self.answer())
    }
}

/// The error that an event tells of.
fn error_in(event: &Event, chunk: &Object) -> Option<Value> {
    let is_said = |error: &&Value| !error.is_null();
    let choices = chunk.get("choices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let error = chunk.get("error").filter(is_said);
    let error = error.or_else(|| choices.iter().find_map(|choice| choice.get("error").filter(is_said)));
    let is_error = event.name == "error" || chunk.get("object").is_some_and(|object| object == "error");
    error.cloned().or_else(|| is_error.then(|| chunk.clone().into()))
}

impl Chunks {
    fn choose(&mut self, choice: Value) {
        let Value::Object(mut choice) = choice else { return };
        let index = choice.remove("index").and_then(|index| index.as_u64()).unwrap_or(0);
        let chosen = self.choices.entry(index).or_default();
        if let Some(Value::Object(delta)) = choice.remove("delta") {
            delta.into_iter().for_each(|(name, value)| chosen.say(&name, value));
        }
        choice.into_iter().for_each(|(name, value)| grow(&mut chosen.rest, &name, value));
    }

    fn answer(&mut self) -> Vec<u8> {
        let mut answer = std::mem::take(&mut self.head);
        let choices: Vec<Value> =
            std::mem::take(&mut self.choices).into_iter().map(|(index, choice)| choice.whole(index)).collect();
        answer.insert("object".to_owned(), "chat.completion".into());
        answer.insert("choices".to_owned(), choices.into());
        Value::Object(answer).to_string().into_bytes()
    }
}

impl Choice {
    fn say(&mut self, name: &str, value: Value) {
        match (name, value) {
            ("tool_calls", Value::Array(calls)) => calls.into_iter().for_each(|call| self.call(call)),
            (name, value) => grow(&mut self.message, name, value),
        }
    }

    fn call(&mut self, call: Value) {
        let Value::Object(mut piece) = call else { return };
        let index = piece.remove("index").and_then(|index| index.as_u64());
        let at = match newest(&self.calls, |call| call.is_meant(index, &piece)) {
            Some(at) => at,
            None => {
                self.calls.push(Call { index, made: Object::new() });
                self.calls.len() - 1
            }
        };
        let made = &mut self.calls[at].made;
        if word(made, "id").is_some() {
            piece.remove("id");
        }
        piece.into_iter().for_each(|(name, value)| grow(made, &name, value));
    }

    fn whole(self, index: u64) -> Value {
        let Self { mut rest, mut message, calls } = self;
        if !calls.is_empty() {
            let calls: Vec<Value> = calls.into_iter().map(|call| call.made.into()).collect();
            message.insert("tool_calls".to_owned(), calls.into());
        }
        rest.insert("index".to_owned(), index.into());
        rest.insert("message".to_owned(), message.into());
        rest.into()
    }
}

impl Call {
    /// Whether a piece belongs to this call: by the index, unless it begins another; without one, by the identifier;
    /// without either it goes on with the newest.
    fn is_meant(&self, index: Option<u64>, piece: &Object) -> bool {
        match (index, word(piece, "id"), word(&self.made, "id")) {
            (Some(_), _, _) if self.index != index => false,
            (Some(_), Some(given), Some(own)) => given == own || !has_name(piece),
            (Some(_), _, _) => true,
            (None, Some(given), Some(own)) => given == own,
            (None, _, _) => !(has_name(piece) && has_name(&self.made)),
        }
    }
}

/// Whether it says what is called: the first piece of a call does.
fn has_name(call: &Object) -> bool {
    let function = call.get("function").and_then(Value::as_object);
    function.is_some_and(|function| word(function, "name").is_some())
}

/// The place of the newest of which that holds, as far as is looked back.
fn newest<T>(list: &[T], holds: impl Fn(&T) -> bool) -> Option<usize> {
    let first = list.len().saturating_sub(LOOKED_BACK_MAX);
    list[first..].iter().rposition(holds).map(|at| first + at)
}

/// A text that says something.
fn word<'a>(of: &'a Object, name: &str) -> Option<&'a str> {
    of.get(name)?.as_str().filter(|word| !word.is_empty())
}

/// Adds a piece to what has come of a field: texts that grow and lists are put together, of others the last one that says
/// anything holds.
fn grow(object: &mut Object, name: &str, piece: Value) {
    let Some(old) = object.get_mut(name) else {
        object.insert(name.to_owned(), piece);
        return;
    };
    match (old, piece) {
        (_, Value::Null) => {}
        (Value::String(text), Value::String(more)) if GROWING.contains(&name) => text.push_str(&more),
        (Value::Object(fields), Value::Object(more)) => {
            more.into_iter().for_each(|(name, value)| grow(fields, &name, value));
        }
        (Value::Array(items), Value::Array(more)) => more.into_iter().for_each(|item| add(items, item)),
        (Value::String(_), Value::String(nothing)) if nothing.is_empty() => {}
        (old, new) => *old = new,
    }
}

/// Adds an item to a list, or to the item whose piece it is: the one of its index and type.
fn add(items: &mut Vec<Value>, piece: Value) {
    let is_same = |item: &Value| {
        let ids = item["id"].as_str().zip(piece["id"].as_str());
        item["index"] == piece["index"] && item["type"] == piece["type"] && ids.is_none_or(|(one, other)| one == other)
    };
    let at = if piece["index"].is_u64() { newest(items, is_same) } else { None };
    match (at.and_then(|at| items.get_mut(at)), piece) {
        (Some(Value::Object(item)), Value::Object(piece)) => {
            piece.into_iter().for_each(|(name, value)| grow(item, &name, value));
        }
        (_, piece) => items.push(piece),
    }
}

#[cfg(test)]
mod tests;
