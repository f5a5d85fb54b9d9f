//! What items say beyond their words, calls and results.

use aftercall_core::left_out::Part;
use serde_json::{Value, value::RawValue};

/// Their thoughts, images, recordings and files, and the provider's own items.
pub(crate) fn beyond(list: &RawValue) -> Vec<Part> {
    let items: Vec<Value> = serde_json::from_str(list.get()).unwrap_or_default();
    items.iter().flat_map(item).collect()
}

fn item(item: &Value) -> Vec<Part> {
    match item["type"].as_str().unwrap_or("message") {
        "message" => parts(&item["content"]),
        "function_call_output" | "custom_tool_call_output" => parts(&item["output"]),
        "function_call" | "custom_tool_call" => Vec::new(),
        // One that was answered is a call and a result.
        "mcp_call" if !item["output"].is_null() || !item["error"].is_null() => Vec::new(),
        "reasoning" => vec![Part::Reasoning],
        _ => vec![Part::ProviderItem],
    }
}

fn parts(content: &Value) -> Vec<Part> {
    let part = |part: &Value| match part["type"].as_str()? {
        "input_image" => Some(Part::Image),
        "input_audio" => Some(Part::Audio),
        "input_file" => Some(Part::File),
        _ => None,
    };
    content.as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::to_raw_value};

    use super::*;

    #[test]
    fn what_has_no_translation_is_found() {
        for (list, expected) in [
            (json!([{"role": "user", "content": "hi"}]), &[][..]),
            (
                json!([{"role": "user", "content": [{"type": "input_text"}, {"type": "input_image"}, {"type": "input_file"}]}]),
                &[Part::Image, Part::File],
            ),
            (
                json!([{"type": "function_call_output", "output": [{"type": "input_audio"}, {"type": "input_text"}]}]),
                &[Part::Audio],
            ),
            (
                json!([{"type": "reasoning"}, {"type": "function_call"}, {"type": "web_search_call"}]),
                &[Part::Reasoning, Part::ProviderItem],
            ),
            (json!([{"type": "mcp_call", "output": "done"}, {"type": "mcp_call"}]), &[Part::ProviderItem]),
            (json!([]), &[]),
        ] {
            assert_eq!(beyond(&to_raw_value(&list).expect("JSON")), expected, "{list}");
        }
    }
}
