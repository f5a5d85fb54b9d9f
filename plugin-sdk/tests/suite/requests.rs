//! The HTTP client and the context, against the fake.

use aftercall::testing::{Fake, Reply, block_on};
use aftercall::{Failure, FailureKind, Level, Response, path_segment};
use serde::Deserialize;
use serde_json::{Value, json};

const LINE: &str = "POST https://api.example.com/v1/things";
const URL: &str = "https://api.example.com/v1/things";

fn answer(method: &str, reply: Reply) -> Result<Response, Failure> {
    let fake = Fake::new().expect(&format!("{method} {URL}"), reply);
    let cx = fake.context();
    let request = match method {
        "GET" => cx.get(URL),
        "POST" => cx.post(URL),
        "PUT" => cx.put(URL),
        "PATCH" => cx.patch(URL),
        "DELETE" => cx.delete(URL),
        _ => cx.post(URL).reads_only(),
    };
    block_on(request.send()).and_then(Response::ok)
}

#[test]
fn requests_are_encoded() {
    let fake = Fake::new().expect(LINE, Reply::json(200, json!({}))).expect(LINE, Reply::json(200, json!({})));
    let cx = fake.context();
    let form = cx.post(URL).query(&[("a&b", "c d"), ("ü", "+1")]).query(&[("e", "f")]);
    block_on(form.form(&[("To", "+1 2"), ("Body", "50% & more")]).send()).unwrap();
    block_on(cx.post(format!("{URL}?x=1")).query(&[("y", "2")]).header("X-One", "1").json("é").send()).unwrap();

    let [form, json] = &fake.sent()[..] else { panic!("two requests") };
    assert_eq!(form.text(), "To=%2B1+2&Body=50%25+%26+more");
    assert_eq!(form.form()[1], ("Body".to_owned(), "50% & more".to_owned()));
    assert_eq!(form.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(form.header("content-length"), Some("29"));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(form.query(), [pair("a&b", "c d"), pair("ü", "+1"), pair("e", "f")]);
    assert_eq!(json.json(), json!("é"));
    assert_eq!(json.query(), [pair("x", "1"), pair("y", "2")]);
    assert_eq!(json.header("content-length"), Some("4"));
    assert_eq!(json.header("content-type"), Some("application/json"));
    assert_eq!(json.header("x-one"), Some("1"));
}

#[test]
fn any_method_can_be_sent_and_a_safe_one_leaves_no_doubt() {
    fn check(method: &str, line: &str, kind: FailureKind) {
        let fake = Fake::new();
        let fake = if line.is_empty() { fake } else { fake.expect(line, Reply::cut()) };
        let sent = block_on(fake.context().request(method, URL).body("text/xml", "<a/>").send());
        assert_eq!(sent.err().unwrap().kind, kind, "{method}");
    }
    check("REPORT", "REPORT https://api.example.com/v1/things", FailureKind::Unavailable);
    check("PROPFIND", "PROPFIND https://api.example.com/v1/things", FailureKind::Unavailable);
    check("MKCALENDAR", "MKCALENDAR https://api.example.com/v1/things", FailureKind::OutcomeUnknown);
    check("NO SUCH", "", FailureKind::Other);
}

#[test]
fn a_body_has_one_content_type() {
    fn check(own: &[&str], expected: &str) {
        let fake = Fake::new().expect(LINE, Reply::json(200, json!({})));
        let cx = fake.context();
        let request = cx.post(URL).json(&json!({}));
        let request = own.iter().fold(request, |request, value| request.header("Content-Type", value));
        block_on(request.send()).unwrap();
        let sent = &fake.sent()[0];
        assert_eq!(sent.header("content-type"), Some(expected));
    }
    check(&[], "application/json");
    check(&["application/fhir+json"], "application/fhir+json");
    check(&["text/plain", "application/fhir+json"], "application/fhir+json");
}

#[test]
fn a_body_is_sent_as_it_is() {
    let fake = Fake::new().expect("PUT https://api.example.com/v1/things", Reply::text(201, ""));
    let cx = fake.context();
    let request = cx.put(URL).json("not this").body("text/calendar; charset=utf-8", "é\r\n");
    block_on(request.send()).unwrap();
    let sent = &fake.sent()[0];
    assert_eq!(sent.text(), "é\r\n");
    assert_eq!(sent.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!(sent.header("content-length"), Some("4"));

    let failure = block_on(Fake::new().context().put(URL).body("text/\n", "").send()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Other);
    assert!(failure.message.contains("the media type"), "{}", failure.message);
}

#[test]
fn path_segments_stay_segments() {
    fn check(text: &str, expected: &str) {
        assert_eq!(path_segment(text), expected);
    }
    check("AC12-3_4.5~6", "AC12-3_4.5~6");
    check("a/b?c#d", "a%2Fb%3Fc%23d");
    check("..", "%2E%2E");
    check("", "%2E");
    check("ü", "%C3%BC");
}

#[test]
fn a_path_that_may_mean_another_is_not_sent() {
    fn check(id: &str, is_sent: bool) {
        for behind in ["/parts", "", ".json"] {
            let url = format!("{URL}/{}{behind}", path_segment(id));
            let fake = Fake::new();
            let fake = if is_sent { fake.expect(&format!("DELETE {url}"), Reply::text(204, "")) } else { fake };
            match block_on(fake.context().delete(url).send()) {
                Ok(_) => assert!(is_sent, "{id}"),
                Err(failure) => {
                    assert!(!is_sent, "{id}");
                    assert_eq!(failure.kind, FailureKind::InvalidArguments, "{id}");
                    assert!(failure.message.contains("give ids as they were found"), "{}", failure.message);
                }
            }
        }
    }
    for sound in ["AC12-3_4.5~6", "...", "a b", "\u{fc}", "a:b@c?d#e", "&=+$,!"] {
        check(sound, true);
    }
    for unsound in ["", ".", "..", "a/b", "../x", "a\\b", "50%", "a;b", "a\nb", "\u{0}"] {
        check(unsound, false);
    }
}

#[test]
fn a_path_that_a_setting_makes_mean_another_is_a_person_s_to_correct() {
    let fake = Fake::new().settings(json!({ "site": "a/b" }));
    let failed = |site: &str| block_on(fake.context().get(format!("{URL}/{}", path_segment(site))).send()).unwrap_err();
    let (of_setting, of_argument) = (failed("a/b"), failed("a/c"));
    assert_eq!(of_setting.kind, FailureKind::Misconfigured);
    let words = "no argument helps: a person has to correct `site` in the plugin's settings";
    assert!(of_setting.message.ends_with(words), "{}", of_setting.message);
    assert_eq!(of_argument.kind, FailureKind::InvalidArguments);
}

#[test]
fn a_failure_may_be_of_several_settings() {
    let failure = Failure::conflict("taken").with_code("409").by_settings(&["group", "brand"]);
    assert_eq!((failure.kind, failure.code.as_deref()), (FailureKind::Misconfigured, Some("409")));
    assert!(failure.message.ends_with("correct `group` or `brand` in the plugin's settings"), "{}", failure.message);
    let failure = Failure::of_settings(&[], "they don't fit");
    assert!(failure.message.ends_with("a person has to correct the plugin's settings"), "{}", failure.message);
    let failure = Failure::no_such::<&str>("service", "x", []);
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (FailureKind::InvalidArguments, "there is no `service` \"x\", nor any other: leave it out if it may be")
    );
}

#[test]
fn a_plugin_says_more_of_a_refusal() {
    #[derive(Debug, Default, Deserialize)]
    struct Body {
        reason: Option<String>,
    }
    fn check(reply: Reply, expected: Result<u16, &str>) {
        let fake = Fake::new().expect(LINE, reply);
        let answer = block_on(fake.context().post(URL).send()).unwrap();
        let explained = answer.ok_or(|failure, status, body: Body| {
            let reason = body.reason.unwrap_or_default();
            Failure::conflict(format!("{status}/{reason}/{:?}", failure.kind))
        });
        let explained = explained.map(|answer| answer.status()).map_err(|failure| failure.message);
        assert_eq!(explained, expected.map_err(str::to_owned));
    }
    check(Reply::json(201, json!({ "reason": "r" })), Ok(201));
    check(Reply::json(400, json!({ "reason": "r", "more": 1 })), Err("400/r/FailureKind::InvalidArguments"));
    check(Reply::json(403, json!({ "reason": 7 })), Err("403//FailureKind::Denied"));
    check(Reply::text(502, "<p>"), Err("502//FailureKind::OutcomeUnknown"));
}

#[test]
fn mistakes_in_a_request_are_failures_of_it() {
    fn check(url: &str, header: &str, words: &str) {
        let fake = Fake::new();
        let failure = block_on(fake.context().get(url).header("x-name", header).send()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Other);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check("/v1/things", "fine", "not absolute");
    check("https://api.example.com/a b", "fine", "not absolute and encoded");
    check(URL, "two\nlines", "\"x-name\"");
}

#[test]
fn statuses_become_failures() {
    fn check(method: &str, status: u16, kind: FailureKind) {
        let failure = answer(method, Reply::text(status, "")).unwrap_err();
        assert_eq!(failure.kind, kind, "{method} {status}");
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let doubt = if method == "GET" { FailureKind::Unavailable } else { FailureKind::OutcomeUnknown };
        check(method, 400, FailureKind::InvalidArguments);
        check(method, 422, FailureKind::InvalidArguments);
        check(method, 401, FailureKind::Denied);
        check(method, 403, FailureKind::Denied);
        check(method, 404, FailureKind::NotFound);
        check(method, 409, FailureKind::Conflict);
        check(method, 429, FailureKind::RateLimited);
        check(method, 418, FailureKind::Other);
        check(method, 304, FailureKind::Other);
        check(method, 408, doubt);
        check(method, 500, doubt);
        check(method, 503, doubt);
    }
}

#[test]
fn connections_that_fail_become_failures() {
    fn check(method: &str, reply: Reply, kind: FailureKind, words: &str) {
        let failure = answer(method, reply).unwrap_err();
        assert_eq!(failure.kind, kind, "{method}");
        assert!(failure.message.contains(words), "{}", failure.message);
        assert!(failure.message.contains(URL), "{}", failure.message);
    }
    check("GET", Reply::denied(), FailureKind::Denied, "the grant doesn't allow GET");
    check("POST", Reply::denied(), FailureKind::Denied, "the grant doesn't allow POST");
    check("GET", Reply::unreachable(), FailureKind::Unavailable, "can't be reached");
    check("POST", Reply::unreachable(), FailureKind::Unavailable, "can't be reached");
    check("GET", Reply::cut(), FailureKind::Unavailable, "no whole answer");
    check("POST", Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer");
}

#[test]
fn a_search_by_post_leaves_no_doubt() {
    for reply in [Reply::cut(), Reply::text(502, "")] {
        let fake = Fake::new().expect(LINE, reply);
        let sent = block_on(fake.context().post(URL).reads_only().send()).and_then(Response::ok);
        assert_eq!(sent.unwrap_err().kind, FailureKind::Unavailable);
    }
}

#[test]
fn the_vendor_s_words_are_handed_on() {
    fn check(body: Value, message: &str, code: Option<&str>) {
        let failure = answer("POST", Reply::json(400, body)).unwrap_err();
        assert_eq!(failure.message, format!("POST {URL} was answered with 400 Bad Request{message}"));
        assert_eq!(failure.code.as_deref(), code);
    }
    check(json!({ "code": 21211, "message": "no such number" }), ": no such number", Some("21211"));
    check(json!({ "category": "VALIDATION_ERROR", "message": "bad" }), ": bad", Some("VALIDATION_ERROR"));
    check(json!({ "error": { "message": "m", "type": "t" } }), ": m", Some("t"));
    check(json!({ "errors": [{ "detail": "d" }] }), ": d", None);
    check(json!({ "issue": [{ "code": "login", "diagnostics": "d" }, { "code": "x" }] }), ": d", Some("login"));
    check(json!({ "issue": [{ "code": "value", "details": { "text": "t" } }] }), ": t", Some("value"));
    check(json!({ "error": "invalid" }), ": invalid", Some("invalid"));
    check(json!({ "error": "not allowed" }), ": not allowed", None);
    check(json!({ "error": "invalid_grant", "error_description": "d" }), ": d", Some("invalid_grant"));
    check(json!({ "message": "m", "errors": ["a", "b"] }), ": m: a; b", None);
    check(json!({ "message": "m", "errors": [] }), ": m", None);
    check(json!({ "message": "m", "errors": [{ "message": "d" }] }), ": m", None);
    check(json!({ "errors": ["a", 1] }), ": a", None);
    check(json!({ "error": "RecordInvalid", "description": "bad" }), ": bad", Some("RecordInvalid"));
    check(json!({ "errors": [{ "title": "t", "code": "c" }, { "title": "u" }] }), ": t; u", Some("c"));
    check(json!({ "errors": [{ "code": "c", "message": "m", "title": "t" }] }), ": m", Some("c"));
    check(json!({ "error": "Bad Request", "errors": [{ "message": "m" }] }), ": m", None);
    check(json!([{ "errorCode": "MALFORMED_ID", "message": "m" }, { "message": "n" }]), ": m; n", Some("MALFORMED_ID"));
    let by_field = json!({ "errorMessages": ["a"], "errors": { "priority": "b", "name": ["c", "d"], "other": 1 } });
    check(by_field, ": a; name: c; priority: b", None);
    check(json!({ "errorMessages": ["a"], "errors": {} }), ": a", None);
    let google =
        json!({ "code": 403, "message": "m", "status": "DENIED", "errors": [{ "reason": "rateLimitExceeded" }] });
    check(json!({ "error": google }), ": m", Some("rateLimitExceeded"));
    check(json!({ "error": { "code": 404, "message": "m", "status": "NOT_FOUND" } }), ": m", Some("NOT_FOUND"));
    check(json!({ "title": "t", "status": 400 }), ": t", None);
    check(json!(["what"]), ": what", None);
    check(json!("what"), "", None);
    check(json!({ "message": "x".repeat(600) }), &format!(": {}", "x".repeat(500)), None);
    check(json!({ "errors": ["x".repeat(600)] }), &format!(": {}", "x".repeat(500)), None);
}

#[test]
fn a_refusal_in_plain_text_is_handed_on() {
    fn check(media: &'static str, body: &str, message: &str) {
        let reply = Reply::text(400, body).with_header("content-type", media);
        let failure = answer("POST", reply).unwrap_err();
        assert_eq!(failure.message, format!("POST {URL} was answered with 400 Bad Request{message}"));
    }
    check("text/plain; charset=utf-8", " no such order\n", ": no such order");
    check("Text/Plain", &"x".repeat(600), &format!(": {}", "x".repeat(500)));
    check("text/plain", " ", "");
    check("text/html", "<p>no such order", "");
}

#[test]
fn a_get_that_writes_can_leave_a_doubt() {
    for reply in [Reply::cut(), Reply::text(502, "")] {
        let fake = Fake::new().expect(&format!("GET {URL}"), reply);
        let sent = block_on(fake.context().get(URL).writes().send()).and_then(Response::ok);
        assert_eq!(sent.unwrap_err().kind, FailureKind::OutcomeUnknown);
    }
}

#[test]
fn retry_after_is_in_milliseconds() {
    fn check(value: &str, expected: Option<u64>) {
        let failure = answer("GET", Reply::text(429, "").with_header("retry-after", value)).unwrap_err();
        assert_eq!(failure.retry_after_ms, expected, "{value}");
    }
    check("3", Some(3000));
    check("0", Some(0));
    check("-1", None);
    check("Wed, 21 Oct 2026 07:28:00 GMT", None);
    check("99999999999999999999", None);
    check("18446744073709551615", None);
}

#[test]
fn responses_are_read() {
    #[derive(Debug, Deserialize)]
    struct Thing {
        id: String,
    }
    let response = answer("POST", Reply::json(201, json!({ "id": "1" })).with_header("x-id", "7")).unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.header("X-Id"), Some("7"));
    assert_eq!(response.header("x-other"), None);
    assert_eq!(response.text(), r#"{"id":"1"}"#);
    assert_eq!(response.bytes(), br#"{"id":"1"}"#);
    assert_eq!(response.json::<Thing>().unwrap().id, "1");

    let unreadable = |method| answer(method, Reply::text(200, "<p>")).unwrap().json::<Thing>().unwrap_err().kind;
    assert_eq!(unreadable("POST"), FailureKind::OutcomeUnknown);
    assert_eq!(unreadable("GET"), FailureKind::Other);
}

#[test]
fn the_context_says_what_is_known_of_the_attempt() {
    #[derive(Debug, Deserialize)]
    struct Settings {
        region: String,
    }
    let fake = Fake::new()
        .settings(json!({ "region": "eu" }))
        .fact("call.contact", &json!("+4930123456"))
        .key("k")
        .attempt(3)
        .first_attempt_at(5)
        .now(9)
        .dry_run();
    let cx = fake.context();
    assert_eq!((cx.key(), cx.attempt(), cx.first_attempt_at(), cx.now()), ("k", 3, 5, 9));
    assert_eq!((cx.conversation(), cx.run()), ("conversation-1", "run-1"));
    assert!(cx.dry_run());
    assert!(cx.deadline() > cx.now());
    assert_eq!(cx.fact("call.contact"), Some(json!("+4930123456")));
    assert_eq!(cx.fact("call.summary"), None);
    assert_eq!(cx.settings::<Settings>().unwrap().region, "eu");
    assert_eq!(cx.settings::<Vec<u8>>().unwrap_err().kind, FailureKind::Misconfigured);
    cx.debug("a");
    cx.info("b");
    cx.warn("c");
    cx.error("d");
    let logged: Vec<(Level, String)> = fake.logged();
    let levels: Vec<Level> = logged.iter().map(|(level, _)| *level).collect();
    assert_eq!(levels, [Level::Debug, Level::Info, Level::Warn, Level::Error]);
    assert_eq!(logged[3].1, "d");
}

#[test]
#[should_panic(expected = "the plugin sent GET https://api.example.com/v1/things; no request was expected")]
fn an_unexpected_request_fails_the_test() {
    let fake = Fake::new();
    let _ = block_on(fake.context().get(URL).send());
}

#[test]
#[should_panic(expected = "expected was POST https://api.example.com/v1/things")]
fn another_request_than_expected_fails_the_test() {
    let fake = Fake::new().expect(LINE, Reply::text(200, ""));
    let _ = block_on(fake.context().get(URL).send());
}

#[test]
#[should_panic(expected = "the plugin didn't send POST https://api.example.com/v1/things")]
fn a_request_that_is_not_made_fails_the_test() {
    drop(Fake::new().expect(LINE, Reply::text(200, "")));
}

#[test]
fn a_function_answers_what_is_not_expected() {
    let fake = Fake::new().expect(LINE, Reply::json(201, json!({}))).answers(|sent| {
        let answer = format!("{} of {} bytes", sent.request().method(), sent.request().body().len());
        Reply::from(http::Response::builder().status(202).body(answer.into_bytes()).unwrap())
    });
    let cx = fake.context();
    assert_eq!(block_on(cx.post(URL).send()).unwrap().status(), 201);
    let answer = block_on(cx.put(URL).json("é").send()).unwrap();
    assert_eq!((answer.status(), answer.text().as_ref()), (202, "PUT of 4 bytes"));
    assert_eq!(fake.sent().len(), 2);
}
