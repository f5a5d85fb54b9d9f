use serde_json::{Value, json};

use super::{World, answer, idle, json as with_json, world};
use crate::Service;

const KEY: &str = "KEY-sandbox-telnyx";

fn message() -> Value {
    json!({ "from": "+14155550100", "to": "+14155550123", "text": "See you at 5" })
}

async fn send(world: &World, key: Option<&str>, body: &Value) -> (u16, Value) {
    let request = with_json(world.post(Service::Telnyx, "/v2/messages").bearer_auth(KEY), body);
    answer(match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    })
    .await
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    answer(world.get(Service::Telnyx, path).bearer_auth(KEY)).await
}

#[tokio::test]
async fn a_message_is_sent_and_read() {
    let world = world(idle()).await;
    let (status, sent) = send(&world, None, &message()).await;
    assert_eq!((status, &sent["data"]["to"][0]["status"]), (200, &json!("queued")));
    let id = sent["data"]["id"].as_str().expect("an id");
    let (status, read) = get(&world, &format!("/v2/messages/{id}")).await;
    assert_eq!((status, &read["data"]["to"][0]["status"]), (200, &json!("delivered")));
    assert_eq!(read["data"]["text"], "See you at 5");
    assert_eq!(get(&world, "/v2/messages/none").await.1["errors"][0]["code"], "10005");
}

#[tokio::test]
async fn a_key_holds_for_a_day() {
    let world = world(idle()).await;
    let first = send(&world, Some("k1"), &message()).await;
    assert_eq!(send(&world, Some("k1"), &message()).await, first);
    let mut other = message();
    other["text"] = "Another".into();
    assert_eq!(send(&world, Some("k1"), &other).await.0, 422);
    world.advance(24 * 60 * 60 * 1000);
    assert_eq!(send(&world, Some("k1"), &other).await.0, 200);
    let messages = &world.sandbox.records(Service::Telnyx)["messages"];
    assert_eq!(messages.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn detail_records_are_searched() {
    let world = world(idle()).await;
    for to in ["+14155550123", "+14155550124", "+14155550123"] {
        let mut message = message();
        message["to"] = to.into();
        send(&world, None, &message).await;
        world.advance(1_000);
    }
    let check = async |query: &str, expected: usize| {
        let (status, found) = get(&world, &format!("/v2/detail_records?filter[record_type]=messaging{query}")).await;
        assert_eq!((status, found["data"].as_array().map(Vec::len)), (200, Some(expected)), "{query}: {found}");
        found
    };
    check("", 3).await;
    let to = "&filter[cld]=%2B14155550123";
    let found = check(&format!("{to}&filter[direction]=outbound&sort=-created_at"), 2).await;
    assert!(found["data"][0]["created_at"].as_str() > found["data"][1]["created_at"].as_str(), "{found}");
    assert_eq!(found["data"][0]["text"], Value::Null);
    check(&format!("{to}&page[size]=1"), 1).await;
    check("&filter[created_at][gte]=2026-03-01", 3).await;
    check("&filter[created_at][gte]=2026-03-02", 0).await;
    check("&filter[cli]=%2B14155550199", 0).await;
    assert_eq!(get(&world, "/v2/detail_records").await.0, 400);
    assert_eq!(get(&world, "/v2/detail_records?filter[record_type]=messaging&filter[x]=1").await.0, 501);
}

#[tokio::test]
async fn what_telnyx_refuses() {
    let world = world(idle()).await;
    let check = async |changes: Value, status: u16, code: &str| {
        let mut body = message();
        for (name, value) in changes.as_object().expect("changes") {
            body[name] = value.clone();
        }
        let (given, refusal) = send(&world, None, &body).await;
        assert_eq!((given, &refusal["errors"][0]["code"]), (status, &json!(code)), "{changes}");
    };
    check(json!({ "to": null }), 422, "10004").await;
    check(json!({ "text": "" }), 422, "10004").await;
    check(json!({ "from": null }), 422, "10004").await;
    check(json!({ "to": "415 555 0123" }), 400, "40310").await;
    check(json!({ "from": "a sender that is none" }), 400, "40305").await;
    check(json!({ "text": "x".repeat(1_600) }), 400, "40302").await;
    let (status, refusal) =
        answer(with_json(world.post(Service::Telnyx, "/v2/messages").bearer_auth("other"), &message())).await;
    assert_eq!((status, &refusal["errors"][0]["code"]), (401, &json!("10009")));
    assert_eq!(world.sandbox.records(Service::Telnyx), json!({ "messages": [] }));
}
