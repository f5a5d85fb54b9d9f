use serde_json::{Value, json};

use super::{World, answer, json as with_json, world, world_with};
use crate::{Line, Script, Service};

const PATH: &str = "/v1/responses";

async fn ask(world: &World, body: &Value) -> (u16, Value) {
    answer(with_json(world.post(Service::Model, PATH), body)).await
}

/// A call with a word of the assistant's own, then the instruction.
fn body(after: &[Value]) -> Value {
    let mut input = vec![
        json!({"role": "developer", "content": "You qualify leads."}),
        json!({"role": "assistant", "content": "Hello!"}),
        json!({"role": "user", "content": "I'm Ana."}),
        json!({"role": "developer", "content": "The call has ended."}),
    ];
    input.extend_from_slice(after);
    json!({"model": "gpt-5", "store": false, "include": ["reasoning.encrypted_content"], "input": input})
}

#[tokio::test]
async fn a_reply_goes_back_as_it_came() {
    let world = world(Script::of([
        Line {
            reasoning: Some("Who is it?".to_owned()),
            text: Some("A moment.".to_owned()),
            ..Line::call("find", json!({"name": "Ana"})).and_call("page", json!("{broken"))
        },
        Line { finish_reason: Some("length".to_owned()), ..Line::text("Found {{find:/id}}") },
        Line { refusal: Some("I can't.".to_owned()), ..Line::default() },
    ]))
    .await;
    let (status, first) = ask(&world, &body(&[])).await;
    assert_eq!((status, &first["status"], &first["object"]), (200, &json!("completed"), &json!("response")));
    let output = first["output"].as_array().expect("items");
    let kinds: Vec<&str> = output.iter().filter_map(|item| item["type"].as_str()).collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call", "function_call"]);
    assert_eq!(output[3]["arguments"], "{broken");
    assert_eq!(ask(&world, &body(&[])).await, (200, first.clone()), "a repeated request gets the same reply");

    let result = |id: &str| json!({"type": "function_call_output", "call_id": id, "output": "{\"id\": 7}"});
    let results = [result("call_0_0"), result("call_0_1")];
    let (_, second) = ask(&world, &body(&[output.as_slice(), &results].concat())).await;
    assert_eq!(second["output"][0]["content"][0]["text"], "Found 7");
    assert_eq!(
        (&second["status"], &second["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );

    let said = second["output"].as_array().expect("items").as_slice();
    let (_, third) = ask(&world, &body(&[output.as_slice(), &results, said].concat())).await;
    assert_eq!(third["output"][0]["content"], json!([{"type": "refusal", "refusal": "I can't."}]));

    for (dropped, part) in [(0, "without its required 'reasoning' item"), (2, "No tool call found")] {
        let mut items = output.clone();
        items.remove(dropped);
        let (status, refused) = ask(&world, &body(&[items.as_slice(), &results].concat())).await;
        assert_eq!(status, 400);
        assert!(refused["error"]["message"].as_str().is_some_and(|words| words.contains(part)), "{refused}");
    }
    let mut altered = output.clone();
    altered[0]["encrypted_content"] = format!("{}x", altered[0]["encrypted_content"].as_str().expect("text")).into();
    let (_, refused) = ask(&world, &body(&[altered.as_slice(), &results].concat())).await;
    assert_eq!(refused["error"]["code"], "invalid_encrypted_content");
}

#[tokio::test]
async fn a_reply_in_the_background_is_asked_for() {
    let script = Script::of([Line { polls: Some(2), ..Line::text("At last.") }]);
    let world = world_with(script, |config| config.credentials.model_key = Some("sk".to_owned())).await;
    let keyed = |request: reqwest::RequestBuilder| request.header("authorization", "Bearer sk");
    let mut asked = body(&[]);
    asked["background"] = json!(true);
    asked["store"] = json!(true);
    let begin = async || {
        let (status, begun) = answer(keyed(with_json(world.post(Service::Model, PATH), &asked))).await;
        assert_eq!((status, &begun["status"], &begun["output"]), (200, &json!("queued"), &json!([])));
        format!("{PATH}/{}", begun["id"].as_str().expect("an identifier"))
    };
    let look = async |path: &str| answer(keyed(world.get(Service::Model, path))).await;
    let cancel = async |path: &str| answer(keyed(world.post(Service::Model, &format!("{path}/cancel")))).await;
    let (first, second) = (begin().await, begin().await);
    assert_ne!(first, second);
    assert_eq!(look(&first).await.1["status"], "in_progress");
    for _ in 0..2 {
        let (status, made) = look(&first).await;
        assert_eq!((status, &made["output"][0]["content"][0]["text"]), (200, &json!("At last.")));
    }
    assert_eq!(cancel(&first).await.1["status"], "completed");
    assert_eq!(cancel(&second).await.1["status"], "cancelled");
    assert_eq!(look(&second).await.1["status"], "cancelled");
    let (status, unknown) = look("/v1/responses/resp_x").await;
    assert_eq!((status, &unknown["error"]["message"]), (404, &json!("Response with id 'resp_x' not found.")));
    assert_eq!(answer(world.get(Service::Model, &first)).await.0, 401);
    assert_eq!(answer(keyed(world.post(Service::Model, &first))).await.0, 405);
    assert_eq!(look(&format!("{first}/input_items")).await.0, 404);
}
