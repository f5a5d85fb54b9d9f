//! Contacts: found, and updated or made by email address.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::{Value, json};

use crate::{ATTEMPT_AT, CONTACT_URL, error, fake, not_found, object, settings};

const SEARCH: &str = "POST https://api.hubapi.com/crm/v3/objects/contacts/search";
const UPDATE: &str = "PATCH https://api.hubapi.com/crm/v3/objects/contacts/ann%40example.com";
const CREATE: &str = "POST https://api.hubapi.com/crm/v3/objects/contacts";

#[test]
fn contacts_are_searched_by_what_is_given() {
    fn check(arguments: Value, groups: &[&[(&str, &str)]]) {
        let fake = fake().expect(SEARCH, Reply::json(200, json!({ "total": 0, "results": [] })));
        let outcome = fake.call::<Plugin>("find_contact", arguments).unwrap();
        assert_eq!(outcome.data.as_deref(), Some(r#"{"contacts":[]}"#));
        let filter = |(name, value): &(&str, &str)| json!({ "propertyName": name, "operator": "EQ", "value": value });
        let groups = groups.iter().map(|group| json!({ "filters": group.iter().map(filter).collect::<Vec<_>>() }));
        let expected = json!({
            "filterGroups": groups.collect::<Vec<_>>(),
            "properties": ["email", "firstname", "lastname", "phone", "mobilephone", "company", "lifecyclestage"],
            "sorts": [],
            "limit": 100,
            "after": "0",
        });
        assert_eq!(fake.sent()[0].json(), expected);
    }
    let (email, phone) = ("ann@example.com", "+14155550123");
    // HubSpot searches numbers without their country.
    let by_email = ("email", email);
    let by_phone = ("hs_searchable_calculated_phone_number", "4155550123");
    let by_mobile = ("hs_searchable_calculated_mobile_number", "4155550123");
    check(json!({ "email": email }), &[&[by_email]]);
    check(json!({ "phone": phone }), &[&[by_phone], &[by_mobile]]);
    check(json!({ "email": email, "phone": phone }), &[&[by_phone, by_email], &[by_mobile, by_email]]);
}

#[test]
fn contacts_that_are_not_told_are_said_to_be_more() {
    fn check(read: usize, total: usize, text: &str) {
        let contacts = vec![object("512", json!({ "phone": "+1 415 555 0123" })); read];
        let fake = fake().expect(SEARCH, Reply::json(200, json!({ "total": total, "results": contacts })));
        assert_eq!(fake.call::<Plugin>("find_contact", json!({ "phone": "+14155550123" })).unwrap().text, text);
    }
    check(2, 2, "2 contacts");
    check(10, 10, "10 contacts");
    check(11, 11, "10 contacts; there may be more");
    check(1, 101, "one contact, contact_id 512; there may be more");
}

#[test]
fn a_number_that_may_be_somebody_else_s_is_nobody_s() {
    fn check(stored: &str, national: Value, text: &str) {
        let ann = object("512", json!({ "mobilephone": stored }));
        let mut settings = settings();
        settings["national_numbers"] = national;
        let fake = fake().settings(settings).expect(SEARCH, Reply::json(200, json!({ "total": 1, "results": [ann] })));
        assert_eq!(fake.call::<Plugin>("find_contact", json!({ "phone": "+14155550123" })).unwrap().text, text);
    }
    let america = || json!({ "country_code": "1", "prefixes": ["", "1"] });
    let germany = || json!({ "country_code": "49", "prefixes": ["", "0"] });
    let (ann, nobody) = ("one contact, contact_id 512", "no contact has this email address or telephone number");
    let unknown =
        "; of 1 whose number lacks its country it isn't known (the setting `national_numbers` says how it is read)";
    check("+1 (415) 555-0123", Value::Null, ann);
    check("+49 415 555 0123", Value::Null, nobody);
    check("(415) 555-0123", Value::Null, &format!("{nobody}{unknown}"));
    check("(415) 555-0123", america(), ann);
    check("(415) 555-0123", germany(), nobody);
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

/// What HubSpot is told of Ann, where she said nothing of herself.
fn ann() -> Value {
    json!({ "email": "ann@example.com" })
}

#[test]
fn a_contact_that_is_there_is_updated_with_what_was_said() {
    fn check(arguments: Value, properties: Value) {
        let fake = fake().expect(UPDATE, Reply::json(200, object("512", ann())));
        let outcome = fake.call::<Plugin>("upsert_lead", arguments).unwrap();
        let [update] = &fake.sent()[..] else { panic!("one request") };
        assert_eq!(update.query(), [("idProperty".to_owned(), "email".to_owned())]);
        assert_eq!(update.json(), json!({ "properties": properties }));
        assert_eq!(outcome.text, "the contact is updated, contact_id 512");
        assert_eq!(outcome.data.as_deref(), Some(r#"{"contact_id":"512"}"#));
        assert_eq!(outcome.receipts, [Receipt::new("contact", "512").with_url(CONTACT_URL)]);
    }
    check(ann(), json!({ "lifecyclestage": "lead" }));
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
    );
    // What is blank says nothing, and erases nothing.
    check(
        json!({ "email": "ann@example.com", "first_name": "", "last_name": " Lee ", "company": " ", "interest": "\n" }),
        json!({ "lifecyclestage": "lead", "lastname": "Lee" }),
    );
}

#[test]
fn a_contact_that_is_not_there_is_made() {
    let fake = fake().expect(UPDATE, not_found()).expect(CREATE, Reply::json(201, object("512", ann())));
    let arguments = json!({ "email": "ann@example.com", "first_name": "Ann" });
    let outcome = fake.call::<Plugin>("upsert_lead", arguments).unwrap();
    let properties = json!({ "lifecyclestage": "lead", "firstname": "Ann", "email": "ann@example.com" });
    assert_eq!(fake.sent()[1].json(), json!({ "properties": properties, "associations": [] }));
    assert_eq!(outcome.text, "the lead is a new contact, contact_id 512");
    assert_eq!(outcome.receipts, [Receipt::new("contact", "512").with_url(CONTACT_URL)]);
}

#[test]
fn a_contact_that_somebody_else_makes_meanwhile_is_updated() {
    fn check(last: Reply, expected: Result<&str, FailureKind>) {
        let taken = error("CONFLICT", "Contact already exists. Existing ID: 512");
        let fake = fake().expect(UPDATE, not_found()).expect(CREATE, Reply::json(409, taken)).expect(UPDATE, last);
        let outcome = fake.call::<Plugin>("upsert_lead", ann());
        assert_eq!(outcome.as_ref().map(|it| it.text.as_str()).map_err(|failure| failure.kind), expected);
        assert_eq!(fake.sent()[2].json(), json!({ "properties": { "lifecyclestage": "lead" } }));
    }
    check(Reply::json(200, object("512", ann())), Ok("the contact is updated, contact_id 512"));
    check(not_found(), Err(FailureKind::Conflict));
}

#[test]
fn a_lead_that_fails_says_why() {
    fn check(reply: impl Fn() -> Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let updated = fake().expect(UPDATE, reply());
        let made = fake().expect(UPDATE, not_found()).expect(CREATE, reply());
        for fake in [updated, made] {
            let failure = fake.call::<Plugin>("upsert_lead", ann()).unwrap_err();
            assert_eq!(failure.kind, kind);
            assert!(failure.message.contains(words), "{}", failure.message);
            assert_eq!(failure.code.as_deref(), code);
        }
    }
    let refused = |status, category, words| move || Reply::json(status, error(category, words));
    check(
        refused(400, "VALIDATION_ERROR", "Email is invalid"),
        FailureKind::InvalidArguments,
        "Email is invalid",
        Some("VALIDATION_ERROR"),
    );
    let scopes = refused(403, "MISSING_SCOPES", "a scope is missing");
    check(scopes, FailureKind::Denied, "a scope is missing", Some("MISSING_SCOPES"));
    check(|| Reply::stray(502, ""), FailureKind::OutcomeUnknown, "502", None);
}

#[test]
fn a_lead_whose_answer_was_lost_is_not_made_again() {
    let cut = fake().expect(UPDATE, not_found()).expect(CREATE, Reply::cut());
    assert_eq!(cut.call::<Plugin>("upsert_lead", ann()).unwrap_err().kind, FailureKind::OutcomeUnknown);
    let again = fake().attempt(2).expect(UPDATE, Reply::json(200, object("512", ann())));
    again.call::<Plugin>("upsert_lead", ann()).unwrap();
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
        let fake = fake().expect(UPDATE, Reply::json(400, refusal));
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
