use serde_json::{Value, json};
use url::form_urlencoded;

use super::{World, answer, idle, json as with_json, world};
use crate::{Fault, Point, Service};

const TOKEN: &str = "xoxb-sandbox-slack-token";
const CHANNEL: &str = "C0FRONTDESK";

async fn post(world: &World, body: &Value) -> Value {
    let request = world.post(Service::Slack, "/api/chat.postMessage").bearer_auth(TOKEN);
    let (status, said) = answer(with_json(request, body)).await;
    assert_eq!(status, 200);
    said
}

async fn read(world: &World, method: &str, query: &[(&str, &str)]) -> Value {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let (status, said) = answer(world.get(Service::Slack, &format!("/api/{method}?{query}")).bearer_auth(TOKEN)).await;
    assert_eq!(status, 200);
    said
}

fn texts(page: &Value) -> Vec<&str> {
    page["messages"].as_array().into_iter().flatten().filter_map(|message| message["text"].as_str()).collect()
}

#[tokio::test]
async fn messages_and_replies_are_read_again() {
    let world = world(idle()).await;
    let metadata = json!({ "event_type": "e", "event_payload": { "key": "k" } });
    let first = post(&world, &json!({ "channel": CHANNEL, "text": "one", "metadata": metadata })).await;
    let ts = first["ts"].as_str().expect("a ts");
    assert_eq!((first["ok"].as_bool(), ts), (Some(true), "1772366400.000000"));
    let second = post(&world, &json!({ "channel": CHANNEL, "text": "two" })).await;
    assert_eq!(second["ts"], "1772366400.000001");
    let reply = post(&world, &json!({ "channel": CHANNEL, "text": "three", "thread_ts": ts })).await;
    assert_eq!(reply["message"]["thread_ts"], ts);
    let lost = post(&world, &json!({ "channel": CHANNEL, "text": "four", "thread_ts": "1503435956.000247" })).await;
    assert_eq!(lost["message"]["thread_ts"], Value::Null);

    let history = read(&world, "conversations.history", &[("channel", CHANNEL)]).await;
    assert_eq!(texts(&history), ["four", "two", "one"]);
    assert_eq!(history["messages"][2]["metadata"], json!({ "event_type": "e" }));
    let all = [("channel", CHANNEL), ("include_all_metadata", "true"), ("limit", "1"), ("cursor", "2")];
    let history = read(&world, "conversations.history", &all).await;
    assert_eq!(history["messages"][0]["metadata"], metadata);
    assert_eq!((&history["has_more"], &history["response_metadata"]["next_cursor"]), (&json!(false), &json!("")));
    let since = [("channel", CHANNEL), ("oldest", "1772366400.000001"), ("inclusive", "true")];
    assert_eq!(texts(&read(&world, "conversations.history", &since).await), ["four", "two"]);
    assert_eq!(texts(&read(&world, "conversations.history", &since[..2]).await), ["four"]);
    let thread = [("channel", CHANNEL), ("ts", ts)];
    assert_eq!(texts(&read(&world, "conversations.replies", &thread).await), ["one", "three"]);
}

#[tokio::test]
async fn what_slack_refuses() {
    let world = world(idle()).await;
    let check = async |body: Value, error: &str| {
        let said = post(&world, &body).await;
        assert_eq!((said["ok"].as_bool(), &said["error"]), (Some(false), &json!(error)), "{body}");
    };
    check(json!({ "channel": "C0OTHER", "text": "t" }), "channel_not_found").await;
    check(json!({ "channel": CHANNEL, "text": "" }), "no_text").await;
    check(json!({ "channel": CHANNEL, "text": "x".repeat(40_001) }), "msg_too_long").await;
    check(json!({ "channel": CHANNEL, "text": "t", "metadata": { "event_type": "e" } }), "invalid_metadata_format")
        .await;
    let error = async |method: &str, query: &[(&str, &str)]| read(&world, method, query).await["error"].clone();
    let thread = [("channel", CHANNEL), ("ts", "1503435956.000247")];
    assert_eq!(error("conversations.replies", &thread).await, "thread_not_found");
    assert_eq!(error("conversations.history", &[("channel", "C0OTHER")]).await, "channel_not_found");
    assert_eq!(error("chat.delete", &[]).await, "unknown_method");
    let (_, said) = answer(world.get(Service::Slack, "/api/conversations.history").bearer_auth("other")).await;
    assert_eq!(said["error"], "invalid_auth");
    world.sandbox.fault(Point::any(Service::Slack), Fault::RateLimit { retry_after_seconds: 30 }, 1);
    let (status, said) = answer(world.get(Service::Slack, "/api/conversations.history").bearer_auth(TOKEN)).await;
    assert_eq!((status, &said["error"]), (429, &json!("ratelimited")));
    assert_eq!(world.sandbox.records(Service::Slack), json!({ "messages": [] }));
}
