//! Answers that come as a stream of events: put together into the very answer that would have come whole, so that there is
//! one reader of replies.

pub(crate) mod sse;

use std::collections::BTreeMap;

use aftercall_core::model::{Failure, FailureKind};
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use crate::answer::{Answer, REPLY_BYTES_MAX};
use sse::{Event, Parser};

/// Largest stream that is read, in bytes: several times an answer, since each piece of one comes in an event of its own.
/// Protects the host's memory from an endpoint that never ends.
pub(crate) const STREAM_BYTES_MAX: usize = 4 * REPLY_BYTES_MAX;

/// Puts the events of one dialect together.
pub(crate) trait Assembly: Send {
    /// Takes in an event. Some: it was the last one, and this is the answer, or the error that stands in its place.
    ///
    /// # Errors
    /// Says why it can't be read.
    fn take(&mut self, event: &Event) -> Result<Option<Vec<u8>>, String>;

    /// The answer when the stream has ended without an event that says so. None: it was cut off.
    fn end(&mut self) -> Option<Vec<u8>> {
        None
    }
}

/// A stream as far as it has come.
pub(crate) struct Stream {
    parser: Parser,
    assembly: Box<dyn Assembly>,
    bytes: usize,
}

/// An object whose fields are kept byte for byte.
pub(crate) type Fields = BTreeMap<String, Box<RawValue>>;

/// What can't be read, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) why: String,
    pub(crate) shown: String,
}

impl Unreadable {
    /// The failure to read this in an answer.
    pub(crate) fn within(self, answer: &Answer) -> Failure {
        Answer { body: self.shown.into_bytes(), ..answer.clone() }.nonsense(&self.why)
    }
}

/// The failure to read a stream to its end.
pub(crate) fn cut_off() -> Failure {
    let message = "the provider's answer broke off: its stream ended before the reply did; if each does, give the model's \
                   route `stream = false`";
    Failure { kind: FailureKind::Unavailable, message: message.to_owned(), retry_after_ms: None }
}

impl Stream {
    pub(crate) fn new(assembly: Box<dyn Assembly>) -> Self {
        Self { parser: Parser::default(), assembly, bytes: 0 }
    }

    /// Takes in bytes, wherever they were cut. Some: the answer, after which nothing more is to be read.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, Unreadable> {
        self.bytes = self.bytes.saturating_add(bytes.len());
        for event in self.parser.take(bytes) {
            let taken = self.assembly.take(&event).map_err(|why| Unreadable { why, shown: event.data })?;
            if taken.is_some() {
                return Ok(taken);
            }
        }
        let too_large =
            |bytes_max| Unreadable { why: format!("it has more than {bytes_max} bytes"), shown: String::new() };
        match self.bytes > STREAM_BYTES_MAX {
            true => Err(too_large(STREAM_BYTES_MAX)),
            false if self.parser.held() > REPLY_BYTES_MAX => Err(too_large(REPLY_BYTES_MAX)),
            false => Ok(None),
        }
    }

    /// The answer of a stream in these pieces. None: it was cut off.
    pub(crate) fn gathered<'a>(
        mut self,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<Vec<u8>>, Unreadable> {
        for piece in pieces {
            if let Some(answer) = self.take(piece)? {
                return Ok(Some(answer));
            }
        }
        Ok(self.end())
    }

    /// The answer when nothing more comes. None: it was cut off.
    ///
    /// Servers are known to leave out the empty line after the last event, and to write an error in the midst of a stream
    /// as they write any other, in no event at all (<https://github.com/googleapis/js-genai>, `src/_api_client.ts`).
    pub(crate) fn end(mut self) -> Option<Vec<u8>> {
        let (last, stray) = self.parser.end();
        let last = last.and_then(|event| self.assembly.take(&event).ok().flatten());
        last.or_else(|| self.assembly.end()).or_else(|| error_in(&stray))
    }
}

fn error_in(stray: &str) -> Option<Vec<u8>> {
    let stray: Value = serde_json::from_str(stray).ok()?;
    let body = stray.get(0).unwrap_or(&stray);
    body.get("error").filter(|error| !error.is_null())?;
    Some(body.to_string().into_bytes())
}

/// What an event says. None: that nothing more comes, in the words of those who end any stream as OpenAI ends some.
pub(crate) fn said<T: DeserializeOwned>(event: &Event) -> Result<Option<T>, String> {
    match event.data.trim() {
        "[DONE]" => Ok(None),
        data => serde_json::from_str(data).map(Some).map_err(|error| format!("in an event: {error}")),
    }
}

/// Takes in newer fields. Of each, the newest that says anything holds.
pub(crate) fn renew(fields: &mut Fields, newer: Fields) {
    fields.extend(newer.into_iter().filter(|(_, value)| value.get() != "null"));
}

/// A field, where it is there and says anything.
pub(crate) fn read<T: DeserializeOwned>(field: Option<Box<RawValue>>) -> Result<Option<T>, String> {
    let read = field.map(|field| serde_json::from_str::<Option<T>>(field.get())).transpose();
    read.map(Option::flatten).map_err(|error| format!("in an event: {error}"))
}

#[cfg(test)]
pub(crate) mod tests;
