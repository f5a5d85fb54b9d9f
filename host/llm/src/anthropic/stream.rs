//! What comes back as a stream: a message, its blocks, what is added to each.
//!
//! The format is that of <https://docs.anthropic.com/en/docs/build-with-claude/streaming>. What isn't put together is kept
//! byte for byte; events that aren't known are passed over, as that page demands.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::{
    raw::raw,
    stream::{Assembly, Fields, read, renew, said, sse::Event},
};

/// The message so far.
#[derive(Default)]
pub(crate) struct Events {
    message: Option<Fields>,
    /// Each count is of all so far.
    usage: Fields,
    blocks: BTreeMap<u64, Block>,
}

/// A block as far as it has come.
struct Block {
    fields: Fields,
    /// Texts that come piece by piece, by the names of their fields.
    texts: BTreeMap<&'static str, String>,
    /// What a text stands on.
    citations: Vec<Box<RawValue>>,
    /// The JSON of a call's input.
    input: String,
}

impl Assembly for Events {
    fn take(&mut self, event: &Event) -> Result<Option<Vec<u8>>, String> {
        let Some(mut happened) = said::<Fields>(event)? else { return Ok(None) };
        let kind: Option<String> = read(happened.remove("type"))?;
        match kind.as_deref().unwrap_or(&event.name) {
            "message_start" => self.start(read(happened.remove("message"))?.ok_or("a message begins without one")?),
            "content_block_start" => {
                let fields = read(happened.remove("content_block"))?.ok_or("a block begins without one")?;
                self.blocks.insert(index(&mut happened)?, Block::new(fields));
            }
            "content_block_delta" => {
                let block = self.blocks.get_mut(&index(&mut happened)?).ok_or("a block goes on that hasn't begun")?;
                block.grow(read(happened.remove("delta"))?.unwrap_or_default())?;
            }
            "message_delta" => {
                let message = self.message.as_mut().ok_or("a message goes on that hasn't begun")?;
                message.extend(read::<Fields>(happened.remove("delta"))?.unwrap_or_default());
                renew(&mut self.usage, read(happened.remove("usage"))?.unwrap_or_default());
                message.extend(happened);
            }
            "message_stop" => return self.answer().map(Some),
            "error" => return Ok(Some(event.data.as_bytes().to_vec())),
            _ => {}
        }
        Ok(None)
    }
}

impl Events {
    fn start(&mut self, mut message: Fields) {
        let usage = message.remove("usage").and_then(|usage| serde_json::from_str(usage.get()).ok());
        renew(&mut self.usage, usage.unwrap_or_default());
        self.message = Some(message);
    }

    fn answer(&mut self) -> Result<Vec<u8>, String> {
        let mut message = self.message.take().ok_or("a message ends that hasn't begun")?;
        let blocks = std::mem::take(&mut self.blocks).into_values().map(Block::whole);
        message.insert("content".to_owned(), raw(&blocks.collect::<Vec<_>>()));
        message.insert("usage".to_owned(), raw(&self.usage));
        Ok(serde_json::to_vec(&message).expect("a map of JSON documents serialises"))
    }
}

/// The place in the message of the block that an event is about.
fn index(happened: &mut Fields) -> Result<u64, String> {
    read(happened.remove("index")).map(Option::unwrap_or_default)
}

impl Block {
    fn new(fields: Fields) -> Self {
        Self { fields, texts: BTreeMap::new(), citations: Vec::new(), input: String::new() }
    }

    fn grow(&mut self, mut delta: Fields) -> Result<(), String> {
        let mut text = |name: &str| read::<String>(delta.remove(name)).map(Option::unwrap_or_default);
        match text("type")?.as_str() {
            "text_delta" => self.text("text").push_str(&text("text")?),
            "thinking_delta" => self.text("thinking").push_str(&text("thinking")?),
            "input_json_delta" => self.input.push_str(&text("partial_json")?),
            "citations_delta" => self.citations.extend(delta.remove("citation")),
            // A signature comes whole, and so does what isn't known.
            _ => {}
        }
        self.fields.extend(delta);
        Ok(())
    }

    fn text(&mut self, name: &'static str) -> &mut String {
        let begun = || self.fields.get(name).and_then(|value| serde_json::from_str(value.get()).ok());
        self.texts.entry(name).or_insert_with(|| begun().unwrap_or_default())
    }

    fn whole(self) -> Fields {
        let Self { mut fields, texts, mut citations, input } = self;
        fields.extend(texts.into_iter().map(|(name, text)| (name.to_owned(), raw(&text))));
        if !citations.is_empty() {
            let begun = fields.get("citations").and_then(|list| serde_json::from_str::<Vec<_>>(list.get()).ok());
            citations.splice(0..0, begun.unwrap_or_default());
            fields.insert("citations".to_owned(), raw(&citations));
        }
        if !input.trim().is_empty() {
            // A model that is cut off leaves JSON that is none, which stays a text.
            let input = RawValue::from_string(input.clone()).unwrap_or_else(|_| raw(&input));
            fields.insert("input".to_owned(), input);
        }
        fields
    }
}

#[cfg(test)]
mod tests;
