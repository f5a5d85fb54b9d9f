use aftercall_core::conversation::Dialect;

use super::*;
use crate::stream::tests::{check_cut, check_unreadable, events};

#[track_caller]
fn check(data: &[&str], expected: Option<Value>) {
    crate::stream::tests::check(Dialect::OpenaiResponses, &events(data), expected);
}

const BEGUN: &str =
    r#"{"type":"response.created","response":{"id":"r","status":"in_progress","output":[]},"sequence_number":0}"#;
const ITEM: &str = r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"a","name":"f","arguments":"{\"x\": 1.0}"}}"#;
const THOUGHT: &str = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs","encrypted_content":"c2ln"}}"#;

#[test]
fn the_last_event_has_the_whole_response() {
    let delta = r#"{"type":"response.output_text.delta","output_index":0,"delta":"Do","obfuscation":"xx"}"#;
    for (kind, status) in
        [("completed", "completed"), ("incomplete", "incomplete"), ("done", "completed"), ("failed", "failed")]
    {
        let response = json!({"id": "r", "status": status, "output": [{"type": "message", "content": []}]});
        let last = json!({"type": format!("response.{kind}"), "response": response}).to_string();
        check(&[BEGUN, r#"{"type":"new","response":null}"#, delta, ITEM, &last], Some(response.clone()));
        check_cut(Dialect::OpenaiResponses, &events(&[BEGUN, delta, ITEM, &last]), &last);
    }
    let silent = json!({"id": "r", "output": []});
    let last = json!({"type": "response.completed", "response": silent}).to_string();
    check(&[BEGUN, &last], Some(silent));
    check(&[BEGUN, "[DONE]"], None);
    check_unreadable(Dialect::OpenaiResponses, "data: 7\n\n", "in an event");
}

#[test]
fn items_that_the_last_event_leaves_out_came_before() {
    let items = json!([
        {"type": "reasoning", "id": "rs", "encrypted_content": "c2ln"},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{\"x\": 1.0}"},
    ]);
    for output in [r#","output":[]"#, r#","output":null"#, ""] {
        let last = format!(r#"{{"type":"response.completed","response":{{"id":"r","status":"completed"{output}}}}}"#);
        check(&[BEGUN, ITEM, THOUGHT, &last], Some(json!({"id": "r", "status": "completed", "output": items})));
    }
}
