use aftercall_core::model::FailureKind;
use serde_json::json;

use super::*;

fn message(content: &str, stop: &str) -> Answer {
    Answer::played(
        200,
        &format!(
            r#"{{"id":"msg_1","type":"message","role":"assistant","model":"m","content":{content},{stop},"usage":{{"input_tokens":3,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":7}}}}"#
        ),
    )
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

#[test]
fn replies_are_read_and_their_bytes_kept() {
    let thoughts = r#"[{"type":"thinking","thinking":"hm\u00e9","signature":"c2ln"}, {"type":"redacted_thinking","data":"eA=="},{"type":"text","text":"On it."},{"type":"tool_use","id":"toolu_1","name":"f","input":{ "x": 1.00 }},{"type":"tool_use","id":"toolu_2","name":"g","input":{}}]"#;
    let both = [call("toolu_1", "f", r#"{ "x": 1.00 }"#), call("toolu_2", "g", "{}")];
    let end = r#""stop_reason":"end_turn""#;
    for (content, stop, text, calls, expected) in [
        (
            r#"[{"type":"text", "text":"Done","citations":null},{"type":"text","text":"."}]"#,
            end,
            Some("Done."),
            &[][..],
            Finish::Stop,
        ),
        (thoughts, r#""stop_reason":"tool_use""#, Some("On it."), &both, Finish::Stop),
        (thoughts, r#""stop_reason":"max_tokens""#, Some("On it."), &both, Finish::Length),
        ("[]", end, None, &[], Finish::Stop),
        (r#""Done.""#, end, Some("Done."), &[], Finish::Stop),
        (
            r#"[{"type":"text","text":"x"}]"#,
            r#""stop_reason":"stop_sequence","stop_sequence":"END""#,
            Some("x"),
            &[],
            Finish::Stop,
        ),
        (r#"[{"type":"server_tool_use","id":7}]"#, r#""stop_reason":"pause_turn""#, None, &[], Finish::Length),
        ("[]", r#""stop_reason":"model_context_window_exceeded""#, None, &[], Finish::Length),
        (
            "[]",
            r#""stop_reason":"refusal","stop_details":{"type":"refusal","category":null,"explanation":"Not that."}"#,
            Some("Not that."),
            &[],
            Finish::Refusal,
        ),
        (r#"[{"type":"text","text":"I"}]"#, r#""stop_reason":"refusal""#, Some("I"), &[], Finish::Refusal),
    ] {
        let reply = read(&message(content, stop), 2).expect("a reply");
        assert_eq!(reply.text.as_deref(), text, "{content}");
        assert_eq!(reply.calls, calls, "{content}");
        assert_eq!(reply.finish, expected, "{content}");
        assert_eq!(reply.usage, Usage { input_tokens: 123, cached_tokens: 100, output_tokens: 7 });
        let kept = format!(r#"{{"role":"assistant","content":{content}}}"#);
        assert_eq!(reply.message.data.as_str(), kept, "the bytes must be kept");
    }
}

#[test]
fn what_servers_leave_out_is_supplied() {
    for (content, calls, expected) in [
        (
            r#"[{"type":"text","text":"a\u0062"},{"type":"tool_use","name":"f","input":{"x":[1]}},{"type":"tool_use","id":"a","name":"f"}]"#,
            vec![call("toolu_turn2_0", "f", r#"{"x":[1]}"#), call("a", "f", "{}")],
            r#"[{"type":"text","text":"a\u0062"},{"type":"tool_use","id":"toolu_turn2_0","name":"f","input":{"x":[1]}},{"type":"tool_use","id":"a","name":"f","input":{}}]"#,
        ),
        (
            r#"[{"type":"tool_use","id":"a","name":"f","input":"{broken"},{"type":"tool_use","id":"a","name":"f","input":"{\"x\":1}"}]"#,
            vec![call("a", "f", "{broken"), call("toolu_turn2_1", "f", r#"{"x":1}"#)],
            r#"[{"type":"tool_use","id":"a","name":"f","input":{"as_written":"{broken"}},{"type":"tool_use","id":"toolu_turn2_1","name":"f","input":{"x":1}}]"#,
        ),
    ] {
        let reply = read(&message(content, r#""stop_reason":"tool_use""#), 2).expect("a reply");
        assert_eq!(reply.calls, calls);
        assert_eq!(reply.message.data.as_str(), format!(r#"{{"role":"assistant","content":{expected}}}"#));
    }
}

#[test]
fn usage_that_is_missing_or_odd_counts_as_none() {
    for usage in ["null", "7", r#"{"input_tokens":-1,"output_tokens":"x","cache_read_input_tokens":null}"#] {
        let body = format!(r#"{{"content":[],"usage":{usage}}}"#);
        assert_eq!(read(&Answer::played(200, &body), 0).expect("a reply").usage, Usage::default(), "{usage}");
    }
    let most = u64::MAX;
    let body = format!(r#"{{"content":[],"usage":{{"input_tokens":{most},"cache_read_input_tokens":{most}}}}}"#);
    assert_eq!(read(&Answer::played(200, &body), 0).expect("a reply").usage.input_tokens, most);
}

#[test]
fn nonsense_is_shown() {
    for (body, words) in [
        ("<html>sk-hush</html>", "begins: <html>…</html>"),
        ("{}", "no content"),
        (r#"{"content":7}"#, "in its content"),
        (r#"{"content":[7]}"#, "in its content"),
        (r#"{"content":[{"text":"x"}]}"#, "missing field `type`"),
        (r#"{"content":[{"type":"tool_use","id":"a","input":{}}]}"#, "no name"),
        (r#"{"content":[{"type":"tool_use","id":"a","name":"f","input":[1]}]}"#, "neither an object nor text"),
    ] {
        let failure = read(&Answer::played(200, body), 0).expect_err("nonsense");
        assert_eq!(failure.kind, FailureKind::Nonsense, "{failure}");
        assert!(failure.message.contains(words), "`{words}` is not in: {failure}");
        assert!(!failure.message.contains("sk-hush"), "{failure}");
    }
}

#[test]
fn errors_are_failures() {
    use FailureKind::*;
    for (kind, status, expected) in [
        ("overloaded_error", 529, Unavailable),
        ("rate_limit_error", 429, RateLimited),
        ("authentication_error", 401, Unauthorized),
        ("permission_error", 403, Unauthorized),
        ("invalid_request_error", 400, Rejected),
        ("billing_error", 402, Rejected),
        ("not_found_error", 404, Rejected),
        ("request_too_large", 413, Rejected),
        ("timeout_error", 504, Unavailable),
        ("api_error", 500, Unavailable),
    ] {
        let body = json!({"type": "error", "error": {"type": kind, "message": "words"}, "request_id": "req_1"});
        for status in [status, 200] {
            let refused = Answer::played(status, &body.to_string());
            let failure = read(&refused, 0).expect_err("an error");
            assert_eq!(failure.kind, expected, "{kind} {status}");
            assert!(failure.message.contains("words"), "{failure}");
        }
    }
}
