//! A reply as Gemini's `streamGenerateContent?alt=sse` streams it: answers of the usual form, each with some of the parts.

use serde_json::{Value, json};

use crate::model::stream::{Event, pieces};

/// The events of a reply.
pub(super) fn events(reply: &Value) -> Vec<Event> {
    let candidate = &reply["candidates"][0];
    let mut parts: Vec<Value> =
        candidate["content"]["parts"].as_array().into_iter().flatten().flat_map(apart).collect();
    let Some(last) = parts.pop() else { return vec![Event::of(reply)] };
    let content = |part: Value| json!({"parts": [part], "role": "model"});
    let tokens = &reply["usageMetadata"]["promptTokenCount"];
    let some = |part: Value| {
        let mut some = reply.clone();
        some["candidates"] = json!([{"content": content(part), "index": 0}]);
        some["usageMetadata"] = json!({"promptTokenCount": tokens, "totalTokenCount": tokens});
        some
    };
    let mut whole = reply.clone();
    whole["candidates"][0]["content"] = content(last);
    parts.into_iter().map(some).chain([whole]).map(|answer| Event::of(&answer)).collect()
}

/// The pieces of a part: a text that no seal stands on is cut.
fn apart(part: &Value) -> Vec<Value> {
    match part["text"].as_str().filter(|_| part["thoughtSignature"].is_null()) {
        None => vec![part.clone()],
        Some(text) => {
            let piece = |piece: &str| {
                let mut cut = part.clone();
                cut["text"] = piece.into();
                cut
            };
            pieces(text).map(piece).collect()
        }
    }
}
