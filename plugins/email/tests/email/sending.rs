//! Emails that go out at once, and those in doubt.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_email::tools::Plugin;
use serde_json::{Value, json};

use super::{
    ACTIVITY, GLOBAL, KEY, NOW, SEND, accepted, check_failure, fake, in_global_list, not_in_global_list, with,
};

const TEXT: &str = "Dear Ann,\n\n40 \"vans\" <b>by</b> May & {{more}}: -name-";

fn arguments() -> Value {
    json!({ "to": "ann@example.com", "subject": "Your vans & May", "text": TEXT })
}

fn sent() -> Outcome {
    let text = "SendGrid has the email to ann@example.com and sends it (message M-1)";
    Outcome::new(text).with_receipt(Receipt::new("email", "M-1"))
}

#[test]
fn a_text_is_sent_as_it_is() {
    let fake = fake().expect(GLOBAL, not_in_global_list()).expect(SEND, accepted("M-1"));
    assert_eq!(fake.call::<Plugin>("send_email", arguments()), Ok(sent()));
    let expected = json!({
        "personalizations": [{ "to": [{ "email": "ann@example.com" }], "custom_args": { "aftercall_key": KEY } }],
        "from": { "email": "office@meridian.example", "name": "Meridian" },
        "reply_to": { "email": "sales@meridian.example" },
        "subject": "Your vans & May",
        "content": [{ "type": "text/plain", "value": TEXT }],
    });
    let request = &fake.sent()[1];
    assert_eq!(request.json(), expected);
    assert_eq!(request.header("authorization"), None);
}

#[test]
fn a_sender_may_be_an_address_alone() {
    let fake = with(json!({ "sender": { "email": "office@meridian.example" } }));
    let fake = fake.expect(GLOBAL, not_in_global_list()).expect(SEND, accepted("M-1"));
    fake.call::<Plugin>("send_email", arguments()).unwrap();
    let body = fake.sent()[1].json();
    assert_eq!(body["from"], json!({ "email": "office@meridian.example" }));
    assert_eq!(body["reply_to"], Value::Null);
}

#[test]
fn an_email_without_an_id_is_found_by_what_it_carries() {
    let without = || fake().expect(GLOBAL, not_in_global_list()).expect(SEND, Reply::text(202, ""));
    let text = format!(
        "SendGrid has the email to ann@example.com and sends it (without an id; it carries aftercall_key {KEY})"
    );
    let outcome = Outcome::new(text).with_receipt(Receipt::new("aftercall_key", KEY));
    assert_eq!(without().call::<Plugin>("send_email", arguments()), Ok(outcome));
    let rehearsed = without().dry_run().call::<Plugin>("send_email", arguments()).unwrap();
    assert_eq!(rehearsed.receipts, [Receipt::new("email", KEY)]);
}

#[test]
fn nobody_who_has_unsubscribed_is_written_to() {
    let words = "ann@example.com has unsubscribed from all email of this sender: nothing was sent";
    let fake = fake().expect(GLOBAL, in_global_list());
    check_failure(&fake, "send_email", arguments(), FailureKind::Denied, words);
}

#[test]
fn a_lookup_that_fails_sends_nothing() {
    let check = |reply: Reply, kind: FailureKind| {
        check_failure(&fake().expect(GLOBAL, reply), "send_email", arguments(), kind, "");
    };
    check(Reply::text(503, ""), FailureKind::Unavailable);
    check(Reply::cut(), FailureKind::Unavailable);
    check(Reply::stray(200, "<p>"), FailureKind::Other);
    check(Reply::denied(), FailureKind::Denied);
    check(Reply::json(401, json!({ "errors": [{ "message": "authorization required" }] })), FailureKind::Denied);
}

#[test]
fn bad_arguments_are_told_before_anything_is_sent() {
    let check = |name: &str, value: Value, words: &str| {
        let mut given = arguments();
        given[name] = value;
        check_failure(&fake(), "send_email", given, FailureKind::InvalidArguments, words);
    };
    check("to", json!("ann at example.com"), "not an email address");
    check("to", json!("a/b@example.com"), "holds `/`");
    check("subject", json!("  "), "`subject`: the text");
    check("subject", json!("Hello\r\nBcc: all@example.com"), "subject: it has a line break");
    check("subject", json!("é".repeat(500)), "subject: it has more than 998 bytes");
    check("text", json!("\n"), "`text`: the text");
    check("text", json!("a\u{0}b"), "text: it has a control character");
    check("text", json!("x".repeat(20_001)), "text: it has more than 20000 characters");
}

#[test]
fn settings_without_a_sender_are_told() {
    let words = "no `sender`, without which this can't be done; no argument helps: a person has to correct `sender`";
    check_failure(&with(json!({ "sender": null })), "send_email", arguments(), FailureKind::Misconfigured, words);
}

#[test]
fn an_email_in_doubt_is_looked_up_where_the_account_can() {
    fn check(settings: Value, later_ms: u64, expected: &Finding) {
        for (tool, arguments) in
            [("send_email", arguments()), ("send_template", json!({ "to": "ann@example.com", "template": "map" }))]
        {
            let mut fake = with(settings.clone()).now(NOW + later_ms);
            if settings["activity"] == true {
                fake = fake.expect(ACTIVITY, Reply::json(200, json!({ "messages": [] })));
            }
            assert_eq!(fake.reconcile::<Plugin>(tool, arguments).unwrap(), *expected, "{later_ms} ms later");
        }
    }
    check(json!({}), 60_000, &Finding::Unknown(None));
    check(json!({ "activity": false }), 900_000, &Finding::Unknown(None));
    check(json!({ "activity": true }), 840_000, &Finding::Unknown(Some(60_000)));
    check(json!({ "activity": true }), 899_000, &Finding::Unknown(Some(1_000)));
    check(json!({ "activity": true }), 900_000, &Finding::DidNotHappen);
    check(json!({ "activity": true, "activity_lag_ms": 1_000 }), 1_000, &Finding::DidNotHappen);
}

/// The email as SendGrid's activity has it.
fn in_activity(status: &str) -> Value {
    json!({
        "from_email": "office@meridian.example",
        "msg_id": "M-1.filter0001",
        "subject": "Your vans & May",
        "to_email": "ann@example.com",
        "status": status,
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": "2026-03-01T00:02:00Z",
    })
}

#[test]
fn an_email_is_found_by_its_key() {
    let message = in_activity("delivered");
    let fake = with(json!({ "activity": true })).expect(ACTIVITY, Reply::json(200, json!({ "messages": [message] })));
    let text = "SendGrid has the email to ann@example.com: delivered (message M-1.filter0001)";
    let found = Outcome::new(text).with_receipt(Receipt::new("email", "M-1.filter0001"));
    assert_eq!(fake.reconcile::<Plugin>("send_email", arguments()), Ok(Finding::Happened(found)));
    let query = format!("(unique_args['aftercall_key']=\"{KEY}\")");
    assert_eq!(fake.sent()[0].query(), [("query".to_owned(), query), ("limit".to_owned(), "1".to_owned())]);
}

#[test]
fn a_look_that_fails_finds_nothing_out() {
    let check = |reply: Reply, kind: FailureKind| {
        let fake = with(json!({ "activity": true })).expect(ACTIVITY, reply);
        assert_eq!(fake.reconcile::<Plugin>("send_email", arguments()).unwrap_err().kind, kind);
    };
    check(Reply::text(400, ""), FailureKind::InvalidArguments);
    check(Reply::json(429, json!({ "errors": [{ "message": "too many requests" }] })), FailureKind::RateLimited);
    check(Reply::text(500, ""), FailureKind::Unavailable);
}

#[test]
fn where_the_activity_may_not_be_looked_at_a_person_is_asked() {
    for reply in [Reply::json(403, json!({ "errors": [{ "message": "access forbidden" }] })), Reply::denied()] {
        let fake = with(json!({ "activity": true })).expect(ACTIVITY, reply);
        assert_eq!(fake.reconcile::<Plugin>("send_email", arguments()), Ok(Finding::Unknown(None)));
        assert!(fake.logged()[0].1.starts_with("the activity can't be looked at: "));
    }
}

#[test]
fn an_email_whose_answer_was_lost_is_sent_once() {
    let first = fake().expect(GLOBAL, not_in_global_list()).expect(SEND, Reply::cut());
    check_failure(&first, "send_email", arguments(), FailureKind::OutcomeUnknown, "no whole answer");

    // SendGrid had taken it: it is found, and nothing is sent.
    let message = in_activity("processed");
    let lookup = with(json!({ "activity": true })).expect(ACTIVITY, Reply::json(200, json!({ "messages": [message] })));
    let found = lookup.reconcile::<Plugin>("send_email", arguments()).unwrap();
    assert!(matches!(found, Finding::Happened(_)));

    // SendGrid hadn't: the second attempt sends the same to the byte.
    let second = fake().attempt(2).expect(GLOBAL, not_in_global_list()).expect(SEND, accepted("M-1"));
    assert_eq!(second.call::<Plugin>("send_email", arguments()), Ok(sent()));
    assert_eq!(second.sent()[1].text(), first.sent()[1].text());
}
