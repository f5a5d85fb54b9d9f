//! The plugin against a fake of HubSpot: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Finding, Outcome, Plugin as _, Receipt};
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::{Value, json};

const CONTACTS_SEARCH: &str = "POST https://api.hubapi.com/crm/v3/objects/contacts/search";
const UPSERT: &str = "POST https://api.hubapi.com/crm/v3/objects/contacts/batch/upsert";
const NOTES: &str = "POST https://api.hubapi.com/crm/v3/objects/notes";
const NOTES_SEARCH: &str = "POST https://api.hubapi.com/crm/v3/objects/notes/search";
const CONTACT_URL: &str = "https://app.hubspot.com/contacts/77/record/0-1/512";
const FIRST_ATTEMPT_AT: u64 = 1_772_323_260_000;

fn fake() -> Fake {
    Fake::new()
        .settings(json!({ "portal_id": "77" }))
        .key("ac_0123abcd")
        .first_attempt_at(FIRST_ATTEMPT_AT)
        .attempt_at(FIRST_ATTEMPT_AT)
        .now(FIRST_ATTEMPT_AT)
}

fn object(id: &str, properties: Value) -> Value {
    json!({
        "id": id,
        "properties": properties,
        "createdAt": "2026-03-01T00:01:00Z",
        "updatedAt": "2026-03-01T00:01:00Z",
        "archived": false,
    })
}

fn summary() -> Value {
    json!({ "contact_id": "512", "summary": "Wants <b>40</b> seats\nby May & asks for a quote" })
}

fn logged() -> Outcome {
    Outcome::new("the call is logged on contact 512 as note 9")
        .with_receipt(Receipt::new("note", "9").with_url(CONTACT_URL))
}

#[test]
fn tools_say_which_effect_they_have() {
    let tools = Plugin::list_tools("{}").unwrap();
    let said: Vec<(&str, Effect, Vec<&str>, bool)> = tools
        .iter()
        .map(|tool| {
            let identity = tool.identity.iter().map(String::as_str).collect();
            (tool.name.as_str(), tool.effect, identity, tool.reconcilable)
        })
        .collect();
    let expected = [
        ("find_contact", Effect::Read, vec![], false),
        ("upsert_lead", Effect::Idempotent, vec!["email"], false),
        ("log_call_summary", Effect::Once, vec!["contact_id"], true),
    ];
    assert_eq!(said, expected);
    for tool in &tools {
        let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
        assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
        assert!(!tool.input_schema.contains("$ref"), "{}", tool.input_schema);
    }
}

#[test]
fn contacts_are_searched_by_what_is_given() {
    fn check(arguments: Value, filters: &[(&str, &str)]) {
        let fake = fake().expect(CONTACTS_SEARCH, Reply::json(200, json!({ "total": 0, "results": [] })));
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
fn a_search_for_nobody_is_refused() {
    let failure = fake().call::<Plugin>("find_contact", json!({})).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
}

#[test]
fn contacts_are_told_without_what_is_empty() {
    let ann = object("512", json!({ "firstname": "Ann", "lastname": null, "company": "", "email": "a@example.com" }));
    let fake = fake().expect(CONTACTS_SEARCH, Reply::json(200, json!({ "total": 1, "results": [ann] })));
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
        let fake = fake().expect(UPSERT, Reply::json(200, json!({ "status": "COMPLETE", "results": [contact] })));
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
    let error = json!({ "status": "error", "category": "VALIDATION_ERROR", "message": "Email is invalid" });
    let invalid = Some("VALIDATION_ERROR");
    check(Reply::json(400, error.clone()), FailureKind::InvalidArguments, "Email is invalid", invalid);
    let in_part = json!({ "status": "COMPLETE", "results": [], "numErrors": 1, "errors": [error] });
    check(Reply::json(207, in_part), FailureKind::InvalidArguments, "Email is invalid", invalid);
    check(Reply::json(200, json!({ "results": [] })), FailureKind::OutcomeUnknown, "nothing of the lead", None);
    let scopes = json!({ "category": "MISSING_SCOPES", "message": "a scope is missing" });
    check(Reply::json(403, scopes), FailureKind::Denied, "a scope is missing", Some("MISSING_SCOPES"));
    check(Reply::text(502, ""), FailureKind::OutcomeUnknown, "502", None);
}

#[test]
fn receipts_have_no_link_without_a_portal() {
    let fake = fake().settings(json!({})).expect(NOTES, Reply::json(201, object("9", json!({}))));
    let outcome = fake.call::<Plugin>("log_call_summary", summary()).unwrap();
    assert_eq!(outcome.receipts, [Receipt::new("note", "9")]);
}

#[test]
fn a_note_holds_text_and_the_key() {
    fn check(next_step: Option<&str>, body: &str) {
        let fake = fake().expect(NOTES, Reply::json(201, object("9", json!({}))));
        let mut arguments = summary();
        if let Some(next_step) = next_step {
            arguments["next_step"] = json!(next_step);
        }
        assert_eq!(fake.call::<Plugin>("log_call_summary", arguments), Ok(logged()));
        let note_to_contact = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202 });
        let expected = json!({
            "properties": { "hs_note_body": body, "hs_timestamp": "1772323260000" },
            "associations": [{ "to": { "id": "512" }, "types": [note_to_contact] }],
        });
        assert_eq!(fake.sent()[0].json(), expected);
    }
    let said = "<p>Wants &lt;b&gt;40&lt;/b&gt; seats<br>by May &amp; asks for a quote</p>";
    let reference = "<p>Reference: ac_0123abcd</p>";
    check(None, &format!("{said}{reference}"));
    check(
        Some("send \"it\", she's in"),
        &format!("{said}<p><strong>Next step:</strong> send \"it\", she's in</p>{reference}"),
    );
}

#[test]
fn a_note_in_doubt_is_searched_by_its_key() {
    let fake = fake().expect(NOTES_SEARCH, Reply::json(200, json!({ "total": 0, "results": [] })));
    fake.reconcile::<Plugin>("log_call_summary", summary()).unwrap();
    let filter = json!({ "propertyName": "hs_note_body", "operator": "CONTAINS_TOKEN", "value": "ac_0123abcd" });
    let expected = json!({
        "filterGroups": [{ "filters": [filter] }],
        "properties": ["hs_note_body"],
        "sorts": [],
        "limit": 10,
        "after": "0",
    });
    assert_eq!(fake.sent()[0].json(), expected);
}

#[test]
fn the_search_of_notes_decides() {
    fn check(body: Option<&str>, later_ms: u64, expected: &Finding) {
        let notes: Vec<Value> = body.iter().map(|body| object("9", json!({ "hs_note_body": body }))).collect();
        let page = json!({ "total": notes.len(), "results": notes });
        let fake = fake().now(FIRST_ATTEMPT_AT + later_ms).expect(NOTES_SEARCH, Reply::json(200, page));
        let finding = fake.reconcile::<Plugin>("log_call_summary", summary()).unwrap();
        assert_eq!(finding, *expected, "{body:?} {later_ms} ms later");
    }
    let found = Finding::Happened(logged());
    let not_yet = Finding::Unknown(Some(15_000));
    check(Some("<p>Said</p><p>Reference: ac_0123abcd</p>"), 0, &found);
    check(Some("<div>Reference: ac_0123abcd"), 90_000, &found);
    check(Some("<p>Reference: ac_0123abcdef</p>"), 90_000, &Finding::DidNotHappen);
    check(Some("<p>ac_0123abcd</p>"), 90_000, &Finding::DidNotHappen);
    check(None, 0, &not_yet);
    check(None, 59_999, &not_yet);
    check(None, 60_000, &Finding::DidNotHappen);
}

#[test]
fn a_search_that_fails_finds_nothing_out() {
    let fake = fake().expect(NOTES_SEARCH, Reply::text(502, ""));
    let failure = fake.reconcile::<Plugin>("log_call_summary", summary()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
}
