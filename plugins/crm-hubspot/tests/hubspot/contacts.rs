//! Contacts: found, and upserted by email address.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::{Value, json};

use crate::{ATTEMPT_AT, CONTACT_URL, batch, error, fake, not_found, object, refused_in_part};

const SEARCH: &str = "POST https://api.hubapi.com/crm/v3/objects/contacts/search";
const UPSERT: &str = "POST https://api.hubapi.com/crm/v3/objects/contacts/batch/upsert";

#[test]
fn contacts_are_searched_by_what_is_given() {
    fn check(arguments: Value, filters: &[(&str, &str)]) {
        let fake = fake().expect(SEARCH, Reply::json(200, json!({ "total": 0, "results": [] })));
        let outcome = fake.call::<Plugin>("find_contact", arguments).unwrap();
        assert_eq!(outcome.data.as_deref(), Some(r#"{"contacts":[]}"#));
        let groups = filters
            .iter()
            .map(|(name, value)| json!({ "filters": [{ "propertyName": name, "operator": "EQ", "value": value }] }));
        let expected = json!({
            "filterGroups": groups.collect::<Vec<_>>(),
            "properties": ["email", "firstname", "lastname", "phone", "company", "lifecyclestage"],
            "sorts": [],
            "limit": 10,
            "after": "0",
        });
        assert_eq!(fake.sent()[0].json(), expected);
    }
    let (email, phone) = ("ann@example.com", "+14155550123");
    check(json!({ "email": email }), &[("email", email)]);
    check(json!({ "phone": phone }), &[("phone", phone), ("mobilephone", phone)]);
    check(json!({ "email": email, "phone": phone }), &[("email", email), ("phone", phone), ("mobilephone", phone)]);
}

#[test]
fn contacts_that_are_not_told_are_said_to_be_more() {
    fn check(told: usize, total: usize, text: &str) {
        let contacts = vec![object("512", json!({ "email": "ann@example.com" })); told];
        let fake = fake().expect(SEARCH, Reply::json(200, json!({ "total": total, "results": contacts })));
        assert_eq!(fake.call::<Plugin>("find_contact", json!({ "phone": "+14155550123" })).unwrap().text, text);
    }
    check(2, 2, "2 contacts");
    check(10, 10, "10 contacts");
    check(10, 14, "10 of 14 contacts; there are more");
}

#[test]
fn a_search_for_nobody_is_refused() {
    let failure = fake().call::<Plugin>("find_contact", json!({})).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
}

#[test]
fn contacts_are_told_without_what_is_empty() {
    let ann = object("512", json!({ "firstname": "Ann", "lastname": null, "company": "", "email": "a@example.com" }));
    let fake = fake().expect(SEARCH, Reply::json(200, json!({ "total": 1, "results": [ann] })));
    let outcome = fake.call::<Plugin>("find_contact", json!({ "email": "a@example.com" })).unwrap();
    assert_eq!(outcome.text, "one contact, contact_id 512");
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    let expected = json!({ "contact_id": "512", "email": "a@example.com", "first_name": "Ann" });
    assert_eq!(data, json!({ "contacts": [expected] }));
    assert!(outcome.receipts.is_empty());
}

#[test]
fn a_lead_is_upserted_by_its_email() {
    fn check(arguments: Value, properties: Value, new: bool, text: &str) {
        let mut contact = object("512", json!({ "email": "ann@example.com" }));
        contact["new"] = json!(new);
        let fake = fake().expect(UPSERT, Reply::json(200, batch(&[contact])));
        let outcome = fake.call::<Plugin>("upsert_lead", arguments).unwrap();
        let input = json!({ "idProperty": "email", "id": "ann@example.com", "properties": properties });
        assert_eq!(fake.sent()[0].json(), json!({ "inputs": [input] }));
        assert_eq!(outcome.text, text);
        assert_eq!(outcome.data.as_deref(), Some(r#"{"contact_id":"512"}"#));
        assert_eq!(outcome.receipts, [Receipt::new("contact", "512").with_url(CONTACT_URL)]);
    }
    check(
        json!({ "email": "ann@example.com" }),
        json!({ "lifecyclestage": "lead" }),
        true,
        "the lead is a new contact, contact_id 512",
    );
    check(
        json!({
            "email": "ann@example.com",
            "first_name": "Ann",
            "last_name": "Lee",
            "phone": "+14155550123",
            "company": "Acme",
            "interest": "40 seats",
            "lead_status": "IN_PROGRESS",
        }),
        json!({
            "lifecyclestage": "lead",
            "firstname": "Ann",
            "lastname": "Lee",
            "phone": "+14155550123",
            "company": "Acme",
            "message": "40 seats",
            "hs_lead_status": "IN_PROGRESS",
        }),
        false,
        "the contact is updated, contact_id 512",
    );
    // What is blank says nothing, and erases nothing.
    check(
        json!({ "email": "ann@example.com", "first_name": "", "last_name": " Lee ", "company": " ", "interest": "\n" }),
        json!({ "lifecyclestage": "lead", "lastname": "Lee" }),
        false,
        "the contact is updated, contact_id 512",
    );
}

#[test]
fn an_upsert_that_fails_says_why() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let fake = fake().expect(UPSERT, reply);
        let failure = fake.call::<Plugin>("upsert_lead", json!({ "email": "ann@example.com" })).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.code.as_deref(), code);
    }
    let invalid = Some("VALIDATION_ERROR");
    check(
        Reply::json(400, error("VALIDATION_ERROR", "Email is invalid")),
        FailureKind::InvalidArguments,
        "Email is invalid",
        invalid,
    );
    let in_part = refused_in_part("VALIDATION_ERROR", "Email is invalid", json!([]));
    check(Reply::json(207, in_part), FailureKind::InvalidArguments, "Email is invalid", invalid);
    check(Reply::json(200, batch(&[])), FailureKind::OutcomeUnknown, "nothing of the lead", None);
    let scopes = error("MISSING_SCOPES", "a scope is missing");
    check(Reply::json(403, scopes), FailureKind::Denied, "a scope is missing", Some("MISSING_SCOPES"));
    check(Reply::stray(502, ""), FailureKind::OutcomeUnknown, "502", None);
}

#[test]
fn a_lead_whose_answer_was_lost_is_upserted_again() {
    let arguments = || json!({ "email": "ann@example.com", "first_name": "Ann" });
    let cut = fake().expect(UPSERT, Reply::cut());
    assert_eq!(cut.call::<Plugin>("upsert_lead", arguments()).unwrap_err().kind, FailureKind::OutcomeUnknown);
    let mut contact = object("512", json!({ "email": "ann@example.com" }));
    contact["new"] = json!(false);
    let again = fake().attempt(2).expect(UPSERT, Reply::json(200, batch(&[contact])));
    again.call::<Plugin>("upsert_lead", arguments()).unwrap();
    assert_eq!(again.sent()[0].json(), cut.sent()[0].json());
}

#[test]
fn a_lead_in_doubt_is_looked_up() {
    fn check(reply: Reply, later_ms: u64, expected: &Finding) {
        let arguments = json!({ "email": "ann@example.com", "first_name": "Ann ", "lead_status": "OPEN" });
        let look = "GET https://api.hubapi.com/crm/v3/objects/contacts/ann%40example.com";
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(look, reply);
        assert_eq!(fake.reconcile::<Plugin>("upsert_lead", arguments).as_ref(), Ok(expected), "{later_ms} ms later");
        let query = [("idProperty", "email"), ("properties", "firstname,hs_lead_status")];
        assert_eq!(fake.sent()[0].query(), query.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    let ann = |name: &str| {
        let properties = json!({ "firstname": name, "hs_lead_status": "OPEN", "lifecyclestage": "customer" });
        Reply::json(200, object("512", properties))
    };
    let receipt = Receipt::new("contact", "512").with_url(CONTACT_URL);
    let there = Outcome::new("the contact is there, contact_id 512").with_receipt(receipt);
    let there = Finding::Happened(Outcome { data: Some(r#"{"contact_id":"512"}"#.to_owned()), ..there });
    check(ann("Ann"), 0, &there);
    check(ann("Anne"), 59_999, &Finding::Unknown(Some(1)));
    check(ann("Anne"), 60_000, &Finding::Unknown(None));
    check(not_found(), 59_999, &Finding::Unknown(Some(1)));
    check(not_found(), 60_000, &Finding::DidNotHappen);
    check(Reply::denied(), 0, &Finding::Unknown(None));
}

#[test]
fn a_value_that_the_account_lacks_is_told_to_whom_it_concerns() {
    fn check(refusal: Value, kind: FailureKind, words: &str) {
        let fake = fake().expect(UPSERT, Reply::json(400, refusal));
        let arguments = json!({ "email": "ann@example.com", "lead_status": "OPEN" });
        let failure = fake.call::<Plugin>("upsert_lead", arguments).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let written = |names: &[&str]| {
        let fault = |name| json!({ "isValid": false, "message": "x was not one of [a, b]", "error": "INVALID_OPTION", "name": name });
        let faults = Value::Array(names.iter().map(fault).collect());
        error("VALIDATION_ERROR", &format!("Property values were not valid: {faults}"))
    };
    let coded = |name: &str, code: &str| {
        let mut refusal = error("VALIDATION_ERROR", "not valid");
        refusal["errors"] = json!([{ "message": "m", "code": code, "context": { "propertyName": [name] } }]);
        refusal
    };
    let listed = |name: &str| coded(name, "INVALID_OPTION");
    let stage = "an administrator has to look at the account's stages";
    check(written(&["lifecyclestage"]), FailureKind::Misconfigured, stage);
    check(listed("lifecyclestage"), FailureKind::Misconfigured, stage);
    check(written(&["hs_lead_status"]), FailureKind::InvalidArguments, "leave out `lead_status`");
    check(listed("hs_lead_status"), FailureKind::InvalidArguments, "leave out `lead_status`");
    check(written(&["hs_lead_status", "lifecyclestage"]), FailureKind::Misconfigured, stage);
    // That the account doesn't have the property at all.
    let absent = |name: &str| coded(name, "PROPERTY_DOESNT_EXIST");
    check(absent("hs_lead_status"), FailureKind::InvalidArguments, "leave out `lead_status`");
    check(absent("lifecyclestage"), FailureKind::Misconfigured, stage);
    // What isn't one of a property's options has to be made one of them.
    check(listed("company"), FailureKind::Misconfigured, "an operator has to make");
    check(coded("phone", "INVALID_STRING"), FailureKind::InvalidArguments, "not valid");
}
