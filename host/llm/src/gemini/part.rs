//! The parts of a content, as far as they are read.
//!
//! Google's servers take each field in two spellings, `functionCall` and `function_call` (protobuf's JSON mapping), and
//! its own libraries write both.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A part: one thing said, called, answered or shown. Which of the fields is there says what it is.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    pub(super) text: Option<String>,
    /// Whether the text is what the model thought before it spoke.
    pub(super) thought: Option<bool>,
    /// The provider's seal on what the model thought.
    #[serde(alias = "thought_signature")]
    pub(super) thought_signature: Option<String>,
    #[serde(alias = "function_call")]
    pub(super) function_call: Option<FunctionCall>,
    #[serde(alias = "function_response")]
    pub(super) function_response: Option<FunctionResponse>,
    #[serde(alias = "inline_data")]
    pub(super) inline_data: Option<Media>,
    #[serde(alias = "file_data")]
    pub(super) file_data: Option<Media>,
}

#[derive(Deserialize)]
pub(super) struct FunctionCall {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) args: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
pub(super) struct FunctionResponse {
    pub(super) id: Option<String>,
    pub(super) name: String,
    #[serde(default)]
    pub(super) parts: Vec<Part>,
}

/// Bytes, or where they are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Media {
    #[serde(default, alias = "mime_type")]
    pub(super) mime_type: String,
}

#[derive(Deserialize)]
struct Content {
    parts: Option<Vec<Box<RawValue>>>,
}

impl Part {
    /// None: it isn't of this format.
    pub(super) fn read(part: &RawValue) -> Option<Self> {
        serde_json::from_str(part.get()).ok()
    }

    /// The model's words, without its thoughts.
    pub(super) fn words(&self) -> Option<&str> {
        self.text.as_deref().filter(|_| self.thought != Some(true))
    }

    /// Whether it says nothing at all, not even by a seal: the provider gives out such parts and doesn't take them back.
    fn is_blank(&self) -> bool {
        self.text.as_deref() == Some("") && self.thought_signature.is_none()
    }
}

/// The parts of a content, each byte for byte, without those that the provider doesn't take back.
pub(super) fn parts(content: &RawValue) -> Vec<Box<RawValue>> {
    let content: Option<Content> = serde_json::from_str(content.get()).ok();
    let mut parts = content.and_then(|content| content.parts).unwrap_or_default();
    parts.retain(|part| !Part::read(part).is_some_and(|part| part.is_blank()));
    parts
}
