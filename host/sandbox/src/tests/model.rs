use serde_json::{Value, json};

use super::{World, answer, json as with_json, world, world_with};
use crate::{Line, LineFault, Scene, Script, Service};

async fn ask(world: &World, messages: &Value) -> (u16, Value) {
    let body = json!({"model": "gpt-4o", "messages": messages});
    answer(with_json(world.post(Service::Model, "/v1/chat/completions"), &body)).await
}

/// A call with two assistant messages of its own, then the instruction.
fn history(after: &[Value]) -> Value {
    let mut messages = vec![
        json!({"role": "system", "content": "You qualify leads for Harbor Logistics."}),
        json!({"role": "assistant", "content": "Hello!"}),
        json!({"role": "user", "content": "I'm \"Ana\"."}),
        json!({"role": "assistant", "content": "Goodbye!"}),
        json!({"role": "system", "content": "The call has ended."}),
    ];
    messages.extend_from_slice(after);
    messages.into()
}

fn upsert(id: &str) -> Value {
    let function = json!({"name": "upsert_lead", "arguments": "{}"});
    json!({"role": "assistant", "content": null, "tool_calls": [{"id": id, "type": "function", "function": function}]})
}

fn result(id: &str, content: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": content})
}

#[tokio::test]
async fn lines_are_told_by_the_request_alone() {
    let script = Script::of([
        Line::call("upsert_lead", json!({"email": "ana@example.com"})).and_call("page", json!("{broken")),
        Line {
            text: Some("Noting {{upsert_lead:/contact_id}}.".to_owned()),
            extra: json!({"reasoning_content": "hm"}).as_object().cloned().expect("an object"),
            ..Line::call(
                "log_note",
                json!({"contact": "{{upsert_lead:/contact_id}}", "score": "{{upsert_lead:/score}}"}),
            )
        },
        Line {
            refusal: Some("I can't.".to_owned()),
            finish_reason: Some("content_filter".to_owned()),
            ..Line::default()
        },
    ]);
    let world = world(script).await;

    let (status, first) = ask(&world, &history(&[])).await;
    assert_eq!(status, 200);
    assert_eq!(first["object"], "chat.completion");
    assert_eq!(first["model"], "gpt-4o");
    assert_eq!(first["created"], super::NOON_MS / 1000);
    let choice = &first["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], Value::Null);
    assert_eq!(
        choice["message"]["tool_calls"],
        json!([
            {"id": "call_0_0", "type": "function", "function": {"name": "upsert_lead", "arguments": "{\"email\":\"ana@example.com\"}"}},
            {"id": "call_0_1", "type": "function", "function": {"name": "page", "arguments": "{broken"}},
        ])
    );
    let usage = |name: &str| first["usage"][name].as_u64().expect("a number");
    assert_eq!(usage("prompt_tokens") + usage("completion_tokens"), usage("total_tokens"));
    assert_eq!(ask(&world, &history(&[])).await, (200, first), "a repeated request gets the same reply");

    let second_history =
        history(&[upsert("call_0_0"), result("call_0_0", "{\"contact_id\": \"70001\", \"score\": 7}")]);
    let (_, second) = ask(&world, &second_history).await;
    let message = &second["choices"][0]["message"];
    assert_eq!(message["content"], "Noting 70001.");
    assert_eq!(message["reasoning_content"], "hm");
    assert_eq!(message["tool_calls"][0]["id"], "call_1_0");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], "{\"contact\":\"70001\",\"score\":7}");

    let said = |text: &str| json!({"role": "assistant", "content": text});
    let (_, third) = ask(&world, &history(&[said("one"), said("two")])).await;
    assert_eq!(third["choices"][0]["message"]["refusal"], "I can't.");
    assert_eq!(third["choices"][0]["finish_reason"], "content_filter");
    let asked = |line: u32, times: u32| json!({"scene": "only", "line": line, "asked": times});
    assert_eq!(world.sandbox.records(Service::Model), json!({"lines": [asked(0, 2), asked(1, 1), asked(2, 1)]}));
}

#[tokio::test]
async fn a_script_that_cannot_go_on_says_so() {
    let world = world(Script {
        scenes: vec![Scene {
            name: "harbor".to_owned(),
            marker: Some("Harbor".to_owned()),
            lines: vec![Line::text("hello {{upsert_lead:/id}}")],
        }],
    })
    .await;
    let stranger = json!([{"role": "user", "content": "hi"}]);
    let too_far = history(&[json!({"role": "assistant", "content": "done"})]);
    let cases = [
        (stranger, "no scene of the script has its marker in the history"),
        (too_far, "scene \"harbor\" has 1 lines and is asked for line 1: add a line"),
        (history(&[]), "harbor, line 0: no result of the tool \"upsert_lead\" is in the request"),
    ];
    for (messages, note) in cases {
        let (status, body) = ask(&world, &messages).await;
        assert_eq!((status, &body["error"]["code"]), (500, &json!("sandbox_script")), "{note}");
        let logged = world.sandbox.requests().pop().expect("a request");
        assert_eq!(logged.note.as_deref(), Some(note));
        assert_eq!(body["error"]["message"], format!("sandbox: {note}"));
    }
}

#[tokio::test]
async fn scenes_are_told_apart_by_their_markers() {
    let scene = |name: &str, marker: Option<&str>| Scene {
        name: name.to_owned(),
        marker: marker.map(str::to_owned),
        lines: vec![Line::text(name)],
    };
    let world = world(Script { scenes: vec![scene("quoted", Some("\"Ana\"")), scene("rest", None)] }).await;
    for (messages, expected) in [(history(&[]), "quoted"), (json!([{"role": "user", "content": "Ana"}]), "rest")] {
        let (_, reply) = ask(&world, &messages).await;
        assert_eq!(reply["choices"][0]["message"]["content"], expected);
    }
}

#[tokio::test]
async fn faults_of_a_line_come_first() {
    let faulty = |status, body, times| Line {
        fault: Some(LineFault { status, body, retry_after_seconds: Some(3), after_events: None, times }),
        ..Line::text("at last")
    };
    let world = world(Script::of([
        faulty(429, None, Some(2)),
        faulty(200, Some(json!("<html>")), Some(1)),
        faulty(503, Some(json!({"error": "down"})), None),
    ]))
    .await;
    let said = json!({"role": "assistant", "content": "x"});
    let check = async |turn: usize, expected: [(u16, &str); 3]| {
        for (status, part) in expected {
            let body = json!({"model": "m", "messages": history(&vec![said.clone(); turn])});
            let request = with_json(world.post(Service::Model, "/v1/chat/completions"), &body);
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), status, "turn {turn}");
            assert_eq!(response.headers().contains_key("retry-after"), part != "at last", "turn {turn}");
            let text = response.text().await.expect("a body");
            assert!(text.contains(part), "turn {turn}: {text}");
        }
    };
    check(0, [(429, "\"requests\""), (429, "\"requests\""), (200, "at last")]).await;
    check(1, [(200, "<html>"), (200, "at last"), (200, "at last")]).await;
    check(2, [(503, "{\"error\":\"down\"}"); 3]).await;
}

#[tokio::test]
async fn what_the_provider_refuses_before_it_reads_the_history() {
    let world = world_with(super::idle(), |config| config.credentials.model_key = Some("sk-right".to_owned())).await;
    let path = "/v1/chat/completions";
    let right = "Bearer sk-right";
    let good = json!({"model": "m", "messages": history(&[])}).to_string();
    let check = async |request: reqwest::RequestBuilder, expected: u16, code: Value| {
        let (status, body) = answer(request).await;
        assert_eq!((status, &body["error"]["code"]), (expected, &code), "{body}");
        assert_eq!(body["error"]["type"], "invalid_request_error");
        assert!(!body.to_string().contains("sk-"), "the key is not repeated");
    };
    let post = |authorization: &str, body: &str| {
        let request = world.post(Service::Model, path).header("content-type", "application/json");
        request.header("authorization", authorization).body(body.to_owned())
    };
    let request = world.post(Service::Model, path).header("content-type", "application/json").body(good.clone());
    check(request, 401, Value::Null).await;
    check(post("Bearer sk-wrong", &good), 401, json!("invalid_api_key")).await;
    check(post("Basic sk-right", &good), 401, Value::Null).await;
    check(post(right, "{"), 400, Value::Null).await;
    check(post(right, r#"{"model":"m","messages":[]}"#), 400, json!("empty_array")).await;
    let plain = world.post(Service::Model, path).header("authorization", right).body(good.clone());
    check(plain, 400, Value::Null).await;
    let elsewhere = world.post(Service::Model, "/v1/completions").header("authorization", right).body(good.clone());
    check(elsewhere, 404, Value::Null).await;
    check(world.get(Service::Model, path).header("authorization", right), 405, json!("method_not_supported")).await;
    check(post(right, &" ".repeat(crate::HTTP_BODY_BYTES_MAX + 1)), 413, Value::Null).await;
    assert_eq!(answer(post(right, &good)).await.0, 200);
}

#[test]
fn scripts_are_checked() {
    let check = |json: Value, expected: Option<&str>| match (Script::parse(&json.to_string()), expected) {
        (Ok(_), None) => {}
        (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{json}: {error}"),
        (outcome, _) => panic!("{json}: {outcome:?}"),
    };
    let line = |line: Value| json!({"scenes": [{"name": "a", "lines": [{"text": "fine"}, line]}]});
    check(line(json!({"calls": [{"name": "hang_up"}]})), None);
    check(line(json!({"fault": {"status": 500}})), None);
    check(json!({"scenes": []}), Some("give the script a scene"));
    check(json!({"scenes": [{"name": "a", "lines": []}]}), Some("scene 0: give it a line"));
    check(json!({"scenes": [{"name": "a b", "lines": [{"text": "x"}]}]}), Some("scene 0: name it"));
    check(json!({"scenes": [{"name": "a", "marker": "", "lines": [{"text": "x"}]}]}), Some("leave the marker out"));
    check(line(json!({"txt": "x"})), Some("unknown field `txt`"));
    check(line(json!({})), Some("scene 0, line 1: give it text"));
    check(line(json!({"fault": {"times": 1}})), Some("give it text"));
    check(line(json!({"calls": [{"name": "hang up"}]})), Some("name tools"));
    check(line(json!({"text": "x", "finish_reason": "bored"})), Some("finish with stop"));
    check(line(json!({"text": "x", "fault": {"status": 199}})), Some("status from 200"));
    check(line(json!({"text": "x", "fault": {"times": 0}})), Some("at least once"));
}

fn anthropic(world: &World, body: &Value) -> reqwest::RequestBuilder {
    with_json(world.post(Service::Model, "/v1/messages"), body).header("anthropic-version", "2023-06-01")
}

#[tokio::test]
async fn lines_are_said_in_anthropics_words_too() {
    let world = world(Script::of([
        Line {
            reasoning: Some("hm".to_owned()),
            text: Some("On it.".to_owned()),
            ..Line::call("upsert_lead", json!({"email": "ana@example.com"})).and_call("page", json!("{broken"))
        },
        Line::call("log_note", json!({"contact": "{{upsert_lead:/contact_id}}"})),
        Line { finish_reason: Some("length".to_owned()), ..Line::text("Cut") },
        Line { refusal: Some("I can't.".to_owned()), ..Line::default() },
    ]))
    .await;
    let tool = |name: &str| json!({"name": name, "input_schema": {"type": "object"}});
    let now = json!({"type": "text", "text": "The call has ended.", "cache_control": {"type": "ephemeral"}});
    let body = |since: &[Value]| {
        let call = [
            json!({"role": "user", "content": "I'm Ana."}),
            json!({"role": "assistant", "content": "Goodbye!"}),
            json!({"role": "user", "content": [now]}),
        ];
        let messages: Vec<&Value> = call.iter().chain(since).collect();
        json!({"model": "claude-opus-4-7", "max_tokens": 1000, "tools": [tool("upsert_lead"), tool("page")], "messages": messages})
    };

    let (status, first) = answer(anthropic(&world, &body(&[]))).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(first["type"], "message");
    assert_eq!(first["stop_reason"], "tool_use");
    let blocks = first["content"].as_array().expect("a list");
    let kinds: Vec<&Value> = blocks.iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["thinking", "text", "tool_use", "tool_use"]);
    assert_eq!(
        blocks[2],
        json!({"type": "tool_use", "id": "toolu_0_0", "name": "upsert_lead", "input": {"email": "ana@example.com"}})
    );
    assert_eq!(blocks[3]["input"], "{broken");
    let usage = |reply: &Value, name: &str| reply["usage"][name].as_u64().expect("a number");
    assert!(usage(&first, "cache_creation_input_tokens") > 0 && usage(&first, "cache_read_input_tokens") == 0);

    let called = json!({"role": "assistant", "content": [blocks[0], blocks[1], blocks[2]]});
    let found = json!({"type": "tool_result", "tool_use_id": "toolu_0_0", "content": "{\"contact_id\": 7}"});
    let found = json!({"role": "user", "content": [found]});
    let (_, second) = answer(anthropic(&world, &body(&[called.clone(), found.clone()]))).await;
    assert_eq!(second["content"][0]["id"], "toolu_1_0");
    assert_eq!(second["content"][0]["input"], json!({"contact": 7}));
    assert!(usage(&second, "cache_read_input_tokens") > 0 && usage(&second, "cache_creation_input_tokens") == 0);

    let noted = json!({"role": "assistant", "content": second["content"]});
    let note =
        json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1_0", "content": "ok"}]});
    let mut since = vec![called, found, noted, note];
    let (_, third) = answer(anthropic(&world, &body(&since))).await;
    assert_eq!((&third["stop_reason"], &third["content"][0]["text"]), (&json!("max_tokens"), &json!("Cut")));

    since[0]["content"][0]["thinking"] = json!("altered");
    let (status, refused) = answer(anthropic(&world, &body(&since))).await;
    assert_eq!((status, &refused["error"]["type"]), (400, &json!("invalid_request_error")), "{refused}");
    assert_eq!(refused["type"], "error");
}

#[tokio::test]
async fn anthropic_refuses_in_its_own_shape() {
    let fault = |status| Line {
        fault: Some(LineFault { status, body: None, retry_after_seconds: Some(3), after_events: None, times: Some(1) }),
        refusal: Some("I can't.".to_owned()),
        ..Line::default()
    };
    let world =
        world_with(Script::of([fault(529)]), |config| config.credentials.model_key = Some("sk-right".to_owned())).await;
    let body = json!({"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]});
    let plain = || with_json(world.post(Service::Model, "/v1/messages"), &body);
    let bearer = plain().header("authorization", "Bearer sk-right");
    let versioned = |version: &str| plain().header("x-api-key", "sk-right").header("anthropic-version", version);
    for (request, status, kind) in [
        (plain(), 401, "authentication_error"),
        (bearer, 401, "authentication_error"),
        (plain().header("x-api-key", "sk-right"), 400, "invalid_request_error"),
        (versioned("2021-01-01"), 400, "invalid_request_error"),
        (versioned("2023-06-01"), 529, "overloaded_error"),
    ] {
        let (found, body) = answer(request).await;
        assert_eq!((found, &body["error"]["type"]), (status, &json!(kind)), "{body}");
    }
    let (status, refused) = answer(versioned("2023-06-01")).await;
    assert_eq!((status, &refused["stop_reason"]), (200, &json!("refusal")));
    assert_eq!((&refused["content"], &refused["stop_details"]["explanation"]), (&json!([]), &json!("I can't.")));
}
