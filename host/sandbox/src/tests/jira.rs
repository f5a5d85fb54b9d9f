use http::Method;
use serde_json::{Value, json};

use super::{World, answer, idle, json as with_json, world};
use crate::Service;

const ACCOUNT: &str = "assistant@northwind.example";
const TOKEN: &str = "sandbox-jira-token";

async fn send(world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let url = format!("{}/rest/api/3/{path}", world.sandbox.service_url(Service::Jira));
    let request = with_json(world.client.request(method, url).basic_auth(ACCOUNT, Some(TOKEN)), body);
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.expect("a body")).unwrap_or_default())
}

fn document(text: &str) -> Value {
    let paragraph = json!({ "type": "paragraph", "content": [{ "type": "text", "text": text }] });
    json!({ "type": "doc", "version": 1, "content": [paragraph] })
}

/// A request for an issue, with changes.
fn issue(changes: Value) -> Value {
    let mut fields = json!({
        "project": { "key": "SUP" },
        "issuetype": { "name": "Task" },
        "summary": "Cold store 2 at 9 °C",
        "description": document("Warming. Called in by Ana (joana@example.com, +14155550123)."),
        "priority": { "name": "High" },
        "labels": ["ac_1"],
    });
    for (name, value) in changes.as_object().expect("changes") {
        fields[name] = value.clone();
    }
    json!({ "fields": fields })
}

async fn search(world: &World, jql: &str) -> (u16, Vec<String>) {
    let (status, found) = send(world, "POST", "search/jql", &json!({ "jql": jql, "fields": ["labels"] })).await;
    let keys = found["issues"].as_array().into_iter().flatten().filter_map(|issue| issue["key"].as_str());
    (status, keys.map(str::to_owned).collect())
}

#[tokio::test]
async fn issues_are_made_changed_and_found() {
    let world = world(idle()).await;
    let (status, made) = send(&world, "POST", "issue", &issue(json!({}))).await;
    assert_eq!((status, &made["key"], &made["id"]), (201, &json!("SUP-1"), &json!("10001")));
    send(&world, "POST", "issue", &issue(json!({ "labels": ["ac_2"], "summary": "A cold \"store\" alarm" }))).await;
    let change = json!({ "fields": { "priority": { "name": "Highest" } } });
    assert_eq!(send(&world, "PUT", "issue/SUP-1", &change).await, (204, Value::Null));
    let (_, read) = send(&world, "GET", "issue/SUP-1", &Value::Null).await;
    assert_eq!(read["fields"]["priority"]["name"], "Highest");
    assert_eq!(read["fields"]["created"], "2026-03-01T12:00:00.000+0000");

    let check = async |jql: &str, expected: &[&str]| {
        assert_eq!(search(&world, jql).await, (200, expected.iter().map(|key| (*key).to_owned()).collect()), "{jql}");
    };
    check(r#"project = "SUP" AND labels = "ac_1""#, &["SUP-1"]).await;
    check(r#"project = SUP AND statusCategory != Done ORDER BY created DESC"#, &["SUP-2", "SUP-1"]).await;
    check(r#"project = SUP order by created asc"#, &["SUP-1", "SUP-2"]).await;
    check(r#"summary ~ "\"cold store\"""#, &["SUP-2", "SUP-1"]).await;
    check(r#"summary ~ "\"store cold\"""#, &[]).await;
    let ana = r#"project = "SUP" AND (description ~ "\"ana@example.com\"" OR description ~ "\"+14155550123\"")"#;
    check(ana, &["SUP-2", "SUP-1"]).await;
    check(r#"project = "SUP" AND (description ~ "\"ana@example.com\"")"#, &[]).await;
    let page = json!({ "jql": "project = SUP", "fields": ["summary"], "maxResults": 1 });
    let (_, first) = send(&world, "POST", "search/jql", &page).await;
    assert_eq!((&first["isLast"], &first["nextPageToken"]), (&json!(false), &json!("1")));
    assert_eq!(first["issues"][0]["fields"].as_object().map(serde_json::Map::len), Some(1));
}

#[tokio::test]
async fn comments_are_listed() {
    let world = world(idle()).await;
    send(&world, "POST", "issue", &issue(json!({}))).await;
    let internal = json!([{ "key": "sd.public.comment", "value": { "internal": true } }]);
    let comment = json!({ "body": document("first"), "properties": internal });
    let (status, made) = send(&world, "POST", "issue/SUP-1/comment", &comment).await;
    assert_eq!((status, &made["id"], &made["jsdPublic"]), (201, &json!("50001"), &json!(false)));
    send(&world, "POST", "issue/SUP-1/comment", &json!({ "body": document("second") })).await;
    let (_, page) = send(&world, "GET", "issue/SUP-1/comment?orderBy=-created&maxResults=1", &Value::Null).await;
    assert_eq!((&page["total"], &page["comments"][0]["body"]), (&json!(2), &document("second")));
    let (_, page) = send(&world, "GET", "issue/SUP-1/comment?orderBy=-created&startAt=1", &Value::Null).await;
    assert_eq!((&page["maxResults"], &page["comments"][0]["body"]), (&json!(100), &document("first")));
    assert_eq!(world.sandbox.records(Service::Jira)["comments"][0]["issue"], "SUP-1");
}

#[tokio::test]
async fn what_jira_refuses() {
    let world = world(idle()).await;
    let check = async |changes: Value, field: &str| {
        let (status, refusal) = send(&world, "POST", "issue", &issue(changes.clone())).await;
        assert!(status == 400 && refusal["errors"][field].is_string(), "{changes}: {status} {refusal}");
    };
    check(json!({ "project": { "key": "OTHER" } }), "project").await;
    check(json!({ "issuetype": { "name": "Epic" } }), "issuetype").await;
    check(json!({ "priority": { "name": "Urgent" } }), "priority").await;
    check(json!({ "summary": "two\nlines" }), "summary").await;
    check(json!({ "summary": "x".repeat(256) }), "summary").await;
    check(json!({ "labels": ["two words"] }), "labels").await;
    check(json!({ "description": "text" }), "description").await;
    check(json!({ "description": { "type": "doc", "version": 1, "content": [{ "type": "text" }] } }), "description")
        .await;
    check(json!({ "colour": "red" }), "colour").await;
    for (jql, status) in [
        ("", 400),
        ("ORDER BY created", 400),
        ("project = OTHER", 400),
        ("labels = \"open", 400),
        ("labels = ac*", 400),
        ("project = SUP OR labels = x", 501),
        ("assignee = x", 501),
    ] {
        assert_eq!(search(&world, jql).await.0, status, "{jql}");
    }
    assert_eq!(send(&world, "PUT", "issue/SUP-9", &json!({ "fields": {} })).await.0, 404);
    let path = "/rest/api/3/issue/SUP-1";
    assert_eq!(answer(world.get(Service::Jira, path).basic_auth(ACCOUNT, Some("other"))).await.0, 401);
    assert_eq!(world.sandbox.records(Service::Jira), json!({ "issues": [], "comments": [] }));
}
