use serde_json::json;

use super::*;

fn response(output: &str, rest: &str) -> Answer {
    Answer::played(
        200,
        &format!(
            r#"{{"id":"resp_1","object":"response",{rest},"output":{output},"usage":{{"input_tokens":11,"input_tokens_details":{{"cached_tokens":4}},"output_tokens":7}}}}"#
        ),
    )
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

const DONE: &str = r#""status":"completed","error":null,"incomplete_details":null"#;

#[test]
fn replies_are_read_and_their_bytes_kept() {
    let said = r#"[{"id":"msg_1", "type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Do","annotations":[]},{"type":"output_text","text":"ne."}]}]"#;
    let thought = r#"[ {"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"gAAAAA=="},{"id":"fc_1","type":"function_call","call_id":"a","name":"f","arguments":"{ \"x\": 1.0 }"},{"type":"function_call","call_id":"b","name":"g","arguments":""}]"#;
    let refused = r#"[{"type":"message","content":[{"type":"refusal","refusal":"I won't."}]}]"#;
    let two = r#"[{"type":"message","content":[{"type":"output_text","text":"One."}]},{"type":"message","content":[{"type":"output_text","text":"Two."}]}]"#;
    let cut = r#""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}"#;
    let filtered = r#""status":"incomplete","incomplete_details":{"reason":"content_filter"}"#;
    let both = [call("a", "f", r#"{ "x": 1.0 }"#), call("b", "g", "")];
    for (output, rest, text, calls, finish) in [
        (said, DONE, Some("Done."), &[][..], Finish::Stop),
        (said, r#""model":"x""#, Some("Done."), &[], Finish::Stop),
        (two, DONE, Some("One.\nTwo."), &[], Finish::Stop),
        (thought, DONE, None, &both, Finish::Stop),
        (thought, cut, None, &both, Finish::Length),
        ("[]", cut, None, &[], Finish::Length),
        ("[]", r#""status":"incomplete""#, None, &[], Finish::Length),
        (said, filtered, Some("Done."), &[], Finish::Refusal),
        (refused, DONE, Some("I won't."), &[], Finish::Refusal),
    ] {
        let reply = read(&response(output, rest), 2).expect("a reply");
        assert_eq!(reply.text.as_deref(), text, "{output}");
        assert_eq!(reply.calls, calls, "{output}");
        assert_eq!(reply.finish, finish, "{output} {rest}");
        assert_eq!(reply.usage, Usage { input_tokens: 11, cached_tokens: 4, output_tokens: 7 });
        assert_eq!(reply.message.data.as_str(), output, "the bytes must be kept");
    }
}

#[test]
fn what_servers_leave_out_is_supplied() {
    let output = r#"[{"type":"function_call","name":"f","arguments":{"x":[1]}},{"type":"reasoning"},{"type":"function_call","call_id":"a","name":"f"},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"}]"#;
    let reply = read(&response(output, DONE), 2).expect("a reply");
    let expected = [call("call_turn2_0", "f", r#"{"x":[1]}"#), call("a", "f", "{}"), call("call_turn2_2", "f", "{}")];
    assert_eq!(reply.calls, expected);
    let wire = |id: &str, arguments: &str| json!({"type": "function_call", "name": "f", "call_id": id, "arguments": arguments});
    let whole = json!([
        wire("call_turn2_0", r#"{"x":[1]}"#),
        {"type": "reasoning"},
        wire("a", "{}"),
        wire("call_turn2_2", "{}"),
    ]);
    assert_eq!(reply.message.data.value(), whole);
}

#[test]
fn what_is_no_reply_has_its_kind() {
    use FailureKind::*;
    let failed =
        |code: &str| format!(r#"{{"status":"failed","error":{{"code":"{code}","message":"so sk-hush"}},"output":[]}}"#);
    let nameless = r#"{"output":[{"type":"function_call","call_id":"a","arguments":"{}"}]}"#;
    let odd = r#"{"output":[{"type":"function_call","name":"f","arguments":7}]}"#;
    for (body, kind, words) in [
        (failed("server_error").as_str(), Unavailable, "gave up on the reply: so …"),
        (&failed("rate_limit_exceeded"), RateLimited, "so …"),
        (&failed("invalid_prompt"), Rejected, "so …"),
        (&failed("invalid_api_key"), Unauthorized, "so …; check the `key` of model route `gpt-4.1`"),
        (&failed("invalid_image_mode"), Rejected, "gave up on the reply: so …"),
        (&failed("failed_to_download_image"), Rejected, "so …"),
        (&failed("new"), Unavailable, "so …"),
        (r#"{"error":{"message":"broke"}}"#, Unavailable, "broke"),
        (r#"{"status":"cancelled","output":[]}"#, Unavailable, "cancelled"),
        (r#"{"status":"queued","output":[]}"#, Nonsense, "still being made"),
        ("<html>sk-hush</html>", Nonsense, "begins: <html>…</html>"),
        ("{}", Nonsense, "no output"),
        (r#"{"output":{}}"#, Nonsense, "in its output"),
        (r#"{"output":[]}"#, Nonsense, "neither words nor tool calls"),
        (r#"{"output":[{"type":"reasoning"}],"status":"completed"}"#, Nonsense, "neither words nor tool calls"),
        (nameless, Nonsense, "no name"),
        (odd, Nonsense, "neither text nor an object"),
    ] {
        let failure = read(&Answer::played(200, body), 0).expect_err("no reply");
        assert_eq!(failure.kind, kind, "{body}: {failure}");
        assert!(failure.message.contains(words), "`{words}` is not in: {failure}");
        assert!(!failure.message.contains("sk-hush"), "{failure}");
    }
}

#[test]
fn usage_that_is_missing_or_odd_counts_as_none() {
    for usage in ["null", "7", r#"{"input_tokens":-1,"output_tokens":"x"}"#] {
        let output = r#"[{"type":"message","content":[{"type":"output_text","text":"x"}]}]"#;
        let body = format!(r#"{{"output":{output},"usage":{usage}}}"#);
        assert_eq!(read(&Answer::played(200, &body), 0).expect("a reply").usage, Usage::default(), "{usage}");
    }
}
