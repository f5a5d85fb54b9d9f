//! A reply as OpenAI's Chat Completions streams it: chunks, each with what it adds to the message.

use serde_json::{Map, Value, json};

use crate::model::stream::{Event, pieces};

/// The texts of a message that come piece by piece.
const GROWING: [&str; 4] = ["reasoning", "reasoning_content", "content", "refusal"];

/// The events of a reply to a body.
pub(super) fn events(reply: &Value, body: &Value) -> Vec<Event> {
    let counts = body["stream_options"]["include_usage"] == true;
    let mut head = reply.clone();
    head["object"] = "chat.completion.chunk".into();
    head["usage"] = Value::Null;
    let chunk = |choices: Value| {
        let mut chunk = head.clone();
        chunk["choices"] = choices;
        if !counts && let Some(fields) = chunk.as_object_mut() {
            fields.remove("usage");
        }
        chunk
    };
    let choice = &reply["choices"][0];
    let said = |delta: &Value| chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]));
    let mut chunks: Vec<Value> = deltas(&choice["message"]).iter().map(said).collect();
    chunks.push(chunk(json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": choice["finish_reason"]}])));
    if counts {
        let mut last = chunk(json!([]));
        last["usage"] = reply["usage"].clone();
        chunks.push(last);
    }
    chunks.iter().map(Event::of).chain([Event::verbatim("[DONE]")]).collect()
}

/// What is added to the message one after the other: first all that comes whole.
fn deltas(message: &Value) -> Vec<Value> {
    let mut first = message.clone();
    if let Some(fields) = first.as_object_mut() {
        fields.remove("tool_calls");
    }
    let mut later = Vec::new();
    for name in GROWING {
        if let Some(text) = message[name].as_str() {
            first[name] = "".into();
            later.extend(pieces(text).map(|piece| Value::Object(Map::from_iter([(name.to_owned(), piece.into())]))));
        }
    }
    for (index, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
        let mut begun = call.clone();
        begun["index"] = index.into();
        begun["function"]["arguments"] = "".into();
        later.push(json!({"tool_calls": [begun]}));
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        let more = |piece| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]});
        later.extend(pieces(arguments).map(more));
    }
    std::iter::once(first).chain(later).collect()
}
