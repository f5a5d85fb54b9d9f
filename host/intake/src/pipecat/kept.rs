//! What the service of one provider keeps in a context for itself, and others pass over: thoughts, seals, and whole messages.
//!
//! By Pipecat's sources (`adapters/services`, `services/google/llm.py`, the assistant's aggregator): `google` has
//! `{"type": "thought_signature", "signature": …, "bookmark": …}`, whose bookmark names a call or quotes words; `anthropic`
//! has `{"type": "thought", "text": …, "signature": …}` and `openai_responses` reasoning items, both in front of what they led
//! to. Anything else is a message as the provider takes it.

use aftercall_core::{
    conversation::{Dialect, Item, Role},
    left_out::Part,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::Specific;
use crate::{anthropic, gemini, openai_responses, own};

/// One message that a service keeps for itself.
pub(super) enum Kept {
    /// What a model thought, as its provider takes it: it goes in front of the reply that it led to.
    Thoughts(Dialect, Vec<Box<RawValue>>),
    /// Gemini's seal on a call or on words.
    Seal(Seal),
    /// A message that says something.
    Message(Vec<Item>),
    /// What can't be put back.
    Lost(Part),
}

#[derive(Deserialize)]
pub(super) struct Seal {
    pub(super) signature: String,
    pub(super) bookmark: Bookmark,
}

/// What a seal is on.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Bookmark {
    /// The call of this identifier.
    FunctionCall(String),
    /// The words that begin so, or were to go on so.
    Text(String),
}

/// A thought of Anthropic's as the aggregator keeps it.
#[derive(Deserialize)]
struct Thought {
    #[serde(default)]
    text: String,
    signature: String,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "thinking")]
struct Thinking<'a> {
    thinking: &'a str,
    signature: &'a str,
}

/// What a message for one service is.
pub(super) fn read(specific: &Specific<'_>) -> Kept {
    let message = specific.message;
    let tree: Value = serde_json::from_str(message.get()).unwrap_or_default();
    let kind = tree["type"].as_str().unwrap_or_default();
    let one = [message];
    let said = |items: Option<Vec<Item>>| items.filter(|items| !items.is_empty()).map(Kept::Message);
    let found = match (specific.llm.as_str(), kind) {
        ("google", "thought_signature") => serde_json::from_str(message.get()).ok().map(Kept::Seal),
        ("google", _) if tree["parts"].is_array() => said(gemini::items(&one, "").ok()),
        ("anthropic", "thought") => thought(message).map(|block| Kept::Thoughts(Dialect::Anthropic, vec![block])),
        ("anthropic", _) if tree["role"].is_string() => match thoughts_alone(message) {
            Some(blocks) => Some(Kept::Thoughts(Dialect::Anthropic, blocks)),
            None => said(anthropic::items(&one, "").ok()),
        },
        ("openai_responses", "reasoning") => {
            // The provider keeps none, so that one without its content can't be found.
            let is_whole =
                tree["id"].is_string() && tree["encrypted_content"].as_str().is_some_and(|content| !content.is_empty());
            is_whole.then(|| Kept::Thoughts(Dialect::OpenaiResponses, vec![message.to_owned()]))
        }
        ("openai_responses", _) => said(Some(openai_responses::items(&one))),
        _ => None,
    };
    let is_reasoning = ["thought", "thought_signature", "reasoning"].contains(&kind);
    found.unwrap_or(Kept::Lost(if is_reasoning { Part::Reasoning } else { Part::ProviderItem }))
}

/// Anthropic's block of a thought, which may be empty and is nothing without its signature.
fn thought(message: &RawValue) -> Option<Box<RawValue>> {
    let Thought { text, signature } = serde_json::from_str(message.get()).ok()?;
    own::is_base64(&signature).then(|| own::raw(&Thinking { thinking: &text, signature: &signature }))
}

/// The blocks of a message of Anthropic's that has only thoughts. None: it has others.
fn thoughts_alone(message: &RawValue) -> Option<Vec<Box<RawValue>>> {
    #[derive(Deserialize)]
    struct Message {
        role: Role,
        content: Vec<Box<RawValue>>,
    }
    #[derive(Deserialize)]
    struct Look {
        r#type: String,
    }
    let Message { role, content } = serde_json::from_str(message.get()).ok()?;
    let is_thought = |block: &RawValue| {
        serde_json::from_str::<Look>(block.get())
            .is_ok_and(|look| ["thinking", "redacted_thinking"].contains(&look.r#type.as_str()))
    };
    (role == Role::Assistant && !content.is_empty() && content.iter().all(|block| is_thought(block))).then_some(content)
}
