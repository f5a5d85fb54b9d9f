use aftercall_core::model::FailureKind;

use super::*;

fn generated(content: &str, finish: &str) -> Answer {
    let usage = r#"{"promptTokenCount":11,"cachedContentTokenCount":4,"candidatesTokenCount":7,"thoughtsTokenCount":30,"totalTokenCount":48}"#;
    let candidate = format!(r#"{{"content":{content},"finishReason":"{finish}","index":0}}"#);
    Answer::played(200, &format!(r#"{{"candidates":[{candidate}],"usageMetadata":{usage},"modelVersion":"m"}}"#))
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

#[test]
fn replies_are_read_and_their_bytes_kept() {
    let calls = r#"{"parts":[{"text":"Hm.","thought":true},{"functionCall":{"name":"f","args":{ "x": 1.0 }}, "thoughtSignature":"c2ln"},{"functionCall":{"id":"a","name":"g"}},{"functionCall":{"id":"a","name":"g","args":null}}],"role":"model"}"#;
    let made = [call("call_turn2_0", "f", r#"{ "x": 1.0 }"#), call("a", "g", "{}"), call("call_turn2_2", "g", "{}")];
    let words = r#"{"role":"model", "parts":[{"text":"Hm.","thought":true},{"text":"Do"},{"text":"ne\u00e9","thoughtSignature":"c2ln"}]}"#;
    let none = r#"{"role":"model"}"#;
    for (content, finish, text, calls, expected) in [
        (words, "STOP", Some("Doneé"), &[][..], Finish::Stop),
        (words, "MAX_TOKENS", Some("Doneé"), &[], Finish::Length),
        (words, "OTHER", Some("Doneé"), &[], Finish::Stop),
        (calls, "STOP", None, &made, Finish::Stop),
        (none, "MAX_TOKENS", None, &[], Finish::Length),
        (none, "SAFETY", None, &[], Finish::Refusal),
        (none, "RECITATION", None, &[], Finish::Refusal),
        (none, "PROHIBITED_CONTENT", None, &[], Finish::Refusal),
    ] {
        let reply = read(&generated(content, finish), 2).expect("a reply");
        assert_eq!(reply.text.as_deref(), text, "{content}");
        assert_eq!(reply.calls, calls, "{content}");
        assert_eq!(reply.finish, expected, "{content} {finish}");
        assert_eq!(reply.usage, Usage { input_tokens: 11, cached_tokens: 4, output_tokens: 37 });
        assert_eq!(reply.message.data.as_str(), content, "the bytes must be kept");
    }
}

#[test]
fn what_the_provider_refuses_is_a_refusal() {
    for body in [
        r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":11}}"#,
        r#"{"candidates":[{"finishReason":"SAFETY"}],"usageMetadata":{"promptTokenCount":11}}"#,
    ] {
        let reply = read(&Answer::played(200, body), 0).expect("a reply");
        assert_eq!((reply.text, reply.finish), (None, Finish::Refusal), "{body}");
        assert_eq!(reply.usage, Usage { input_tokens: 11, cached_tokens: 0, output_tokens: 0 });
        assert_eq!(reply.message.data.as_str(), r#"{"role":"model","parts":[]}"#);
    }
}

#[test]
fn nonsense_is_shown() {
    let bodies = [
        ("<html>sk-hush</html>", "begins: <html>…</html>"),
        ("{}", "no candidates"),
        (r#"{"candidates":{}}"#, "expected a sequence"),
        (r#"{"candidates":[{"finishReason":"STOP"}]}"#, "neither words nor function calls"),
        (
            r#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"print(f("}]}"#,
            "cut off as MALFORMED_FUNCTION_CALL print(f(",
        ),
        (r#"{"candidates":[{"content":{},"finishReason":"UNEXPECTED_TOOL_CALL"}]}"#, "UNEXPECTED_TOOL_CALL;"),
    ];
    let contents = [
        (r#"{"parts":[{"text":"hm","thought":true}]}"#, "neither words nor function calls"),
        (r#"{"parts":[{"text":""}]}"#, "neither words nor function calls"),
        (r#"{"parts":[{"text":7}]}"#, "in its content: invalid type"),
        (r#"["model",[]]"#, "no object"),
        (r#"{"parts":[{"functionCall":{"args":{}}}]}"#, "missing field `name`"),
        (r#"{"parts":[{"functionCall":{"name":""}}]}"#, "no name"),
        (r#"{"parts":[{"functionCall":{"name":"f","args":"{}"}}]}"#, "no object"),
    ];
    let bodies = bodies.map(|(body, words)| (Answer::played(200, body), words));
    let contents = contents.map(|(content, words)| (generated(content, "STOP"), words));
    for (answer, words) in bodies.into_iter().chain(contents) {
        let failure = read(&answer, 0).expect_err("nonsense");
        assert_eq!(failure.kind, FailureKind::Nonsense, "{failure}");
        assert!(failure.message.contains(words), "`{words}` is not in: {failure}");
        assert!(!failure.message.contains("sk-hush"), "{failure}");
    }
}

#[test]
fn errors_are_in_the_shape_of_google() {
    let key = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#;
    let quota = r#"{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17.5s"}]}}"#;
    let overloaded = r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
    let wrong =
        r#"{"error":{"code":400,"message":"Please use a valid role: user, model.","status":"INVALID_ARGUMENT"}}"#;
    for (status, body, kind, retry_after_ms, words) in [
        (400, key, FailureKind::Unauthorized, None, "route `gpt-4.1`"),
        (429, quota, FailureKind::RateLimited, Some(17_500), "exceeded your current quota"),
        (200, quota, FailureKind::RateLimited, Some(17_500), "exceeded your current quota"),
        (503, overloaded, FailureKind::Unavailable, None, "overloaded"),
        (400, wrong, FailureKind::Rejected, None, "valid role"),
        (200, r#"{"error":"broke"}"#, FailureKind::Unavailable, None, "broke"),
    ] {
        let failure = read(&Answer::played(status, body), 0).expect_err("an error");
        assert_eq!((failure.kind, failure.retry_after_ms), (kind, retry_after_ms), "{failure}");
        assert!(failure.message.contains(words), "{failure}");
    }
}
