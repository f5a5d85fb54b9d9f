//! What a message says beyond its words, calls and results.

use std::sync::LazyLock;

use aftercall_core::left_out::Part;
use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// What stands in every message that says more: a part's type, a field's name, or an escape that may spell one. Of most
/// messages nothing does, and they need not be read.
static MARKS: LazyLock<[Finder<'static>; 7]> =
    LazyLock::new(|| ["image_url", "audio", "file", "reasoning", "thinking", "extra_content", "\\u"].map(Finder::new));

/// A message, as far as it may say more: of most, nothing is there but the words.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow)]
    extra_content: Option<&'a RawValue>,
    /// What the model thought, as DeepSeek and vLLM have it.
    #[serde(borrow)]
    reasoning_content: Option<&'a RawValue>,
    /// The same, as OpenRouter has it.
    #[serde(borrow)]
    reasoning_details: Option<&'a RawValue>,
    /// The same, as OpenRouter and Groq have it.
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    /// The same, as Ollama has it.
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    extra_content: Option<&'a RawValue>,
}

/// Its images, recordings, files and thoughts, Gemini's seals on which stand beside what they led to
/// (<https://ai.google.dev/gemini-api/docs/thought-signatures>).
pub(crate) fn beyond(message: &RawValue) -> Vec<Part> {
    if MARKS.iter().all(|mark| mark.find(message.get().as_bytes()).is_none()) {
        return Vec::new();
    }
    let Ok(message) = serde_json::from_str::<Message<'_>>(message.get()) else { return Vec::new() };
    let is_there = |value: Option<&RawValue>| value.is_some_and(|value| value.get() != r#""""#);
    let parts = list(message.content).into_iter().filter_map(|value| part(&value));
    let audio = is_there(message.audio).then_some(Part::Audio);
    let calls = message.tool_calls.and_then(|calls| serde_json::from_str::<Vec<&RawValue>>(calls.get()).ok());
    let calls = calls.into_iter().flatten().filter_map(|call| serde_json::from_str::<Call<'_>>(call.get()).ok());
    let beside_calls = calls.filter_map(|call| call.extra_content);
    let sealed = beside_calls.chain(message.extra_content).any(|extra| is_seal(&tree(extra)));
    let thoughts = [message.reasoning_content, message.reasoning_details, message.reasoning, message.thinking];
    let thoughts = sealed || thoughts.into_iter().any(is_there);
    parts.chain(audio).chain(thoughts.then_some(Part::Reasoning)).collect()
}

/// The items of a list; of anything else, none.
fn list(value: Option<&RawValue>) -> Vec<Value> {
    match value.filter(|value| value.get().starts_with('[')).map(tree) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

fn tree(value: &RawValue) -> Value {
    serde_json::from_str(value.get()).unwrap_or_default()
}

fn is_seal(extra_content: &Value) -> bool {
    let seal = &extra_content["google"]["thought_signature"];
    !seal.is_null() && seal != ""
}

fn part(part: &Value) -> Option<Part> {
    Some(match part["type"].as_str()? {
        "image_url" => Part::Image,
        "input_audio" => Part::Audio,
        "file" => Part::File,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::to_raw_value};

    use super::*;

    #[test]
    fn what_has_no_translation_is_found() {
        for (message, expected) in [
            (json!({"role": "user", "content": "hi"}), &[][..]),
            (
                json!({"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {}}]}),
                &[Part::Image],
            ),
            (
                json!({"role": "user", "content": [{"type": "input_audio"}, {"type": "file"}]}),
                &[Part::Audio, Part::File],
            ),
            (json!({"role": "assistant", "content": "a", "audio": {"id": "audio_1"}}), &[Part::Audio]),
            (json!({"role": "assistant", "content": "a", "audio": null, "reasoning": ""}), &[]),
            (json!({"role": "assistant", "content": "a", "reasoning_content": "hm"}), &[Part::Reasoning]),
            (json!({"role": "assistant", "content": "a", "reasoning_details": [{}]}), &[Part::Reasoning]),
            (json!({"role": "assistant", "content": "a", "reasoning": "hm"}), &[Part::Reasoning]),
            (json!({"role": "assistant", "content": "a", "thinking": "hm"}), &[Part::Reasoning]),
            (
                json!({"role": "assistant", "content": "a", "extra_content": {"google": {"thought_signature": "c2ln"}}}),
                &[Part::Reasoning],
            ),
            (json!({"role": "user", "content": "a file, an image_url, reasoning and audio"}), &[]),
            (
                json!({"role": "assistant", "tool_calls": [{"id": "a", "extra_content": {"google": {"thought_signature": "c2ln"}}}]}),
                &[Part::Reasoning],
            ),
        ] {
            assert_eq!(beyond(&to_raw_value(&message).expect("JSON")), expected, "{message}");
        }
    }
}
