use http::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{World, answer, idle, json as with_json, world};
use crate::Service;

const TOKEN: &str = "ya29.sandbox-google-token";
const EVENTS: &str = "/calendar/v3/calendars/office%40northwind.example/events";
const ID: &str = "c5hluc1h68pm2oj3cg";

async fn send(world: &World, method: &str, path: &str, tag: Option<&str>, body: &Value) -> (u16, Value) {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let request = world.client.request(method, format!("{}{path}", world.sandbox.service_url(Service::GoogleCalendar)));
    let request = with_json(request.bearer_auth(TOKEN), body);
    let request = tag.into_iter().fold(request, |request, tag| request.header("if-match", tag));
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.expect("a body")).unwrap_or_default())
}

fn event() -> Value {
    json!({
        "id": ID,
        "summary": "Consultation",
        "start": { "dateTime": "2026-03-03T14:30:00+01:00" },
        "end": { "dateTime": "2026-03-03T15:00:00+01:00" },
    })
}

fn reason(refusal: &Value) -> &str {
    refusal["error"]["errors"][0]["reason"].as_str().unwrap_or_default()
}

async fn busy(world: &World, id: &str) -> Value {
    let query = json!({
        "timeMin": "2026-03-03T08:00:00Z", "timeMax": "2026-03-03T13:45:00Z", "items": [{ "id": id }],
    });
    send(world, "POST", "/calendar/v3/freeBusy", None, &query).await.1["calendars"][id].clone()
}

#[tokio::test]
async fn an_id_is_taken_once() {
    let world = world(idle()).await;
    let (status, made) = send(&world, "POST", EVENTS, None, &event()).await;
    assert_eq!((status, &made["status"], &made["etag"]), (200, &json!("confirmed"), &json!("\"1\"")));
    let again = send(&world, "POST", EVENTS, None, &event()).await;
    assert_eq!((again.0, reason(&again.1)), (409, "duplicate"));
    let path = format!("{EVENTS}/{ID}");
    assert_eq!(send(&world, "GET", &path, None, &Value::Null).await, (200, made));
    let taken = json!([{ "start": "2026-03-03T13:30:00Z", "end": "2026-03-03T13:45:00Z" }]);
    assert_eq!(busy(&world, "office@northwind.example").await["busy"], taken);

    assert_eq!(send(&world, "DELETE", &path, None, &Value::Null).await.0, 204);
    let gone = send(&world, "DELETE", &path, None, &Value::Null).await;
    assert_eq!((gone.0, reason(&gone.1)), (410, "deleted"));
    assert_eq!(send(&world, "GET", &path, None, &Value::Null).await.1["status"], "cancelled");
    assert_eq!(send(&world, "POST", EVENTS, None, &event()).await.0, 409, "an id that was deleted is taken");
    assert_eq!(busy(&world, "office@northwind.example").await["busy"], json!([]));
    assert_eq!(send(&world, "GET", EVENTS, None, &Value::Null).await.1["items"], json!([]));
}

#[tokio::test]
async fn a_change_stands_on_what_was_read() {
    let world = world(idle()).await;
    send(&world, "POST", EVENTS, None, &event()).await;
    let path = format!("{EVENTS}/{ID}");
    let moved = json!({
        "start": { "dateTime": "2026-03-03T15:00:00+01:00" },
        "end": { "dateTime": "2026-03-03T15:30:00+01:00" },
        "extendedProperties": { "private": { "ac_1": "moved" } },
    });
    let (status, changed) = send(&world, "PATCH", &path, Some("\"1\""), &moved).await;
    assert_eq!((status, &changed["summary"]), (200, &json!("Consultation")));
    let stale = send(&world, "PATCH", &path, Some("\"1\""), &moved).await;
    assert_eq!((stale.0, reason(&stale.1)), (412, "conditionNotMet"));
    let more = json!({ "extendedProperties": { "private": { "ac_2": "moved" } } });
    let (_, changed) = send(&world, "PATCH", &path, None, &more).await;
    assert_eq!(changed["extendedProperties"]["private"], json!({ "ac_1": "moved", "ac_2": "moved" }));
    assert_eq!(send(&world, "DELETE", &path, Some("\"2\""), &Value::Null).await.0, 412);
    let range = format!("{EVENTS}?timeMin=2026-03-03T14:00:00Z&timeMax=2026-03-04T00:00:00Z");
    assert_eq!(send(&world, "GET", &range, None, &Value::Null).await.1["items"][0]["id"], ID);
}

#[tokio::test]
async fn events_are_listed_by_a_private_property() {
    let world = world(idle()).await;
    for (id, private) in
        [("aaaa1", json!({ "for": "+1 = b" })), ("aaaa2", json!({ "for": "c" })), ("aaaa3", Value::Null)]
    {
        let mut event = event();
        event["id"] = json!(id);
        event["extendedProperties"] = json!({ "private": private });
        assert_eq!(send(&world, "POST", EVENTS, None, &event).await.0, 200);
    }
    let check = async |query: &[(&str, &str)], expected: &[&str], more: bool| {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let (status, page) = send(&world, "GET", &format!("{EVENTS}?{query}"), None, &Value::Null).await;
        let ids: Vec<&str> =
            page["items"].as_array().into_iter().flatten().filter_map(|it| it["id"].as_str()).collect();
        assert_eq!((status, ids.as_slice(), page.get("nextPageToken").is_some()), (200, expected, more), "{query}");
    };
    let property = |property| ("privateExtendedProperty", property);
    check(&[property("for=+1 = b")], &["aaaa1"], false).await;
    check(&[property("for=c"), ("timeMin", "2026-03-03T13:00:00Z")], &["aaaa2"], false).await;
    check(&[property("for=c"), ("timeMin", "2026-03-03T14:00:00Z")], &[], false).await;
    check(&[property("for=c"), property("by=d")], &[], false).await;
    check(&[property("by=c")], &[], false).await;
    check(&[("maxResults", "2")], &["aaaa1", "aaaa2"], true).await;
    let nameless = format!("{EVENTS}?privateExtendedProperty=for");
    assert_eq!(send(&world, "GET", &nameless, None, &Value::Null).await.0, 400);
}

#[tokio::test]
async fn what_google_refuses() {
    let world = world(idle()).await;
    let check = async |changes: Value, status: u16, why: &str| {
        let mut body = event();
        for (name, value) in changes.as_object().expect("changes") {
            body[name] = value.clone();
        }
        let (given, refusal) = send(&world, "POST", EVENTS, None, &body).await;
        assert_eq!((given, reason(&refusal)), (status, why), "{changes}");
    };
    check(json!({ "id": "ac_0123" }), 400, "invalid").await;
    check(json!({ "id": "abcd" }), 400, "invalid").await;
    check(json!({ "start": null }), 400, "invalid").await;
    check(json!({ "end": { "dateTime": "2026-03-03T14:00:00" } }), 400, "invalid").await;
    check(json!({ "end": { "dateTime": "2026-03-03T14:00:00+01:00" } }), 400, "invalid").await;
    let other = "/calendar/v3/calendars/other%40example.com/events";
    assert_eq!(send(&world, "POST", other, None, &event()).await.0, 404);
    assert_eq!(send(&world, "GET", &format!("{EVENTS}/{ID}"), None, &Value::Null).await.0, 404);
    assert_eq!(busy(&world, "other@example.com").await["errors"][0]["reason"], "notFound");
    let (status, refusal) = answer(world.get(Service::GoogleCalendar, EVENTS).bearer_auth("other")).await;
    assert_eq!((status, reason(&refusal)), (401, "authError"));
}
