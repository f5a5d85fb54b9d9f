//! The plugin against a fake of Zendesk: what it sends, and what it makes of the answers.

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Finding, Outcome, Plugin as _, Receipt};
use aftercall_plugin_ticket::tools::Plugin;
use serde_json::{Value, json};

const CREATE: &str = "POST https://northwind.zendesk.com/api/v2/tickets.json";
const LIST: &str = "GET https://northwind.zendesk.com/api/v2/tickets.json";
const SEARCH: &str = "GET https://northwind.zendesk.com/api/v2/users/search.json";
const KEY: &str = "ac_0123abcd";
const PHONE: &str = "+14155550123";
const ATTEMPT_AT: u64 = 1_772_323_260_000;

fn fake() -> Fake {
    Fake::new().settings(json!({ "subdomain": "northwind" })).key(KEY).attempt_at(ATTEMPT_AT).now(ATTEMPT_AT)
}

/// Zendesk, which has one profile with the caller's number, and answers the request for a ticket so.
fn answering(reply: Reply) -> Fake {
    let users = json!({ "users": [{ "id": 12, "name": "Ana", "phone": PHONE }], "count": 1 });
    fake().expect(SEARCH, Reply::json(200, users)).expect(CREATE, reply)
}

/// What a caller reported who gave an email address, with changes.
fn report(changes: Value) -> Value {
    let mut arguments = json!({
        "subject": "Cold store 2 at 9 °C",
        "description": "Warming since 4 am.\nThe breaker was reset twice.",
        "priority": "urgent",
        "mood": "worried",
        "type": "incident",
        "requester_phone": PHONE,
        "requester_name": "Ana Lima",
        "requester_email": "ana@example.com",
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            arguments.as_object_mut().unwrap().remove(name);
        } else {
            arguments[name] = value.clone();
        }
    }
    arguments
}

fn made(id: u64) -> Reply {
    Reply::json(201, json!({ "ticket": { "id": id, "external_id": KEY, "status": "new" }, "audit": { "id": 5 } }))
}

fn opened(id: u64) -> Outcome {
    let url = format!("https://northwind.zendesk.com/agent/tickets/{id}");
    let text = format!("the ticket is open, ticket_id {id}, for the team at {url}");
    let data = json!({ "ticket_id": id.to_string(), "url": url }).to_string();
    let receipt = Receipt::new("ticket", id.to_string()).with_url(url);
    Outcome { data: Some(data), ..Outcome::new(text).with_receipt(receipt) }
}

#[test]
fn the_tool_is_once_per_caller() {
    let tools = Plugin::list_tools("{}").unwrap();
    let tool = tools.iter().find(|tool| tool.name == "create_ticket").unwrap();
    assert_eq!(tool.effect, Effect::Once);
    assert_eq!(tool.identity, ["requester_phone"]);
    assert!(tool.reconcilable);
    let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let required = json!(["subject", "description", "priority", "mood", "type", "requester_phone"]);
    assert_eq!(schema["required"], required);
    assert!(!tool.input_schema.contains("$ref"), "{}", tool.input_schema);
    let properties = &schema["properties"];
    assert_eq!(properties["subject"]["maxLength"], 150);
    assert_eq!(properties["priority"]["enum"], json!(["low", "normal", "high", "urgent"]));
    assert_eq!(properties["mood"]["enum"], json!(["calm", "worried", "frustrated", "angry"]));
    assert_eq!(properties["type"]["enum"], json!(["problem", "incident", "question", "task"]));
    assert_eq!((&properties["tags"]["type"], &properties["tags"]["maxItems"]), (&json!("array"), &json!(10)));
    assert_eq!(properties["tags"]["items"]["pattern"], "^[a-z0-9_-]{1,60}$");
    let output: Value = serde_json::from_str(tool.output_schema.as_deref().unwrap()).unwrap();
    assert_eq!(output["required"], json!(["ticket_id", "url"]));
}

#[test]
fn a_ticket_has_what_the_caller_reported() {
    fn check(changes: Value, settings: Value, expected: Value) {
        let fake = answering(made(101)).settings(settings);
        assert_eq!(fake.call::<Plugin>("create_ticket", report(changes)), Ok(opened(101)));
        let sent = &fake.sent()[1];
        let mut ticket = json!({
            "external_id": KEY,
            "subject": "Cold store 2 at 9 °C",
            "comment": {
                "html_body": "<p>Warming since 4 am.<br>The breaker was reset twice.</p>\
                              <p>Called in by Ana Lima, +14155550123, ana@example.com.</p>",
                "public": false,
            },
            "requester_id": 12,
            "priority": "urgent",
            "type": "incident",
            "tags": ["mood_worried"],
        });
        for (name, value) in expected.as_object().unwrap() {
            ticket[name] = value.clone();
        }
        assert_eq!(sent.json(), json!({ "ticket": ticket }));
        assert_eq!(sent.header("authorization"), None);
        assert_eq!(sent.header("idempotency-key"), None, "the host fills it");
    }
    let plain = || json!({ "subdomain": "northwind" });
    check(json!({}), plain(), json!({}));
    check(
        json!({ "tags": ["cold_store", "site-4"], "mood": "angry", "priority": "low", "type": "task" }),
        plain(),
        json!({ "tags": ["cold_store", "site-4", "mood_angry"], "priority": "low", "type": "task" }),
    );
    check(
        json!({}),
        json!({ "subdomain": "northwind", "brand_id": 360_001_u64, "group_id": 25_387_654_321_u64 }),
        json!({ "brand_id": 360_001_u64, "group_id": 25_387_654_321_u64 }),
    );
    let unnamed = json!({
        "comment": { "html_body": "<p>Help</p><p>Called in by +14155550123, ana@example.com.</p>", "public": false },
    });
    check(json!({ "requester_name": null, "description": " Help\n" }), plain(), unnamed);
}

#[test]
fn what_was_said_is_text() {
    fn check(said: &str, written: &str) {
        let fake = answering(made(101));
        fake.call::<Plugin>("create_ticket", report(json!({ "description": said }))).unwrap();
        let sent = fake.sent()[1].json();
        let body = sent["ticket"]["comment"]["html_body"].as_str().unwrap();
        assert!(body.starts_with(&format!("{written}<p>Called in by")), "{body}");
    }
    check("say {{ticket.requester.email}}", "<p>say { {ticket.requester.email}}</p>");
    check("{% for x in y %}{{{x}}}", "<p>{ % for x in y %}{ { {x}}}</p>");
    check("<b>50 %</b> {a} {", "<p>&lt;b&gt;50 %&lt;/b&gt; {a} {</p>");
    check("&lt;img src=\"x\"&gt;", "<p>&amp;lt;img src=\"x\"&amp;gt;</p>");
    // Markdown, as `body` would be read.
    check("# [here](https://evil.example) *now*\n- `rm`", "<p># [here](https://evil.example) *now*<br>- `rm`</p>");
    check("a\r\n\r\n\nb \n c\u{0}", "<p>a</p><p>b<br> c</p>");
}

#[test]
fn a_subject_is_no_placeholder() {
    let fake = answering(made(101));
    fake.call::<Plugin>("create_ticket", report(json!({ "subject": "{{dc.refund}} <now>" }))).unwrap();
    assert_eq!(fake.sent()[1].json()["ticket"]["subject"], "{ {dc.refund}} <now>");
}

#[test]
fn arguments_that_do_not_fit_send_nothing() {
    fn check(changes: Value, words: &str) {
        let failure = fake().call::<Plugin>("create_ticket", report(changes)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!({ "requester_phone": "415 555 0123" }), "E.164");
    check(json!({ "requester_phone": null }), "requester_phone");
    check(json!({ "requester_email": "ana at example" }), "email address");
    check(json!({ "priority": "critical" }), "critical");
    check(json!({ "mood": "furious" }), "furious");
    check(json!({ "type": "bug" }), "bug");
    check(json!({ "status": "solved" }), "status");
}

#[test]
fn refusals_of_zendesk_are_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let fake = answering(reply);
        let failure = fake.call::<Plugin>("create_ticket", report(json!({}))).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.code.as_deref(), code);
    }
    let invalid = |details: Value| {
        let body = json!({ "error": "RecordInvalid", "description": "Record validation errors", "details": details });
        Reply::json(422, body)
    };
    check(
        invalid(json!({ "subject": [{ "description": "S" }], "base": [{ "description": "B" }, { "error": "x" }] })),
        FailureKind::InvalidArguments,
        ": Record validation errors (B; S)",
        Some("RecordInvalid"),
    );
    // The group and the brand are of the settings, and who has the number is found.
    for field in ["group", "group_id", "brand", "brand_id", "requester", "requester_id"] {
        let details = json!({ field: [{ "description": "It is suspended" }], "base": [{ "description": "B" }] });
        let (kind, who) = match field.starts_with("requester") {
            true => (FailureKind::Denied, "look at it in Zendesk"),
            false => (FailureKind::Misconfigured, "correct `group_id` or `brand_id`"),
        };
        let words = format!("It is suspended); no argument helps: a person has to {who}");
        check(invalid(details), kind, &words, Some("RecordInvalid"));
    }
    let nowhere = json!({ "error": "InvalidEndpoint", "description": "Not found" });
    check(Reply::json(404, nowhere), FailureKind::Misconfigured, "correct `subdomain`", Some("InvalidEndpoint"));
    check(invalid(json!("?")), FailureKind::InvalidArguments, "validation errors", Some("RecordInvalid"));
    let long = json!({ "base": [{ "description": "x".repeat(600) }] });
    check(invalid(long), FailureKind::InvalidArguments, &format!("({})", "x".repeat(500)), Some("RecordInvalid"));

    let words = "Request parameters don't match the given idempotency key";
    let taken = json!({ "error": "IdempotentRequestError", "description": words });
    check(Reply::json(400, taken), FailureKind::OutcomeUnknown, words, Some("IdempotentRequestError"));
    let stranger = "Couldn't authenticate you";
    check(Reply::json(401, json!({ "error": stranger })), FailureKind::Denied, stranger, None);
    let title = json!({ "error": { "title": "Forbidden", "message": "You do not have access to this page." } });
    check(Reply::json(403, title), FailureKind::Denied, "do not have access", None);
    check(Reply::text(500, "oops"), FailureKind::OutcomeUnknown, "500", None);
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer", None);
    check(Reply::text(201, "{}"), FailureKind::OutcomeUnknown, "not as expected", None);
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached", None);
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow POST", None);
}

#[test]
fn a_busy_zendesk_is_asked_later() {
    let body = json!({ "error": "APIRateLimitExceeded", "description": "Too many requests" });
    let fake = answering(Reply::json(429, body).with_header("retry-after", "93"));
    let failure = fake.call::<Plugin>("create_ticket", report(json!({}))).unwrap_err();
    assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::RateLimited, Some(93_000)));
}

#[test]
fn the_list_of_tickets_decides() {
    fn check(tickets: Value, later_ms: u64, expected: &Finding) {
        let page = json!({ "tickets": tickets, "count": 1, "next_page": null });
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(LIST, Reply::json(200, page));
        let finding = fake.reconcile::<Plugin>("create_ticket", report(json!({}))).unwrap();
        assert_eq!(finding, *expected, "{tickets} {later_ms} ms later");
        assert_eq!(fake.sent()[0].query(), [("external_id".to_owned(), KEY.to_owned())]);
    }
    let ticket = |id: u64, key: Value| json!({ "id": id, "external_id": key, "subject": "s" });
    let found = Finding::Happened(opened(101));
    let not_yet = Finding::Unknown(Some(15_000));
    check(json!([ticket(101, json!(KEY))]), 0, &found);
    check(json!([ticket(100, json!("ac_0")), ticket(101, json!(KEY))]), 90_000, &found);
    check(json!([ticket(101, Value::Null)]), 90_000, &Finding::DidNotHappen);
    check(json!([]), 0, &not_yet);
    check(json!([]), 59_999, &Finding::Unknown(Some(1)));
    check(json!([]), 60_000, &Finding::DidNotHappen);
}

#[test]
fn a_list_that_goes_on_proves_nothing() {
    let page = json!({ "tickets": [], "next_page": "https://northwind.zendesk.com/api/v2/tickets.json?page=2" });
    let fake = fake().now(ATTEMPT_AT + 60_000).expect(LIST, Reply::json(200, page));
    assert_eq!(fake.reconcile::<Plugin>("create_ticket", report(json!({}))), Ok(Finding::Unknown(None)));
}

#[test]
fn the_lag_of_the_list_is_a_setting() {
    let settings = json!({ "subdomain": "northwind", "index_lag_ms": 0 });
    let fake = fake().settings(settings).expect(LIST, Reply::json(200, json!({ "tickets": [] })));
    assert_eq!(fake.reconcile::<Plugin>("create_ticket", report(json!({}))), Ok(Finding::DidNotHappen));
}

#[test]
fn a_lookup_that_fails_finds_nothing_out() {
    for (status, kind) in [(502, FailureKind::Unavailable), (404, FailureKind::Misconfigured)] {
        let fake = fake().expect(LIST, Reply::text(status, ""));
        let failure = fake.reconcile::<Plugin>("create_ticket", report(json!({}))).unwrap_err();
        assert_eq!(failure.kind, kind);
    }
}
