//! `find_contact`.

use aftercall::testing::{Fake, Reply};
use aftercall_plugin_crm_salesforce::tools::Plugin;
use serde_json::{Value, json};

use crate::{ACCOUNT, API, CONTACT, LEAD, QUERY, example, fake, page, soql, with};

fn found(fake: &Fake, arguments: Value) -> (String, Value) {
    let outcome = fake.call::<Plugin>("find_contact", arguments).unwrap();
    assert!(outcome.receipts.is_empty());
    (outcome.text, serde_json::from_str(&outcome.data.unwrap()).unwrap())
}

#[test]
fn people_are_queried_by_what_is_given() {
    fn check(arguments: Value, all: &str) {
        let fake = fake().expect(QUERY, page(&[])).expect(QUERY, page(&[]));
        let (text, data) = found(&fake, arguments);
        assert_eq!(text, "no contact and no lead has this email address or telephone number");
        assert_eq!(data, json!({ "contacts": [], "leads": [] }));
        let person = "Id, FirstName, LastName, Email, Phone, MobilePhone";
        let contacts = format!(
            "SELECT {person}, AccountId, Account.Name FROM Contact WHERE {all} ORDER BY LastModifiedDate DESC LIMIT 200"
        );
        let leads = format!(
            "SELECT {person}, Company, Status FROM Lead WHERE IsConverted = false AND {all} \
             ORDER BY LastModifiedDate DESC LIMIT 200"
        );
        let sent = fake.sent();
        assert_eq!([soql(&sent[0]), soql(&sent[1])], [contacts, leads]);
        assert_eq!(sent[0].header("authorization"), None);
    }
    let phone = "(Phone LIKE '%5%5%5%0%1%2%3' OR MobilePhone LIKE '%5%5%5%0%1%2%3')";
    check(json!({ "email": "ann@example.com" }), "Email = 'ann@example.com'");
    check(json!({ "email": "o'neil@example.com" }), r"Email = 'o\'neil@example.com'");
    check(json!({ "phone": "+14155550123" }), phone);
    check(
        json!({ "email": "ann@example.com", "phone": "+14155550123" }),
        &format!("Email = 'ann@example.com' AND {phone}"),
    );
}

#[test]
fn people_are_told_with_what_is_set() {
    let contact = json!({
        "attributes": { "type": "Contact" }, "Id": CONTACT, "FirstName": "Ann", "LastName": "Lee", "Email": "Ann@Example.com",
        "Phone": null, "MobilePhone": "+1 (415) 555-0123", "AccountId": ACCOUNT,
        "Account": { "attributes": { "type": "Account" }, "Name": "Acme" },
    });
    let lead = json!({
        "Id": LEAD, "FirstName": null, "LastName": "Lee", "Email": null, "Phone": "+1 415 555 0123", "Company": "Acme",
        "Status": "Open - Not Contacted",
    });
    // It ends with the same seven digits, and is another number.
    let other = json!({ "Id": LEAD, "LastName": "Moe", "Phone": "+44 415 555 0123" });
    let told_contact = json!({
        "contact_id": CONTACT, "first_name": "Ann", "last_name": "Lee", "email": "Ann@Example.com",
        "mobile_phone": "+1 (415) 555-0123", "account_id": ACCOUNT, "account": "Acme",
    });
    let told_lead = json!({
        "lead_id": LEAD, "last_name": "Lee", "phone": "+1 415 555 0123", "company": "Acme", "status": "Open - Not Contacted",
    });
    let check = |contacts: &[Value], leads: &[Value], expected: (&str, Value)| {
        let fake = fake().expect(QUERY, page(contacts)).expect(QUERY, page(leads));
        let (text, data) = found(&fake, json!({ "phone": "+14155550123" }));
        assert_eq!((text.as_str(), data), expected);
    };
    let (contact, lead) = ([contact], [lead, other]);
    check(
        &contact,
        &[],
        (&format!("one contact, contact_id {CONTACT}"), json!({ "contacts": [told_contact], "leads": [] })),
    );
    check(&[], &lead, (&format!("one lead, lead_id {LEAD}"), json!({ "contacts": [], "leads": [told_lead] })));
    check(&contact, &lead, ("contacts: 1, leads: 1", json!({ "contacts": [told_contact], "leads": [told_lead] })));
}

#[test]
fn a_number_that_may_be_somebody_else_s_is_nobody_s() {
    fn check(stored: &str, national: Value, words: &str) {
        let settings = json!({ "national_numbers": national });
        let lead = json!({ "Id": LEAD, "Phone": stored });
        let fake = with(settings).expect(QUERY, page(&[])).expect(QUERY, page(&[lead]));
        assert_eq!(found(&fake, json!({ "phone": "+14155550123" })).0, words);
    }
    let (one, nobody) =
        (format!("one lead, lead_id {LEAD}"), "no contact and no lead has this email address or telephone number");
    let unknown =
        "; of 1 whose number lacks its country it isn't known (the setting `national_numbers` says how it is read)";
    check("001 415 555 0123", Value::Null, &one);
    check("(415) 555-0123", Value::Null, &format!("{nobody}{unknown}"));
    check("(415) 555-0123", json!({ "country_code": "1", "prefixes": ["", "1"] }), &one);
    check("(415) 555-0123", json!({ "country_code": "49", "prefixes": ["", "0"] }), nobody);
}

#[test]
fn no_more_than_ten_are_told() {
    let ann = json!({ "Id": CONTACT, "Email": "ann@example.com" });
    let fake = fake().expect(QUERY, page(&vec![ann; 11])).expect(QUERY, page(&[]));
    let (text, data) = found(&fake, json!({ "email": "ann@example.com" }));
    assert_eq!(text, "contacts: 10, leads: 0; there may be more");
    assert_eq!(data["contacts"].as_array().unwrap().len(), 10);
}

#[test]
fn what_was_not_read_is_not_denied() {
    fn check(leads: &[Value], words: &str) {
        let fake = fake().expect(QUERY, page(&[])).expect(QUERY, page(leads));
        assert_eq!(found(&fake, json!({ "phone": "+14155550123" })).0, words);
    }
    // Each has these digits in their order, and is another number.
    let others = vec![json!({ "Id": LEAD, "Phone": "+44 5550 1 23 0 5550123" }); 200];
    let nobody = "no contact and no lead has this email address or telephone number";
    check(&others[..199], nobody);
    check(&others, &format!("{nobody}, as far as was read; there may be more"));
    let mut one = others;
    one[0]["Phone"] = json!("+1 (415) 555-0123");
    check(&one, &format!("one lead, lead_id {LEAD}; there may be more"));
}

#[test]
fn a_query_goes_on_where_salesforce_says() {
    fn check(next: &str, words: Option<&str>) {
        let (_, mut first) = example(include_str!("../fixtures/query.json"));
        first["nextRecordsUrl"] = json!(next);
        first["records"][0]["Phone"] = json!("+14155550199");
        let fake = fake().expect(QUERY, Reply::json(200, first));
        let arguments = json!({ "phone": "+14155550123" });
        let Some(words) = words else {
            let ann = json!({ "Id": CONTACT, "Phone": "+14155550123" });
            let rest = format!("GET {API}/query/01gRO0000016PIAYA2-500");
            let fake = fake.expect(&rest, page(&[ann])).expect(QUERY, page(&[]));
            assert_eq!(found(&fake, arguments).0, format!("one contact, contact_id {CONTACT}"));
            assert!(fake.sent()[1].query().is_empty());
            return;
        };
        let failure = fake.call::<Plugin>("find_contact", arguments).unwrap_err();
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check("/services/data/v62.0/query/01gRO0000016PIAYA2-500", None);
    check("https://evil.example/query/1", Some("unexpected address"));
    check("/services/apexrest/x", Some("unexpected address"));
}

#[test]
fn a_query_ends_after_some_pages() {
    let (_, first) = example(include_str!("../fixtures/query.json"));
    let mut fake = fake().expect(QUERY, Reply::json(200, first.clone()));
    for _ in 1..10 {
        fake = fake.expect(&format!("GET {API}/query/01gRO0000016PIAYA2-500"), Reply::json(200, first.clone()));
    }
    let fake = fake.expect(QUERY, page(&[]));
    let (text, _) = found(&fake, json!({ "phone": "+14155550123" }));
    assert!(text.ends_with("as far as was read; there may be more"), "{text}");
}
