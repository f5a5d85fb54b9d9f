//! `upsert_contact`.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_crm_salesforce::tools::Plugin;
use serde_json::{Value, json};

use crate::{
    ACCOUNT, API, AT_WORK_MS, CONTACT, FIRST_ATTEMPT_AT, KEY, LEAD, QUERY, fake, merged, page, query_by_key, saved,
    several, soql, url,
};

fn new(changes: Value) -> Value {
    merged(json!({ "account_id": ACCOUNT, "last_name": "Lee" }), changes)
}

fn of_ann(changes: Value) -> Value {
    merged(json!({ "contact_id": CONTACT }), changes)
}

fn by_key() -> String {
    format!("PATCH {API}/sobjects/Contact/Aftercall_Key__c/{KEY}")
}

fn by_id() -> String {
    format!("PATCH {API}/sobjects/Contact/{CONTACT}")
}

#[test]
fn somebody_new_becomes_a_contact_of_the_account() {
    let fake = fake().expect(QUERY, page(&[])).expect(QUERY, page(&[])).expect(&by_key(), saved(CONTACT, true));
    let arguments = new(json!({
        "email": "ann@example.com", "first_name": " Ann ", "phone": "+14155550123", "title": "Head of Purchasing",
    }));
    let outcome = fake.call::<Plugin>("upsert_contact", arguments).unwrap();
    let sent = fake.sent();
    let of_contacts = "SELECT Id, Aftercall_Key__c FROM Contact WHERE Email = 'ann@example.com' \
                       ORDER BY LastModifiedDate DESC LIMIT 5";
    assert_eq!(soql(&sent[0]), of_contacts);
    let of_leads = "SELECT Id FROM Lead WHERE Email = 'ann@example.com' AND IsConverted = false \
                    ORDER BY LastModifiedDate DESC LIMIT 5";
    assert_eq!(soql(&sent[1]), of_leads);
    let fields = json!({
        "AccountId": ACCOUNT, "Email": "ann@example.com", "FirstName": "Ann", "LastName": "Lee", "Phone": "+14155550123",
        "Title": "Head of Purchasing",
    });
    assert_eq!(sent[2].json(), fields);
    assert_eq!(outcome.text, format!("the contact is new, contact_id {CONTACT}"));
    assert_eq!(outcome.data, Some(json!({ "contact_id": CONTACT }).to_string()));
    assert_eq!(outcome.receipts, [Receipt::new("Contact", CONTACT).with_url(url(CONTACT))]);
}

#[test]
fn without_an_address_nobody_is_looked_for() {
    let fake = fake().expect(&by_key(), saved(CONTACT, true));
    fake.call::<Plugin>("upsert_contact", new(json!({}))).unwrap();
    assert_eq!(fake.sent()[0].json(), json!({ "AccountId": ACCOUNT, "LastName": "Lee" }));
}

#[test]
fn nobody_is_made_twice() {
    fn check(replies: Vec<Reply>, words: &str) {
        let fake = replies.into_iter().fold(fake(), |fake, reply| fake.expect(QUERY, reply));
        let failure = fake.call::<Plugin>("upsert_contact", new(json!({ "email": "ann@example.com" }))).unwrap_err();
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Conflict, words));
    }
    let there = page(&[json!({ "Id": CONTACT, "Aftercall_Key__c": null })]);
    let words =
        "ann@example.com is a contact already, and nothing was done: update it by its contact_id, from find_contact";
    check(vec![there], words);
    let lead = page(&[json!({ "Id": LEAD })]);
    let words = format!(
        "ann@example.com is a lead, lead_id {LEAD}, which people convert to a contact; nothing was done: use upsert_lead"
    );
    check(vec![page(&[]), lead], &words);
}

#[test]
fn what_an_earlier_attempt_made_is_no_namesake() {
    let own = page(&[json!({ "Id": CONTACT, "Aftercall_Key__c": KEY })]);
    let fake = fake().expect(QUERY, own).expect(QUERY, page(&[])).expect(&by_key(), saved(CONTACT, false));
    let outcome = fake.call::<Plugin>("upsert_contact", new(json!({ "email": "ann@example.com" }))).unwrap();
    assert_eq!(outcome.text, format!("the contact is updated, contact_id {CONTACT}"));
}

#[test]
fn a_contact_is_updated_by_its_id() {
    fn check(said: Value, fields: Value) {
        let fake = fake().expect(&by_id(), Reply::text(204, ""));
        let outcome = fake.call::<Plugin>("upsert_contact", of_ann(said)).unwrap();
        assert_eq!(fake.sent()[0].json(), fields);
        assert_eq!(outcome.text, format!("the contact is updated, contact_id {CONTACT}"));
        assert_eq!(outcome.receipts, [Receipt::new("Contact", CONTACT).with_url(url(CONTACT))]);
    }
    check(json!({ "phone": "+14155550123" }), json!({ "Phone": "+14155550123" }));
    check(
        json!({ "email": "Ann@Example.com", "first_name": " ", "title": "CEO" }),
        json!({ "Email": "ann@example.com", "Title": "CEO" }),
    );
}

#[test]
fn what_cannot_be_is_told() {
    fn check(arguments: Value, words: &str) {
        let failure = fake().call::<Plugin>("upsert_contact", arguments).unwrap_err();
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::InvalidArguments, words));
    }
    let there = "one that there is already needs contact_id";
    check(json!({ "account_id": ACCOUNT }), &format!("a new contact needs last_name; {there}"));
    check(new(json!({ "last_name": " " })), &format!("a new contact needs last_name; {there}"));
    check(json!({ "email": "ann@example.com" }), &format!("a new contact needs account_id and last_name; {there}"));
    check(
        of_ann(json!({ "account_id": ACCOUNT, "title": "CEO" })),
        "account_id goes with a new contact: leave it out with contact_id, whose account stays",
    );
    let nothing = "give what changes of the contact: email, first_name, last_name, phone or title";
    check(of_ann(json!({})), nothing);
    check(of_ann(json!({ "title": " " })), nothing);
}

#[test]
fn a_doubt_is_settled_by_the_record() {
    fn check(arguments: Value, query: &str, reply: Reply, waited_ms: u64, expected: Finding) {
        let fake = fake().now(FIRST_ATTEMPT_AT + waited_ms).expect(QUERY, reply);
        let finding = fake.reconcile::<Plugin>("upsert_contact", arguments).unwrap();
        assert_eq!(soql(&fake.sent()[0]), query);
        assert_eq!(finding, expected);
    }
    let there = || {
        let made = Outcome::new(format!("the contact is there, contact_id {CONTACT}"));
        let made = Outcome { data: Some(json!({ "contact_id": CONTACT }).to_string()), ..made };
        made.with_receipt(Receipt::new("Contact", CONTACT).with_url(url(CONTACT)))
    };
    let made = query_by_key("Id, AccountId, LastName", "Contact", KEY);
    let as_asked = json!({ "Id": CONTACT, "AccountId": ACCOUNT, "LastName": "Lee" });
    check(new(json!({})), &made, page(std::slice::from_ref(&as_asked)), 0, Finding::Happened(there()));
    check(new(json!({})), &made, page(&[]), AT_WORK_MS - 1, Finding::ask_again_after(1));
    check(new(json!({})), &made, page(&[]), AT_WORK_MS, Finding::DidNotHappen);
    check(new(json!({})), &made, several(), AT_WORK_MS, Finding::Unknown(None));
    let married = merged(as_asked, json!({ "LastName": "Fox" }));
    let text = format!(
        "Contact {CONTACT} was made for this, and isn't as it was asked for: nothing else is made in its place"
    );
    let otherwise = Finding::HappenedOtherwise(Outcome { text, ..there() });
    check(new(json!({})), &made, page(&[married]), AT_WORK_MS, otherwise);
    let updated = format!("SELECT Id, Title FROM Contact WHERE Id = '{CONTACT}' LIMIT 2");
    let title = |title: &str| page(&[json!({ "Id": CONTACT, "Title": title })]);
    check(of_ann(json!({ "title": "CEO" })), &updated, title("CEO"), 0, Finding::Happened(there()));
    check(of_ann(json!({ "title": "CEO" })), &updated, title("CTO"), AT_WORK_MS, Finding::Unknown(None));
    check(of_ann(json!({ "title": "CEO" })), &updated, page(&[]), AT_WORK_MS, Finding::Unknown(None));
}
