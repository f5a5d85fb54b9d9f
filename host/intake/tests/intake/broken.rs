use aftercall_intake::{Error, PAYLOAD_BYTES_MAX, Parsed, bland, elevenlabs, native, parse, retell, telnyx, vapi};

/// A sound native record with one thing replaced.
fn native(from: &str, to: &str) -> String {
    let sound = include_str!("../data/native/items.json");
    assert!(sound.contains(from), "`{from}` must be in the record");
    sound.replacen(from, to, 1)
}

fn check(payload: &str, words: &[&str]) {
    check_read(parse, payload, words);
}

fn check_read(read: fn(&[u8]) -> Result<Parsed, Error>, payload: &str, words: &[&str]) {
    let error = read(payload.as_bytes()).expect_err(payload).to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}

#[test]
fn a_broken_native_record_is_told_the_place_and_the_remedy() {
    for (payload, words) in [
        (
            native("aftercall.call/1", "aftercall.call/2"),
            &["at /schema", "`aftercall.call/1`, not `aftercall.call/2`"][..],
        ),
        (native(r#""id": "call-2026-03-04-0017","#, ""), &["at /conversation: missing field `id`", "line 17"]),
        (native("call-2026-03-04-0017", " "), &["at /conversation/id", "identifier"]),
        (
            native("2026-03-04T14:00:00Z", "yesterday"),
            &["at /conversation/started_at: `yesterday`", "RFC 3339", "line 11"],
        ),
        (native("2026-03-04T14:00:00Z", "1815-12-10T00:00:00Z"), &["at /conversation/started_at"]),
        (native(r#""inbound""#, r#""in""#), &["at /conversation/direction", "`inbound`"]),
        (native(r#""platform": "native""#, r#""platform": "Live Kit""#), &["at /source/platform", "platform name"]),
        (native(r#""role": "user""#, r#""role": "caller""#), &["at /items/1", "unknown variant `caller`", "`user`"]),
        (
            native(r#""type": "tool_result""#, r#""type": "tool_answer""#),
            &["at /items/5", "`tool_answer`", "`tool_result`"],
        ),
        (native(r#""call_id": "t1", "#, ""), &["at /items/5", "missing field `call_id`"]),
        (native(r#"{ "name": "check_roof" }"#, "{}"), &["at /llm/tools/1", "`name`"]),
        (native(r#"{ "temperature": 0.30, "max_completion_tokens": 800 }"#, "[]"), &["at /llm/params", "temperature"]),
        (native(r#""llm": {"#, r#""llm": { "messages": [],"#), &["at /llm/dialect", "openai-chat"]),
        (
            native(r#""llm": {"#, r#""llm": { "dialect": "anthropics","#),
            &["at /llm/dialect", "`anthropics`", "`openai-chat`"],
        ),
        (native(r#""is_test": false,"#, r#""is_test": false"#), &["not JSON", "line 16 column 5"]),
    ] {
        check(&payload, words);
    }
    let sound = native("", "");
    for behind in ["x", "{}", &sound] {
        let two = format!("{sound} {behind}");
        check_read(native::parse, &two, &["not JSON", "trailing characters"]);
        check(&two, &["not JSON", "trailing characters"]);
    }
}

#[test]
fn a_call_of_a_tool_that_can_t_be_made_is_told_its_place() {
    let tool = |http: &str| {
        let schema = r#"{"type": "object", "properties": {"id": {}}}"#;
        let tool = format!(r#"{{"name": "find", "parameters": {schema}, "http": {http}}}"#);
        let llm = format!(r#"{{"tools": ["x", {tool}]}}"#);
        format!(r#"{{"schema": "aftercall.call/1", "conversation": {{"id": "c"}}, "llm": {llm}}}"#)
    };
    for (http, words) in [
        (r#"7"#, &["at /llm/tools/1/http", "invalid type"][..]),
        (r#"{"url": "https://a.com/x"}"#, &["at /llm/tools/1/http", "missing field `method`"]),
        (r#"{"method": "GET", "url": "https://a.com/x", "effect": "read"}"#, &["at /llm/tools/1/http", "`effect`"]),
        (r#"{"method": "get", "url": "https://a.com/x"}"#, &["at /llm/tools/1/http/method", "GET, POST"]),
        (r#"{"method": "GET", "url": "http://a.com/x"}"#, &["at /llm/tools/1/http/url", "`https://`"]),
        (r#"{"method": "GET", "url": "https://a:b@a.com/x"}"#, &["at /llm/tools/1/http/url", "tenant's grant"]),
        (r#"{"method": "GET", "url": "https://a.com/{no}"}"#, &["at /llm/tools/1/http/url", "no argument `no`"]),
        (
            r#"{"method": "GET", "url": "https://a.com/x", "headers": {"X-Api-Key": "hush"}}"#,
            &["at /llm/tools/1/http/headers/X-Api-Key", "the tenant's grant holds it"],
        ),
        (
            r#"{"method": "GET", "url": "https://a.com/x", "query": {"q": {"$": "arguments.no"}}}"#,
            &["at /llm/tools/1/http/query/q", "no argument `no`"],
        ),
        (
            r#"{"method": "POST", "url": "https://a.com/x", "body": {"a/b": [0, {"$": "argument"}]}}"#,
            &["at /llm/tools/1/http/body/a~1b/1/$", "`arguments.NAME`"],
        ),
        (
            r#"{"method": "POST", "url": "https://a.com/x", "body": {"a": {"$": "arguments.arguments.id"}}}"#,
            &["at /llm/tools/1/http/body/a", "no argument `arguments.id`"],
        ),
        (
            r#"{"method": "POST", "url": "https://a.com/x", "body": {"a": {"$": "arguments.id", "b": 1}}}"#,
            &["at /llm/tools/1/http/body/a", "no other member"],
        ),
        (
            r#"{"method": "GET", "url": "https://a.com/x", "body": {"a": 1}}"#,
            &["at /llm/tools/1/http/body", "into `query`"],
        ),
        (
            r#"{"method": "GET", "url": "https://a.com/x", "form": true}"#,
            &["at /llm/tools/1/http/form", "into `query`"],
        ),
        (
            r#"{"method": "PUT", "url": "https://a.com/x", "result": "a"}"#,
            &["at /llm/tools/1/http/result", "write `/a`"],
        ),
        (r#"{"method": "PUT", "url": "https://a.com/x", "error": "a"}"#, &["at /llm/tools/1/http/error", "write `/a`"]),
        (
            r#"{"method": "PUT", "url": "https://a.com/x", "receipt": "$.a"}"#,
            &["at /llm/tools/1/http/receipt", "no JSON pointer"],
        ),
    ] {
        check(&tool(http), words);
    }
}

#[test]
fn a_providers_message_that_is_none_is_told_its_place() {
    let of = |message: &str| {
        native(
            r#""llm": {"#,
            &format!(
                r#""llm": {{ "dialect": "openai-chat", "messages": [{{"role":"user","content":null}},{message}],"#
            ),
        )
    };
    for (message, words) in [
        (r#"{"role":"caller","content":"hi"}"#, &["at /llm/messages/1/role", "`caller`", "`assistant`"][..]),
        (r#"{"content":"hi"}"#, &["at /llm/messages/1", "`role`"]),
        (r#"{"role":"user","content":7}"#, &["at /llm/messages/1/content", "a text"]),
        (r#"{"role":"tool","content":"hi"}"#, &["at /llm/messages/1", "`tool_call_id`"]),
        (
            r#"{"role":"assistant","tool_calls":[{"id":"a","function":{}}]}"#,
            &["at /llm/messages/1/tool_calls/0/function", "`name`"],
        ),
        (
            r#"{"role":"assistant","tool_calls":[{"id":"a","type":"custom","custom":null}]}"#,
            &["at /llm/messages/1/tool_calls/0", "`function`, or `custom`"],
        ),
        (r#"{"role":"assistant","function_call":{"arguments":"{}"}}"#, &["at /llm/messages/1/function_call", "`name`"]),
        (r#""hi""#, &["at /llm/messages/1", "invalid type"]),
    ] {
        check(&of(message), words);
    }
}

#[test]
fn a_message_of_anthropics_that_is_none_is_told_its_place() {
    for (message, words) in [
        (r#"{"role":"tool","content":"hi"}"#, &["at /llm/messages/0/role", "`tool`", "`assistant`"][..]),
        (r#"{"role":"user"}"#, &["at /llm/messages/0", "`content`"]),
        (r#"{"role":"user","content":null}"#, &["at /llm/messages/0/content", "a list of blocks"]),
        (r#"{"role":"user","content":[{"text":"hi"}]}"#, &["at /llm/messages/0/content/0", "`type`"]),
        (r#"{"role":"user","content":[{"type":"tool_result"}]}"#, &["at /llm/messages/0/content/0", "`tool_use_id`"]),
        (
            r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":7}]}"#,
            &["at /llm/messages/0/content/0/content", "a list of blocks"],
        ),
        (
            r#"{"role":"assistant","content":[{"type":"tool_use","id":"a"}]}"#,
            &["at /llm/messages/0/content/0", "`name`"],
        ),
        (r#""hi""#, &["at /llm/messages/0", "invalid type"]),
    ] {
        check(&native(r#""llm": {"#, &format!(r#""llm": {{ "dialect": "anthropic", "messages": [{message}],"#)), words);
    }
}

#[test]
fn a_content_of_gemini_that_is_none_is_told_its_place() {
    for (content, words) in [
        (r#"{"role":"system","parts":[]}"#, &["at /llm/messages/0/role", "`system`", "`model`"][..]),
        (r#"{"role":"user","parts":"hi"}"#, &["at /llm/messages/0/parts", "a sequence"]),
        (r#"{"role":"user","parts":["hi"]}"#, &["at /llm/messages/0/parts/0", "invalid type"]),
        (r#"{"role":"user","parts":[{"text":7}]}"#, &["at /llm/messages/0/parts/0/text", "a string"]),
        (
            r#"{"role":"model","parts":[{"text":"x"},{"functionCall":{}}]}"#,
            &["at /llm/messages/0/parts/1/functionCall", "`name`"],
        ),
        (r#""hi""#, &["at /llm/messages/0", "invalid type"]),
    ] {
        let llm = format!(r#"{{"dialect": "gemini", "messages": [{content}]}}"#);
        check(&format!(r#"{{"schema": "aftercall.call/1", "conversation": {{"id": "c"}}, "llm": {llm}}}"#), words);
    }
}

#[test]
fn a_platforms_own_record_that_is_none_is_told_its_place() {
    for (fields, words) in [
        (r#""livekit": {"job_id": "AJ"}"#, &["at /livekit/chat_history/items", "`to_dict()`"][..]),
        (r#""livekit": {"chat_history": {"items": "none"}}"#, &["at /livekit/chat_history/items"]),
        (r#""livekit": "report""#, &["at /livekit/chat_history/items"]),
        (r#""openai_items": {"type": "message"}"#, &["at /openai_items", "a sequence"]),
        (
            r#""llm": {"dialect": "openai-responses", "messages": [{"role": "user", "content": "hi"}, 7]}"#,
            &["at /llm/messages/1", "an item is an object"],
        ),
        (
            r#""llm": {"dialect": "openai-chat", "messages": [{"llm": "openai", "message": {"role": "bot"}}]}"#,
            &["at /llm/messages/0/role", "`bot`"],
        ),
        (
            r#""llm": {"dialect": "openai-chat", "messages": [{"llm": "google", "message": {}}, {"llm": "openai"}]}"#,
            &["at /llm/messages/1", "`role`"],
        ),
    ] {
        let record = format!(r#"{{"schema": "aftercall.call/1", "conversation": {{"id": "c"}}, {fields}}}"#);
        check(&record, words);
    }
}

#[test]
fn a_broken_vapi_report_is_told_the_place_and_the_remedy() {
    for (payload, words) in [
        (
            r#"{"message":{"type":"status-update","call":{"id":"c"}}}"#,
            &["at /message/type", "`status-update`", "`end-of-call-report`"][..],
        ),
        (r#"{"type":"transcript","call":{"id":"c"}}"#, &["at /type", "`transcript`"]),
        (r#"{"message":{"type":"end-of-call-report"}}"#, &["at /message/call/id", "identifier"]),
        (r#"{"type":"end-of-call-report","call":{"id":" "}}"#, &["at /call/id"]),
        (
            r#"{"message":{"type":"end-of-call-report","call":{"id":"c"},"artifact":{"messagesOpenAIFormatted":[{"role":"bot"}]}}}"#,
            &["at /message/artifact/messagesOpenAIFormatted/0/role", "`bot`"],
        ),
    ] {
        check(payload, words);
    }
}

#[test]
fn a_broken_retell_event_is_told_the_place_and_the_remedy() {
    for (payload, words) in [
        (r#"{"event":"call_started","call":{"call_id":"c"}}"#, &["at /event", "`call_started`", "`call_analyzed`"][..]),
        (
            r#"{"body":{"event":"transcript_updated","call":{"call_id":"c"}}}"#,
            &["at /body/event", "`transcript_updated`"],
        ),
        (r#"{"event":"call_ended","call":{"agent_id":"a"}}"#, &["at /call/call_id", "as Retell delivers it"]),
        (r#"{"event":"call_analyzed","data":{"call_id":null}}"#, &["at /data/call_id", "identifier"]),
        (r#"{"event":"call_ended","call":{"call_id":"c\n2"}}"#, &["at /", "identifier", "one line"]),
        // As the vendor's own sample is written.
        ("{\n  \"event\": \"call_ended\",\n  \"call\": { ... }\n}", &["not JSON", "line 3 column 13"]),
    ] {
        check(payload, words);
    }
    for (payload, words) in [
        ("{}", &["at /event", "as Retell delivers it"][..]),
        (r#"{"body":{"call":{"call_id":"c"}}}"#, &["at /body/event"]),
        (r#"{"event":"chat_ended","chat":{}}"#, &["at /event", "`chat_ended`"]),
        (r#"{"event":"call_ended"}"#, &["at /call/call_id"]),
    ] {
        check_read(retell::parse, payload, words);
    }
}

#[test]
fn a_broken_elevenlabs_event_is_told_the_place_and_the_remedy() {
    for (payload, words) in [
        (
            r#"{"type":"post_call_audio","data":{"conversation_id":"c","full_audio":"UklGRg=="}}"#,
            &["at /type", "`post_call_audio`", "`post_call_transcription`"][..],
        ),
        (r#"{"type":"call_initiation_failure","data":{"failure_reason":"busy"}}"#, &["`call_initiation_failure`"]),
        (r#"{"type":"post_call_transcription","data":{}}"#, &["at /data/conversation_id", "as ElevenLabs delivers it"]),
    ] {
        check(payload, words);
    }
    for (payload, words) in [
        (r#"{"data":{"conversation_id":"c"}}"#, &["at /type", "as ElevenLabs delivers it"][..]),
        (r#"{"type":"post_call_transcription","data":null}"#, &["at /data/conversation_id"]),
        (r#"{"type":"workspace_event"}"#, &["at /type", "`workspace_event`"]),
    ] {
        check_read(elevenlabs::parse, payload, words);
    }
}

#[test]
fn what_of_bland_is_no_whole_call_is_told_the_place_and_the_remedy() {
    for (payload, words) in [
        (
            r#"{"call_id":"c","category":"queue","message":"waiting","level":"info"}"#,
            &["at /category", "`queue`", "`post-call webhook`"][..],
        ),
        (r#"{"call_id":"c","corrected_transcript":[{}]}"#, &["at /corrected_transcript", "`post-call webhook`"]),
        (r#"{"call_id":"c","citations":[],"transcripts":null}"#, &["at /citations", "`citations`"]),
        (r#"{"call_id":"c","queue_status":"started","completed":false}"#, &["at /queue_status", "`started`"]),
        (r#"{"call_id":"c","queue_status":"queued","transcripts":[]}"#, &["at /queue_status", "`queued`"]),
        (
            r#"{"call_id":"c","status":"in-progress","completed":false,"transcripts":[{"user":"user","text":"Hi."}]}"#,
            &["at /status", "`in-progress`", "`post-call webhook`"],
        ),
        (r#"{"call_id":"c","status":"In_Progress","transcripts":[]}"#, &["at /status", "`In_Progress`"]),
        (
            r#"{"call_id":"c","status":"unknown","queue_status":"started","transcripts":[]}"#,
            &["at /queue_status", "`started`"],
        ),
        (
            r#"{"call_id":"c","status":"unknown","completed":"false","transcripts":[]}"#,
            &["at /completed", "`completed: false`"],
        ),
        (
            r#"{"call_id":"c","completed":false,"end_at":"2026-03-04T14:30:00Z","answered_by":"human","transcripts":[]}"#,
            &["at /completed", "`completed: false`"],
        ),
        (r#"{"call_id":"c","category":7}"#, &["at /category", "`7`", "`post-call webhook`"]),
        (r#"{"call_id":"c","category":null,"queue_status":null}"#, &["at /transcripts", "as Bland delivers it"]),
        (r#"{"call_id":"c","concatenated_transcript":null}"#, &["at /transcripts", "how the call went"]),
        (r#"{"call_id":" ","transcripts":[]}"#, &["at /call_id", "identifier", "as Bland delivers it"]),
        (r#"{"call_id":null,"c_id":null,"completed":true,"transcripts":[]}"#, &["at /call_id"]),
        (r#"{"call_id":"c\nd","transcripts":[]}"#, &["one line"]),
    ] {
        check(payload, words);
    }
}

#[test]
fn a_call_of_bland_that_is_over_is_read_however_it_ended() {
    for told in [
        r#""completed":true,"status":"in-progress","queue_status":"started""#,
        r#""completed":false,"answered_by":"no-answer""#,
        r#""completed":false,"queue_status":"complete","status":"in-progress""#,
        r#""completed":false,"queue_status":"started","status":"busy""#,
        r#""completed":false,"queue_status":"call_error""#,
        r#""completed":false,"error_message":"no such number""#,
        r#""completed":false,"status":"unknown","call_ended_by":"USER""#,
        r#""completed":false,"ended_at":"2026-03-04T14:00:00Z""#,
        r#""completed":false,"corrected_duration":"12""#,
        r#""transcripts":[]"#,
    ] {
        let payload = format!(r#"{{"call_id":"c",{told}}}"#);
        assert_eq!(bland::parse(payload.as_bytes()).expect(&payload).conversation.id, "c");
    }
}

#[test]
fn what_of_telnyx_is_no_whole_call_is_told_the_place_and_the_remedy() {
    let ended = r#"{"data":{"event_type":"call.conversation.ended","payload":{"conversation_id":"v"}}}"#;
    let kept = |event: &str, messages: &str| format!(r#"{{"event":{event},"messages":{messages}}}"#);
    let other = ended.replace("conversation.ended", "hangup");
    let insights = ended.replace("conversation.ended", "conversation_insights.generated");
    let unnamed = ended.replace(r#""v""#, "null");
    let fetch = &["at /messages", "not in the event", "fetch them with `GET /v2/ai/conversations/{id}/messages`"][..];
    for (payload, words) in [
        (ended.to_owned(), fetch),
        (kept(ended, "null"), fetch),
        (kept(ended, r#"{"data":[]}"#), fetch),
        (other.clone(), &["at /data/event_type", "`call.hangup`", "`call.conversation.ended`"]),
        (kept(&other, "[]"), &["at /event/data/event_type", "`call.hangup`"]),
        (insights.clone(), &["at /data/event_type", "`call.conversation_insights.generated`"]),
        (kept(&insights, "[]"), &["at /event/data/event_type", "`call.conversation_insights.generated`"]),
        (
            r#"{"event_type":"conversation_insight_result","payload":{}}"#.to_owned(),
            &["at /event_type", "`conversation_insight_result`"],
        ),
        (unnamed.clone(), &["at /data/payload/conversation_id", "doesn't name its conversation"]),
        (kept(&unnamed, "[]"), &["at /event/data/payload/conversation_id", "as Telnyx delivers it"]),
    ] {
        check(&payload, words);
    }
}

#[test]
fn a_payload_that_is_too_large_is_not_read() {
    let large = vec![b' '; PAYLOAD_BYTES_MAX + 1];
    let parsers = [native::parse, telnyx::parse, vapi::parse, retell::parse, elevenlabs::parse, bland::parse];
    for read in parsers.into_iter().chain([parse as fn(&[u8]) -> Result<Parsed, Error>]) {
        assert_eq!(read(&large), Err(Error::TooLarge { bytes: large.len() }));
    }
}
