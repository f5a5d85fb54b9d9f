//! What comes back as a stream: answers of the usual form, each with some of the parts.
//!
//! The format is that of `streamGenerateContent?alt=sse` of Google's published API. A seal stands on its part, which may say
//! nothing else, and goes back in that part (<https://ai.google.dev/gemini-api/docs/thought-signatures>): only texts without
//! one are put together.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{json, value::RawValue};

use crate::{
    raw::raw,
    stream::{Assembly, Fields, read, renew, said, sse::Event},
};

/// The answers so far.
#[derive(Default)]
pub(crate) struct Answers {
    /// What stands beside the candidates.
    head: Fields,
    candidates: BTreeMap<u64, Candidate>,
}

/// A candidate as far as it has come.
#[derive(Default)]
struct Candidate {
    /// What stands beside the content.
    rest: Fields,
    /// What stands beside the parts. None: there is no content.
    content: Option<Fields>,
    parts: Vec<Part>,
}

enum Part {
    /// A text and nothing else, but whether the model thought it.
    Text {
        text: String,
        thought: bool,
    },
    Other(Box<RawValue>),
}

/// A text and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bare {
    text: String,
    #[serde(default)]
    thought: bool,
}

impl Assembly for Answers {
    fn take(&mut self, event: &Event) -> Result<Option<Vec<u8>>, String> {
        let Some(mut answer) = said::<Fields>(event)? else { return Ok(None) };
        if answer.get("error").is_some_and(|error| error.get() != "null") {
            return Ok(Some(event.data.as_bytes().to_vec()));
        }
        let candidates: Vec<Fields> = read(answer.remove("candidates"))?.unwrap_or_default();
        for mut candidate in candidates {
            let index = read(candidate.remove("index"))?.unwrap_or(0);
            self.candidates.entry(index).or_default().take(candidate)?;
        }
        renew(&mut self.head, answer);
        Ok(None)
    }

    /// No event says that it is the last one: each candidate says why it ended, or the provider why there is none.
    fn end(&mut self) -> Option<Vec<u8>> {
        let is_refused = |feedback: &RawValue| {
            serde_json::from_str(feedback.get()).is_ok_and(|feedback: Fields| says(&feedback, "blockReason"))
        };
        let is_whole = match self.candidates.is_empty() {
            true => self.head.get("promptFeedback").is_some_and(|feedback| is_refused(feedback)),
            false => self.candidates.values().all(|candidate| says(&candidate.rest, "finishReason")),
        };
        is_whole.then(|| self.answer())
    }
}

/// Whether a field is there and says anything.
fn says(fields: &Fields, name: &str) -> bool {
    fields.get(name).is_some_and(|value| value.get() != "null")
}

impl Answers {
    fn answer(&mut self) -> Vec<u8> {
        let mut answer = std::mem::take(&mut self.head);
        let candidates = std::mem::take(&mut self.candidates).into_iter();
        let candidates: Vec<Fields> = candidates.map(|(index, candidate)| candidate.whole(index)).collect();
        if !candidates.is_empty() {
            answer.insert("candidates".to_owned(), raw(&candidates));
        }
        serde_json::to_vec(&answer).expect("a map of JSON documents serialises")
    }
}

impl Candidate {
    fn take(&mut self, mut candidate: Fields) -> Result<(), String> {
        if let Some(mut content) = read::<Fields>(candidate.remove("content"))? {
            let parts: Vec<Box<RawValue>> = read(content.remove("parts"))?.unwrap_or_default();
            parts.into_iter().for_each(|part| self.say(part));
            self.content.get_or_insert_default().extend(content);
        }
        renew(&mut self.rest, candidate);
        Ok(())
    }

    fn say(&mut self, part: Box<RawValue>) {
        match (serde_json::from_str(part.get()), self.parts.last_mut()) {
            (Ok(Bare { text, .. }), _) if text.is_empty() => {}
            (Ok(Bare { text: more, thought }), Some(Part::Text { text, thought: same })) if *same == thought => {
                text.push_str(&more);
            }
            (Ok(Bare { text, thought }), _) => self.parts.push(Part::Text { text, thought }),
            (Err(_), _) => self.parts.push(Part::Other(part)),
        }
    }

    fn whole(self, index: u64) -> Fields {
        let Self { mut rest, content, parts } = self;
        if let Some(mut content) = content {
            if !parts.is_empty() {
                content.insert("parts".to_owned(), raw(&parts.into_iter().map(Part::whole).collect::<Vec<_>>()));
            }
            rest.insert("content".to_owned(), raw(&content));
        }
        rest.insert("index".to_owned(), raw(&index));
        rest
    }
}

impl Part {
    fn whole(self) -> Box<RawValue> {
        match self {
            Self::Text { text, thought: true } => raw(&json!({"text": text, "thought": true})),
            Self::Text { text, thought: false } => raw(&json!({"text": text})),
            Self::Other(part) => part,
        }
    }
}

#[cfg(test)]
mod tests;
