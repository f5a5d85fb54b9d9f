//! A reply as Anthropic's Messages streams it: the message, its blocks, what is added to each.

use serde_json::{Value, json};

use crate::model::stream::{Event, pieces};

/// The events of a reply.
pub(super) fn events(reply: &Value) -> Vec<Event> {
    let mut begun = reply.clone();
    begun["content"] = json!([]);
    begun["stop_reason"] = Value::Null;
    begun["usage"]["output_tokens"] = 1.into();
    let mut delta = json!({"stop_reason": reply["stop_reason"], "stop_sequence": reply["stop_sequence"]});
    if let Some(fields) = begun.as_object_mut()
        && let Some(details) = fields.remove("stop_details")
    {
        delta["stop_details"] = details;
    }
    let mut told = vec![json!({"type": "message_start", "message": begun})];
    for (index, block) in reply["content"].as_array().into_iter().flatten().enumerate() {
        let (empty, deltas) = apart(block);
        told.push(json!({"type": "content_block_start", "index": index, "content_block": empty}));
        told.push(json!({"type": "ping"}));
        told.extend(deltas.iter().map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})));
        told.push(json!({"type": "content_block_stop", "index": index}));
    }
    let usage = json!({"output_tokens": reply["usage"]["output_tokens"]});
    told.push(json!({"type": "message_delta", "delta": delta, "usage": usage}));
    told.push(json!({"type": "message_stop"}));
    told.iter().map(Event::of_type).collect()
}

/// A block of which nothing has come yet, and what is added to it one after the other.
fn apart(block: &Value) -> (Value, Vec<Value>) {
    let mut empty = block.clone();
    let text = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
    match block["type"].as_str() {
        Some("text") => {
            empty["text"] = "".into();
            let delta = |piece| json!({"type": "text_delta", "text": piece});
            (empty, pieces(&text("text")).map(delta).collect())
        }
        Some("thinking") => {
            (empty["thinking"], empty["signature"]) = ("".into(), "".into());
            let delta = |piece| json!({"type": "thinking_delta", "thinking": piece});
            let signature = json!({"type": "signature_delta", "signature": block["signature"]});
            (empty, pieces(&text("thinking")).map(delta).chain([signature]).collect())
        }
        Some("tool_use") => {
            empty["input"] = json!({});
            let input = match &block["input"] {
                Value::String(broken) => broken.clone(),
                Value::Object(nothing) if nothing.is_empty() => String::new(),
                input => input.to_string(),
            };
            let delta = |piece| json!({"type": "input_json_delta", "partial_json": piece});
            (empty, std::iter::once("").chain(pieces(&input)).map(delta).collect())
        }
        _ => (empty, Vec::new()),
    }
}
