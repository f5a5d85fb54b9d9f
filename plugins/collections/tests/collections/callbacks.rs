//! Callbacks on the promised day: a task, made once, and found again by its key.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Receipt};
use aftercall_plugin_collections::tools::Plugin;
use serde_json::{Value, json};

use crate::{CONTACT_URL, READ, ann, ann_with, fake, object, settings};

const TOOL: &str = "schedule_promise_callback";
const TASK: &str = "POST https://api.hubapi.com/crm/v3/objects/tasks";
const SEARCH_TASKS: &str = "POST https://api.hubapi.com/crm/v3/objects/tasks/search";
const WORDS: &str = "a callback on account 512 is due on 2026-01-16, task_id 31";
const THEN_MS: u64 = 1_767_225_600_000;

fn callback(more: Value) -> Value {
    let mut arguments = json!({ "account_id": "512", "date": "2026-01-16", "about": "150.00 by card" });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

/// An account on which payment is promised for the day.
fn promised() -> Reply {
    ann_with(json!({ "collection_status": "promise_to_pay", "promised_payment_date": "2026-01-16" }))
}

fn made() -> Reply {
    Reply::json(201, object("31", json!({})))
}

fn check_made(fake: Fake, arguments: Value) -> Value {
    let outcome = fake.call::<Plugin>(TOOL, arguments).unwrap();
    assert_eq!(outcome.text, WORDS);
    assert_eq!(outcome.data.as_deref(), Some(r#"{"task_id":"31"}"#));
    assert_eq!(outcome.receipts, [Receipt::new("task", "31").with_url(CONTACT_URL)]);
    fake.sent().last().unwrap().json()
}

#[test]
fn a_callback_is_a_task_on_the_account() {
    let to_ann = json!({
        "to": { "id": "512" },
        "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204 }],
    });
    let mut properties = json!({
        "hs_task_subject": "Call back about the payment promised for 2026-01-16",
        "hs_task_body": "<p>150.00 by card</p><p>Reference: ac0123abcd (aftercall)</p>",
        "hs_task_status": "NOT_STARTED",
        "hs_task_type": "CALL",
        "hs_timestamp": "2026-01-16T12:00:00Z",
    });
    let sent = check_made(fake().expect(READ, promised()).expect(TASK, made()), callback(json!({})));
    assert_eq!(sent, json!({ "properties": properties, "associations": [to_ann] }));

    properties["hs_task_subject"] = json!("Call back about the payment promised for 2026-01-16, at 16:00");
    properties["hs_task_body"] =
        json!("<p>&lt;b&gt;150&lt;/b&gt; &amp;<br>no more</p><p>Reference: ac0123abcd (aftercall)</p>");
    properties["hubspot_owner_id"] = json!("55");
    let fake = fake().settings(settings(json!({ "task_owner_id": "55" })));
    let arguments = callback(json!({ "time": "16:00", "about": " <b>150</b> &\r\nno more" }));
    let sent = check_made(fake.expect(READ, promised()).expect(TASK, made()), arguments);
    assert_eq!(sent["properties"], properties);
}

#[test]
fn a_callback_is_due_at_noon_where_the_team_works() {
    for (utc_offset_minutes, due_at) in
        [(-300, "2026-01-16T17:00:00Z"), (840, "2026-01-15T22:00:00Z"), (330, "2026-01-16T06:30:00Z")]
    {
        let fake = fake().settings(settings(json!({ "utc_offset_minutes": utc_offset_minutes })));
        let sent = check_made(fake.expect(READ, promised()).expect(TASK, made()), callback(json!({})));
        assert_eq!(sent["properties"]["hs_timestamp"], due_at);
    }
}

#[test]
fn nobody_is_called_on_a_day_that_was_not_promised() {
    fn check(account: Reply) {
        let failure = fake().expect(READ, account).call::<Plugin>(TOOL, callback(json!({}))).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains("no promise for `date` 2026-01-16"), "{}", failure.message);
        assert!(!failure.message.contains("2026-01-20"), "what was promised is told: {}", failure.message);
    }
    check(ann());
    let account =
        |status: &str, date: &str| ann_with(json!({ "collection_status": status, "promised_payment_date": date }));
    check(account("promise_to_pay", "2026-01-20"));
    // What was promised before may be disputed since.
    for status in ["disputed", "hardship", "refused", "paid", "wrong_person", ""] {
        check(account(status, "2026-01-16"));
    }
    // In a rehearsal, the promise wasn't written.
    let rehearsed = fake().dry_run().expect(READ, ann()).expect(TASK, made());
    rehearsed.call::<Plugin>(TOOL, callback(json!({}))).unwrap();
}

#[test]
fn a_callback_that_makes_no_sense_is_refused() {
    fn check(more: Value, words: &str) {
        let failure = fake().call::<Plugin>(TOOL, callback(more)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!({ "date": "2025-12-31" }), "`date` 2025-12-31 is past");
    check(json!({ "date": "Friday" }), "write the year first");
    for time in ["4pm", "24:00", "16:60", "9:00", "+9:00", "16:+1", "16.00", "\u{661}2:00"] {
        check(json!({ "time": time }), "in 24 hours, such as 14:30");
    }
}

#[test]
fn a_callback_that_fails_says_why() {
    fn check(reply: Reply, kind: FailureKind) {
        let fake = fake().expect(READ, promised()).expect(TASK, reply);
        assert_eq!(fake.call::<Plugin>(TOOL, callback(json!({}))).unwrap_err().kind, kind);
    }
    let owner = crate::not_valid("hubspot_owner_id", "INVALID_OWNER_ID");
    check(Reply::json(400, crate::error("VALIDATION_ERROR", &owner)), FailureKind::Misconfigured);
    check(Reply::json(400, crate::error("VALIDATION_ERROR", "Owner 55 is not active")), FailureKind::Misconfigured);
    check(Reply::json(400, crate::error("VALIDATION_ERROR", "Invalid input JSON")), FailureKind::InvalidArguments);
    check(Reply::json(403, crate::error("MISSING_SCOPES", "a scope is missing")), FailureKind::Denied);
    check(Reply::json(429, crate::error("RATE_LIMITS", "slow down")), FailureKind::RateLimited);
    check(Reply::stray(502, ""), FailureKind::OutcomeUnknown);
    check(Reply::stray(201, "<p>"), FailureKind::OutcomeUnknown);
    check(Reply::cut(), FailureKind::OutcomeUnknown);
}

#[test]
fn a_callback_in_doubt_is_found_by_its_key() {
    fn check(found: &[&str], total: usize, later_ms: u64, expected: Option<Finding>) {
        let tasks: Vec<Value> = found.iter().map(|body| object("31", json!({ "hs_task_body": body }))).collect();
        let reply = Reply::json(200, json!({ "total": total, "results": tasks }));
        let fake = fake().attempt_at(THEN_MS).now(THEN_MS + later_ms).expect(SEARCH_TASKS, reply);
        let finding = fake.reconcile::<Plugin>(TOOL, callback(json!({}))).unwrap();
        let filter = json!({ "propertyName": "hs_task_body", "operator": "CONTAINS_TOKEN", "value": "ac0123abcd" });
        assert_eq!(fake.sent()[0].json()["filterGroups"], json!([{ "filters": [filter] }]));
        match (finding, expected) {
            (Finding::Happened(outcome), None) => {
                assert_eq!(outcome.text, WORDS);
                assert_eq!(outcome.receipts, [Receipt::new("task", "31").with_url(CONTACT_URL)]);
            }
            (finding, Some(expected)) => assert_eq!(finding, expected),
            (finding, None) => panic!("{finding:?}"),
        }
    }
    let ours = "<p>150.00 by card</p><p>Reference: ac0123abcd (aftercall)</p>";
    let other = "<p>Reference: ac0123abcdef (aftercall)</p>";
    check(&[other, ours], 2, 0, None);
    check(&[], 0, 0, Some(Finding::ask_again_after(15_000)));
    check(&[other], 1, 59_000, Some(Finding::ask_again_after(1_000)));
    check(&[other], 1, 60_000, Some(Finding::DidNotHappen));
    check(&[other], 11, 60_000, Some(Finding::Unknown(None)));
}

#[test]
fn a_callback_whose_answer_was_lost_is_found_and_not_made_again() {
    let first = fake().expect(READ, promised()).expect(TASK, Reply::cut());
    assert_eq!(first.call::<Plugin>(TOOL, callback(json!({}))).unwrap_err().kind, FailureKind::OutcomeUnknown);
    let kept = first.sent()[1].json()["properties"].clone();
    let found = Reply::json(200, json!({ "total": 1, "results": [object("31", kept)] }));
    let finding = fake().expect(SEARCH_TASKS, found).reconcile::<Plugin>(TOOL, callback(json!({}))).unwrap();
    assert!(matches!(finding, Finding::Happened(outcome) if outcome.text == WORDS));
}
