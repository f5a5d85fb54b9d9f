//! What a content says beyond its words, calls and results.

use aftercall_core::left_out::Part as Beyond;
use serde_json::{Value, value::RawValue};

use super::part::{Media, Part, parts};

/// What the provider runs itself: code, its results, and calls of its own tools.
const OWN: [&str; 8] = [
    "executableCode",
    "executable_code",
    "codeExecutionResult",
    "code_execution_result",
    "toolCall",
    "tool_call",
    "toolResponse",
    "tool_response",
];

/// Its images, recordings, files, thoughts and what the provider ran.
pub(crate) fn beyond(content: &RawValue) -> Vec<Beyond> {
    parts(content).iter().flat_map(|part| of_part(part)).collect()
}

fn of_part(raw: &RawValue) -> Vec<Beyond> {
    let part = Part::read(raw).unwrap_or_default();
    let tree: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    let own = OWN.iter().any(|name| tree.get(name).is_some_and(|value| !value.is_null()));
    let thought = part.thought == Some(true) || part.thought_signature.is_some();
    let shown = part.function_response.iter().flat_map(|response| &response.parts);
    let media = shown.chain([&part]).flat_map(|part| part.inline_data.iter().chain(&part.file_data)).map(medium);
    media.chain(thought.then_some(Beyond::Reasoning)).chain(own.then_some(Beyond::ProviderItem)).collect()
}

fn medium(media: &Media) -> Beyond {
    match media.mime_type.split('/').next() {
        Some("image") => Beyond::Image,
        Some("audio") => Beyond::Audio,
        _ => Beyond::File,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::to_raw_value};

    use super::*;

    #[test]
    fn what_has_no_translation_is_found() {
        for (part, expected) in [
            (json!({"text": "hi"}), &[][..]),
            (json!({"text": "hm", "thought": true}), &[Beyond::Reasoning]),
            (json!({"functionCall": {"name": "f"}, "thoughtSignature": "c2ln"}), &[Beyond::Reasoning]),
            (json!({"function_call": {"name": "f"}, "thought_signature": "c2ln"}), &[Beyond::Reasoning]),
            (json!({"text": "", "thoughtSignature": "c2ln"}), &[Beyond::Reasoning]),
            (json!({"inlineData": {"mimeType": "image/png", "data": ""}}), &[Beyond::Image]),
            (json!({"inline_data": {"mime_type": "audio/wav"}}), &[Beyond::Audio]),
            (json!({"fileData": {"fileUri": "x", "mimeType": "video/mp4"}}), &[Beyond::File]),
            (
                json!({"functionResponse": {"name": "f", "response": {}, "parts": [{"inlineData": {"mimeType": "image/png"}}]}}),
                &[Beyond::Image],
            ),
            (json!({"executableCode": {"code": "1"}}), &[Beyond::ProviderItem]),
            (json!({"codeExecutionResult": {}}), &[Beyond::ProviderItem]),
            (json!({"functionResponse": {"name": "f", "response": {"x": 1}}}), &[]),
        ] {
            let content = json!({"role": "model", "parts": [part]});
            assert_eq!(beyond(&to_raw_value(&content).expect("JSON")), expected, "{content}");
        }
    }
}
