use serde_json::{Value, json};

use super::{World, answer, json as with_json, world, world_with};
use crate::{Line, Script, Service};

const PATH: &str = "/v1beta/models/gemini-3-flash-preview:generateContent";

async fn ask(world: &World, contents: &[Value]) -> (u16, Value) {
    answer(with_json(world.post(Service::Model, PATH), &json!({"contents": contents}))).await
}

fn user(parts: Value) -> Value {
    json!({"role": "user", "parts": parts})
}

/// A call with two turns of the model's own, then the instruction.
fn history() -> Vec<Value> {
    vec![
        user(json!([{"text": "I'm Ana."}])),
        json!({"role": "model", "parts": [{"text": "Goodbye!"}]}),
        user(json!([{"text": "Bye."}, {"text": "The call has ended."}])),
    ]
}

fn response(call: &Value, output: &str) -> Value {
    let call = &call["functionCall"];
    let mut response = json!({"name": call["name"], "response": {"output": output}});
    if call["id"].is_string() {
        response["id"] = call["id"].clone();
    }
    json!({"functionResponse": response})
}

#[tokio::test]
async fn lines_are_told_by_the_request_alone() {
    let thinking = Line { reasoning: Some("Her mail first.".to_owned()), ..Line::default() };
    let script = Script::of([
        thinking.and_call("upsert_lead", json!({"email": "ana@example.com"})).and_call("page", json!({})),
        Line {
            text: Some("Noting {{upsert_lead:/contact_id}}.".to_owned()),
            ..Line::call("log_note", json!({"contact": "{{upsert_lead:/contact_id}}"}))
        },
        Line { refusal: Some("I can't.".to_owned()), ..Line::default() },
    ]);
    let world = world(script).await;

    let (status, first) = ask(&world, &history()).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(first["candidates"][0]["finishReason"], "STOP");
    let content = first["candidates"][0]["content"].clone();
    let parts = content["parts"].as_array().expect("parts");
    assert_eq!(parts[0], json!({"text": "Her mail first.", "thought": true}));
    assert_eq!(
        parts[1]["functionCall"],
        json!({"id": "only-0-0", "name": "upsert_lead", "args": {"email": "ana@example.com"}})
    );
    assert!(parts[1]["thoughtSignature"].is_string() && parts[2].get("thoughtSignature").is_none());
    let usage = |name: &str| first["usageMetadata"][name].as_u64().expect("a number");
    let total = usage("promptTokenCount") + usage("candidatesTokenCount") + usage("thoughtsTokenCount");
    assert_eq!(total, usage("totalTokenCount"));

    let answers = user(json!([response(&parts[1], r#"{"contact_id": "70001"}"#), response(&parts[2], "paged")]));
    let mut second_history = [history(), vec![content.clone(), answers]].concat();
    let (_, second) = ask(&world, &second_history).await;
    let parts = second["candidates"][0]["content"]["parts"].as_array().expect("parts").clone();
    assert_eq!(parts[0], json!({"text": "Noting 70001."}));
    assert_eq!(parts[1]["functionCall"], json!({"name": "log_note", "args": {"contact": "70001"}}));

    second_history.extend([second["candidates"][0]["content"].clone(), user(json!([response(&parts[1], "ok")]))]);
    let (_, third) = ask(&world, &second_history).await;
    let refusal = &third["candidates"][0];
    assert_eq!(
        (&refusal["finishReason"], &refusal["content"]["parts"][0]["text"]),
        (&json!("SAFETY"), &json!("I can't."))
    );

    second_history[3]["parts"][1]["functionCall"]["args"]["email"] = "eve@example.com".into();
    let (status, altered) = ask(&world, &second_history).await;
    assert_eq!((status, &altered["error"]["message"]), (400, &json!("Corrupted thought signature.")));
}

#[tokio::test]
async fn what_the_model_can_write_is_one_of_its_candidates() {
    let cut = Line { finish_reason: Some("length".to_owned()), ..Line::text("Al") };
    let filtered = Line { finish_reason: Some("content_filter".to_owned()), ..Line::text("") };
    for (line, reason) in
        [(Line::call("page", json!("{broken")), "MALFORMED_FUNCTION_CALL"), (cut, "MAX_TOKENS"), (filtered, "SAFETY")]
    {
        let world = world(Script::of([line])).await;
        let (status, body) = ask(&world, &history()).await;
        assert_eq!((status, &body["candidates"][0]["finishReason"]), (200, &json!(reason)), "{body}");
    }
}

#[tokio::test]
async fn refusals_are_in_the_shape_of_google() {
    let world = world_with(super::idle(), |config| config.credentials.model_key = Some("right".to_owned())).await;
    let good = json!({"contents": history()});
    let check = async |key: Option<&str>, body: &Value, expected: u16, status: &str, words: &str| {
        let mut request = with_json(world.post(Service::Model, PATH), body);
        if let Some(key) = key {
            request = request.header("x-goog-api-key", key);
        }
        let (code, answered) = answer(request).await;
        let error = &answered["error"];
        assert_eq!(
            (code, &error["code"], &error["status"]),
            (expected, &json!(expected), &json!(status)),
            "{answered}"
        );
        assert!(answered.to_string().contains(words), "{answered}");
    };
    check(None, &good, 403, "PERMISSION_DENIED", "unregistered callers").await;
    check(Some("wrong"), &good, 400, "INVALID_ARGUMENT", "API_KEY_INVALID").await;
    check(Some("right"), &json!({}), 400, "INVALID_ARGUMENT", "contents is not specified").await;
    let request = with_json(world.post(Service::Model, PATH), &good).header("x-goog-api-key", "right");
    assert_eq!(answer(request).await.0, 200);
}
