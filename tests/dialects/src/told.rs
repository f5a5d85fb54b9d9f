//! What a request's body says, in one form for all formats.

use aftercall_core::conversation::Dialect;
use serde_json::Value;

use crate::formats;

/// Whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Instructions, where the format has a place for them.
    System,
    /// The person on the line, or who speaks in that place.
    User,
    /// The model.
    Assistant,
}

/// One thing that a body says.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Words.
    Words {
        /// Whose.
        side: Side,
        /// As they are.
        text: String,
    },
    /// A call of a tool.
    Call {
        /// The tool.
        name: String,
        /// An object, or the text that stands in its place.
        arguments: Value,
    },
    /// What came of a call.
    Result {
        /// The call's number among the body's calls, from 0. None: it answers none that is open.
        call: Option<usize>,
        /// What it was.
        output: Value,
    },
}

/// What a body says, in order.
pub fn told(dialect: Dialect, body: &Value) -> Vec<Told> {
    let mut reader = Reader::default();
    match dialect {
        Dialect::OpenaiChat => formats::chat(&mut reader, body),
        Dialect::OpenaiResponses => formats::responses(&mut reader, body),
        Dialect::Anthropic => formats::anthropic(&mut reader, body),
        Dialect::Gemini => formats::gemini(&mut reader, body),
    }
    reader.told
}

/// A body as far as it is read.
#[derive(Default)]
pub(crate) struct Reader {
    told: Vec<Told>,
    calls: usize,
    /// The calls that await a result, by what a result names them.
    open: Vec<(String, usize)>,
}

impl Reader {
    pub(crate) fn words(&mut self, side: Side, text: &Value) {
        if let Some(text) = text.as_str() {
            self.told.push(Told::Words { side, text: text.to_owned() });
        }
    }

    pub(crate) fn call(&mut self, key: String, name: &Value, arguments: Value) {
        self.open.push((key, self.calls));
        self.calls += 1;
        self.told.push(Told::Call { name: name.as_str().unwrap_or_default().to_owned(), arguments });
    }

    pub(crate) fn result(&mut self, key: &str, output: Value) {
        let answered = self.open.iter().position(|(open, _)| open == key);
        let call = answered.map(|at| self.open.remove(at).1);
        self.told.push(Told::Result { call, output });
    }
}
