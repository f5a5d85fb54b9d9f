//! `find_opportunities` and `upsert_opportunity`.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Receipt};
use aftercall_plugin_crm_salesforce::tools::Plugin;
use serde_json::{Value, json};

use crate::{ACCOUNT, API, CONTACT, KEY, OPPORTUNITY, QUERY, example, fake, merged, page, saved, soql, url, with};

fn by_key() -> String {
    format!("PATCH {API}/sobjects/Opportunity/Aftercall_Key__c/{KEY}")
}

fn by_id() -> String {
    format!("PATCH {API}/sobjects/Opportunity/{OPPORTUNITY}")
}

fn new(changes: Value) -> Value {
    let new = json!({
        "account_id": ACCOUNT, "name": "Acme: 40 seats ", "stage": "Qualification", "close_date": "2026-12-01",
    });
    merged(new, changes)
}

fn receipt() -> Receipt {
    Receipt::new("Opportunity", OPPORTUNITY).with_url(url(OPPORTUNITY))
}

#[test]
fn opportunities_are_queried_by_account_or_contact() {
    fn check(settings: Value, arguments: Value, of: &str, currency: &str) {
        let fake = with(settings).expect(QUERY, page(&[]));
        assert_eq!(fake.call::<Plugin>("find_opportunities", arguments).unwrap().text, "no opportunity");
        let expected = format!(
            "SELECT Id, Name, AccountId, StageName, Amount, CloseDate, IsClosed, NextStep{currency} FROM Opportunity \
             WHERE {of} ORDER BY IsClosed ASC, CloseDate DESC LIMIT 20"
        );
        assert_eq!(soql(&fake.sent()[0]), expected);
    }
    let account = format!("AccountId = '{ACCOUNT}'");
    check(json!({}), json!({ "account_id": ACCOUNT }), &account, "");
    check(json!({ "currencies": ["EUR"] }), json!({ "account_id": ACCOUNT }), &account, "");
    check(json!({ "currencies": ["EUR", "USD"] }), json!({ "account_id": ACCOUNT }), &account, ", CurrencyIsoCode");
    let contact = format!("Id IN (SELECT OpportunityId FROM OpportunityContactRole WHERE ContactId = '{CONTACT}')");
    check(json!({}), json!({ "contact_id": CONTACT }), &contact, "");
}

#[test]
fn opportunities_are_told_in_decimal_numbers() {
    fn check(settings: Value, changes: Value, told: Value) {
        let record = json!({
            "Id": OPPORTUNITY, "Name": "Acme: 40 seats", "AccountId": ACCOUNT, "StageName": "Qualification", "Amount": 1500.1,
            "CloseDate": "2026-12-01", "IsClosed": false, "NextStep": null,
        });
        let fake = with(settings).expect(QUERY, page(&[merged(record, changes)]));
        let outcome = fake.call::<Plugin>("find_opportunities", json!({ "account_id": ACCOUNT })).unwrap();
        assert_eq!(outcome.text, format!("one opportunity, opportunity_id {OPPORTUNITY}"));
        let expected = json!({
            "opportunity_id": OPPORTUNITY, "name": "Acme: 40 seats", "account_id": ACCOUNT, "stage": "Qualification",
            "amount": "1500.1", "close_date": "2026-12-01", "closed": false,
        });
        let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
        assert_eq!(data, json!({ "opportunities": [merged(expected, told)] }));
    }
    let one = || json!({ "currencies": ["EUR"] });
    check(json!({}), json!({}), json!({}));
    check(one(), json!({}), json!({ "currency": "EUR" }));
    check(one(), json!({ "Amount": null }), json!({ "amount": null }));
    let large: Value = serde_json::from_str(r#"{ "Amount": 1.25E7, "IsClosed": true, "NextStep": "sign" }"#).unwrap();
    check(one(), large, json!({ "amount": "12500000", "currency": "EUR", "closed": true, "next_step": "sign" }));
    let several = json!({ "currencies": ["EUR", "USD"] });
    check(several, json!({ "CurrencyIsoCode": "USD" }), json!({ "currency": "USD" }));
}

#[test]
fn a_new_opportunity_is_upserted_by_the_effects_key() {
    fn check(settings: Value, changes: Value, expected: Value) {
        let fake = with(settings).expect(&by_key(), saved(OPPORTUNITY, true));
        let outcome = fake.call::<Plugin>("upsert_opportunity", new(changes)).unwrap();
        let fields = json!({
            "AccountId": ACCOUNT, "Name": "Acme: 40 seats", "StageName": "Qualification", "CloseDate": "2026-12-01",
        });
        assert_eq!(fake.sent()[0].json(), merged(fields, expected));
        assert_eq!(outcome.text, format!("the opportunity is new, opportunity_id {OPPORTUNITY}"));
        assert_eq!(outcome.data, Some(json!({ "opportunity_id": OPPORTUNITY }).to_string()));
        assert_eq!(outcome.receipts, [receipt()]);
    }
    check(json!({}), json!({}), json!({}));
    check(
        json!({}),
        json!({ "stage": " closed won", "next_step": "send it" }),
        json!({ "StageName": "Closed Won", "NextStep": "send it" }),
    );
    check(json!({ "stages": ["Neu"] }), json!({ "stage": "neu" }), json!({ "StageName": "Neu" }));
    let euros = || json!({ "amount": "1500.10", "currency": "EUR" });
    check(json!({ "currencies": ["EUR"] }), euros(), json!({ "Amount": 1500.1 }));
    check(json!({ "currencies": ["USD", "EUR"] }), euros(), json!({ "Amount": 1500.1, "CurrencyIsoCode": "EUR" }));
}

#[test]
fn one_that_was_upserted_already_is_read_back() {
    let read = by_key().replacen("PATCH", "GET", 1);
    let fake = fake().expect(&by_key(), Reply::text(204, ""));
    let fake = fake.expect(&read, Reply::json(200, json!({ "Id": OPPORTUNITY })));
    let outcome = fake.call::<Plugin>("upsert_opportunity", new(json!({}))).unwrap();
    assert_eq!(outcome.receipts, [receipt()]);
}

#[test]
fn an_amount_goes_digit_by_digit() {
    let fake = with(json!({ "currencies": ["EUR"] })).expect(&by_key(), saved(OPPORTUNITY, true));
    let arguments = new(json!({ "amount": "999999999999.990", "currency": "EUR" }));
    fake.call::<Plugin>("upsert_opportunity", arguments).unwrap();
    assert!(fake.sent()[0].text().contains(r#""Amount":999999999999.990,"#), "{}", fake.sent()[0].text());
}

#[test]
fn an_amount_in_another_currency_is_refused() {
    fn check(currencies: Value, words: &str) {
        let arguments = new(json!({ "amount": "1500", "currency": "GBP" }));
        let failure =
            with(json!({ "currencies": currencies })).call::<Plugin>("upsert_opportunity", arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!(["EUR"]), "the org counts in EUR, not in GBP");
    check(json!(["EUR", "USD"]), "the org counts in EUR, USD, not in GBP");
}

#[test]
fn an_opportunity_that_is_there_is_updated_by_its_id() {
    fn check(changes: Value, fields: Value) {
        let fake = with(json!({ "currencies": ["EUR"] })).expect(&by_id(), Reply::text(204, ""));
        let arguments = merged(json!({ "opportunity_id": OPPORTUNITY }), changes);
        let outcome = fake.call::<Plugin>("upsert_opportunity", arguments).unwrap();
        assert_eq!(fake.sent()[0].json(), fields);
        assert_eq!(outcome.text, format!("the opportunity is updated, opportunity_id {OPPORTUNITY}"));
        assert_eq!(outcome.receipts, [receipt()]);
    }
    check(json!({ "stage": "Closed Won" }), json!({ "StageName": "Closed Won" }));
    check(json!({ "close_date": "2026-12-01" }), json!({ "CloseDate": "2026-12-01" }));
    check(json!({ "amount": "0", "currency": "EUR" }), json!({ "Amount": 0 }));
    check(json!({ "next_step": " call back " }), json!({ "NextStep": "call back" }));
}

#[test]
fn an_attempt_whose_answer_is_lost_leaves_one_opportunity() {
    fn check(line: &str, arguments: &Value, again: Reply, text: &str) {
        let first = fake().expect(line, Reply::cut());
        let failure = first.call::<Plugin>("upsert_opportunity", arguments.clone()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
        let second = fake().attempt(2).expect(line, again);
        let outcome = second.call::<Plugin>("upsert_opportunity", arguments.clone()).unwrap();
        assert_eq!(second.sent()[0].json(), first.sent()[0].json());
        assert_eq!(outcome.text, text);
        assert_eq!(outcome.receipts, [receipt()]);
    }
    let updated = format!("the opportunity is updated, opportunity_id {OPPORTUNITY}");
    check(&by_key(), &new(json!({})), saved(OPPORTUNITY, false), &updated);
    let change = json!({ "opportunity_id": OPPORTUNITY, "stage": "Closed Won" });
    check(&by_id(), &change, Reply::text(204, ""), &updated);
}

#[test]
fn salesforces_own_examples_are_read() {
    fn check(text: &str, words: &str) {
        let fake = fake().expect(&by_key(), example(text).0);
        assert_eq!(fake.call::<Plugin>("upsert_opportunity", new(json!({}))).unwrap().text, words);
    }
    let created = "the opportunity is new, opportunity_id 0018a00001rBqb8AAC";
    check(include_str!("../fixtures/upsert-created.json"), created);
    let updated = "the opportunity is updated, opportunity_id 001900000010PvHAAU";
    check(include_str!("../fixtures/upsert-updated.json"), updated);
}
