//! Payment arrangements: the deal that is made, and what HubSpot says of it.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Receipt};
use aftercall_plugin_collections::tools::Plugin;
use serde_json::{Value, json};

use crate::{
    ASSOCIATE, DEAL_URL, READ, READ_PROPERTIES, UNKNOWN_PROPERTY, UPSERT, ann, ann_with, arrangement, associated,
    batch, error, fake, not_valid, object, refused_in_part, settings, upserted,
};

#[test]
fn an_arrangement_is_a_deal_on_the_account() {
    fn check(more: Value, account: Reply, name: &str, description: &str) {
        let fake = fake().expect(READ, account).expect(UPSERT, upserted()).expect(ASSOCIATE, associated());
        let outcome = fake.call::<Plugin>("log_payment_arrangement", arrangement(more)).unwrap();
        let [read, upsert, associate] = &fake.sent()[..] else { panic!("three requests") };
        assert_eq!(read.query(), [("properties".to_owned(), READ_PROPERTIES.to_owned())]);
        let properties = json!({
            "dealname": name,
            "amount": "150.00",
            "deal_currency_code": "GBP",
            "closedate": "2026-12-01T12:00:00Z",
            "pipeline": "81",
            "dealstage": "8101",
            "description": description,
        });
        let input = json!({ "idProperty": "aftercall_key", "id": "ac_0123abcd", "properties": properties });
        assert_eq!(upsert.json(), json!({ "inputs": [input] }));
        assert_eq!(associate.text(), "");
        assert_eq!(outcome.text, "the arrangement of 150.00 GBP is logged on account 512, arrangement_id 9");
        assert_eq!(outcome.data.as_deref(), Some(r#"{"arrangement_id":"9"}"#));
        assert_eq!(outcome.receipts, [Receipt::new("deal", "9").with_url(DEAL_URL)]);
    }
    let ann_lee = "Payment arrangement: Ann Lee";
    check(json!({}), ann(), ann_lee, "First payment on 2026-12-01.");
    check(json!({ "instalments": 1, "method": "cash" }), ann(), ann_lee, "One payment on 2026-12-01, in cash.");
    check(
        json!({ "instalments": 3, "method": "bank_transfer", "note": " On pay day " }),
        ann(),
        ann_lee,
        "3 instalments, the first on 2026-12-01, by bank transfer.\nOn pay day",
    );
    check(json!({ "note": " \n " }), ann(), ann_lee, "First payment on 2026-12-01.");
    let nameless = Reply::json(200, object("512", json!({ "firstname": "" })));
    check(
        json!({ "method": "cheque" }),
        nameless,
        "Payment arrangement: 512",
        "First payment on 2026-12-01, by cheque.",
    );
}

#[test]
fn a_deal_closes_at_noon_where_the_team_works() {
    let fake = fake().settings(settings(json!({ "utc_offset_minutes": -300 })));
    let fake = fake.expect(READ, ann()).expect(UPSERT, upserted()).expect(ASSOCIATE, associated());
    fake.call::<Plugin>("log_payment_arrangement", arrangement(json!({}))).unwrap();
    assert_eq!(fake.sent()[1].json()["inputs"][0]["properties"]["closedate"], "2026-12-01T17:00:00Z");
}

#[test]
fn an_arrangement_that_makes_no_sense_is_refused() {
    fn check(more: Value, words: &str) {
        let failure = fake().call::<Plugin>("log_payment_arrangement", arrangement(more)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!({ "amount": "0.00" }), "above nothing");
    check(json!({ "first_payment_date": "2025-12-31" }), "the call was on 2026-01-01");
    check(json!({ "amount": 150 }), "the arguments don't fit");
    check(json!({ "amount": "1.500" }), "`amount` 1.500 is ambiguous");
    check(json!({ "currency": "JPY" }), "write it as in 1250,");
    check(json!({ "currency": "pounds" }), "ISO 4217");
    check(json!({ "first_payment_date": "01/12/2026" }), "write the year first");
    check(json!({ "first_payment_date": "2026-13-01" }), "there is no day 2026-13-01");
    check(json!({ "method": "barter" }), "barter");
    check(json!({ "instalments": -1 }), "the arguments don't fit");
}

#[test]
fn no_more_is_arranged_than_is_owed() {
    fn check(more: Value, balance: &str, amount: &str, refused: Option<(FailureKind, &str)>) {
        let mut own = json!({ "currency": "GBP" });
        own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        own.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let mut fake = fake().settings(settings(own)).expect(READ, ann_with(json!({ "balance_due": balance })));
        if refused.is_none() {
            fake = fake.expect(UPSERT, upserted()).expect(ASSOCIATE, associated());
        }
        match (fake.call::<Plugin>("log_payment_arrangement", arrangement(json!({ "amount": amount }))), refused) {
            (Ok(_), None) => {}
            (Err(failure), Some((kind, words))) => {
                assert_eq!(failure.kind, kind);
                assert!(failure.message.contains(words), "{}", failure.message);
                assert!(!failure.message.contains("420"), "what is owed is told: {}", failure.message);
            }
            (answer, _) => panic!("{balance} {amount}: {answer:?}"),
        }
    }
    let more = (FailureKind::InvalidArguments, "more than is owed");
    check(json!({}), "420.50", "420.50", None);
    check(json!({}), "420.50", "420.51", Some(more));
    check(json!({ "promise_amounts": "whole" }), "420.50", "100.00", None);
    check(json!({ "promise_amounts": "whole" }), "420.50", "420.51", Some(more));
    check(json!({ "promise_amounts": "any" }), "420.50", "420.51", None);
    check(json!({}), "0", "1.00", Some((FailureKind::Conflict, "nothing can be arranged")));
    // What isn't known is no bound: a balance that can't be read, or one in nobody knows which currency.
    check(json!({}), "", "420.51", None);
    check(json!({}), "n/a", "420.51", None);
    check(json!({ "currency": null }), "420.50", "420.51", None);
}

#[test]
fn no_deal_is_made_for_an_account_that_is_not_there() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let fake = fake().expect(READ, reply);
        let failure = fake.call::<Plugin>("log_payment_arrangement", arrangement(json!({}))).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(
        Reply::json(404, error("OBJECT_NOT_FOUND", "resource not found")),
        FailureKind::NotFound,
        "no account has the id 512",
    );
    check(Reply::stray(503, ""), FailureKind::Unavailable, "503");
    check(Reply::cut(), FailureKind::Unavailable, "no whole answer");
}

#[test]
fn a_deal_that_fails_says_why() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let fake = fake().expect(READ, ann()).expect(UPSERT, reply);
        let failure = fake.call::<Plugin>("log_payment_arrangement", arrangement(json!({}))).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.code.as_deref(), code);
    }
    let currency = "GBP is not a currency of the account";
    let invalid = Some("VALIDATION_ERROR");
    check(
        Reply::json(400, error("VALIDATION_ERROR", currency)),
        FailureKind::InvalidArguments,
        "not a currency",
        invalid,
    );
    let in_part = |category: &str, message: &str| Reply::json(207, refused_in_part(category, message));
    check(in_part("VALIDATION_ERROR", currency), FailureKind::InvalidArguments, "refuses the deal: GBP", invalid);
    for (category, kind) in [
        ("OBJECT_NOT_FOUND", FailureKind::NotFound),
        ("CONFLICT", FailureKind::Conflict),
        ("MISSING_SCOPES", FailureKind::Denied),
        ("RATE_LIMITS", FailureKind::RateLimited),
        ("INTERNAL_ERROR", FailureKind::OutcomeUnknown),
    ] {
        check(in_part(category, "no"), kind, "the deal: no", Some(category));
    }
    for message in [
        UNKNOWN_PROPERTY.to_owned(),
        not_valid("dealstage", "INVALID_OPTION"),
        not_valid("pipeline", "INVALID_OPTION"),
        "Pipeline 81 does not exist".to_owned(),
        "aftercall_key is not a unique property".to_owned(),
    ] {
        check(in_part("VALIDATION_ERROR", &message), FailureKind::Misconfigured, "an operator has to make", invalid);
        let whole = Reply::json(400, error("VALIDATION_ERROR", &message));
        check(whole, FailureKind::Misconfigured, "an operator has to make", invalid);
    }
    let currency = not_valid("deal_currency_code", "INVALID_OPTION");
    check(in_part("VALIDATION_ERROR", &currency), FailureKind::InvalidArguments, "99 isn't right", invalid);
    // Where the settings say the currency, the model has no choice.
    let fake = fake().settings(settings(json!({ "currency": "GBP" }))).expect(READ, ann());
    let fake = fake.expect(UPSERT, in_part("VALIDATION_ERROR", &currency));
    let failure = fake.call::<Plugin>("log_payment_arrangement", arrangement(json!({}))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Misconfigured);
    check(Reply::json(200, batch(&[])), FailureKind::OutcomeUnknown, "nothing of the deal", None);
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer", None);
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow POST", None);
}
