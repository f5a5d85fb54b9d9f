//! PagerDuty, which takes events and tells nothing of alerts.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_oncall::tools::Plugin;
use serde_json::{Value, json};

use crate::{KEY, alert, arguments, with};

const ENQUEUE: &str = "POST https://events.pagerduty.com/v2/enqueue";

fn fake() -> Fake {
    Fake::new().settings(json!({ "source": "Route Planner" })).key(KEY)
}

fn taken() -> Reply {
    Reply::json(202, json!({ "status": "success", "message": "Event processed", "dedup_key": KEY }))
}

fn throttled() -> Reply {
    Reply::json(429, json!({ "status": "throttle exceeded", "message": "Requests arrive too quickly" }))
}

fn paged() -> Outcome {
    Outcome::new(format!("PagerDuty has the alert and notifies whoever is on call (alert {KEY})"))
        .with_receipt(Receipt::new("alert", KEY))
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
fn the_receipt_is_our_reference() {
    fn check(settings: Value, answer: Value, expected: Receipt) {
        let fake = fake().settings(settings).expect(ENQUEUE, Reply::json(202, answer));
        assert_eq!(fake.call::<Plugin>("page_oncall", arguments()).unwrap().receipts, [expected]);
    }
    let plain = json!({ "source": "Route Planner" });
    check(plain.clone(), json!({ "status": "success", "dedup_key": "other" }), Receipt::new("alert", KEY));
    check(plain, json!({ "status": "success" }), Receipt::new("alert", KEY));
    check(
        json!({ "source": "Route Planner", "subdomain": "northwind" }),
        json!({ "status": "success" }),
        Receipt::new("alert", KEY).with_url("https://northwind.pagerduty.com/alerts"),
    );
}

#[test]
fn refusals_of_pagerduty_are_told() {
    fn check(reply: impl Fn() -> Reply, kind: FailureKind, words: &str) {
        let calls = [("page_oncall", arguments()), ("acknowledge_page", alert()), ("resolve_page", alert())];
        for (tool, arguments) in calls {
            let fake = fake().expect(ENQUEUE, reply());
            let failure = fake.call::<Plugin>(tool, arguments).unwrap_err();
            assert_eq!(failure.kind, kind, "{}", failure.message);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
    let invalid = |errors: &[&str]| {
        Reply::json(400, json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors }))
    };
    let two = ["'payload.summary' is missing or blank", "'payload.source' is missing or blank"];
    let words = format!("Event object is invalid: {}", two.join("; "));
    check(|| invalid(&two), FailureKind::InvalidArguments, &words);
    let key_wrong = "PagerDuty refuses the integration key; a person has to correct it";
    let length = "Length of 'routing_key' is incorrect (should be 32 characters)";
    check(|| invalid(&[length]), FailureKind::Denied, key_wrong);
    check(|| invalid(&["Invalid routing key"]), FailureKind::Denied, key_wrong);
    check(|| invalid(&["'routing_key' is missing or blank"]), FailureKind::Denied, key_wrong);
    check(|| Reply::stray(400, ""), FailureKind::InvalidArguments, "400");
    check(throttled, FailureKind::RateLimited, "too quickly");
    check(|| Reply::stray(500, "oops"), FailureKind::OutcomeUnknown, "500");
    check(Reply::cut, FailureKind::OutcomeUnknown, "no whole answer");
    check(|| Reply::stray(202, "Accepted"), FailureKind::OutcomeUnknown, "not as expected");
    check(Reply::unreachable, FailureKind::Unavailable, "can't be reached");
    check(Reply::denied, FailureKind::Denied, "the grant doesn't allow POST");
}

#[test]
fn a_throttled_event_waits() {
    fn check(reply: Reply, wait_ms: u64) {
        let failure = fake().expect(ENQUEUE, reply).call::<Plugin>("page_oncall", arguments()).unwrap_err();
        assert_eq!(failure.retry_after_ms, Some(wait_ms));
    }
    check(throttled(), 30_000);
    check(throttled().with_header("retry-after", "90"), 90_000);
}

#[test]
fn a_repeated_attempt_sends_the_same() {
    fn check(tool: &str, arguments: &Value) {
        let [first, second] = [(1, Reply::cut()), (2, taken())].map(|(attempt, reply)| {
            let fake = fake().attempt(attempt).expect(ENQUEUE, reply);
            let done = fake.call::<Plugin>(tool, arguments.clone());
            assert_eq!(
                done.map_err(|failure| failure.kind).err(),
                (attempt == 1).then_some(FailureKind::OutcomeUnknown)
            );
            fake.sent()[0].text().to_owned()
        });
        assert_eq!(first, second);
    }
    check("page_oncall", &arguments());
    check("acknowledge_page", &alert());
    check("resolve_page", &alert());
}

/// PagerDuty shows no event. The host has repeated it under the same key by then.
#[test]
fn an_event_in_doubt_is_for_a_person() {
    let calls = [("page_oncall", arguments()), ("acknowledge_page", alert()), ("resolve_page", alert())];
    for (tool, arguments) in calls {
        assert_eq!(fake().reconcile::<Plugin>(tool, arguments), Ok(Finding::Unknown(None)));
    }
}

#[test]
fn an_alert_is_changed_by_its_reference_alone() {
    fn check(vendor: Value, tool: &str, action: &str, text: &str) {
        let settings = with(json!({ "source": "Route Planner", "client": "Support line" }), vendor);
        let fake = fake().key("ac_of_this_effect").settings(settings).expect(ENQUEUE, taken());
        let expected = Outcome::new(format!("{text} (alert {KEY})")).with_receipt(Receipt::new("alert", KEY));
        assert_eq!(fake.call::<Plugin>(tool, alert()), Ok(expected));
        assert_eq!(fake.sent()[0].json(), json!({ "event_action": action, "dedup_key": KEY }));
    }
    for vendor in [json!({}), json!({ "vendor": "pagerduty" })] {
        let text = "PagerDuty has taken the acknowledgement";
        check(vendor.clone(), "acknowledge_page", "acknowledge", text);
        check(vendor, "resolve_page", "resolve", "PagerDuty has taken the resolution");
    }
}
