//! Effects in doubt: what is read of them, and that repeating leaves one.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_collections::tools::Plugin;
use serde_json::{Value, json};

use crate::{
    ASSOCIATE, CONTACT_URL, DEAL_URL, PATCH, READ, UPSERT, ann, ann_with, arrangement, associated, error, fake, object,
    settings, upserted,
};

const READ_DEAL: &str = "GET https://api.hubapi.com/crm/v3/objects/0-3/ac_0123abcd";
/// When the attempt in doubt was, in milliseconds.
const THEN_MS: u64 = 1_767_225_600_000;
/// How long HubSpot may show what was before, in milliseconds.
const LAG_MS: u64 = 60_000;

fn deal(contacts: &[&str], amount: &str) -> Reply {
    let results: Vec<Value> = contacts.iter().map(|id| json!({ "id": id, "type": "deal_to_contact" })).collect();
    let mut deal = object("9", json!({ "amount": amount, "deal_currency_code": "GBP" }));
    if !results.is_empty() {
        deal["associations"] = json!({ "contacts": { "results": results } });
    }
    Reply::json(200, deal)
}

fn absent() -> Reply {
    Reply::json(404, error("OBJECT_NOT_FOUND", "resource not found"))
}

#[test]
fn a_status_in_doubt_is_read() {
    fn check(reply: Reply, later_ms: u64, expected: Result<Option<Finding>, FailureKind>) {
        let arguments = json!({
            "account_id": "512", "status": "promise_to_pay", "promised_date": "2026-12-01", "reason": " Wages come then. ",
        });
        let fake = fake().attempt_at(THEN_MS).now(THEN_MS + later_ms).expect(READ, reply);
        let finding = fake.reconcile::<Plugin>("update_account_status", arguments);
        let names = "collection_status,collection_status_reason,promised_payment_date";
        assert_eq!(fake.sent()[0].query(), [("properties".to_owned(), names.to_owned())]);
        match (finding, expected) {
            (Ok(Finding::Happened(outcome)), Ok(None)) => {
                assert_eq!(outcome.text, "account 512 has the status promise_to_pay, for 2026-12-01");
                assert_eq!(outcome.receipts, [Receipt::new("contact", "512").with_url(CONTACT_URL)]);
            }
            (Ok(finding), Ok(Some(expected))) => assert_eq!(finding, expected),
            (Err(failure), Err(kind)) => assert_eq!(failure.kind, kind),
            (finding, _) => panic!("{finding:?}"),
        }
    }
    let account = |status: &str, date: &str| {
        let reason = "Wages come then.";
        let properties = json!({
            "collection_status": status, "promised_payment_date": date, "collection_status_reason": reason,
        });
        Reply::json(200, object("512", properties))
    };
    check(account("promise_to_pay", "2026-12-01"), 0, Ok(None));
    check(account("promise_to_pay", "2026-11-01"), 0, Ok(Some(Finding::ask_again_after(15_000))));
    check(account("disputed", "2026-12-01"), LAG_MS - 1, Ok(Some(Finding::ask_again_after(1))));
    // People may have changed, deleted or merged the account since: that says nothing of what was written before.
    check(account("disputed", "2026-12-01"), LAG_MS, Ok(Some(Finding::Unknown(None))));
    check(ann(), LAG_MS, Ok(Some(Finding::Unknown(None))));
    check(absent(), LAG_MS, Ok(Some(Finding::Unknown(None))));
    let properties = json!({ "collection_status": "promise_to_pay", "promised_payment_date": "2026-12-01" });
    check(Reply::json(200, object("600", properties)), LAG_MS, Ok(Some(Finding::Unknown(None))));
    check(Reply::stray(502, ""), LAG_MS, Err(FailureKind::Unavailable));
    check(Reply::cut(), LAG_MS, Err(FailureKind::Unavailable));
    check(Reply::json(403, error("MISSING_SCOPES", "a scope is missing")), 0, Ok(Some(Finding::Unknown(None))));
}

#[test]
fn how_long_hubspot_lags_is_a_setting() {
    fn check(lag_ms: u64, expected: Finding) {
        let fake = fake().settings(settings(json!({ "search_lag_ms": lag_ms }))).attempt_at(THEN_MS);
        let fake = fake.now(THEN_MS + LAG_MS).expect(READ_DEAL, absent());
        assert_eq!(fake.reconcile::<Plugin>("log_payment_arrangement", arrangement(json!({}))), Ok(expected));
    }
    check(0, Finding::DidNotHappen);
    check(LAG_MS, Finding::DidNotHappen);
    check(LAG_MS + 10_000, Finding::ask_again_after(10_000));
}

#[test]
fn an_arrangement_in_doubt_is_found_by_its_key() {
    fn check(reply: Reply, later_ms: u64, expected: Result<Option<Finding>, FailureKind>) {
        let fake = fake().attempt_at(THEN_MS).now(THEN_MS + later_ms).expect(READ_DEAL, reply);
        let finding = fake.reconcile::<Plugin>("log_payment_arrangement", arrangement(json!({})));
        let properties = ("properties", "amount,deal_currency_code");
        let query = [("idProperty", "aftercall_key"), properties, ("associations", "contacts")];
        assert_eq!(fake.sent()[0].query(), query.map(|(name, value)| (name.to_owned(), value.to_owned())));
        match (finding, expected) {
            (Ok(Finding::Happened(outcome)), Ok(None)) => {
                assert_eq!(outcome.text, "the arrangement of 150.00 GBP is logged on account 512, arrangement_id 9");
                assert_eq!(outcome.receipts, [Receipt::new("deal", "9").with_url(DEAL_URL)]);
                assert_eq!(outcome.data.as_deref(), Some(r#"{"arrangement_id":"9"}"#));
            }
            (Ok(finding), Ok(Some(expected))) => assert_eq!(finding, expected),
            (Err(failure), Err(kind)) => assert_eq!(failure.kind, kind),
            (finding, _) => panic!("{finding:?}"),
        }
    }
    check(deal(&["7", "512"], "150"), 0, Ok(None));
    check(deal(&[], "150.00"), 0, Ok(Some(Finding::ask_again_after(15_000))));
    // Made, and not on the account, or over something else by now.
    let text = "deal 9 was made for this, and isn't as it was asked for: nothing else is made in its place";
    let there = Outcome::new(text).with_receipt(Receipt::new("deal", "9").with_url(DEAL_URL));
    let there = Outcome { data: Some(r#"{"arrangement_id":"9"}"#.to_owned()), ..there };
    check(deal(&["7"], "150.00"), LAG_MS, Ok(Some(Finding::HappenedOtherwise(there.clone()))));
    check(deal(&["512"], "15"), LAG_MS, Ok(Some(Finding::HappenedOtherwise(there))));
    check(absent(), 0, Ok(Some(Finding::ask_again_after(15_000))));
    check(absent(), LAG_MS, Ok(Some(Finding::DidNotHappen)));
    check(Reply::stray(503, ""), LAG_MS, Err(FailureKind::Unavailable));
    check(Reply::stray(200, "<p>"), LAG_MS, Err(FailureKind::Other));
}

#[test]
fn a_status_whose_answer_was_lost_is_set_again() {
    let change = || json!({ "account_id": "512", "status": "paid" });
    let first = fake().expect(READ, ann()).expect(PATCH, Reply::cut());
    let failure = first.call::<Plugin>("update_account_status", change()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    let second = fake().attempt(2).expect(READ, ann()).expect(PATCH, Reply::json(200, object("512", json!({}))));
    second.call::<Plugin>("update_account_status", change()).unwrap();
    assert_eq!(first.sent()[1].text(), second.sent()[1].text());
}

#[test]
fn an_arrangement_that_was_logged_is_not_judged_by_what_was_paid_since() {
    let paid = || ann_with(json!({ "balance_due": "20" }));
    let own = || fake().settings(settings(json!({ "currency": "GBP" }))).attempt(2).doubted().expect(READ, paid());
    let logged =
        own().expect(READ_DEAL, deal(&[], "150.00")).expect(UPSERT, upserted()).expect(ASSOCIATE, associated());
    logged.call::<Plugin>("log_payment_arrangement", arrangement(json!({}))).unwrap();
    let absent = own().expect(READ_DEAL, absent());
    let failure = absent.call::<Plugin>("log_payment_arrangement", arrangement(json!({}))).unwrap_err();
    assert!(failure.message.contains("more than is owed"), "{}", failure.message);
}

#[test]
fn an_arrangement_that_broke_off_is_repaired_by_repetition() {
    for broken in [Reply::cut(), Reply::stray(503, ""), absent(), Reply::denied(), Reply::unreachable()] {
        let first = fake().expect(READ, ann()).expect(UPSERT, upserted()).expect(ASSOCIATE, broken);
        let failure = first.call::<Plugin>("log_payment_arrangement", arrangement(json!({}))).unwrap_err();
        assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
        assert!(failure.message.starts_with("deal 9 is made, but"), "{}", failure.message);
        let second = fake().attempt(2).expect(READ, ann()).expect(UPSERT, upserted()).expect(ASSOCIATE, associated());
        second.call::<Plugin>("log_payment_arrangement", arrangement(json!({}))).unwrap();
        assert_eq!(first.sent()[1].text(), second.sent()[1].text());
    }
}
