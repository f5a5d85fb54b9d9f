//! The plugin against fakes of its endpoints: what it lists, what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Finding, Outcome, Plugin as _, Receipt, Tool};
use aftercall_plugin_http_request::HttpRequest;
use serde_json::{Value, json};

const BASE: &str = "https://api.harbor.example/v1";
const NOW: u64 = 1_772_323_260_000;

/// An entry with these members in the place of the usual ones; null takes one away.
fn entry(change: Value) -> Value {
    let mut entry = json!({
        "name": "book_room",
        "description": "Books a room.",
        "parameters": {
            "type": "object",
            "properties": { "room": { "type": "string" }, "nights": { "type": "integer" }, "wishes": {} },
            "required": ["room"],
        },
        "method": "POST",
        "url": format!("{BASE}/bookings"),
    });
    let members = entry.as_object_mut().unwrap();
    members.extend(change.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    entry
}

fn fake(change: Value) -> Fake {
    Fake::new().settings(json!({ "requests": [entry(change)] })).key("ac_1").attempt_at(NOW).now(NOW)
}

fn list(entries: &[Value]) -> Result<Vec<Tool>, String> {
    HttpRequest::list_tools(&json!({ "requests": entries }).to_string())
}

#[test]
fn an_entry_is_a_tool() {
    let entries = [
        entry(json!({ "identity": ["room"], "check": { "url": BASE, "found": "/items" } })),
        entry(json!({ "name": "find_room", "method": "GET", "parameters": {} })),
        entry(json!({ "name": "search", "effect": "read" })),
        entry(json!({ "name": "put", "method": "PUT", "effect": "idempotent" })),
        entry(json!({ "name": "checked", "effect": "idempotent", "check": { "url": BASE, "found": "/items" } })),
    ];
    let tools = list(&entries).unwrap();
    let told: Vec<(&str, Effect, bool)> =
        tools.iter().map(|tool| (tool.name.as_str(), tool.effect, tool.reconcilable)).collect();
    let (once, idempotent, read) = (Effect::Once, Effect::Idempotent, Effect::Read);
    let expected = [
        ("book_room", once, true),
        ("find_room", read, false),
        ("search", read, false),
        ("put", idempotent, false),
        ("checked", idempotent, true),
    ];
    assert_eq!(told, expected);
    assert_eq!(tools[0].identity, ["room"]);
    assert_eq!(tools[0].description, "Books a room.");
    let schema: Value = serde_json::from_str(&tools[0].input_schema).unwrap();
    assert_eq!(schema, entries[0]["parameters"]);
    let schema: Value = serde_json::from_str(&tools[1].input_schema).unwrap();
    assert_eq!(schema, json!({ "type": "object", "properties": {} }));
}

#[test]
fn mistakes_are_told_with_their_places() {
    fn check(change: Value, words: &str) {
        let complaint = list(&[entry(change)]).unwrap_err();
        assert!(complaint.starts_with("requests[0]"), "{complaint}");
        assert!(complaint.contains(words), "{complaint}");
    }
    check(json!({ "name": "Book" }), "(Book), name: a tool's name has 1 to 48 characters");
    check(json!({ "name": null }), "missing field `name`");
    check(json!({ "description": " " }), "description: it is empty");
    check(json!({ "parameters": { "type": "array" } }), "parameters: arguments are an object");
    check(json!({ "method": "HEAD" }), "unknown variant `HEAD`");
    check(json!({ "metod": "GET" }), "unknown field `metod`");
    check(json!({ "effect": "twice" }), "unknown variant `twice`");
    check(json!({ "identity": ["rom"] }), "identity: `parameters` has no property `rom`; there is `nights`, `room`");
    check(json!({ "url": "https://{room}.example/" }), "url: an argument can be a part of the path alone");
    check(json!({ "query": { "q": { "$": "arguments" } } }), "query.q: write a text");
    check(json!({ "query": { "q": [["x"]] } }), "query.q: write a text");
    check(json!({ "query": { "q": { "$": "argument" } } }), "query.q: `$` says \"argument\"");
    check(json!({ "headers": { "Authorization": "Bearer x" } }), "headers.Authorization: settings are no place");
    check(json!({ "body": { "a": { "$": "keys" } } }), "body.a: `$` says \"keys\"");
    check(json!({ "method": "GET", "body": {} }), "a GET has no body");
    check(json!({ "method": "GET", "form": true }), "a GET has no body");
    check(json!({ "form": true, "body": "x" }), "body: it is an object whose members are the fields");
    check(json!({ "form": true, "body": { "a": { "b": 1 } } }), "body.a: write a text");
    check(json!({ "idempotency": { "header": "Host" } }), "idempotency.header: this header is the host's alone");
    check(
        json!({ "effect": "read", "idempotency": { "header": "X-Key" } }),
        "idempotency: what only reads needs no key",
    );
    check(json!({ "method": "PUT", "effect": "read" }), "effect: what only reads is sent with `GET`, `POST`");
    check(json!({ "result": "items" }), "result: `items` is no JSON pointer: write `/items`");
    check(json!({ "error": "e" }), "error: `e`");
    check(json!({ "receipt": "id" }), "receipt: `id`");
    let found = |found: &str| json!({ "url": BASE, "found": found });
    check(json!({ "check": found("items") }), "check.found: `items` is no JSON pointer");
    check(json!({ "effect": "read", "check": found("/items") }), "check: what only reads is never in doubt");
    check(json!({ "check": { "url": "http://a.example/", "found": "" } }), "check.url: `http://a.example/` must begin");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let entries = [
        entry(json!({ "url": "ftp://x", "headers": { "cookie": "a" }, "result": "x" })),
        entry(json!({ "name": "other", "method": "FETCH" })),
        entry(json!({})),
        entry(json!({})),
    ];
    let complaint = list(&entries).unwrap_err();
    for words in [
        "requests[0] (book_room), url",
        "requests[0] (book_room), headers.cookie",
        "requests[0] (book_room), result",
        "requests[1] (other): unknown variant `FETCH`",
        "requests[2] (book_room): another entry has this name",
        "requests[3] (book_room): another entry has this name",
    ] {
        assert!(complaint.contains(words), "{words} is not in {complaint}");
    }
    assert!(HttpRequest::list_tools("{}").unwrap_err().contains("`requests` lists the tools"));
}

#[test]
fn a_request_is_made_of_its_templates() {
    let change = json!({
        "method": "PATCH",
        "url": format!("{BASE}/rooms/{{room}}/bookings?source=phone"),
        "query": { "nights": { "$": "arguments.nights" }, "wish": { "$": "arguments.wishes" }, "call": { "$": "conversation" } },
        "headers": { "X-Region": "eu", "Content-Type": "application/merge-patch+json" },
        "body": { "key": { "$": "key" }, "all": { "$": "arguments" }, "gone": { "$": "arguments.none" } },
        "idempotency": { "header": "Idempotency-Key" },
        "parameters": { "properties": { "room": {}, "nights": {}, "wishes": {}, "none": {} } },
    });
    let line = format!("PATCH {BASE}/rooms/12%20b/bookings");
    let fake = fake(change).expect(&line, Reply::json(200, json!({})));
    let arguments = json!({ "room": "12 b", "nights": null, "wishes": ["sea & sun", 2] });
    fake.call::<HttpRequest>("book_room", arguments.clone()).unwrap();
    let sent = &fake.sent()[0];
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let query = [pair("source", "phone"), pair("call", "conversation-1"), pair("wish", "sea & sun"), pair("wish", "2")];
    assert_eq!(sent.query(), query);
    assert_eq!(sent.json(), json!({ "key": "ac_1", "all": arguments }));
    assert_eq!(sent.header("content-type"), Some("application/merge-patch+json"));
    assert_eq!(sent.header("x-region"), Some("eu"));
    assert_eq!(sent.header("idempotency-key"), Some("ac_1"));
    assert_eq!(sent.header("authorization"), None);
}

#[test]
fn a_body_is_all_arguments_where_nothing_is_said() {
    fn check(change: Value, expected: &str) {
        let method = change["method"].as_str().unwrap_or("POST").to_owned();
        let fake = fake(change).expect(&format!("{method} {BASE}/bookings"), Reply::text(204, ""));
        fake.call::<HttpRequest>("book_room", json!({ "room": "12", "wishes": ["a b", null, true] })).unwrap();
        assert_eq!(fake.sent()[0].text(), expected, "{method}");
    }
    let whole = r#"{"room":"12","wishes":["a b",null,true]}"#;
    check(json!({}), whole);
    check(json!({ "method": "PUT" }), whole);
    check(json!({ "method": "PATCH" }), whole);
    check(json!({ "method": "GET" }), "");
    check(json!({ "method": "DELETE" }), "");
    check(json!({ "method": "DELETE", "body": { "room": { "$": "arguments.room" } } }), r#"{"room":"12"}"#);
    check(json!({ "body": { "$": "arguments.room" } }), r#""12""#);
    check(json!({ "form": true }), "room=12&wishes=a+b&wishes=true");
    check(
        json!({ "form": true, "body": { "Room": { "$": "arguments.room" }, "x": 1, "n": { "$": "arguments.nights" } } }),
        "Room=12&x=1",
    );
}

#[test]
fn arguments_without_a_place_are_refused_before_anything_is_sent() {
    fn check(change: Value, arguments: Value, words: &str) {
        let failure = fake(change).call::<HttpRequest>("book_room", arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let path = || json!({ "url": format!("{BASE}/rooms/{{room}}") });
    check(path(), json!({ "room": "../guests" }), "`room` is a part of the address");
    check(path(), json!({}), "`room` is needed");
    let query = json!({ "query": { "wish": { "$": "arguments.wishes" } } });
    check(query, json!({ "wishes": { "sea": true } }), "`wish` can only be a text");
    check(json!({ "form": true }), json!({ "wishes": [{ "sea": true }] }), "`wishes` can only be a text");
}

/// What a call comes to with one answer.
fn answered(change: Value, reply: Reply) -> Result<Outcome, (FailureKind, String)> {
    let method = change["method"].as_str().unwrap_or("POST").to_owned();
    let fake = fake(change).expect(&format!("{method} {BASE}/bookings"), reply);
    let called = fake.call::<HttpRequest>("book_room", json!({ "room": "12" }));
    called.map_err(|failure| (failure.kind, failure.message))
}

#[test]
fn the_model_sees_what_it_is_to_see() {
    fn check(change: Value, reply: Reply, text: &str, data: Option<Value>) {
        let outcome = answered(change, reply).unwrap();
        assert_eq!(outcome.text, text);
        assert_eq!(outcome.data.map(|data| serde_json::from_str::<Value>(&data).unwrap()), data);
    }
    let done = "POST https://api.harbor.example answered with 201";
    let room = || json!({ "id": 7, "room": { "floor": "2nd" }, "note": null });
    let result = |pointer: &str| json!({ "result": pointer });
    check(json!({}), Reply::json(201, room()), done, Some(room()));
    check(result("/room"), Reply::json(201, room()), done, Some(json!({ "floor": "2nd" })));
    check(result("/room/floor"), Reply::json(201, room()), "2nd", None);
    check(result("/id"), Reply::json(201, room()), "7", None);
    check(result("/note"), Reply::json(201, room()), &format!("{done}, without a result"), None);
    check(result("/none"), Reply::json(201, room()), &format!("{done}, without a result"), None);
    check(json!({}), Reply::text(201, ""), done, None);
    check(json!({}), Reply::text(201, "Booked."), "Booked.", None);
    check(result("/id"), Reply::text(201, "Booked."), "Booked.", None);
    let picture = || Reply::text(201, "\u{1}\u{2}").with_header("content-type", "image/png; q=1");
    check(json!({}), picture(), &format!("{done}: 2 bytes of image/png"), None);
    check(json!({}), Reply::text(201, "\u{1}"), &format!("{done}: 1 bytes of no stated type"), None);
    let long = "é".repeat(10_000);
    let cut = format!("{}… (cut: the first 16384 of 20000 bytes)", "é".repeat(8192));
    check(json!({}), Reply::text(201, long.as_str()), &cut, None);
    check(result("/0"), Reply::json(201, json!([long])), &cut, None);
    let outcome = answered(json!({}), Reply::json(201, json!([[long]]))).unwrap();
    assert!(outcome.text.ends_with("(cut: the first 16383 of 20006 bytes)"), "{}", outcome.text.len());
    assert_eq!(outcome.data, None);
}

#[test]
fn an_effect_has_a_receipt() {
    fn check(change: Value, reply: Reply, id: &str, url: Option<&str>) {
        let outcome = answered(change, reply).unwrap();
        let mut receipt = Receipt::new("book_room", id);
        receipt.url = url.map(str::to_owned);
        assert_eq!(outcome.receipts, [receipt]);
    }
    let receipt = |pointer: &str| json!({ "receipt": pointer });
    check(receipt("/id"), Reply::json(201, json!({ "id": "b-7" })), "b-7", None);
    check(receipt("/id"), Reply::json(201, json!({ "id": 7 })), "7", None);
    // What isn't there, or can't be a receipt, leaves the key under which it was asked for.
    check(receipt("/id"), Reply::json(201, json!({ "id": null })), "ac_1", None);
    check(receipt("/id"), Reply::json(201, json!({ "id": "x".repeat(2049) })), "ac_1", None);
    check(receipt("/id"), Reply::text(201, "Booked."), "ac_1", None);
    let location = |url: &str| Reply::json(201, json!({})).with_header("location", url);
    check(json!({}), location("https://harbor.example/b/7"), "ac_1", Some("https://harbor.example/b/7"));
    check(json!({}), location("/b/7"), "ac_1", None);
    for change in [json!({ "method": "GET" }), json!({ "effect": "read" })] {
        assert_eq!(answered(change, Reply::json(200, json!({ "id": 7 }))).unwrap().receipts, []);
    }
}

#[test]
fn an_error_inside_a_success_is_a_refusal() {
    fn check(pointer: &str, body: Value, expected: Option<&str>) {
        let got = answered(json!({ "error": pointer, "result": "/result" }), Reply::json(200, body));
        match (got, expected) {
            (Ok(outcome), None) => assert_eq!(outcome.text, "booked"),
            (Err((kind, message)), Some(words)) => {
                assert_eq!(kind, FailureKind::InvalidArguments);
                assert_eq!(
                    message,
                    format!("POST https://api.harbor.example answered with 200, and says that it failed: {words}")
                );
            }
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }
    check("/error", json!({ "error": "the room is taken" }), Some("the room is taken"));
    check("/error", json!({ "error": { "code": 4 } }), Some(r#"{"code":4}"#));
    check("/results/0/error", json!({ "results": [{ "error": "full" }] }), Some("full"));
    let long = format!("{}… (cut: the first 1024 of 2000 bytes)", "x".repeat(1024));
    check("/error", json!({ "error": "x".repeat(2000) }), Some(&long));
    for nothing in [json!(null), json!(false), json!(""), json!([]), json!({})] {
        check("/error", json!({ "error": nothing, "result": "booked" }), None);
    }
    check("/error", json!({ "result": "booked" }), None);
}

#[test]
fn statuses_are_failures_of_their_kinds() {
    fn check(change: Value, reply: Reply, kind: FailureKind, words: &str) {
        let (got, message) = answered(change, reply).unwrap_err();
        assert_eq!(got, kind, "{message}");
        assert!(message.contains(words), "{message}");
    }
    let said = || json!({ "message": "no such room" });
    let writes = || json!({});
    for change in [json!({}), json!({ "method": "GET" }), json!({ "effect": "read" })] {
        check(change.clone(), Reply::json(400, said()), FailureKind::InvalidArguments, "no such room");
        check(change.clone(), Reply::json(422, said()), FailureKind::InvalidArguments, "no such room");
        check(change.clone(), Reply::json(404, json!({ "error": "gone" })), FailureKind::NotFound, "gone");
        check(change.clone(), Reply::json(409, said()), FailureKind::Conflict, "no such room");
        check(change.clone(), Reply::json(401, said()), FailureKind::Denied, "no such room");
        check(change.clone(), Reply::json(403, said()), FailureKind::Denied, "no such room");
        check(change.clone(), Reply::json(429, said()), FailureKind::RateLimited, "no such room");
        check(change.clone(), Reply::text(302, ""), FailureKind::Other, "302");
        check(change.clone(), Reply::denied(), FailureKind::Denied, "its egress rules would have to");
        check(change, Reply::unreachable(), FailureKind::Unavailable, "can't be reached");
    }
    for (change, doubt) in [
        (writes(), FailureKind::OutcomeUnknown),
        (json!({ "method": "GET", "effect": "once" }), FailureKind::OutcomeUnknown),
        (json!({ "method": "GET" }), FailureKind::Unavailable),
        (json!({ "effect": "read" }), FailureKind::Unavailable),
    ] {
        check(change.clone(), Reply::text(500, "oops"), doubt, "500");
        check(change.clone(), Reply::text(503, ""), doubt, "503");
        check(change.clone(), Reply::text(408, ""), doubt, "408");
        check(change, Reply::cut(), doubt, "no whole answer");
    }
    let busy =
        fake(json!({})).expect(&format!("POST {BASE}/bookings"), Reply::text(503, "").with_header("retry-after", "2"));
    let failure = busy.call::<HttpRequest>("book_room", json!({ "room": "12" })).unwrap_err();
    assert_eq!(failure.retry_after_ms, Some(2000));
}

#[test]
fn an_effect_in_doubt_is_looked_up() {
    fn check(body: Value, later_ms: u64, expected: &Finding) {
        for effect in ["once", "idempotent"] {
            check_of(effect, &body, later_ms, expected);
        }
    }
    fn check_of(effect: &str, body: &Value, later_ms: u64, expected: &Finding) {
        let looked_up = json!({
            "url": format!("{BASE}/rooms/{{room}}/bookings"),
            "query": { "reference": { "$": "key" } },
            "found": "/items",
            "receipt": "/items/0/id",
            "lag_ms": 5000,
        });
        let headers = json!({ "X-Region": "eu" });
        let fake = fake(json!({ "effect": effect, "check": looked_up, "headers": headers })).now(NOW + later_ms);
        let fake = fake.expect(&format!("GET {BASE}/rooms/12/bookings"), Reply::json(200, body.clone()));
        let finding = fake.reconcile::<HttpRequest>("book_room", json!({ "room": "12" })).unwrap();
        assert_eq!(finding, *expected, "{later_ms} ms later: {body}");
        assert_eq!(fake.sent()[0].query(), [("reference".to_owned(), "ac_1".to_owned())]);
        assert_eq!(fake.sent()[0].header("x-region"), Some("eu"));
    }
    let found = |text: &str, id: &str| {
        Finding::Happened(
            Outcome::new(format!("it was found afterwards: {text}")).with_receipt(Receipt::new("book_room", id)),
        )
    };
    check(json!({ "items": [{ "id": "b-7" }] }), 0, &found(r#"[{"id":"b-7"}]"#, "b-7"));
    check(json!({ "items": "yes" }), 9000, &found("\"yes\"", "ac_1"));
    for nothing in [json!({ "items": [] }), json!({ "items": null }), json!({})] {
        check(nothing.clone(), 0, &Finding::Unknown(Some(5000)));
        check(nothing.clone(), 4999, &Finding::Unknown(Some(1)));
        check(nothing, 5000, &Finding::DidNotHappen);
    }
}

#[test]
fn what_can_t_be_looked_up_says_nothing() {
    let looked_up = || json!({ "check": { "url": format!("{BASE}/bookings"), "found": "/items" } });
    for (reply, kind) in [
        (Reply::text(404, ""), FailureKind::NotFound),
        (Reply::text(500, ""), FailureKind::Unavailable),
        (Reply::text(200, "<html>"), FailureKind::Other),
    ] {
        let fake = fake(looked_up()).expect(&format!("GET {BASE}/bookings"), reply);
        let failure = fake.reconcile::<HttpRequest>("book_room", json!({ "room": "12" })).unwrap_err();
        assert_eq!(failure.kind, kind);
    }
    for (change, body) in [
        (json!({ "error": "/error" }), json!({ "error": "busy", "items": [] })),
        (json!({ "error": "/error" }), json!({ "error": { "code": 4 } })),
        (json!({ "error": "/0/error" }), json!([{ "error": "busy", "items": ["b-7"] }])),
    ] {
        let change = [looked_up(), change].into_iter().fold(json!({}), |mut all, part| {
            all.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
            all
        });
        let fake = fake(change).now(NOW + 3_600_000).expect(&format!("GET {BASE}/bookings"), Reply::json(200, body));
        let failure = fake.reconcile::<HttpRequest>("book_room", json!({ "room": "12" })).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unavailable);
        assert!(failure.message.contains("says that it failed"), "{}", failure.message);
    }
    let without = fake(json!({})).reconcile::<HttpRequest>("book_room", json!({ "room": "12" })).unwrap_err();
    assert!(without.message.contains("no tool \"book_room\" that could do this"), "{}", without.message);
}

#[test]
fn what_isn_t_declared_isn_t_called() {
    let failure = fake(json!({})).call::<HttpRequest>("book_table", json!({})).unwrap_err();
    assert!(failure.message.contains("no tool \"book_table\""), "{}", failure.message);
    let wrong = fake(json!({ "url": "ftp://x" })).call::<HttpRequest>("book_room", json!({})).unwrap_err();
    assert!(wrong.message.contains("requests[0] (book_room), url"), "{}", wrong.message);
}

#[test]
fn a_rehearsal_comes_to_a_success() {
    let change = json!({ "receipt": "/id", "error": "/error", "result": "/room" });
    let fake = fake(change).dry_run().expect(&format!("POST {BASE}/bookings"), Reply::json(200, json!({})));
    let outcome = fake.call::<HttpRequest>("book_room", json!({ "room": "12" })).unwrap();
    assert_eq!(outcome.text, "POST https://api.harbor.example answered with 200, without a result");
    assert_eq!(outcome.receipts.len(), 1);
}
