use aftercall_core::model::FailureKind;
use serde_json::json;

use super::*;

fn completion(message: &str, finish: &str) -> Answer {
    Answer::played(
        200,
        &format!(
            r#"{{"id":"x","choices":[{{"index":0,"message":{message},"finish_reason":{finish}}}],"usage":{{"prompt_tokens":11,"prompt_tokens_details":{{"cached_tokens":4}},"completion_tokens":7,"total_tokens":18}}}}"#
        ),
    )
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

fn check(message: &str, finish: &str, text: Option<&str>, calls: &[ToolCall], expected: Finish) {
    let reply = read(&completion(message, finish), 2).expect("a reply");
    assert_eq!(reply.text.as_deref(), text, "{message}");
    assert_eq!(reply.calls, calls, "{message}");
    assert_eq!(reply.finish, expected, "{message}");
    assert_eq!(reply.usage, Usage { input_tokens: 11, cached_tokens: 4, output_tokens: 7 });
    assert_eq!(reply.message.data.as_str(), message, "the bytes must be kept");
}

#[test]
fn replies_are_read_and_their_bytes_kept() {
    let two = r#"{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{ \"x\": 1.0 }"}},{"id":"b","type":"function","function":{"name":"g","arguments":""}}],"extra":{"sig":"\u00e9"}}"#;
    let both = [call("a", "f", r#"{ "x": 1.0 }"#), call("b", "g", "")];
    for (message, finish, text, calls, expected) in [
        (r#"{"role":"assistant", "content":"Done."}"#, r#""stop""#, Some("Done."), &[][..], Finish::Stop),
        (r#"{"role":"assistant","content":"","refusal":null,"annotations":[]}"#, r#""stop""#, None, &[], Finish::Stop),
        (
            r#"{"role":"assistant","content":[{"type":"text","text":"Do"},{"type":"x"},{"text":"ne"}]}"#,
            "null",
            Some("Done"),
            &[],
            Finish::Stop,
        ),
        (r#"{"role":"assistant","content":"Do"}"#, r#""length""#, Some("Do"), &[], Finish::Length),
        (r#"{"role":"assistant","content":null}"#, r#""length""#, None, &[], Finish::Length),
        (r#"{"role":"assistant"}"#, r#""content_filter""#, None, &[], Finish::Refusal),
        (
            r#"{"role":"assistant","content":null,"refusal":"I won't."}"#,
            r#""stop""#,
            Some("I won't."),
            &[],
            Finish::Refusal,
        ),
        (two, r#""tool_calls""#, None, &both, Finish::Stop),
        (two, r#""length""#, None, &both, Finish::Length),
        (r#"{"role":"assistant","content":"x","tool_calls":null}"#, r#""eos""#, Some("x"), &[], Finish::Stop),
    ] {
        check(message, finish, text, calls, expected);
    }
}

fn check_supplied(message: &str, calls: &[ToolCall], expected: Value) {
    let reply = read(&completion(message, r#""tool_calls""#), 2).expect("a reply");
    assert_eq!(reply.calls, calls, "{message}");
    assert_eq!(reply.message.data.value(), expected, "{message}");
}

#[test]
fn what_servers_leave_out_is_supplied() {
    let wire = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    let expected = |calls: Value| json!({"role": "assistant", "tool_calls": calls});
    check_supplied(
        r#"{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"x":[1]}}},{"id":"","function":{"name":"f"}}]}"#,
        &[call("call_turn2_0", "f", r#"{"x":[1]}"#), call("call_turn2_1", "f", "{}")],
        expected(json!([wire("call_turn2_0", r#"{"x":[1]}"#), wire("call_turn2_1", "{}")])),
    );
    check_supplied(
        r#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"a","function":{"name":"f","arguments":"{}"}}]}"#,
        &[call("a", "f", "{}"), call("call_turn2_1", "f", "{}")],
        expected(json!([wire("a", "{}"), wire("call_turn2_1", "{}")])),
    );
    check_supplied(r#"{"content":"x"}"#, &[], json!({"role": "assistant", "content": "x"}));
}

#[test]
fn usage_that_is_missing_or_odd_counts_as_none() {
    for usage in ["null", "7", r#"{"prompt_tokens":-1,"completion_tokens":"x"}"#] {
        let body = format!(r#"{{"choices":[{{"message":{{"role":"assistant","content":"x"}}}}],"usage":{usage}}}"#);
        assert_eq!(read(&Answer::played(200, &body), 0).expect("a reply").usage, Usage::default(), "{usage}");
    }
}

#[test]
fn nonsense_is_shown() {
    let bodies = [
        ("<html>sk-hush</html>", "begins: <html>…</html>"),
        ("", "can't be read"),
        ("{}", "no choices"),
        (r#"{"choices":[]}"#, "no choices"),
        (r#"{"choices":{}}"#, "expected a sequence"),
        (r#"{"choices":[{"delta":{}}]}"#, "missing field `message`"),
    ];
    let messages = [
        (r#"{"role":"assistant","content":null}"#, "neither words nor tool calls"),
        (r#"{"role":"assistant","content":7}"#, "no text"),
        (r#"["assistant","x",null,null]"#, "no object"),
        (r#"{"tool_calls":[["a",["f","{}"]]]}"#, "tool calls is no object"),
        (r#"{"tool_calls":[{"id":"a","type":"custom"}]}"#, "missing field `function`"),
        (r#"{"tool_calls":[{"id":"a","function":{"name":"","arguments":"{}"}}]}"#, "no name"),
        (r#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":7}}]}"#, "neither text nor an object"),
    ];
    let bodies = bodies.map(|(body, words)| (Answer::played(200, body), words));
    let messages = messages.map(|(message, words)| (completion(message, r#""stop""#), words));
    for (answer, words) in bodies.into_iter().chain(messages) {
        let failure = read(&answer, 0).expect_err("nonsense");
        assert_eq!(failure.kind, FailureKind::Nonsense, "{failure}");
        assert!(failure.message.contains(words), "`{words}` is not in: {failure}");
        assert!(!failure.message.contains("sk-hush"), "{failure}");
    }
}

#[test]
fn an_error_inside_a_success_is_an_error() {
    for (error, kind, words) in [
        (r#"{"code":429,"message":"slow"}"#, FailureKind::RateLimited, "slow"),
        (r#"{"code":401,"message":"who?"}"#, FailureKind::Unauthorized, "who?"),
        (r#"{"code":"odd","message":"broke"}"#, FailureKind::Unavailable, "broke"),
        (r#""broke""#, FailureKind::Unavailable, "broke"),
    ] {
        let failure = read(&Answer::played(200, &format!(r#"{{"error":{error}}}"#)), 0).expect_err("an error");
        assert_eq!(failure.kind, kind, "{error}");
        assert!(failure.message.contains(words), "{failure}");
    }
}
