use http::Method;
use reqwest::{RequestBuilder, Response};
use serde_json::json;

use super::{World, idle, world};
use crate::Service;

const HREF: &str = "/calendars/callbacks/callbacks/ac_01.ics";
const EVENT: &[&str] = &[
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//test//EN",
    "BEGIN:VEVENT",
    "UID:ac_01",
    "DTSTAMP:20260301T120000Z",
    "DTSTART:20260303T133000Z",
    "DTEND:20260303T134500Z",
    r"SUMMARY:Call back Ann\, +14155550123",
    r"DESCRIPTION:A quote\; 40 seats\n",
    " \\nTelephone: +14155550123",
    "END:VEVENT",
    "END:VCALENDAR",
    "",
];

/// The event with one line in the place of another. An empty one takes the line away.
fn event(line: &str, instead: &str) -> String {
    let event = EVENT.join("\r\n");
    assert!(event.contains(line), "{line}");
    if instead.is_empty() { event.replace(&format!("{line}\r\n"), "") } else { event.replace(line, instead) }
}

fn request(world: &World, method: &str, path: &str) -> RequestBuilder {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let request = world.client.request(method, format!("{}{path}", world.sandbox.service_url(Service::Caldav)));
    request.basic_auth("callbacks", Some("sandbox-caldav-password"))
}

async fn put(world: &World, path: &str, data: &str, conditions: &[(&str, &str)]) -> Response {
    let request = request(world, "PUT", path).header("content-type", "text/calendar; charset=utf-8");
    let request = conditions.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(data.to_owned()).send().await.expect("an answer")
}

fn header(response: &Response, name: &str) -> Option<String> {
    Some(response.headers().get(name)?.to_str().expect("text").to_owned())
}

#[tokio::test]
async fn an_event_is_put_once() {
    let world = world(idle()).await;
    let data = EVENT.join("\r\n");
    let created = put(&world, HREF, &data, &[("if-none-match", "*")]).await;
    assert_eq!((created.status().as_u16(), header(&created, "etag").as_deref()), (201, Some("\"1\"")));
    let again = put(&world, HREF, &data, &[("if-none-match", "*")]).await;
    assert_eq!(again.status(), 412);

    let read = request(&world, "GET", HREF).send().await.expect("an answer");
    assert_eq!((read.status().as_u16(), header(&read, "etag").as_deref()), (200, Some("\"1\"")));
    assert!(header(&read, "content-type").is_some_and(|media| media.starts_with("text/calendar;")));
    assert_eq!(read.text().await.expect("a body"), data);
    let known = request(&world, "GET", HREF).header("if-none-match", "\"1\"").send().await.expect("an answer");
    assert_eq!(known.status(), 304);

    let kept = json!({
        "href": HREF,
        "uid": "ac_01",
        "summary": "Call back Ann, +14155550123",
        "description": "A quote; 40 seats\n\nTelephone: +14155550123",
        "starts_at": "2026-03-03T13:30:00Z",
        "ends_at": "2026-03-03T13:45:00Z",
        "data": data,
    });
    assert_eq!(world.sandbox.records(Service::Caldav), json!({ "events": [kept] }));
}

#[tokio::test]
async fn an_event_is_replaced_and_deleted_under_conditions() {
    let world = world(idle()).await;
    let data = EVENT.join("\r\n");
    assert_eq!(put(&world, HREF, &data, &[("if-match", "*")]).await.status(), 412);
    assert_eq!(put(&world, HREF, &data, &[]).await.status(), 201);
    let later = event("DTEND:20260303T134500Z", "DTEND:20260303T140000Z");
    assert_eq!(put(&world, HREF, &later, &[("if-match", "\"7\"")]).await.status(), 412);
    let replaced = put(&world, HREF, &later, &[("if-match", "\"7\", \"1\"")]).await;
    assert_eq!((replaced.status().as_u16(), header(&replaced, "etag").as_deref()), (204, Some("\"2\"")));
    assert_eq!(put(&world, HREF, &data, &[("if-none-match", "\"2\"")]).await.status(), 412);
    assert_eq!(world.sandbox.records(Service::Caldav)["events"][0]["ends_at"], "2026-03-03T14:00:00Z");

    let delete = async |tag: Option<&str>| {
        let request = request(&world, "DELETE", HREF);
        let request = tag.into_iter().fold(request, |request, tag| request.header("if-match", tag));
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(delete(Some("\"1\"")).await, 412);
    assert_eq!(delete(Some("\"2\"")).await, 204);
    assert_eq!(delete(None).await, 404);
    assert_eq!(world.sandbox.records(Service::Caldav), json!({ "events": [] }));
}

#[tokio::test]
async fn a_uid_is_that_of_one_event() {
    let world = world(idle()).await;
    put(&world, HREF, &EVENT.join("\r\n"), &[]).await;
    for (path, data) in
        [("/calendars/callbacks/callbacks/b.ics", EVENT.join("\r\n")), (HREF, event("UID:ac_01", "UID:ac_02"))]
    {
        let refused = put(&world, path, &data, &[]).await;
        assert_eq!(refused.status(), 409);
        let xml = refused.text().await.expect("a body");
        assert!(xml.contains(&format!("<C:no-uid-conflict><D:href>{HREF}</D:href></C:no-uid-conflict>")), "{xml}");
    }
}

#[tokio::test]
async fn what_is_no_event_is_refused() {
    let world = world(idle()).await;
    let check = async |data: String, status: u16, precondition: &str| {
        let refused = put(&world, HREF, &data, &[]).await;
        assert_eq!(refused.status(), status, "{data}");
        let xml = refused.text().await.expect("a body");
        assert!(xml.contains(precondition), "{data}: {xml}");
    };
    let unsound =
        "<D:error xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><C:valid-calendar-data/></D:error>";
    check(String::new(), 403, unsound).await;
    check("hello\r\n".to_owned(), 403, unsound).await;
    check(EVENT.join("\n"), 403, unsound).await;
    check(EVENT.join("\r\n").repeat(2), 403, unsound).await;
    for required in ["VERSION:2.0", "PRODID:-//test//EN", "UID:ac_01", "DTSTAMP:20260301T120000Z"] {
        check(event(required, ""), 403, unsound).await;
        check(event(required, &format!("{required}\r\n{required}")), 403, unsound).await;
    }
    check(event("DTSTART:20260303T133000Z", ""), 403, unsound).await;
    check(event("VERSION:2.0", "VERSION:1.0"), 403, unsound).await;
    check(event("UID:ac_01", "UID:"), 403, unsound).await;
    check(event("DTSTART:20260303T133000Z", "DTSTART:2026-03-03T13:30:00Z"), 403, unsound).await;
    check(event("DTSTART:20260303T133000Z", "DTSTART:20260230T133000Z"), 403, unsound).await;
    check(event("DTEND:20260303T134500Z", "DTEND:20260303T133000Z"), 403, unsound).await;
    check(event("DTEND:20260303T134500Z", "DTEND:20260303T134500Z\r\nDURATION:PT15M"), 403, unsound).await;
    check(event(r"Ann\, ", "Ann, "), 403, unsound).await;
    check(event("PRODID:-//test//EN", "PRODID:-//test//EN\r\nEND:VEVENT"), 403, unsound).await;
    check(event("END:VEVENT", "BEGIN:VALARM\r\nEND:VEVENT"), 403, unsound).await;

    let resource = "<C:valid-calendar-object-resource/>";
    check(event("VERSION:2.0", "VERSION:2.0\r\nMETHOD:PUBLISH"), 403, resource).await;
    check("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n".to_owned(), 403, resource).await;
    check(event("END:VEVENT", "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:b\r\nEND:VEVENT"), 403, resource).await;
    check(EVENT.join("\r\n").replace("VEVENT", "VTODO"), 403, "<C:supported-calendar-component/>").await;
    check(event("A quote", &"x".repeat(100 << 10)), 403, "<C:max-resource-size/>").await;
    check(event("DTSTART:20260303T133000Z", "DTSTART:20260303T133000"), 501, "").await;
    check(event("DTSTART:", "DTSTART;TZID=Europe/Berlin:"), 501, "").await;
    check(event("DTEND:20260303T134500Z", "DURATION:PT15M"), 501, "").await;
    assert_eq!(world.sandbox.records(Service::Caldav), json!({ "events": [] }));

    let alarm = "END:VALARM\r\nEND:VEVENT";
    let alarm = event("END:VEVENT", &format!("BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:now\r\n{alarm}"));
    assert_eq!(put(&world, HREF, &alarm, &[]).await.status(), 201);
}

#[tokio::test]
async fn what_caldav_refuses() {
    let world = world(idle()).await;
    let check = async |method: &str, path: &str, status: u16, allow: Option<&str>| {
        let request = request(&world, method, path).header("content-type", "text/calendar");
        let refused = request.body(EVENT.join("\r\n")).send().await.expect("an answer");
        assert_eq!(
            (refused.status().as_u16(), header(&refused, "allow").as_deref()),
            (status, allow),
            "{method} {path}"
        );
    };
    let calendar = "/calendars/callbacks/callbacks/";
    check("GET", HREF, 404, None).await;
    check("GET", "/", 404, None).await;
    check("PUT", "/calendars/ann/callbacks/a.ics", 403, None).await;
    check("PUT", "/calendars/callbacks/other/a.ics", 409, None).await;
    check("PUT", "/calendars/callbacks/callbacks/a/b.ics", 409, None).await;
    check("GET", "/calendars/callbacks/other/a.ics", 404, None).await;
    check("POST", HREF, 405, Some("GET, PUT, DELETE")).await;
    check("PUT", calendar, 405, Some("OPTIONS, PROPFIND, PROPPATCH, REPORT")).await;
    check("PROPFIND", calendar, 501, None).await;

    for (media, status) in [
        ("application/json", 415),
        ("text/calendar; charset=latin1", 415),
        ("Text/Calendar; charset=\"UTF-8\"", 201),
        ("text/calendar", 204),
    ] {
        let request = request(&world, "PUT", HREF).header("content-type", media).body(EVENT.join("\r\n"));
        assert_eq!(request.send().await.expect("an answer").status(), status, "{media}");
    }
    for (user, password) in [("callbacks", "wrong"), ("ann", "sandbox-caldav-password")] {
        let refused =
            world.get(Service::Caldav, HREF).basic_auth(user, Some(password)).send().await.expect("an answer");
        assert_eq!(refused.status(), 401);
        assert!(header(&refused, "www-authenticate").is_some_and(|asked| asked.starts_with("Basic realm=")));
    }
}
