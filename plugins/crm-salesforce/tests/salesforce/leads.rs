//! `upsert_lead`.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_crm_salesforce::tools::Plugin;
use serde_json::{Value, json};

use crate::{
    API, AT_WORK_MS, CONTACT, FIRST_ATTEMPT_AT, LEAD, QUERY, fake, merged, page, query_by_key, saved, several, soql,
    url, with,
};

const LEAD_KEY: &str = "ann_40example_2ecom";
const OTHER_LEAD: &str = "00Q000000000000EAA";

fn by_key() -> String {
    format!("/sobjects/Lead/Aftercall_Key__c/{LEAD_KEY}")
}

fn ann(changes: Value) -> Value {
    merged(json!({ "email": "ann@example.com" }), changes)
}

fn all() -> Value {
    ann(json!({
        "first_name": "Ann", "last_name": " Lee ", "phone": "+14155550123", "company": "Acme", "interest": "40 seats\n",
    }))
}

#[test]
fn a_stranger_becomes_a_lead() {
    fn check(settings: Value, arguments: Value, fields: Value) {
        let line = format!("PATCH {API}{}", by_key());
        let fake = with(settings).expect(QUERY, page(&[])).expect(QUERY, page(&[])).expect(&line, saved(LEAD, true));
        let outcome = fake.call::<Plugin>("upsert_lead", arguments).unwrap();
        let sent = fake.sent();
        let contacts = "SELECT Id, Aftercall_Key__c FROM Contact WHERE Email = 'ann@example.com' \
                        ORDER BY LastModifiedDate DESC LIMIT 5";
        assert_eq!(soql(&sent[0]), contacts);
        let leads = format!(
            "SELECT Id, Aftercall_Key__c, Description, IsConverted, ConvertedContactId FROM Lead \
             WHERE Aftercall_Key__c = '{LEAD_KEY}' OR (Email = 'ann@example.com' AND IsConverted = false) \
             ORDER BY Aftercall_Key__c DESC NULLS LAST, LastModifiedDate DESC LIMIT 5"
        );
        assert_eq!(soql(&sent[1]), leads);
        assert_eq!(sent[2].json(), fields);
        assert_eq!(sent[2].header("sforce-auto-assign"), None, "the org's rules assign a new lead");
        assert_eq!(outcome.text, format!("the lead is new, lead_id {LEAD}"));
        assert_eq!(outcome.data, Some(json!({ "lead_id": LEAD }).to_string()));
        assert_eq!(outcome.receipts, [Receipt::new("Lead", LEAD).with_url(url(LEAD))]);
    }
    check(
        json!({}),
        ann(json!({})),
        json!({ "Email": "ann@example.com", "LastName": "[not provided]", "Company": "[not provided]" }),
    );
    check(
        json!({ "lead_source": "Phone Inquiry" }),
        all(),
        json!({
            "Email": "ann@example.com", "FirstName": "Ann", "LastName": "Lee", "Phone": "+14155550123", "Company": "Acme",
            "Description": "40 seats", "LeadSource": "Phone Inquiry",
        }),
    );
}

#[test]
fn a_lead_is_updated() {
    fn check(known: Value, arguments: Value, fields: Value, words: &str) {
        let line = format!("PATCH {API}/sobjects/Lead/{LEAD}");
        let other = json!({ "Id": OTHER_LEAD, "Aftercall_Key__c": null });
        let mut leads = vec![known.clone()];
        if known["Aftercall_Key__c"] == LEAD_KEY {
            leads.insert(0, other);
        }
        let fake = with(json!({ "lead_source": "Phone Inquiry" })).expect(QUERY, page(&[])).expect(QUERY, page(&leads));
        let fake = fake.expect(&line, Reply::text(204, ""));
        let outcome = fake.call::<Plugin>("upsert_lead", arguments).unwrap();
        let update = &fake.sent()[2];
        assert_eq!(update.json(), merged(fields, json!({ "Aftercall_Key__c": LEAD_KEY })));
        assert_eq!(update.header("sforce-auto-assign"), Some("FALSE"), "its owner stays");
        assert_eq!(outcome.text, format!("{words}, lead_id {LEAD}"));
        assert_eq!(outcome.receipts, [Receipt::new("Lead", LEAD).with_url(url(LEAD))]);
    }
    let said = json!({ "FirstName": "Ann", "LastName": "Lee", "Phone": "+14155550123", "Company": "Acme" });
    let described = merged(said.clone(), json!({ "Description": "40 seats" }));
    let updated = "the lead is updated";
    // Made by somebody else, and by an earlier call.
    let found = |key: Value, description: Value| json!({ "Id": LEAD, "Aftercall_Key__c": key, "Description": description, "IsConverted": false });
    check(found(json!(null), json!(null)), ann(json!({})), json!({}), updated);
    check(found(json!(null), json!(null)), all(), described.clone(), updated);
    check(found(json!(LEAD_KEY), json!("")), all(), described.clone(), updated);
    check(found(json!(LEAD_KEY), json!("40 seats")), all(), described, updated);
    let kept = "the lead is updated, its description is as it was";
    check(found(json!(null), json!("Met at the fair")), all(), said, kept);
    // What is blank says nothing, and takes nothing away.
    let blank = || ann(json!({ "first_name": " ", "company": " ", "interest": " " }));
    check(found(json!(null), json!("Met at the fair")), blank(), json!({}), updated);
    check(found(json!(null), json!(null)), blank(), json!({}), updated);
}

#[test]
fn a_contact_is_not_made_a_lead() {
    fn check(contacts: &[&str], named: &str) {
        let records: Vec<Value> = contacts.iter().map(|id| json!({ "Id": id })).collect();
        let outcome = fake().expect(QUERY, page(&records)).call::<Plugin>("upsert_lead", all()).unwrap();
        let words = "nothing was written: ann@example.com is a contact already; log the call and make tasks on";
        assert_eq!(outcome.text, format!("{words} contact_id {named}"));
        assert_eq!(outcome.data, Some(json!({ "contact_ids": contacts }).to_string()));
        assert_eq!(outcome.receipts, []);
    }
    check(&[CONTACT], CONTACT);
    check(&[CONTACT, "003D000000QOMqgIAH"], &format!("{CONTACT} or 003D000000QOMqgIAH"));
}

#[test]
fn a_lead_that_was_converted_is_left_to_its_contact() {
    fn check(contact: Value, data: Value, advice: &str) {
        let lead =
            json!({ "Id": LEAD, "Aftercall_Key__c": LEAD_KEY, "IsConverted": true, "ConvertedContactId": contact });
        // Another lead with the address is not taken for the one with the key.
        let leads = [lead, json!({ "Id": OTHER_LEAD, "Aftercall_Key__c": null, "IsConverted": false })];
        let fake = fake().expect(QUERY, page(&[])).expect(QUERY, page(&leads));
        let outcome = fake.call::<Plugin>("upsert_lead", all()).unwrap();
        let words = format!("the lead of ann@example.com, lead_id {LEAD}, was converted to a contact");
        assert_eq!(outcome.text, format!("nothing was written: {words}; {advice}"));
        assert_eq!(outcome.data, Some(data.to_string()));
        assert_eq!(outcome.receipts, []);
    }
    let go_on = format!("log the call and make tasks on contact_id {CONTACT}");
    check(json!(CONTACT), json!({ "contact_ids": [CONTACT] }), &go_on);
    // It may be hidden, or gone.
    check(json!(null), json!({}), "find the contact by telephone number");
}

#[test]
fn which_of_several_leads_is_not_guessed() {
    let leads = [LEAD, OTHER_LEAD].map(|id| json!({ "Id": id, "Aftercall_Key__c": null }));
    let fake = fake().expect(QUERY, page(&[])).expect(QUERY, page(&leads));
    let failure = fake.call::<Plugin>("upsert_lead", all()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert!(failure.message.contains(&format!("lead_id {LEAD}, {OTHER_LEAD}")), "{}", failure.message);
}

#[test]
fn an_answer_without_a_body_is_followed_by_a_look() {
    fn check(look: Reply, expected: Result<String, FailureKind>) {
        let fake = fake().expect(QUERY, page(&[])).expect(QUERY, page(&[]));
        let fake = fake.expect(&format!("PATCH {API}{}", by_key()), Reply::text(204, ""));
        let fake = fake.expect(QUERY, look);
        let outcome = fake.call::<Plugin>("upsert_lead", all());
        assert_eq!(outcome.map(|outcome| outcome.text).map_err(|failure| failure.kind), expected);
        assert_eq!(soql(&fake.sent()[3]), query_by_key("Id", "Lead", LEAD_KEY));
    }
    check(page(&[json!({ "Id": LEAD })]), Ok(format!("the lead is updated, lead_id {LEAD}")));
    check(page(&[]), Err(FailureKind::OutcomeUnknown));
    check(Reply::text(502, ""), Err(FailureKind::OutcomeUnknown));
}

#[test]
fn an_attempt_whose_answer_is_lost_makes_one_lead() {
    let line = format!("PATCH {API}{}", by_key());
    let first = fake().expect(QUERY, page(&[])).expect(QUERY, page(&[])).expect(&line, Reply::cut());
    assert_eq!(first.call::<Plugin>("upsert_lead", all()).unwrap_err().kind, FailureKind::OutcomeUnknown);

    // The lead was made: the next attempt finds it by its key, and writes the same again.
    let made = json!({ "Id": LEAD, "Aftercall_Key__c": LEAD_KEY, "Description": "40 seats" });
    let second = fake().attempt(2).expect(QUERY, page(&[])).expect(QUERY, page(&[made]));
    let second = second.expect(&format!("PATCH {API}/sobjects/Lead/{LEAD}"), Reply::text(204, ""));
    let outcome = second.call::<Plugin>("upsert_lead", all()).unwrap();
    assert_eq!(outcome.text, format!("the lead is updated, lead_id {LEAD}"));

    // It wasn't: the same upsert makes it, and would update it if it came in between.
    let third = fake().attempt(2).expect(QUERY, page(&[])).expect(QUERY, page(&[])).expect(&line, saved(LEAD, false));
    let outcome = third.call::<Plugin>("upsert_lead", all()).unwrap();
    assert_eq!(third.sent()[2].json(), first.sent()[2].json());
    assert_eq!(outcome.text, format!("the lead is updated, lead_id {LEAD}"));
}

#[test]
fn a_lead_in_doubt_is_looked_for_by_its_key() {
    fn check(look: Reply, later_ms: u64, expected: &Finding) {
        let fake = fake().now(FIRST_ATTEMPT_AT + later_ms).expect(QUERY, look);
        assert_eq!(fake.reconcile::<Plugin>("upsert_lead", all()).as_ref(), Ok(expected), "{later_ms} ms later");
        let fields = "Id, Company, FirstName, LastName, Phone, Description";
        assert_eq!(soql(&fake.sent()[0]), query_by_key(fields, "Lead", LEAD_KEY));
    }
    let lead = |changes: Value| {
        let lead = json!({
            "Id": LEAD, "FirstName": "Ann", "LastName": "Lee", "Phone": "+14155550123", "Company": "Acme",
            "Description": "40 seats",
        });
        page(&[merged(lead, changes)])
    };
    let receipt = Receipt::new("Lead", LEAD).with_url(url(LEAD));
    let there = Outcome::new(format!("the lead is there, lead_id {LEAD}")).with_receipt(receipt);
    let there = Finding::Happened(Outcome { data: Some(json!({ "lead_id": LEAD }).to_string()), ..there });
    check(lead(json!({})), 0, &there);
    // Somebody else's, which stays; but none is none of ours either.
    check(lead(json!({ "Description": "Met at the fair" })), 0, &there);
    check(lead(json!({ "Description": null })), 0, &Finding::Unknown(Some(60_000)));
    check(lead(json!({ "Description": null })), AT_WORK_MS, &Finding::Unknown(None));
    check(lead(json!({ "Company": null })), AT_WORK_MS - 1, &Finding::Unknown(Some(1)));
    check(lead(json!({ "Company": "Globex" })), AT_WORK_MS, &Finding::Unknown(None));
    check(page(&[]), AT_WORK_MS - 1, &Finding::Unknown(Some(1)));
    check(page(&[]), AT_WORK_MS, &Finding::DidNotHappen);
    check(several(), 0, &Finding::Unknown(None));
    check(Reply::denied(), 0, &Finding::Unknown(None));
}

#[test]
fn a_lead_in_doubt_of_which_no_interest_was_said_needs_no_description() {
    let fake = fake().expect(QUERY, page(&[json!({ "Id": LEAD, "FirstName": "Ann" })]));
    let finding =
        fake.reconcile::<Plugin>("upsert_lead", ann(json!({ "first_name": "Ann", "interest": " " }))).unwrap();
    assert!(matches!(finding, Finding::Happened(_)), "{finding:?}");
    assert_eq!(soql(&fake.sent()[0]), query_by_key("Id, FirstName", "Lead", LEAD_KEY));
}

#[test]
fn a_lead_that_cannot_be_looked_for_stays_in_doubt() {
    fn check(look: Reply, kind: FailureKind) {
        let fake = fake().expect(QUERY, look);
        assert_eq!(fake.reconcile::<Plugin>("upsert_lead", all()).unwrap_err().kind, kind);
    }
    check(Reply::text(502, ""), FailureKind::Unavailable);
    check(Reply::unreachable(), FailureKind::Unavailable);
    // A 404 is nobody's word for a record that isn't there.
    check(Reply::text(404, "<html>"), FailureKind::NotFound);
}
