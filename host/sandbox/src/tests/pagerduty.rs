use serde_json::{Value, json};

use super::{World, answer, idle, json as with_json, world};
use crate::Service;

const KEY: &str = "00000000000000000000000000000007";

async fn send(world: &World, event: &Value) -> (u16, Value) {
    answer(with_json(world.post(Service::Pagerduty, "/v2/enqueue"), event)).await
}

fn trigger(more: Value) -> Value {
    let payload = json!({ "summary": "No orders since 9:00", "severity": "critical", "source": "Route Planner" });
    let mut event = json!({ "routing_key": KEY, "event_action": "trigger", "payload": payload });
    event.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    event
}

fn about(action: &str, dedup_key: &str) -> Value {
    json!({ "routing_key": KEY, "event_action": action, "dedup_key": dedup_key })
}

#[tokio::test]
async fn an_alert_is_opened_once_for_a_key() {
    let world = world(idle()).await;
    let mut event = trigger(
        json!({ "dedup_key": "k1", "client": "Support line", "links": [{ "href": "https://t.example/31", "text": "Ticket" }] }),
    );
    event["payload"]["component"] = json!("checkout");
    event["payload"]["custom_details"] = json!({ "details": "500 on every page" });
    let expected = json!({ "status": "success", "message": "Event processed", "dedup_key": "k1" });
    assert_eq!(send(&world, &event).await, (202, expected.clone()));
    world.advance(1_000);
    event["payload"]["summary"] = json!("Still no orders");
    assert_eq!(send(&world, &event).await, (202, expected));
    let alert = json!({
        "dedup_key": "k1",
        "status": "triggered",
        "severity": "critical",
        "summary": "No orders since 9:00",
        "source": "Route Planner",
        "component": "checkout",
        "client": "Support line",
        "custom_details": { "details": "500 on every page" },
        "links": [{ "href": "https://t.example/31", "text": "Ticket" }],
        "events": 2,
        "created_at": "2026-03-01T12:00:00.000Z",
    });
    assert_eq!(world.sandbox.records(Service::Pagerduty), json!({ "alerts": [alert] }));
}

#[tokio::test]
async fn alerts_are_acknowledged_and_resolved() {
    let world = world(idle()).await;
    let check = async |event: Value, expected: &[(&str, u32)]| {
        let (status, answer) = send(&world, &event).await;
        assert_eq!((status, &answer["status"]), (202, &json!("success")), "{answer}");
        let records = world.sandbox.records(Service::Pagerduty);
        let alerts = records["alerts"].as_array().expect("alerts").iter();
        let alerts: Vec<Value> = alerts.map(|alert| json!([alert["status"], alert["events"]])).collect();
        assert_eq!(json!(alerts), json!(expected), "{event}");
    };
    let again = || trigger(json!({ "dedup_key": "k1" }));
    check(about("acknowledge", "k1"), &[]).await;
    check(again(), &[("triggered", 1)]).await;
    check(about("acknowledge", "k2"), &[("triggered", 1)]).await;
    check(about("acknowledge", "k1"), &[("acknowledged", 2)]).await;
    check(again(), &[("acknowledged", 3)]).await;
    check(about("resolve", "k1"), &[("resolved", 4)]).await;
    check(about("resolve", "k1"), &[("resolved", 4)]).await;
    check(again(), &[("resolved", 4), ("triggered", 1)]).await;
    check(trigger(json!({})), &[("resolved", 4), ("triggered", 1), ("triggered", 1)]).await;
    check(trigger(json!({})), &[("resolved", 4), ("triggered", 1), ("triggered", 1), ("triggered", 1)]).await;
}

#[tokio::test]
async fn the_integration_key_is_in_the_body_or_a_header() {
    let world = world(idle()).await;
    let check = async |in_body: Value, in_header: Option<&str>, expected: Option<&str>| {
        let mut event = trigger(json!({}));
        event["routing_key"] = in_body.clone();
        if in_body.is_null() {
            event.as_object_mut().expect("an object").remove("routing_key");
        }
        let request = with_json(world.post(Service::Pagerduty, "/v2/enqueue"), &event);
        let request = in_header.into_iter().fold(request, |request, key| request.header("x-routing-key", key));
        let (status, answer) = answer(request).await;
        let errors = expected.map_or(Value::Null, |error| json!([error]));
        let status_expected = if expected.is_some() { 400 } else { 202 };
        assert_eq!((status, &answer["errors"]), (status_expected, &errors), "{in_body} {in_header:?}");
        assert!(!answer.to_string().contains(KEY), "{answer}");
    };
    let length = Some("Length of 'routing_key' is incorrect (should be 32 characters)");
    let missing = Some("'routing_key' is missing or blank");
    let other = "10000000000000000000000000000007";
    check(json!(KEY), None, None).await;
    check(Value::Null, Some(KEY), None).await;
    check(json!(KEY), Some(other), None).await;
    check(json!(other), Some(KEY), Some("Invalid routing key")).await;
    check(Value::Null, None, missing).await;
    check(json!(""), None, missing).await;
    check(json!(7), None, missing).await;
    check(json!("7"), None, length).await;
    let records = world.sandbox.records(Service::Pagerduty);
    assert_eq!(records["alerts"].as_array().map(Vec::len), Some(3));
    assert!(!records.to_string().contains(KEY), "{records}");
}

#[tokio::test]
async fn what_pagerduty_refuses() {
    let world = world(idle()).await;
    let check = async |event: Value, errors: &[&str]| {
        let (status, answer) = send(&world, &event).await;
        let expected = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
        assert_eq!((status, answer), (400, expected), "{event}");
    };
    let payload = async |name: &str, value: Value, error: &str| {
        let mut event = trigger(json!({}));
        event["payload"][name] = value;
        check(event, &[error]).await;
    };
    check(json!({ "routing_key": KEY }), &["'event_action' is missing or blank"]).await;
    let actions = "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')";
    check(trigger(json!({ "event_action": "page" })), &[actions]).await;
    check(trigger(json!({ "payload": null })), &["'payload' is missing or blank"]).await;
    check(trigger(json!({ "payload": [] })), &["'payload' is invalid (must be an object)"]).await;
    let three = ["summary", "source", "severity"].map(|name| format!("'payload.{name}' is missing or blank"));
    check(trigger(json!({ "payload": {} })), &[&three[0], &three[1], &three[2]]).await;
    payload("source", json!(" "), &three[1]).await;
    payload("source", json!(7), "'payload.source' is invalid (must be a string)").await;
    let severities =
        "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')";
    payload("severity", json!("Critical"), severities).await;
    let long = "Length of 'payload.summary' is incorrect (should be at most 1024 characters)";
    payload("summary", json!("x".repeat(1025)), long).await;
    payload("timestamp", json!("noon"), "'payload.timestamp' is invalid (must be an instant in ISO 8601)").await;
    payload("custom_details", json!("text"), "'payload.custom_details' is invalid (must be an object)").await;
    let links = "'links' is invalid (must be an array of objects, each with the URL 'href')";
    check(trigger(json!({ "links": [{ "text": "Ticket" }] })), &[links]).await;
    check(trigger(json!({ "links": [{ "href": "ticket 31" }] })), &[links]).await;
    let long = "Length of 'dedup_key' is incorrect (should be at most 255 characters)";
    check(trigger(json!({ "dedup_key": "x".repeat(256) })), &[long]).await;
    for action in ["acknowledge", "resolve"] {
        check(json!({ "routing_key": KEY, "event_action": action }), &["'dedup_key' is missing or blank"]).await;
    }
    assert_eq!(world.sandbox.records(Service::Pagerduty), json!({ "alerts": [] }));

    let unreadable = json!({
        "status": "Unrecognized object",
        "message": "Event object format is unrecognized",
        "errors": ["JSON parse error"],
    });
    for body in ["{", "[]", ""] {
        let request = world.post(Service::Pagerduty, "/v2/enqueue").body(body);
        assert_eq!(answer(request).await, (400, unreadable.clone()), "{body}");
    }
    let mut large = trigger(json!({}));
    large["payload"]["custom_details"] = json!({ "details": "x".repeat(512 << 10) });
    assert_eq!(send(&world, &large).await.0, 413);
    for (path, status) in [("/v2/change/enqueue", 501), ("/v2/enqueue/7", 404)] {
        assert_eq!(answer(with_json(world.post(Service::Pagerduty, path), &json!({}))).await.0, status, "{path}");
    }
    assert_eq!(answer(world.get(Service::Pagerduty, "/v2/enqueue")).await.0, 405);
}

#[tokio::test]
async fn the_limits_are_in_reach() {
    let world = world(idle()).await;
    let mut event = trigger(json!({ "dedup_key": "k".repeat(255) }));
    event["payload"]["summary"] = json!("ü".repeat(1024));
    assert_eq!(send(&world, &event).await.0, 202);
}
