//! A reply as OpenAI's Responses streams it: what is added to each item, each item, and at last the whole response.

use serde_json::{Value, json};

use super::background::unfinished;
use crate::model::stream::{Event, pieces};

/// The events of a reply.
pub(super) fn events(reply: &Value) -> Vec<Event> {
    let begun = unfinished(reply, "in_progress");
    let mut told = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.in_progress", "response": begun}),
    ];
    for (index, item) in reply["output"].as_array().into_iter().flatten().enumerate() {
        told.push(json!({"type": "response.output_item.added", "output_index": index, "item": empty(item)}));
        for mut event in additions(item) {
            event["item_id"] = item["id"].clone();
            event["output_index"] = index.into();
            told.push(event);
        }
        told.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
    }
    let status = reply["status"].as_str().unwrap_or_default();
    told.push(json!({"type": format!("response.{status}"), "response": reply}));
    let numbered = told.into_iter().enumerate().map(|(number, mut event)| {
        event["sequence_number"] = number.into();
        Event::of_type(&event)
    });
    numbered.collect()
}

/// The event of an error, of whose body this is the text.
pub(super) fn error(body: &str) -> Event {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let error = &body["error"];
    Event::of_type(
        &json!({"type": "error", "code": error["code"], "message": error["message"], "param": error["param"]}),
    )
}

/// An item of which nothing has come yet.
fn empty(item: &Value) -> Value {
    let mut empty = item.clone();
    for (name, nothing) in [("content", json!([])), ("summary", json!([])), ("arguments", json!(""))] {
        if !item[name].is_null() {
            empty[name] = nothing;
        }
    }
    if !item["status"].is_null() {
        empty["status"] = "in_progress".into();
    }
    empty
}

fn additions(item: &Value) -> Vec<Value> {
    let mut told = Vec::new();
    for (index, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
        let empty = json!({"type": part["type"], "text": ""});
        told.push(json!({"type": "response.reasoning_summary_part.added", "summary_index": index, "part": empty}));
        told.extend(grown("response.reasoning_summary_text", "summary_index", index, "text", part));
        told.push(json!({"type": "response.reasoning_summary_part.done", "summary_index": index, "part": part}));
    }
    for (index, part) in item["content"].as_array().into_iter().flatten().enumerate() {
        let (kind, field) = match part["type"].as_str() {
            Some("refusal") => ("response.refusal", "refusal"),
            _ => ("response.output_text", "text"),
        };
        let mut empty = part.clone();
        empty[field] = "".into();
        told.push(json!({"type": "response.content_part.added", "content_index": index, "part": empty}));
        told.extend(grown(kind, "content_index", index, field, part));
        told.push(json!({"type": "response.content_part.done", "content_index": index, "part": part}));
    }
    if let Some(arguments) = item["arguments"].as_str() {
        let kind = "response.function_call_arguments";
        told.extend(pieces(arguments).map(|piece| json!({"type": format!("{kind}.delta"), "delta": piece})));
        told.push(json!({"type": format!("{kind}.done"), "arguments": arguments}));
    }
    told
}

/// A text of a part, piece by piece and then whole.
fn grown(kind: &str, place: &str, index: usize, field: &str, part: &Value) -> Vec<Value> {
    let text = part[field].as_str().unwrap_or_default();
    let delta = |piece| json!({"type": format!("{kind}.delta"), place: index, "delta": piece});
    let done = json!({"type": format!("{kind}.done"), place: index, field: text});
    pieces(text).map(delta).chain([done]).collect()
}
