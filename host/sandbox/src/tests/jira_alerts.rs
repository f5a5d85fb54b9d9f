use serde_json::{Value, json};
use url::form_urlencoded;

use super::{World, answer, idle, json as with_json, world, world_with};
use crate::Service;

const ALERTS: &str = "/jsm/ops/api/0a1b2c3d-0000-4000-8000-00000000000f/v1/alerts";
const ACCOUNT: &str = "assistant@northwind.example";
const TOKEN: &str = "sandbox-jira-token";

async fn post(world: &World, path: &str, body: &Value) -> (u16, Value) {
    let request = world.post(Service::JiraAlerts, &format!("{ALERTS}{path}")).basic_auth(ACCOUNT, Some(TOKEN));
    answer(with_json(request, body)).await
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    answer(world.get(Service::JiraAlerts, &format!("{ALERTS}{path}")).basic_auth(ACCOUNT, Some(TOKEN))).await
}

async fn search(world: &World, alias: &str) -> Vec<Value> {
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("query", &format!("alias: \"{alias}\"")).finish();
    get(world, &format!("?{query}&size=100&sort=createdAt&order=desc")).await.1["values"]
        .as_array()
        .expect("a list")
        .clone()
}

/// What came of a request that was taken.
async fn done(world: &World, (status, taken): (u16, Value)) -> Value {
    assert_eq!((status, &taken["result"]), (202, &json!("Request will be processed")));
    get(world, &format!("/requests/{}", taken["requestId"].as_str().expect("an id"))).await.1
}

fn alert() -> Value {
    json!({ "message": "Nobody can pay", "alias": "ac_1", "priority": "P1", "responders": [{ "type": "team", "id": "t" }] })
}

#[tokio::test]
async fn an_alias_is_one_open_alert() {
    let world = world(idle()).await;
    let first = done(&world, post(&world, "", &alert()).await).await;
    assert_eq!((&first["isSuccess"], &first["alias"]), (&json!(true), &json!("ac_1")));
    done(&world, post(&world, "", &alert()).await).await;
    let (status, open) = get(&world, "/alias?alias=ac_1").await;
    assert_eq!((status, &open["status"], &open["count"]), (200, &json!("open"), &json!(2)));
    let id = open["id"].as_str().expect("an id");

    let acknowledged = done(&world, post(&world, &format!("/{id}/acknowledge"), &json!({})).await).await;
    assert_eq!(acknowledged["isSuccess"], true);
    let again = done(&world, post(&world, &format!("/{id}/acknowledge"), &json!({})).await).await;
    assert_eq!((&again["isSuccess"], &again["status"]), (&json!(false), &json!("Alert is already acknowledged")));
    assert_eq!(search(&world, "ac_1").await[0]["status"], "acked");
    done(&world, post(&world, &format!("/{id}/close"), &json!({})).await).await;
    assert_eq!(get(&world, "/alias?alias=ac_1").await.0, 404);
    done(&world, post(&world, "", &alert()).await).await;
    let statuses: Vec<Value> = search(&world, "ac_1").await.iter().map(|alert| alert["status"].clone()).collect();
    assert_eq!(statuses, ["open", "closed"]);
    assert_eq!(search(&world, "ac_2").await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_page_has_twenty_alerts_unless_more_are_asked_for() {
    let world = world(idle()).await;
    for _ in 0..21 {
        let id = done(&world, post(&world, "", &alert()).await).await["alertId"].clone();
        let id = id.as_str().expect("an id");
        done(&world, post(&world, &format!("/{id}/close"), &json!({})).await).await;
    }
    assert_eq!(search(&world, "ac_1").await.len(), 21);
    assert_eq!(get(&world, "?query=alias:ac_1").await.1["count"], 20);
}

#[tokio::test]
async fn a_request_that_is_taken_may_wait() {
    let world = world_with(idle(), |config| {
        config.seeds.insert(Service::JiraAlerts, json!({ "lag_ms": 5_000 }));
    })
    .await;
    let (_, taken) = post(&world, "", &alert()).await;
    let path = format!("/requests/{}", taken["requestId"].as_str().expect("an id"));
    world.advance(4_999);
    assert_eq!(get(&world, &path).await.1["processedAt"], Value::Null);
    assert_eq!(get(&world, "/alias?alias=ac_1").await.0, 404);
    world.advance(1);
    assert_eq!(get(&world, "/alias?alias=ac_1").await.0, 200);
    assert_eq!(get(&world, &path).await.1["processedAt"], "2026-03-01T12:00:05.000Z");
}

#[tokio::test]
async fn what_jira_service_management_refuses() {
    let world = world(idle()).await;
    let check = async |changes: Value, words: &str| {
        let mut body = alert();
        for (name, value) in changes.as_object().expect("changes") {
            body[name] = value.clone();
        }
        let (status, refusal) = post(&world, "", &body).await;
        let title = refusal["errors"][0]["title"].as_str().unwrap_or_default();
        assert!(status == 422 && title.contains(words), "{changes}: {status} {refusal}");
    };
    check(json!({ "message": " " }), "message").await;
    check(json!({ "message": "x".repeat(131) }), "130 characters").await;
    check(json!({ "priority": "P6" }), "priority").await;
    check(json!({ "responders": [{ "type": "robot", "id": "r" }] }), "responders").await;
    check(json!({ "alias": "x".repeat(513) }), "alias").await;
    assert_eq!(post(&world, "/none/close", &json!({})).await.0, 404);
    let other = ALERTS.replace("0a1b", "ffff");
    assert_eq!(answer(world.get(Service::JiraAlerts, &other).basic_auth(ACCOUNT, Some(TOKEN))).await.0, 404);
    assert_eq!(answer(world.get(Service::JiraAlerts, ALERTS).basic_auth(ACCOUNT, Some("other"))).await.0, 401);
    assert_eq!(world.sandbox.records(Service::JiraAlerts), json!({ "alerts": [] }));
}
