//! What a message says beyond its words, calls and results.

use aftercall_core::left_out::Part;
use serde_json::{Value, value::RawValue};

/// Its thoughts, images, files, and what the provider did itself.
pub(crate) fn beyond(message: &RawValue) -> Vec<Part> {
    let Ok(message) = serde_json::from_str::<Value>(message.get()) else { return Vec::new() };
    blocks(&message).flat_map(parts).collect()
}

fn parts(block: &Value) -> Vec<Part> {
    let part = match block["type"].as_str() {
        Some("text") => return Vec::new(),
        Some("tool_use") => return Vec::new(),
        Some("tool_result") => return blocks(block).flat_map(parts).collect(),
        Some("thinking" | "redacted_thinking") => Part::Reasoning,
        Some("image") => Part::Image,
        Some("document" | "search_result" | "container_upload") => Part::File,
        Some(_) | None => Part::ProviderItem,
    };
    vec![part]
}

fn blocks(of: &Value) -> impl Iterator<Item = &Value> {
    of["content"].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::to_raw_value};

    use super::*;

    #[test]
    fn what_has_no_translation_is_found() {
        let image = json!({"type": "image", "source": {}});
        for (content, expected) in [
            (json!("hi"), &[][..]),
            (json!([{"type": "text", "text": "see"}, image]), &[Part::Image]),
            (
                json!([{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "redacted_thinking", "data": "x"}]),
                &[Part::Reasoning, Part::Reasoning],
            ),
            (json!([{"type": "tool_use", "id": "a", "name": "f", "input": {}}]), &[]),
            (
                json!([{"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "x"}, image]}]),
                &[Part::Image],
            ),
            (json!([{"type": "tool_result", "tool_use_id": "a", "content": "x"}]), &[]),
            (
                json!([{"type": "document", "source": {}}, {"type": "server_tool_use"}]),
                &[Part::File, Part::ProviderItem],
            ),
        ] {
            let message = json!({"role": "user", "content": content});
            assert_eq!(beyond(&to_raw_value(&message).expect("JSON")), expected, "{message}");
        }
    }
}
