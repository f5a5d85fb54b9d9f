//! Promises to pay: what may be promised, what is written, and what is found of one in doubt.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Receipt};
use aftercall_plugin_collections::tools::Plugin;
use serde_json::{Value, json};

use crate::{CONTACT_URL, PATCH, READ, READ_PROPERTIES, ann, ann_with, fake, object, settings};

const TOOL: &str = "record_promise_to_pay";
const WORDS: &str = "the promise to pay 150.00 GBP by 2026-01-16 is recorded on account 512";
const DAY_MS: u64 = 86_400_000;
/// When the attempt in doubt was: the fake's own time.
const THEN_MS: u64 = 1_767_225_600_000;

fn counting(more: Value) -> Fake {
    let mut own = settings(json!({ "currency": "GBP" }));
    own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fake().settings(own)
}

fn promise(more: Value) -> Value {
    let mut arguments = json!({ "account_id": "512", "amount": "150.00", "currency": "GBP", "date": "2026-01-16" });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

fn promised(amount: &str) -> Value {
    json!({
        "collection_status": "promise_to_pay",
        "promised_payment_date": "2026-01-16",
        "promised_payment_amount": amount,
    })
}

#[test]
fn a_promise_is_written_on_the_account() {
    fn check(more: Value, reason: Option<&str>) {
        let fake = counting(json!({})).expect(READ, ann()).expect(PATCH, Reply::json(200, object("512", json!({}))));
        let outcome = fake.call::<Plugin>(TOOL, promise(more)).unwrap();
        let mut properties = promised("150.00");
        if let Some(reason) = reason {
            properties["collection_status_reason"] = json!(reason);
        }
        assert_eq!(fake.sent()[0].query(), [("properties".to_owned(), READ_PROPERTIES.to_owned())]);
        assert_eq!(fake.sent()[1].json(), json!({ "properties": properties }));
        assert_eq!(outcome.text, WORDS);
        assert_eq!(outcome.receipts, [Receipt::new("contact", "512").with_url(CONTACT_URL)]);
    }
    check(json!({}), None);
    check(json!({ "note": "Wages come on the 15th" }), Some("Wages come on the 15th"));
    check(json!({ "note": "  " }), None);
}

#[test]
fn a_promise_for_another_day_leaves_no_amount_of_before() {
    fn check(before: Value, is_cleared: bool) {
        let fake = counting(json!({})).expect(READ, ann_with(before));
        let fake = fake.expect(PATCH, Reply::json(200, object("512", json!({}))));
        let arguments = json!({ "account_id": "512", "status": "promise_to_pay", "promised_date": "2026-01-16" });
        fake.call::<Plugin>("update_account_status", arguments).unwrap();
        let mut properties = promised("");
        if !is_cleared {
            properties.as_object_mut().unwrap().remove("promised_payment_amount");
        }
        assert_eq!(fake.sent()[1].json(), json!({ "properties": properties }));
    }
    check(json!({}), true);
    check(json!({ "promised_payment_date": "2026-01-09" }), true);
    // What record_promise_to_pay has recorded in the same call.
    check(json!({ "promised_payment_date": "2026-01-16" }), false);
}

#[test]
fn a_day_is_within_reach_of_the_call() {
    fn check(date: &str, more: Value, ended_at: Option<u64>, words: Option<&str>) {
        let mut fake = counting(more);
        if let Some(at_ms) = ended_at {
            fake = fake.fact("call.ended-at", &json!(at_ms));
        }
        if words.is_none() {
            fake = fake.expect(READ, ann()).expect(PATCH, Reply::json(200, object("512", json!({}))));
        }
        let answer = fake.call::<Plugin>(TOOL, promise(json!({ "date": date })));
        match (answer, words) {
            (Ok(_), None) => {}
            (Err(failure), Some(words)) => {
                assert_eq!(failure.kind, FailureKind::InvalidArguments);
                assert!(failure.message.contains(words), "{date}: {}", failure.message);
            }
            (answer, _) => panic!("{date}: {answer:?}"),
        }
    }
    check("2026-01-01", json!({}), None, None);
    check("2026-01-31", json!({}), None, None);
    check("2026-02-01", json!({}), None, Some("for 30 days after the call, which was on 2026-01-01"));
    check("2026-02-01", json!({ "promise_days_max": 31 }), None, None);
    check("2025-12-31", json!({}), None, Some("`date` 2025-12-31 is past: the call was on 2026-01-01"));
    // In New York it is still the last day of the year.
    check("2025-12-31", json!({ "utc_offset_minutes": -300 }), None, None);
    // The run may be late: the day of the call counts.
    check("2025-12-31", json!({}), Some(THEN_MS - DAY_MS), None);
    check("2025-12-30", json!({}), Some(THEN_MS - DAY_MS), Some("the call was on 2025-12-31"));
    check("16/01/2026", json!({}), None, Some("write the year first"));
}

#[test]
fn no_more_is_promised_than_is_owed() {
    fn check(more: Value, balance: &str, amount: &str, expected: Option<(FailureKind, &str)>) {
        let mut fake = counting(more).expect(READ, ann_with(json!({ "balance_due": balance })));
        if expected.is_none() {
            fake = fake.expect(PATCH, Reply::json(200, object("512", json!({}))));
        }
        let answer = fake.call::<Plugin>(TOOL, promise(json!({ "amount": amount })));
        match (answer, expected) {
            (Ok(_), None) => {}
            (Err(failure), Some((kind, words))) => {
                assert_eq!(failure.kind, kind);
                assert!(failure.message.contains(words), "{}", failure.message);
                assert!(!failure.message.contains("420"), "what is owed is told: {}", failure.message);
            }
            (answer, _) => panic!("{balance} {amount}: {answer:?}"),
        }
    }
    let (any, whole) = (json!({ "promise_amounts": "any" }), json!({ "promise_amounts": "whole" }));
    let invalid = FailureKind::InvalidArguments;
    check(json!({}), "420.5", "420.50", None);
    check(json!({}), "420.50", "0.01", None);
    check(json!({}), "420.50", "420.51", Some((invalid, "more than is owed")));
    check(any.clone(), "420.50", "420.51", None);
    check(whole.clone(), "420.50", "420.50", None);
    check(whole.clone(), "420.50", "420.49", Some((invalid, "only the whole balance")));
    check(whole, "420.50", "420.51", Some((invalid, "more than is owed")));
    check(json!({}), "0", "1.00", Some((FailureKind::Conflict, "nothing is owed")));
    check(json!({}), "-420", "1.00", Some((FailureKind::Conflict, "nothing is owed")));
    check(json!({}), "", "1.00", Some((FailureKind::Conflict, "no balance that can be read")));
    check(json!({}), "4.2e2", "1.00", Some((FailureKind::Conflict, "no balance that can be read")));
    check(any, "", "1.00", None);
}

#[test]
fn a_promise_that_makes_no_sense_is_refused() {
    fn check(more: Value, words: &str) {
        let failure = counting(json!({})).call::<Plugin>(TOOL, promise(more)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!({ "amount": "0.00" }), "above nothing");
    check(json!({ "amount": "1.500" }), "`amount` 1.500 is ambiguous");
    check(json!({ "amount": "1,500" }), "is no amount");
    check(json!({ "currency": "USD" }), "the accounts are in GBP");
    check(json!({ "currency": "pounds" }), "ISO 4217");
    check(json!({ "date": "2026-02-30" }), "there is no day 2026-02-30");
}

#[test]
fn a_promise_needs_a_currency_in_the_settings() {
    let fake = fake().expect(READ, ann());
    let failure = fake.call::<Plugin>(TOOL, promise(json!({}))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Misconfigured);
    assert!(failure.message.contains("set `currency`"), "{}", failure.message);
}

#[test]
fn a_promise_that_fails_says_why() {
    fn check(reply: Reply, kind: FailureKind) {
        let fake = counting(json!({})).expect(READ, ann()).expect(PATCH, reply);
        assert_eq!(fake.call::<Plugin>(TOOL, promise(json!({}))).unwrap_err().kind, kind);
    }
    check(Reply::json(400, crate::error("VALIDATION_ERROR", crate::UNKNOWN_PROPERTY)), FailureKind::Misconfigured);
    check(Reply::json(403, crate::error("MISSING_SCOPES", "a scope is missing")), FailureKind::Denied);
    check(Reply::json(429, crate::error("RATE_LIMITS", "slow down")), FailureKind::RateLimited);
    check(Reply::stray(502, ""), FailureKind::OutcomeUnknown);
    check(Reply::cut(), FailureKind::OutcomeUnknown);
    check(Reply::stray(200, "{}"), FailureKind::OutcomeUnknown);
}

#[test]
fn a_promise_in_doubt_is_read() {
    fn check(reply: Reply, later_ms: u64, expected: Option<Finding>) {
        let fake = counting(json!({})).attempt_at(THEN_MS).now(THEN_MS + later_ms).expect(READ, reply);
        match (fake.reconcile::<Plugin>(TOOL, promise(json!({}))).unwrap(), expected) {
            (Finding::Happened(outcome), None) => {
                assert_eq!(outcome.text, WORDS);
                assert_eq!(outcome.receipts, [Receipt::new("contact", "512").with_url(CONTACT_URL)]);
            }
            (finding, Some(expected)) => assert_eq!(finding, expected),
            (finding, None) => panic!("{finding:?}"),
        }
    }
    check(ann_with(promised("150.00")), 0, None);
    check(ann_with(promised("150")), 0, None);
    check(ann_with(promised("120")), 0, Some(Finding::ask_again_after(15_000)));
    check(ann_with(promised("120")), 60_000, Some(Finding::Unknown(None)));
    check(ann(), 60_000, Some(Finding::Unknown(None)));
}

#[test]
fn a_promise_whose_answer_was_lost_is_one_even_if_part_was_paid_since() {
    let first = counting(json!({})).expect(READ, ann()).expect(PATCH, Reply::cut());
    assert_eq!(first.call::<Plugin>(TOOL, promise(json!({}))).unwrap_err().kind, FailureKind::OutcomeUnknown);
    let mut since = promised("150.00");
    since["balance_due"] = json!("20");
    let second =
        counting(json!({})).attempt(2).doubted().expect(READ, ann_with(since.clone())).expect(READ, ann_with(since));
    assert_eq!(second.call::<Plugin>(TOOL, promise(json!({}))).unwrap().text, WORDS);
    // What didn't arrive is written again, the same.
    let third = counting(json!({})).attempt(2).doubted().expect(READ, ann()).expect(READ, ann());
    let third = third.expect(PATCH, Reply::json(200, object("512", json!({}))));
    third.call::<Plugin>(TOOL, promise(json!({}))).unwrap();
    assert_eq!(first.sent()[1].text(), third.sent()[2].text());
}
