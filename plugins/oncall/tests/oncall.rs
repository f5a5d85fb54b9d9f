//! The plugin against a fake of PagerDuty: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Outcome, Plugin as _, Receipt};
use aftercall_plugin_oncall::tools::Plugin;
use serde_json::{Value, json};

const ENQUEUE: &str = "POST https://events.pagerduty.com/v2/enqueue";
const KEY: &str = "ac_0123456789abcdef0123456789abcdef";

fn fake() -> Fake {
    Fake::new().settings(json!({ "source": "Route Planner" })).key(KEY)
}

fn arguments() -> Value {
    json!({ "service": "checkout", "summary": "No orders since 9:00", "severity": "critical" })
}

fn with(mut base: Value, more: Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

fn taken() -> Reply {
    Reply::json(202, json!({ "status": "success", "message": "Event processed", "dedup_key": KEY }))
}

fn paged() -> Outcome {
    Outcome::new(format!("PagerDuty has the alert and notifies whoever is on call (alert {KEY})"))
        .with_receipt(Receipt::new("alert", KEY))
}

#[test]
fn the_tool_is_idempotent_per_service() {
    let tools = Plugin::list_tools("{}").unwrap();
    let [tool] = &tools[..] else { panic!("one tool") };
    assert_eq!((tool.name.as_str(), tool.effect), ("page_oncall", Effect::Idempotent));
    assert_eq!(tool.identity, ["service"]);
    assert!(!tool.reconcilable);
    let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
    assert_eq!(schema["required"], json!(["service", "summary", "severity"]));
    assert_eq!(schema["additionalProperties"], false);
    let property = |name: &str, keyword: &str| schema["properties"][name][keyword].clone();
    assert_eq!(property("summary", "maxLength"), 1024);
    assert_eq!(property("severity", "enum"), json!(["critical", "error", "warning", "info"]));
    assert_eq!(property("details", "maxLength"), 10000);
    assert_eq!(property("ticket_url", "pattern"), r"^https://\S+$");
    assert_eq!(property("caller_phone", "type"), "string");
}

#[test]
fn an_event_is_sent_without_the_integration_key() {
    fn check(settings: Value, more: Value, event: Value) {
        let fake = fake().settings(with(json!({ "source": "Route Planner" }), settings)).expect(ENQUEUE, taken());
        assert_eq!(fake.call::<Plugin>("page_oncall", with(arguments(), more)), Ok(paged()));
        let sent = &fake.sent()[0];
        assert_eq!(sent.json(), with(json!({ "event_action": "trigger", "dedup_key": KEY }), event));
        assert_eq!(sent.header("x-routing-key"), None);
    }
    fn payload(severity: &str, details: Value) -> Value {
        json!({
            "summary": "No orders since 9:00",
            "source": "Route Planner",
            "severity": severity,
            "component": "checkout",
            "custom_details": details,
        })
    }
    check(json!({}), json!({}), json!({ "payload": payload("critical", json!({})) }));
    check(
        json!({ "client": "Support line", "services": ["planner", "checkout"] }),
        json!({ "severity": "warning", "caller_phone": "+14155550123" }),
        json!({ "client": "Support line", "payload": payload("warning", json!({ "caller_phone": "+14155550123" })) }),
    );
    let ticket = "https://northwind.zendesk.com/agent/tickets/31";
    let said = "\"<b>500</b>\" on every page,\nsince 9:00";
    check(
        json!({}),
        json!({ "severity": "info", "details": said, "ticket_url": ticket }),
        json!({
            "payload": payload("info", json!({ "details": said, "ticket_url": ticket })),
            "links": [{ "href": ticket, "text": "Ticket" }],
        }),
    );
}

#[test]
fn the_receipt_is_the_alert_that_pagerduty_names() {
    fn check(settings: Value, answer: Value, expected: Receipt) {
        let fake = fake().settings(settings).expect(ENQUEUE, Reply::json(202, answer));
        assert_eq!(fake.call::<Plugin>("page_oncall", arguments()).unwrap().receipts, [expected]);
    }
    let plain = json!({ "source": "Route Planner" });
    check(plain.clone(), json!({ "status": "success", "dedup_key": "other" }), Receipt::new("alert", "other"));
    check(plain, json!({ "status": "success" }), Receipt::new("alert", KEY));
    check(
        json!({ "source": "Route Planner", "subdomain": "northwind" }),
        json!({ "status": "success" }),
        Receipt::new("alert", KEY).with_url("https://northwind.pagerduty.com/alerts"),
    );
}

#[test]
fn arguments_that_don_t_fit_send_nothing() {
    fn check(more: Value, words: &str) {
        let settings = json!({ "source": "Route Planner", "services": ["planner", "checkout"] });
        let failure = fake().settings(settings).call::<Plugin>("page_oncall", with(arguments(), more)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!({ "service": "billing" }), r#"no service "billing"; there are: planner, checkout"#);
    check(json!({ "service": "" }), "there are: planner, checkout");
    check(json!({ "severity": "urgent" }), "urgent");
    check(json!({ "caller_phone": "555 0123" }), "E.164");
}

#[test]
fn refusals_of_pagerduty_are_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let fake = fake().expect(ENQUEUE, reply);
        let failure = fake.call::<Plugin>("page_oncall", arguments()).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let invalid = |errors: &[&str]| {
        Reply::json(400, json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors }))
    };
    let two = ["'payload.summary' is missing or blank", "'payload.source' is missing or blank"];
    let words = format!("Event object is invalid: {}", two.join("; "));
    check(invalid(&two), FailureKind::InvalidArguments, &words);
    let key_wrong = "PagerDuty refuses the integration key; a person has to correct it";
    check(invalid(&["Length of 'routing_key' is incorrect (should be 32 characters)"]), FailureKind::Denied, key_wrong);
    check(invalid(&["Invalid routing key"]), FailureKind::Denied, key_wrong);
    check(Reply::text(400, ""), FailureKind::InvalidArguments, "400");
    let throttled = json!({ "status": "throttle exceeded", "message": "Requests arrive too quickly" });
    check(Reply::json(429, throttled), FailureKind::RateLimited, "too quickly");
    check(Reply::text(500, "oops"), FailureKind::OutcomeUnknown, "500");
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer");
    check(Reply::text(202, "Accepted"), FailureKind::OutcomeUnknown, "not as expected");
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached");
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow POST");
}

#[test]
fn a_repeated_attempt_sends_the_same() {
    let [first, second] = [1, 2].map(|attempt| {
        let fake = fake().attempt(attempt).expect(ENQUEUE, taken());
        fake.call::<Plugin>("page_oncall", arguments()).unwrap();
        fake.sent()[0].text().to_owned()
    });
    assert_eq!(first, second);
}
