//! The messages of a request: the user's and the assistant's in turns, each made of blocks.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, value::RawValue};

use crate::raw::raw;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Speaker {
    User,
    Assistant,
}

/// A block of our own.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Block<'a> {
    Text {
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    ToolUse {
        id: String,
        name: String,
        input: Box<RawValue>,
    },
    ToolResult {
        tool_use_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<&'a str>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

/// Tells the provider to keep all that comes up to here, for the next request.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum CacheControl {
    Ephemeral,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Turn {
    speaker: Speaker,
    blocks: Vec<Box<RawValue>>,
    /// The message itself, where it is the provider's own and goes out as it is.
    whole: Option<Box<RawValue>>,
}

/// Turns, in order. Those of one speaker in a row are one.
#[derive(Debug, Default)]
pub(crate) struct Turns(Vec<Turn>);

impl Turn {
    /// Takes a message of the provider's own apart. Blocks of blank text go, which the provider gives and doesn't take.
    /// None: it isn't the user's or the assistant's, or calls a tool without an input, which the provider demands.
    pub(crate) fn read(message: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Message {
            role: Speaker,
            content: Box<RawValue>,
        }
        let Message { role: speaker, content } = serde_json::from_str(message.get()).ok()?;
        let all: Vec<Box<RawValue>> = match content.get().starts_with('"') {
            true => vec![text_of(&content)],
            false => serde_json::from_str(content.get()).ok()?,
        };
        if all.iter().any(|block| lacks_input(block)) {
            return None;
        }
        let count = all.len();
        let blocks: Vec<_> = all.into_iter().filter(|block| !is_blank(block)).collect();
        let whole = (blocks.len() == count && count > 0).then(|| message.to_owned());
        Some(Self { speaker, blocks, whole })
    }
}

impl Turns {
    /// Adds a message, or its blocks to the one before.
    pub(crate) fn push(&mut self, turn: Turn) {
        match self.0.last_mut() {
            _ if turn.blocks.is_empty() => {}
            Some(last) if last.speaker == turn.speaker => {
                last.blocks.extend(turn.blocks);
                last.whole = None;
            }
            _ => self.0.push(turn),
        }
    }

    /// Adds a block.
    pub(crate) fn add(&mut self, speaker: Speaker, block: &Block<'_>) {
        if let Block::Text { text, .. } = block
            && text.trim().is_empty()
        {
            return;
        }
        self.push(Turn { speaker, blocks: vec![raw(block)], whole: None });
    }

    /// Adds words.
    pub(crate) fn say(&mut self, speaker: Speaker, text: &str) {
        self.add(speaker, &Block::Text { text, cache_control: None });
    }

    /// Whose turn the last one was.
    pub(crate) fn last_speaker(&self) -> Option<Speaker> {
        self.0.last().map(|turn| turn.speaker)
    }

    /// Whether the last turn has nothing but results, of calls that the model made without a thought before them.
    pub(crate) fn resumes_without_thought(&self) -> bool {
        let [.., calls, results] = self.0.as_slice() else { return false };
        let kind = |block: &RawValue| serde_json::from_str::<Value>(block.get()).unwrap_or_default()["type"].take();
        let is_thought = |kind: Value| kind == "thinking" || kind == "redacted_thinking";
        results.speaker == Speaker::User
            && results.blocks.iter().all(|block| kind(block) == "tool_result")
            && !calls.blocks.first().is_some_and(|first| is_thought(kind(first)))
    }

    /// Whether any tool was called.
    pub(crate) fn has_calls(&self) -> bool {
        self.0.iter().flat_map(|turn| &turn.blocks).any(|block| {
            let block: Value = serde_json::from_str(block.get()).unwrap_or_default();
            block["type"] == "tool_use" || block["type"] == "tool_result"
        })
    }

    /// How often the provider is told to keep what comes up to a place.
    pub(crate) fn cache_controls(&self) -> usize {
        fn within(block: &Value) -> usize {
            let own = usize::from(!block["cache_control"].is_null());
            own + block["content"].as_array().into_iter().flatten().map(within).sum::<usize>()
        }
        let blocks = self.0.iter().flat_map(|turn| &turn.blocks);
        let mentioning = blocks.filter(|block| block.get().contains("cache_control"));
        mentioning.map(|block| within(&serde_json::from_str(block.get()).unwrap_or_default())).sum()
    }
}

impl Serialize for Turns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Message<'a> {
            role: Speaker,
            content: &'a [Box<RawValue>],
        }
        let message = |turn: &Turn| match &turn.whole {
            Some(whole) => whole.clone(),
            None => raw(&Message { role: turn.speaker, content: &turn.blocks }),
        };
        serializer.collect_seq(self.0.iter().map(message))
    }
}

/// A block of text out of a JSON string, byte for byte.
fn text_of(string: &RawValue) -> Box<RawValue> {
    #[derive(Serialize)]
    #[serde(tag = "type", rename = "text")]
    struct Text<'a> {
        text: &'a RawValue,
    }
    raw(&Text { text: string })
}

fn is_blank(block: &RawValue) -> bool {
    let block: Value = serde_json::from_str(block.get()).unwrap_or_default();
    block["type"] == "text" && block["text"].as_str().is_some_and(|text| text.trim().is_empty())
}

fn lacks_input(block: &RawValue) -> bool {
    let block: Value = serde_json::from_str(block.get()).unwrap_or_default();
    block["type"] == "tool_use" && !block["input"].is_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_without_an_input_is_not_sent_as_it_is() {
        for (input, expected) in [(json!({}), true), (json!({"x": 1}), true), (Value::Null, false), (json!("x"), false)]
        {
            let mut call = json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": input});
            if input.is_null() {
                call.as_object_mut().expect("an object").remove("input");
            }
            let message = json!({"role": "assistant", "content": [{"type": "text", "text": "So."}, call]});
            assert_eq!(Turn::read(&raw(&message)).is_some(), expected, "{message}");
        }
    }
}
