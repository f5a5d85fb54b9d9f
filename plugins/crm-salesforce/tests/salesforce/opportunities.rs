//! `find_opportunities` and `upsert_opportunity`.

use aftercall::testing::{Fake, Reply, Sent};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_crm_salesforce::tools::Plugin;
use serde_json::{Value, json};

use crate::{
    ACCOUNT, API, AT_WORK_MS, CONTACT, FIRST_ATTEMPT_AT, KEY, OPPORTUNITY, QUERY, example, fake, merged, page,
    query_by_key, saved, soql, url, with,
};

/// What the manifest's rule answers in a rehearsal.
const REHEARSED: &str = "006000000000000AAA";

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

/// A change of one that is there.
fn change(changes: Value) -> Value {
    merged(json!({ "account_id": ACCOUNT, "opportunity_id": OPPORTUNITY }), changes)
}

fn of_account(id: &str) -> Value {
    json!({ "Id": OPPORTUNITY, "AccountId": id })
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
    let fake = fake().expect(&by_key(), Reply::text(204, ""));
    let fake = fake.expect(QUERY, page(&[json!({ "Id": OPPORTUNITY })]));
    let outcome = fake.call::<Plugin>("upsert_opportunity", new(json!({}))).unwrap();
    assert_eq!(soql(&fake.sent()[1]), query_by_key("Id", "Opportunity", KEY));
    assert_eq!(outcome.receipts, [receipt()]);
}

#[test]
fn an_amount_keeps_its_digits() {
    let fake = with(json!({ "currencies": ["EUR"] })).expect(&by_key(), saved(OPPORTUNITY, true));
    let arguments = new(json!({ "amount": "999999999999.99", "currency": "EUR" }));
    fake.call::<Plugin>("upsert_opportunity", arguments).unwrap();
    assert!(fake.sent()[0].text().contains(r#""Amount":999999999999.99,"#), "{}", fake.sent()[0].text());
}

#[test]
fn an_amount_that_could_be_another_is_refused() {
    fn check(amount: Value, currency: Value, words: &str) {
        let arguments = new(json!({ "amount": amount, "currency": currency }));
        let fake = with(json!({ "currencies": ["EUR", "JPY"] }));
        let failure = fake.call::<Plugin>("upsert_opportunity", arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!("1.250"), json!("EUR"), "EUR has 2 digits after the point; write it as in 1250.00");
    check(json!("1250.5"), json!("EUR"), "is ambiguous");
    check(json!("1250.00"), json!("JPY"), "write it as in 1250");
    check(json!("1250.00"), json!(null), "`currency` is missing");
    check(json!(null), json!("EUR"), "without `amount`");
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
        let fake = with(json!({ "currencies": ["EUR"] })).expect(QUERY, page(&[of_account(ACCOUNT)]));
        let fake = fake.expect(&by_id(), Reply::text(204, ""));
        let outcome = fake.call::<Plugin>("upsert_opportunity", change(changes)).unwrap();
        let products = if fields.get("Amount").is_some() { ", HasOpportunityLineItem" } else { "" };
        let query = format!("SELECT Id, AccountId{products} FROM Opportunity WHERE Id = '{OPPORTUNITY}' LIMIT 2");
        assert_eq!(soql(&fake.sent()[0]), query);
        assert_eq!(fake.sent()[1].json(), fields);
        assert_eq!(outcome.text, format!("the opportunity is updated, opportunity_id {OPPORTUNITY}"));
        assert_eq!(outcome.receipts, [receipt()]);
    }
    check(json!({ "stage": "Closed Won" }), json!({ "StageName": "Closed Won" }));
    check(json!({ "close_date": "2026-12-01" }), json!({ "CloseDate": "2026-12-01" }));
    check(json!({ "amount": "0", "currency": "EUR" }), json!({ "Amount": 0 }));
    check(json!({ "next_step": " call back " }), json!({ "NextStep": "call back" }));
    // What is blank takes nothing away.
    check(json!({ "stage": "Closed Won", "next_step": " " }), json!({ "StageName": "Closed Won" }));
}

#[test]
fn an_amount_that_is_the_sum_of_products_is_not_set() {
    fn check(has_products: bool, changes: Value, expected: Option<&str>) {
        let found = merged(of_account(ACCOUNT), json!({ "HasOpportunityLineItem": has_products }));
        let fake = with(json!({ "currencies": ["EUR"] })).expect(QUERY, page(&[found]));
        let fake = if expected.is_none() { fake.expect(&by_id(), Reply::text(204, "")) } else { fake };
        let outcome = fake.call::<Plugin>("upsert_opportunity", change(changes));
        match (outcome, expected) {
            (Ok(_), None) => {}
            (Err(failure), Some(words)) => {
                assert_eq!(failure.kind, FailureKind::InvalidArguments);
                assert!(failure.message.contains(words), "{}", failure.message);
            }
            (outcome, _) => panic!("{outcome:?}"),
        }
    }
    let amount = || json!({ "amount": "1500.00", "currency": "EUR", "stage": "Closed Won" });
    check(true, amount(), Some("leave out amount and currency, and say 1500.00 EUR in next_step"));
    check(true, json!({ "stage": "Closed Won" }), None);
    check(false, amount(), None);
}

#[test]
fn an_opportunity_of_another_account_is_not_touched() {
    fn check(found: &[Value]) {
        let fake = fake().expect(QUERY, page(found));
        let failure = fake.call::<Plugin>("upsert_opportunity", change(json!({ "stage": "Closed Won" }))).unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotFound);
        let words = format!("account {ACCOUNT} has no opportunity {OPPORTUNITY}");
        assert!(failure.message.contains(&words), "{}", failure.message);
    }
    check(&[]);
    check(&[of_account("001900000010PvHAAU")]);
    check(&[json!({ "Id": OPPORTUNITY, "AccountId": null })]);
}

#[test]
fn an_attempt_whose_answer_is_lost_leaves_one_opportunity() {
    fn check(look: Option<&dyn Fn() -> Reply>, line: &str, arguments: &Value, again: Reply) {
        let looking = |fake: Fake| match look {
            Some(found) => fake.expect(QUERY, found()),
            None => fake,
        };
        let first = looking(fake()).expect(line, Reply::cut());
        let failure = first.call::<Plugin>("upsert_opportunity", arguments.clone()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
        let second = looking(fake().attempt(2)).expect(line, again);
        let outcome = second.call::<Plugin>("upsert_opportunity", arguments.clone()).unwrap();
        let (first, second) = (first.sent(), second.sent());
        assert_eq!(second.last().map(Sent::json), first.last().map(Sent::json));
        assert_eq!(outcome.text, format!("the opportunity is updated, opportunity_id {OPPORTUNITY}"));
        assert_eq!(outcome.receipts, [receipt()]);
    }
    check(None, &by_key(), &new(json!({})), saved(OPPORTUNITY, false));
    let look = || page(&[of_account(ACCOUNT)]);
    check(Some(&look), &by_id(), &change(json!({ "stage": "Closed Won" })), Reply::text(204, ""));
}

#[test]
fn an_opportunity_in_doubt_is_looked_for() {
    fn check(arguments: Value, found: Value, later_ms: u64, expected: &Finding) {
        let by = match arguments.get("opportunity_id") {
            None => format!("WHERE Aftercall_Key__c = '{KEY}'"),
            Some(_) => format!("WHERE Id = '{OPPORTUNITY}'"),
        };
        let found: Vec<Value> = if found.is_null() { Vec::new() } else { vec![found] };
        let fake = with(json!({ "currencies": ["EUR"] })).now(FIRST_ATTEMPT_AT + later_ms);
        let fake = fake.expect(QUERY, page(&found));
        assert_eq!(fake.reconcile::<Plugin>("upsert_opportunity", arguments).as_ref(), Ok(expected));
        assert!(soql(&fake.sent()[0]).contains(&by), "{}", soql(&fake.sent()[0]));
    }
    let there = Outcome::new(format!("the opportunity is there, opportunity_id {OPPORTUNITY}")).with_receipt(receipt());
    let data = Some(json!({ "opportunity_id": OPPORTUNITY }).to_string());
    let text = format!(
        "Opportunity {OPPORTUNITY} was made for this, and isn't as it was asked for: nothing else is made in its place"
    );
    let there = Outcome { data, ..there };
    let otherwise = Finding::HappenedOtherwise(Outcome { text, ..there.clone() });
    let there = Finding::Happened(there);
    let not_yet = Finding::Unknown(Some(60_000));
    let record = |changes: Value| {
        let record = json!({
            "Id": OPPORTUNITY, "AccountId": ACCOUNT, "Name": "Acme: 40 seats", "StageName": "Qualification",
            "CloseDate": "2026-12-01", "Amount": 1500.1,
        });
        merged(record, changes)
    };
    let made = || new(json!({ "amount": "1500.10", "currency": "EUR" }));
    check(made(), record(json!({})), 0, &there);
    check(made(), record(json!({ "Amount": 1.5e3 })), 0, &not_yet);
    check(made(), record(json!({ "Amount": null })), AT_WORK_MS, &otherwise);
    check(made(), json!(null), AT_WORK_MS - 1, &Finding::Unknown(Some(1)));
    check(made(), json!(null), AT_WORK_MS, &Finding::DidNotHappen);
    let won = || change(json!({ "stage": "Closed Won" }));
    check(won(), json!({ "Id": OPPORTUNITY, "StageName": "Closed Won" }), 0, &there);
    check(won(), json!({ "Id": OPPORTUNITY, "StageName": "Qualification" }), 0, &not_yet);
    check(won(), json!({ "Id": OPPORTUNITY, "StageName": "Qualification" }), AT_WORK_MS, &Finding::Unknown(None));
    // It was there: that it isn't tells nothing.
    check(won(), json!(null), AT_WORK_MS - 1, &Finding::Unknown(Some(1)));
    check(won(), json!(null), AT_WORK_MS, &Finding::Unknown(None));
}

#[test]
fn what_a_rehearsal_made_can_be_gone_on_with() {
    let manifest = include_str!("../../plugin.toml");
    assert!(manifest.contains(&format!(r#""id":"{REHEARSED}""#)), "the manifest's rule makes another");
    let update = json!({ "account_id": ACCOUNT, "opportunity_id": REHEARSED, "stage": "Closed Won" });
    let line = format!("PATCH {API}/sobjects/Opportunity/{REHEARSED}");
    let fake = fake().dry_run().expect(&line, Reply::text(204, ""));
    fake.call::<Plugin>("upsert_opportunity", update.clone()).unwrap();
    // Out of a rehearsal, it is an opportunity as others.
    let fake = crate::fake().expect(QUERY, page(&[]));
    assert_eq!(fake.call::<Plugin>("upsert_opportunity", update).unwrap_err().kind, FailureKind::NotFound);
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

#[test]
fn a_list_that_is_cut_off_says_so() {
    fn check(found: usize, words: &str) {
        let fake = fake().expect(QUERY, page(&vec![of_account(ACCOUNT); found]));
        let outcome = fake.call::<Plugin>("find_opportunities", json!({ "account_id": ACCOUNT })).unwrap();
        assert_eq!(outcome.text, words);
    }
    check(2, "2 opportunities, open ones first");
    check(20, "20 opportunities, open ones first; there may be more");
}
