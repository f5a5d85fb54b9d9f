use aftercall_core::conversation::Dialect;
use serde_json::Value;

use super::*;
use crate::stream::tests::{check_cut, check_unreadable, events};

/// An answer with these parts, unfinished.
fn some(parts: &str) -> String {
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{parts}],"role":"model"}},"index":0}}],"usageMetadata":{{"promptTokenCount":3}},"modelVersion":"m"}}"#
    )
}

/// A stream of answers with these parts, finished.
fn stream(parts: &[&str]) -> String {
    let mut data: Vec<String> = parts.iter().map(|parts| some(parts)).collect();
    data.push(r#"{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4}}"#.to_owned());
    events(&data.iter().map(String::as_str).collect::<Vec<_>>())
}

#[track_caller]
fn check(parts: &[&str], expected: Value) {
    let answer = json!({
        "candidates": [{"index": 0, "content": {"parts": expected, "role": "model"}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4},
        "modelVersion": "m",
    });
    crate::stream::tests::check(Dialect::Gemini, &stream(parts), Some(answer));
}

#[test]
fn texts_are_put_together_and_seals_stay_where_they_are() {
    check(
        &[
            r#"{"text":"h","thought":true}"#,
            r#"{"text":"m","thought":true}"#,
            r#"{"text":"Aña"}"#,
            r#"{"text":"dido"},{"text":"."}"#,
            r#"{"text":"","thoughtSignature":"c2ln"}"#,
        ],
        json!([
            {"text": "hm", "thought": true},
            {"text": "Añadido."},
            {"text": "", "thoughtSignature": "c2ln"},
        ]),
    );
    check(
        &[
            r#"{"text":"a"}"#,
            r#"{"text":"b","thoughtSignature":"Yg=="}"#,
            r#"{"text":"c"}"#,
            r#"{"functionCall":{"name":"f","args":{"x":1}},"thoughtSignature":"Zg=="}"#,
            r#"{"functionCall":{"name":"g","args":{}}},{"text":"d","new":1}"#,
        ],
        json!([
            {"text": "a"},
            {"text": "b", "thoughtSignature": "Yg=="},
            {"text": "c"},
            {"functionCall": {"name": "f", "args": {"x": 1}}, "thoughtSignature": "Zg=="},
            {"functionCall": {"name": "g", "args": {}}},
            {"text": "d", "new": 1},
        ]),
    );
}

/// What isn't put together is as it was written.
#[test]
fn arguments_are_kept_byte_for_byte() {
    let part = r#"{"functionCall":{"name":"f","args":{ "x": 1.00, "y": 12345678901234567890123 }}}"#;
    let reply = crate::read_streamed(Dialect::Gemini, [stream(&[part]).as_bytes()], 0).expect("a reply");
    assert_eq!(reply.calls[0].arguments, r#"{ "x": 1.00, "y": 12345678901234567890123 }"#);
    assert!(reply.message.data.as_str().contains(part));
}

#[test]
fn a_request_that_is_refused_has_no_candidate() {
    let refused = json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}});
    crate::stream::tests::check(Dialect::Gemini, &events(&[&refused.to_string()]), Some(refused));
    for feedback in [r#"{"safetyRatings":[]}"#, r#"{"blockReason":null,"safetyRatings":[]}"#, "null"] {
        let stream = events(&[&format!(r#"{{"promptFeedback":{feedback}}}"#)]);
        crate::stream::tests::check(Dialect::Gemini, &stream, None);
    }
    let cut = json!({"candidates": [{"index": 0, "finishReason": "SAFETY", "safetyRatings": []}]});
    crate::stream::tests::check(Dialect::Gemini, &events(&[&cut.to_string()]), Some(cut));
}

#[test]
fn what_is_cut_is_no_answer() {
    check_cut(Dialect::Gemini, &stream(&[r#"{"text":"Hé"}"#]), r#""candidatesTokenCount":4}}"#);
    let half = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":null}]}"#;
    crate::stream::tests::check(Dialect::Gemini, &events(&[half]), None);
    // What says nothing takes nothing back.
    let whole = r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3}}"#;
    let after = r#"{"candidates":[{"content":null,"finishReason":null}],"usageMetadata":null}"#;
    let answer = json!({
        "candidates": [{"index": 0, "content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 3},
    });
    crate::stream::tests::check(Dialect::Gemini, &events(&[half, whole, after]), Some(answer));
    check_unreadable(Dialect::Gemini, &events(&[r#"{"candidates":7}"#]), "in an event");
}
