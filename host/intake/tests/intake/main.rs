//! What each realistic payload becomes, and what each broken one is told.

mod broken;
mod gather;
mod list;
mod mutants;
mod own;
mod said;
mod signed;
mod story;
mod together;

use aftercall_core::{
    conversation::{Content, Item},
    live::LiveCall,
    repair::{is_continuable, repair},
};
use aftercall_intake::{Form, detect, parse, without_secrets};
use serde_json::{Value, json};

/// The payload and the story that is expected of it, by their common name under `tests/data`.
macro_rules! case {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../data/", $name, ".json")).as_slice(),
            include_str!(concat!("../data/", $name, ".txt")),
        )
    };
}

/// All of them.
const CASES: [(&str, &[u8], &str); 48] = [
    case!("native/items"),
    case!("native/provider-messages"),
    case!("native/old-messages"),
    case!("native/openai-responses-call"),
    case!("native/least"),
    case!("native/tools"),
    case!("native/anthropic-sales"),
    case!("native/anthropic-odd"),
    case!("native/gemini-call"),
    case!("native/gemini-odd"),
    case!("vapi/sales"),
    case!("vapi/voicemail"),
    case!("vapi/odd"),
    case!("vapi/unanswered"),
    case!("vapi/tools"),
    case!("retell/booking"),
    case!("retell/voicemail"),
    case!("retell/unanswered"),
    case!("retell/odd"),
    case!("retell/scrubbed"),
    case!("retell/gemini"),
    case!("elevenlabs/returns"),
    case!("elevenlabs/workflow"),
    case!("elevenlabs/voicemail"),
    case!("elevenlabs/silent"),
    case!("elevenlabs/odd"),
    case!("bland/booking"),
    case!("bland/voicemail"),
    case!("bland/unanswered"),
    case!("bland/odd"),
    case!("bland/in-one-text"),
    case!("telnyx/clinic"),
    case!("telnyx/quiet"),
    case!("telnyx/odd"),
    case!("telnyx/silent"),
    case!("livekit/session"),
    case!("livekit/odd"),
    case!("livekit/voicemail"),
    case!("livekit/unanswered"),
    case!("livekit/gemini"),
    case!("pipecat/call"),
    case!("pipecat/odd"),
    case!("pipecat/voicemail"),
    case!("pipecat/gemini"),
    case!("pipecat/anthropic"),
    case!("pipecat/responses"),
    case!("openai/realtime"),
    case!("openai/responses"),
];

#[test]
fn payloads_become_conversations() {
    for (name, payload, expected) in CASES {
        let (platform, _) = name.split_once('/').expect("a folder for each platform");
        assert_eq!(detect(payload), Ok(Form::of_platform(platform).expect(platform)), "{name}");
        let mut parsed = parse(payload).expect(name);
        let mut told = story::of(&parsed);
        match repair(&mut parsed.conversation) {
            Ok(repairs) => {
                assert!(is_continuable(&parsed.conversation.items), "{name}");
                told.extend(repairs.iter().map(|repair| format!("repaired: {repair}")));
            }
            Err(why) => told.push(format!("not repairable: {why}")),
        }
        assert_eq!(told.join("\n") + "\n", expected, "{name}");
    }
}

#[test]
fn a_providers_own_messages_are_kept_byte_for_byte() {
    let payload = include_str!("../data/native/provider-messages.json");
    let items = parse(payload.as_bytes()).expect("a record").conversation.items;
    let own: Vec<&str> = items.iter().filter_map(|item| Some(item.opaque.as_ref()?.data.as_str())).collect();
    let lines: Vec<&str> = payload.lines().filter(|line| line.contains(r#"{"role": "#)).collect();
    assert_eq!(own, lines.iter().map(|line| line.trim().trim_end_matches(',')).collect::<Vec<_>>());
    let is_second_call = |item: &&Item| matches!(&item.content, Content::ToolCall(call) if call.id == "b");
    let second = items.iter().find(is_second_call).expect("two calls in one message");
    assert!(second.continues && second.opaque.is_none());
}

/// The items of each group stand in a list; together they are the record's, and none is lost.
#[test]
fn a_providers_own_items_are_kept_byte_for_byte() {
    let payload = include_str!("../data/native/openai-responses-call.json");
    let items = parse(payload.as_bytes()).expect("a record").conversation.items;
    let own = items.iter().filter_map(|item| Some(item.opaque.as_ref()?.data.as_str()));
    let own: Vec<&str> = own.map(|list| list.trim_start_matches('[').trim_end_matches(']')).collect();
    let lines = payload.lines().map(str::trim).filter(|line| {
        line.starts_with(r#"{"role""#) || line.starts_with(r#"{"type""#) || line.starts_with(r#"{"id""#)
    });
    assert_eq!(own.join(","), lines.map(|line| line.trim_end_matches(',')).collect::<Vec<_>>().join(","));
    let leads =
        |words: &str| items.iter().find(|item| matches!(&item.content, Content::Message { text, .. } if text == words));
    let first = leads("Let me look.").and_then(|item| item.opaque.as_ref()).expect("own bytes").data.value();
    assert_eq!(first.as_array().map(Vec::len), Some(4), "a thought, words and two calls");
}

/// A message of Anthropic's with results is a message for each of them, and one for the words.
#[test]
fn results_in_one_message_are_kept_apart_byte_for_byte() {
    let own = |payload: &str| -> Vec<String> {
        let items = parse(payload.as_bytes()).expect("a record").conversation.items;
        items.iter().filter_map(|item| Some(item.opaque.as_ref()?.data.as_str().to_owned())).collect()
    };
    let sales = include_str!("../data/native/anthropic-sales.json");
    let lines: Vec<&str> = sales.lines().filter(|line| line.contains(r#"{"role": "#)).collect();
    let mut expected: Vec<String> = lines.iter().map(|line| line.trim().trim_end_matches(',').to_owned()).collect();
    let parts = [
        r#"{"role":"user","content":[{"type": "tool_result", "tool_use_id": "toolu_01", "content": [{"type": "text", "text": "9:00"}, {"type": "text", "text": "10:00"}]}]}"#,
        r#"{"role":"user","content":[{"type": "tool_result", "tool_use_id": "toolu_02", "is_error": true, "content": "timeout"}]}"#,
        r#"{"role":"user","content":[{"type": "text", "text": "Nine is f\u0069ne."}]}"#,
    ];
    expected.splice(2..3, parts.map(str::to_owned));
    assert_eq!(own(sales), expected);
    let answered =
        r#"{"role":"assistant","content":[{"type": "text", "text": "Hi,"}, {"type": "text", "text": "Tom."}]}"#;
    assert_eq!(
        own(include_str!("../data/native/anthropic-odd.json"))[2],
        answered,
        "what the provider doesn't take back"
    );
}

#[test]
fn a_content_of_several_results_is_kept_part_by_part() {
    let payload = include_str!("../data/native/gemini-call.json");
    let items = parse(payload.as_bytes()).expect("a record").conversation.items;
    let own: Vec<&str> = items.iter().filter_map(|item| Some(item.opaque.as_ref()?.data.as_str())).collect();
    let lines =
        payload.lines().filter(|line| line.contains(r#"{"role": "#)).map(|line| line.trim().trim_end_matches(','));
    let lines: Vec<&str> = lines.collect();
    let user = |part: &str| format!(r#"{{"role":"user","parts":[{part}]}}"#);
    let parts = [
        r#"{"functionResponse": {"name": "find_slots", "response": {"slots": ["9:00"], "n": 1.0}}}"#,
        r#"{"functionResponse": {"id": "b", "name": "book_slot", "response": {"error": "taken"}}}"#,
        r#"{"text": "Hello?"}"#,
    ];
    let parts = parts.map(user);
    assert_eq!(own, [lines[0], lines[1], &parts[0], &parts[1], &parts[2], lines[3], lines[4]]);
}

#[test]
fn no_secret_of_a_platform_is_kept() {
    let out = "keep-me-out";
    for ((_, payload, _), secret) in [
        (case!("retell/odd"), out),
        (case!("elevenlabs/returns"), out),
        (case!("vapi/tools"), "hush"),
        (case!("native/tools"), "hush"),
    ] {
        let is_in = |text: &str| text.contains(secret);
        assert!(is_in(&String::from_utf8_lossy(payload)));
        assert!(!is_in(&format!("{:?}", parse(payload).expect("an event"))));
        let kept = without_secrets(payload);
        assert!(!is_in(&String::from_utf8_lossy(&kept)), "{}", String::from_utf8_lossy(&kept));
    }
}

#[test]
fn nothing_is_read_of_an_address_or_an_error_that_may_be_a_secret() {
    for (_, payload, _) in [case!("vapi/tools"), case!("native/tools"), case!("elevenlabs/returns")] {
        assert!(String::from_utf8_lossy(payload).contains("hidden"));
        assert!(!format!("{:?}", parse(payload).expect("an event")).contains("hidden"));
    }
}

/// A call that waits is read when its secrets are gone.
#[test]
fn a_payload_without_its_secrets_tells_the_same() {
    for (name, payload, _) in CASES {
        let kept = without_secrets(payload);
        assert_eq!(kept.len(), payload.len(), "{name}");
        assert_eq!(parse(&kept), parse(payload), "{name}");
    }
    let says = json!({
        "authorization": "PA-123", "access_token": "a", "secret": "b", "headers": {"c": "d"}, "credentials": ["RN"],
        "server": {"secret": "e"}, "secret__f": "g",
    });
    let call = |arguments: Value| json!({"id": "t1", "type": "function", "function": {"name": "claim", "arguments": arguments}});
    let calls = json!([call(says.clone()), call(json!(says.to_string()))]);
    let text = says.to_string();
    let body = json!({"type": "object", "properties": {"headers": {"type": "string", "description": "Whose?"}, "note": {"value": says}}});
    let vapi = json!({"type": "end-of-call-report", "call": {"id": "1"}, "analysis": {"structuredData": says}, "messages": [
        {"role": "tool_calls", "toolCalls": calls}, {"role": "tool_call_result", "toolCallId": "t1", "result": says},
    ], "assistant": {"model": {"tools": [
        {"type": "function", "server": {"url": "https://a.test/", "secret": "hush"}, "function": {"name": "claim", "parameters": body}},
        {"type": "apiRequest", "name": "order", "method": "POST", "url": "https://a.test/", "body": body, "headers": {"a": "hush"}},
    ]}}});
    let schema = json!({"type": "object", "properties": {"headers": {"type": "string", "description": "Whose?"}}});
    let http = json!({"method": "POST", "url": "https://a.test/", "headers": {"x-tenant": "acme", "headers": "all"},
        "query": {"credentials": {"$": "arguments.headers"}, "headers": "all"}, "body": {"headers": [{"of": "all"}]}});
    let native = json!({"schema": "aftercall.call/1", "conversation": {"id": "1"}, "analysis": {"variables": says},
        "llm": {"tools": [{"name": "claim", "input_schema": schema, "http": http}]}, "items": [
        {"type": "tool_call", "id": "t1", "name": "claim", "arguments": says},
        {"type": "tool_result", "call_id": "t1", "output": says}]});
    let gemini = json!({"schema": "aftercall.call/1", "conversation": {"id": "1"}, "llm": {"dialect": "gemini", "messages": [
        {"role": "model", "parts": [{"functionCall": {"name": "claim", "args": says}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "claim", "response": says}}]}]}});
    let retell = json!({"event": "call_analyzed", "call": {"call_id": "1", "call_status": "ended",
        "call_analysis": {"custom_analysis_data": says}, "transcript_with_tool_calls": [
        {"role": "tool_call_invocation", "tool_call_id": "t1", "name": "claim", "arguments": text},
        {"role": "tool_call_result", "tool_call_id": "t1", "content": text}]}});
    for payload in [vapi, native, gemini, retell] {
        let payload = payload.to_string();
        let read = parse(payload.as_bytes()).expect(&payload);
        let kept = without_secrets(payload.as_bytes());
        assert!(!String::from_utf8_lossy(&kept).contains("hush"));
        assert_eq!(parse(&kept).as_ref(), Ok(&read), "{payload}");
        assert!(format!("{read:?}").contains("PA-123"), "{payload}");
    }
}

/// How the one tool of a call is called: where, with which parameters of the query.
fn called(payload: &Value) -> (String, Value) {
    let tools = parse(payload.to_string().as_bytes()).expect("a call").conversation.live_definitions;
    match &tools[0].call {
        LiveCall::Http(call) => (call.url.clone(), json!(call.query)),
        LiveCall::Unusable(why) => panic!("{why}"),
    }
}

#[test]
fn what_stands_for_an_argument_is_what_the_definition_says() {
    let vapi = |url: &str, number: &str| {
        let body = json!({"type": "object", "properties": {"order": {"type": "string"}}});
        let tool = json!({"type": "apiRequest", "name": "order", "method": "GET", "url": url, "body": body});
        let assistant = json!({"model": {"tools": [tool]}});
        called(
            &json!({"type": "end-of-call-report", "call": {"id": "1"}, "customer": {"number": number}, "assistant": assistant}),
        )
    };
    let native = |url: &str, query: Value| {
        let schema = json!({"type": "object", "properties": {"order": {}, "list": {}}});
        let http = json!({"method": "GET", "url": url, "query": query});
        let llm = json!({"tools": [{"name": "order", "parameters": schema, "http": http}]});
        called(&json!({"schema": "aftercall.call/1", "conversation": {"id": "1"}, "llm": llm}))
    };
    let order = || json!({"$": "arguments.order"});
    for (got, url, query) in [
        // What the caller's own number says is no template.
        (vapi("https://a.test/{{order}}?from={{customer.number}}", "{order}"), "{order}", json!({"from": "{order}"})),
        (vapi("https://a.test/{{order}}/{{customer.number}}", "{order}"), "{order}/%7Border%7D", json!({})),
        (vapi("https://a.test/{{order}}?from=%7Border%7D", ""), "{order}", json!({"from": "{order}"})),
        (vapi("https://A.Test/x?code={{order}}&token=hush", ""), "x", json!({"code": order()})),
        (native("https://a.test/x?key={order}", json!({})), "x", json!({"key": order()})),
        (
            native(
                "https://a.test/x",
                json!({"code": order(), "key": "hush", "token": ["hush", order()], "sig": ["hush"]}),
            ),
            "x",
            json!({"code": order(), "token": [order()]}),
        ),
    ] {
        assert_eq!(got, (format!("https://a.test/{url}"), query));
    }
}
