//! Deals: found by their association, made once, updated by their id.

mod doubt;
mod found;

use aftercall::testing::{Fake, Reply};
use aftercall::{Failure, FailureKind, Receipt};
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::{Value, json};

use crate::{batch, deal_of, error, fake, not_found, object, refused_in_part, settings};

const CONTACT: &str = "GET https://api.hubapi.com/crm/v3/objects/contacts/512";
const BATCH_READ: &str = "POST https://api.hubapi.com/crm/v3/objects/0-3/batch/read";
const UPSERT: &str = "POST https://api.hubapi.com/crm/v3/objects/0-3/batch/upsert";
const ASSOCIATION: &str = "PUT https://api.hubapi.com/crm/v4/objects/deals/77/associations/default/contacts/512";
const READ: &str = "GET https://api.hubapi.com/crm/v3/objects/0-3/77";
const PATCH: &str = "PATCH https://api.hubapi.com/crm/v3/objects/0-3/77";
const DEAL_URL: &str = "https://app.hubspot.com/contacts/77/record/0-3/77";

/// Contact 512 with these deals.
fn contact_with(deals: &[&str]) -> Reply {
    let mut contact = object("512", json!({}));
    if !deals.is_empty() {
        let results: Vec<Value> = deals.iter().map(|id| json!({ "id": id, "type": "contact_to_deal" })).collect();
        contact["associations"] = json!({ "deals": { "results": results } });
    }
    Reply::json(200, contact)
}

fn upserted(new: bool) -> Reply {
    let mut deal = object("77", json!({ "aftercall_key": "ac_0123abcd" }));
    deal["new"] = json!(new);
    Reply::json(200, batch(&[deal]))
}

fn new_deal() -> Value {
    json!({ "contact_id": "512", "name": "Acme, 40 seats", "stage": "qualified" })
}

fn failure(fake: &Fake, arguments: Value) -> Failure {
    fake.call::<Plugin>("upsert_deal", arguments).unwrap_err()
}

#[test]
fn a_new_deal_is_upserted_by_the_key_and_put_on_the_contact() {
    fn check(more: Value, properties: Value) {
        let mut arguments = new_deal();
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let fake = fake()
            .expect(CONTACT, contact_with(&[]))
            .expect(UPSERT, upserted(true))
            .expect(ASSOCIATION, Reply::json(200, batch(&[])));
        let outcome = fake.call::<Plugin>("upsert_deal", arguments).unwrap();
        let input = json!({ "idProperty": "aftercall_key", "id": "ac_0123abcd", "properties": properties });
        assert_eq!(fake.sent()[1].json(), json!({ "inputs": [input] }));
        assert_eq!(fake.sent()[2].text(), "");
        assert_eq!(outcome.text, "the deal of contact 512 is made, deal_id 77");
        assert_eq!(outcome.data.as_deref(), Some(r#"{"deal_id":"77"}"#));
        assert_eq!(outcome.receipts, [Receipt::new("deal", "77").with_url(DEAL_URL)]);
    }
    let mut expected = json!({ "dealname": "Acme, 40 seats", "pipeline": "default", "dealstage": "qualifiedtobuy" });
    check(json!({}), expected.clone());
    expected["amount"] = json!("1250.00");
    expected["deal_currency_code"] = json!("EUR");
    expected["closedate"] = json!("2026-12-01T12:00:00Z");
    check(json!({ "amount": "1250.00", "currency": "EUR", "close_date": "2026-12-01" }), expected);
}

#[test]
fn a_deal_is_updated_by_its_id() {
    fn check(change: Value, properties: Value) {
        let mut arguments = json!({ "contact_id": "512", "deal_id": "77" });
        arguments.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        // It takes no property of ours.
        let mut settings = settings();
        settings.as_object_mut().unwrap().remove("deal_key_property");
        let fake = fake()
            .settings(settings)
            .expect(READ, Reply::json(200, deal_of("512")))
            .expect(PATCH, Reply::json(200, object("77", json!({}))));
        let outcome = fake.call::<Plugin>("upsert_deal", arguments).unwrap();
        assert_eq!(fake.sent()[1].json(), json!({ "properties": properties }));
        assert_eq!(outcome.text, "the deal of contact 512 is updated, deal_id 77");
        assert_eq!(outcome.receipts, [Receipt::new("deal", "77").with_url(DEAL_URL)]);
    }
    check(json!({ "stage": "won" }), json!({ "pipeline": "default", "dealstage": "closedwon" }));
    check(json!({ "amount": "90", "currency": "JPY" }), json!({ "amount": "90", "deal_currency_code": "JPY" }));
}

#[test]
fn a_deal_that_is_refused_says_why() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let fake = fake().expect(CONTACT, contact_with(&[])).expect(UPSERT, reply);
        let failure = failure(&fake, new_deal());
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert!(failure.message.chars().count() < 700, "{}", failure.message);
        assert_eq!(failure.code.as_deref(), code);
    }
    let in_part =
        |category: &str, message: &str, errors: Value| Reply::json(207, refused_in_part(category, message, errors));
    let invalid = Some("VALIDATION_ERROR");
    check(in_part("VALIDATION_ERROR", "too long", json!([])), FailureKind::InvalidArguments, "too long", invalid);
    check(in_part("CONFLICT", "taken", json!([])), FailureKind::Conflict, "taken", Some("CONFLICT"));
    check(in_part("OBJECT_NOT_FOUND", "gone", json!([])), FailureKind::NotFound, "gone", Some("OBJECT_NOT_FOUND"));
    check(in_part("INTERNAL_ERROR", "oh", json!([])), FailureKind::OutcomeUnknown, "oh", Some("INTERNAL_ERROR"));
    let stage = json!([{ "message": "m", "code": "INVALID_OPTION", "context": { "propertyName": ["dealstage"] } }]);
    check(
        in_part("VALIDATION_ERROR", "no such stage", stage),
        FailureKind::Misconfigured,
        "an operator has to make",
        invalid,
    );
    check(in_part("CONFLICT", &"é".repeat(9_000), json!([])), FailureKind::Conflict, "é", Some("CONFLICT"));
    check(Reply::json(200, batch(&[])), FailureKind::OutcomeUnknown, "nothing of the deal", None);
    check(Reply::stray(200, "done"), FailureKind::OutcomeUnknown, "not as expected", None);
    let conflict = error("CONFLICT", "it is being merged");
    check(Reply::json(409, conflict), FailureKind::Conflict, "being merged", Some("CONFLICT"));
    let property = "Property values were not valid: [{\"error\":\"PROPERTY_DOESNT_EXIST\",\"name\":\"aftercall_key\"}]";
    let property = error("VALIDATION_ERROR", property);
    check(Reply::json(400, property), FailureKind::Misconfigured, "an operator has to make", invalid);
    let not_unique = error("VALIDATION_ERROR", "aftercall_key is not unique");
    check(Reply::json(400, not_unique), FailureKind::Misconfigured, "`deal_key_property` has to name", invalid);
}

#[test]
fn a_currency_that_the_account_lacks_is_the_models_to_leave_out() {
    // An account of one currency may not have the property at all.
    for why in ["INVALID_OPTION", "PROPERTY_DOESNT_EXIST"] {
        let fault = json!([{ "isValid": false, "error": why, "name": "deal_currency_code" }]);
        let said = format!("Property values were not valid: {fault}");
        let whole = Reply::json(400, error("VALIDATION_ERROR", &said));
        for reply in [whole, Reply::json(207, refused_in_part("VALIDATION_ERROR", &said, json!([])))] {
            let failure = failure(&fake().expect(CONTACT, contact_with(&[])).expect(UPSERT, reply), new_deal());
            assert_eq!(failure.kind, FailureKind::InvalidArguments, "{}", failure.message);
            assert!(failure.message.contains("leave out `amount` and `currency`"), "{}", failure.message);
        }
    }
}

#[test]
fn what_a_rehearsal_made_can_be_gone_on_with() {
    let new = json!({ "contact_id": "0", "name": "Acme, 40 seats", "stage": "qualified" });
    let rehearsed = || fake().dry_run();
    let mut deal = object("0", json!({}));
    deal["new"] = json!(true);
    let made = Reply::json(200, batch(&[deal]));
    let association = "PUT https://api.hubapi.com/crm/v4/objects/deals/0/associations/default/contacts/0";
    let deal = rehearsed().expect(UPSERT, made).expect(association, Reply::json(200, batch(&[])));
    deal.call::<Plugin>("upsert_deal", new).unwrap();
    let found = rehearsed().call::<Plugin>("find_deals", json!({ "contact_id": "0" })).unwrap();
    assert_eq!(found.text, "contact 0 has no deal");
    let update = Reply::json(200, object("0", json!({})));
    let update = rehearsed().expect("PATCH https://api.hubapi.com/crm/v3/objects/0-3/0", update);
    let arguments = json!({ "contact_id": "512", "deal_id": "0", "stage": "won" });
    update.call::<Plugin>("upsert_deal", arguments.clone()).unwrap();
    let note = Reply::json(201, object("0", json!({})));
    let note = rehearsed().expect("POST https://api.hubapi.com/crm/v3/objects/notes", note);
    note.call::<Plugin>("log_call_summary", json!({ "contact_id": "0", "deal_id": "0", "summary": "Yes." })).unwrap();
    // Out of a rehearsal, it is a deal as others.
    let live = fake().expect("GET https://api.hubapi.com/crm/v3/objects/0-3/0", not_found());
    assert_eq!(failure(&live, arguments).kind, FailureKind::NotFound);
}

#[test]
fn deals_of_others_are_not_updated() {
    let fake = fake().expect(READ, Reply::json(200, deal_of("513")));
    let failure = failure(&fake, json!({ "contact_id": "512", "deal_id": "77", "stage": "won" }));
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.message.contains("contact 512 has no deal 77"), "{}", failure.message);
}

#[test]
fn bad_arguments_are_refused_with_what_would_be_right() {
    fn check(change: Value, words: &str) {
        let mut arguments = new_deal();
        arguments.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        arguments.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let failure = failure(&fake(), arguments);
        assert_eq!(failure.kind, FailureKind::InvalidArguments, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!({ "stage": "proposal" }), "there is no `stage` \"proposal\"; there are: qualified, won");
    check(json!({ "name": null }), "a new deal needs `name` and `stage`");
    check(json!({ "name": " " }), "a new deal needs `name` and `stage`");
    check(json!({ "stage": null }), "a new deal needs `name` and `stage`");
    check(json!({ "deal_id": "77", "name": null, "stage": null }), "give what changes");
    check(json!({ "deal_id": "77", "name": " ", "stage": null }), "give what changes");
    check(json!({ "contact_id": "51/2" }), "is no id of a record");
    check(json!({ "deal_id": "" }), "is no id of a record");
    check(json!({ "amount": "1250" }), "`currency` is missing");
    check(json!({ "currency": "EUR" }), "give both or neither");
    check(json!({ "amount": "1.250", "currency": "EUR" }), "EUR has 2 digits after the point; write it as in 1250.00");
    check(json!({ "amount": "1250.5", "currency": "EUR" }), "is ambiguous");
    check(json!({ "amount": "1250.00", "currency": "JPY" }), "JPY has 0 digits after the point; write it as in 1250");
    check(json!({ "amount": "1250.00", "currency": "KWD" }), "write it as in 1250.000");
    check(json!({ "amount": "1,250.00", "currency": "EUR" }), "is no amount");
    check(json!({ "amount": "€1250", "currency": "EUR" }), "is no amount");
    check(json!({ "amount": "01250", "currency": "EUR" }), "is no amount");
    check(json!({ "amount": "-5", "currency": "EUR" }), "is no amount");
    check(json!({ "amount": "1250", "currency": "dollars" }), "dollars may be USD, CAD or AUD");
    check(json!({ "amount": "1250", "currency": "eur" }), "is no currency");
    check(json!({ "close_date": "2026-02-30" }), "there is no day 2026-02-30");
    check(json!({ "close_date": "01/12/2026" }), "is no day");
    check(json!({ "close_date": "2026-12-01T00:00:00Z" }), "is no day");
}

#[test]
fn what_the_settings_lack_is_said() {
    fn check(without: &str, words: &str) {
        let mut settings = settings();
        settings.as_object_mut().unwrap().remove(without);
        let failure = failure(&fake().settings(settings), new_deal());
        assert_eq!(failure.kind, FailureKind::Misconfigured);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check("deal_key_property", "as `deal_key_property`");
    check("deal_stages", "have no `deal_stages`");
}
