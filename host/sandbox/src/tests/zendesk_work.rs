//! What becomes of a ticket: changes, comments, and how it is found.

use http::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{World, answer, idle, json as with_json, world};
use crate::Service;

const USER: &str = "assistant@northwind.example/token";
const TOKEN: &str = "sandbox-zendesk-token";
const TICKET: &str = "/api/v2/tickets/35001.json";

async fn send(world: &World, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = world.client.request(method, format!("{}{path}", world.sandbox.service_url(Service::Zendesk)));
    answer(with_json(request.basic_auth(USER, Some(TOKEN)), body)).await
}

async fn with_ticket() -> World {
    let world = world(idle()).await;
    for (subject, email) in [("Cold store 2 at 9 °C", "ana@example.com"), ("Door stuck", "ben@example.com")] {
        let requester = json!({ "name": "A caller", "email": email });
        let ticket = json!({ "subject": subject, "comment": { "body": "first" }, "requester": requester });
        send(&world, Method::POST, "/api/v2/tickets.json", &json!({ "ticket": ticket })).await;
        world.advance(1_000);
    }
    world
}

#[tokio::test]
async fn a_ticket_is_changed_and_commented_on() {
    let world = with_ticket().await;
    let comment = json!({ "body": "Reference: ac_1", "public": false });
    let (status, changed) = send(&world, Method::PUT, TICKET, &json!({ "ticket": { "comment": comment } })).await;
    let event = &changed["audit"]["events"][0];
    assert_eq!((status, &event["type"], &event["public"]), (200, &json!("Comment"), &json!(false)));
    let (_, changed) = send(&world, Method::PUT, TICKET, &json!({ "ticket": { "priority": "urgent" } })).await;
    let event = &changed["audit"]["events"][0];
    assert_eq!((&event["field_name"], &event["previous_value"]), (&json!("priority"), &Value::Null));
    assert_eq!(changed["ticket"]["priority"], "urgent");
    let (_, again) = send(&world, Method::PUT, TICKET, &json!({ "ticket": { "priority": "urgent" } })).await;
    assert_eq!(again["audit"]["events"], json!([]));

    let list = "/api/v2/tickets/35001/comments.json?sort_order=desc&per_page=1";
    let (_, page) = send(&world, Method::GET, list, &Value::Null).await;
    assert_eq!((&page["comments"][0]["body"], &page["count"]), (&json!("Reference: ac_1"), &json!(2)));
    assert!(page["next_page"].is_string());
    let (_, page) = send(&world, Method::GET, &format!("{list}&page=2"), &Value::Null).await;
    assert_eq!((&page["comments"][0]["body"], &page["next_page"]), (&json!("first"), &Value::Null));
    assert_eq!(world.sandbox.records(Service::Zendesk)["comments"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn tickets_are_searched() {
    let world = with_ticket().await;
    send(&world, Method::PUT, "/api/v2/tickets/35002.json", &json!({ "ticket": { "status": "solved" } })).await;
    let check = async |query: &str, expected: &[u64]| {
        let text = form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish();
        let path = format!("/api/v2/search.json?{text}&sort_by=created_at&sort_order=desc");
        let (status, found) = send(&world, Method::GET, &path, &Value::Null).await;
        let ids: Vec<u64> =
            found["results"].as_array().into_iter().flatten().filter_map(|it| it["id"].as_u64()).collect();
        assert_eq!((status, ids.as_slice()), (200, expected), "{query}");
    };
    check("type:ticket", &[35_002, 35_001]).await;
    check("type:ticket status<solved", &[35_001]).await;
    check("type:ticket subject:\"cold store\"", &[35_001]).await;
    check("type:ticket subject:\"store cold\"", &[]).await;
    check("type:ticket requester:ben@example.com", &[35_002]).await;
    check("type:ticket requester:20001", &[35_001]).await;
    let unplayed = "/api/v2/search.json?query=type:ticket%20colour:red";
    assert_eq!(send(&world, Method::GET, unplayed, &Value::Null).await.0, 501);
}

#[tokio::test]
async fn changes_that_zendesk_refuses() {
    let world = with_ticket().await;
    let check = async |path: &str, ticket: Value, expected: u16| {
        let (status, refusal) = send(&world, Method::PUT, path, &json!({ "ticket": ticket })).await;
        assert_eq!(status, expected, "{path}: {refusal}");
    };
    check("/api/v2/tickets/1.json", json!({}), 404).await;
    check(TICKET, json!({ "priority": "critical" }), 422).await;
    check(TICKET, json!({ "comment": { "body": " " } }), 422).await;
    check(TICKET, json!({ "comment": "text" }), 400).await;
    check(TICKET, json!({ "subject": "s" }), 501).await;
}
