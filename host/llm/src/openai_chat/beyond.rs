//! What a message says beyond its words, calls and results.

use std::sync::LazyLock;

use aftercall_core::left_out::Part;
use aho_corasick::AhoCorasick;
use serde_json::{Value, value::RawValue};

/// Where servers put what a model thought: DeepSeek and vLLM, OpenRouter and Groq, Ollama.
const REASONING_FIELDS: [&str; 4] = ["reasoning_content", "reasoning_details", "reasoning", "thinking"];

/// What stands in every message that says more: a part's type, a field's name, or an escape that may spell one. Of most
/// messages nothing does, and they need not be read.
static MARKS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let marks = ["image_url", "audio", "file", "reasoning", "thinking", "extra_content", "\\u"];
    AhoCorasick::new(marks).expect("they are few")
});

/// Its images, recordings, files and thoughts, Gemini's seals on which stand beside what they led to
/// (<https://ai.google.dev/gemini-api/docs/thought-signatures>).
pub(crate) fn beyond(message: &RawValue) -> Vec<Part> {
    if !MARKS.is_match(message.get()) {
        return Vec::new();
    }
    let Ok(message) = serde_json::from_str::<Value>(message.get()) else { return Vec::new() };
    let is_there = |value: &Value| !value.is_null() && value != "";
    let parts = message["content"].as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(part);
    let audio = is_there(&message["audio"]).then_some(Part::Audio);
    let calls = message["tool_calls"].as_array().map_or(&[][..], Vec::as_slice);
    let is_sealed = |of: &Value| is_there(&of["extra_content"]["google"]["thought_signature"]);
    let sealed = calls.iter().chain([&message]).any(is_sealed);
    let thoughts = sealed || REASONING_FIELDS.iter().any(|name| is_there(&message[name]));
    parts.chain(audio).chain(thoughts.then_some(Part::Reasoning)).collect()
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
