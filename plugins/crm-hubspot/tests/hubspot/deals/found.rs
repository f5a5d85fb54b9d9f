//! `find_deals`.

use aftercall::FailureKind;
use aftercall::testing::Reply;
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::{Value, json};

use super::{BATCH_READ, CONTACT, contact_with};
use crate::{batch, fake, not_found, object, settings};

#[test]
fn deals_are_read_by_their_association() {
    let open = object(
        "77",
        json!({
            "dealname": "Acme, 40 seats",
            "pipeline": "default",
            "dealstage": "qualifiedtobuy",
            "amount": "1250.00",
            "deal_currency_code": "EUR",
            "closedate": "2026-12-01T12:00:00Z",
            "hs_is_closed": "false",
        }),
    );
    let mut lost = object("101", json!({ "dealname": null, "dealstage": "closedlost", "hs_is_closed": "true" }));
    lost["createdAt"] = json!("2026-03-02T00:00:00Z");
    let fake = fake()
        // The third comes twice, once for each label of its association, and is archived meanwhile.
        .expect(CONTACT, contact_with(&["77", "101", "100", "100"]))
        .expect(BATCH_READ, Reply::json(207, batch(&[open, lost])));
    let outcome = fake.call::<Plugin>("find_deals", json!({ "contact_id": "512" })).unwrap();
    assert_eq!(fake.sent()[0].query(), [("associations".to_owned(), "deals".to_owned())]);
    let expected = json!({
        "inputs": [{ "id": "77" }, { "id": "101" }, { "id": "100" }],
        "properties": ["dealname", "pipeline", "dealstage", "amount", "deal_currency_code", "closedate", "hs_is_closed"],
        "propertiesWithHistory": [],
    });
    assert_eq!(fake.sent()[1].json(), expected);
    assert_eq!(outcome.text, "2 deals");
    let expected = json!({
        "deals": [
            { "deal_id": "101", "stage": "closedlost", "closed": true },
            {
                "deal_id": "77",
                "name": "Acme, 40 seats",
                "stage": "qualified",
                "amount": "1250.00",
                "currency": "EUR",
                "close_date": "2026-12-01",
                "closed": false,
            },
        ],
        "stages": [
            { "name": "qualified", "for": "Has the money and the need." },
            { "name": "won", "for": "Said yes." },
        ],
    });
    assert_eq!(serde_json::from_str::<Value>(&outcome.data.unwrap()).unwrap(), expected);
}

#[test]
fn deals_are_told_in_words() {
    fn check(deals: usize, text: &str) {
        let ids: Vec<String> = (100..100 + deals).map(|id| id.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut fake = fake().expect(CONTACT, contact_with(&ids));
        if deals > 0 {
            let read: Vec<Value> = ids.iter().take(100).map(|id| object(id, json!({}))).collect();
            fake = fake.expect(BATCH_READ, Reply::json(200, batch(&read)));
        }
        let outcome = fake.call::<Plugin>("find_deals", json!({ "contact_id": "512" })).unwrap();
        assert_eq!(outcome.text, text);
    }
    check(0, "contact 512 has no deal");
    check(1, "one deal, deal_id 100");
    check(20, "20 deals");
    check(21, "the newest 20 of 21 deals");
    check(100, "the newest 20 of 100 deals");
    check(101, "20 of the deals of contact 512, which has more");
}

#[test]
fn a_close_date_is_a_day_where_it_was_set_as_one() {
    fn check(told: &str, expected: &str) {
        let deal = object("77", json!({ "closedate": told }));
        let fake = fake().expect(CONTACT, contact_with(&["77"])).expect(BATCH_READ, Reply::json(200, batch(&[deal])));
        let outcome = fake.call::<Plugin>("find_deals", json!({ "contact_id": "512" })).unwrap();
        let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
        assert_eq!(data["deals"][0]["close_date"], expected);
    }
    check("2026-12-01T12:00:00.000Z", "2026-12-01");
    check("2026-12-01T00:00:00Z", "2026-12-01");
    // The first of December in New York.
    check("2026-12-02T02:15:00.250Z", "2026-12-02T02:15:00.250Z");
    check("soon", "soon");
}

#[test]
fn that_no_deal_can_be_made_is_said_before_it_is_tried() {
    fn check(without: &[&str], deals: &[&str], text: &str) {
        let mut settings = settings();
        settings.as_object_mut().unwrap().retain(|name, _| !without.contains(&name.as_str()));
        let mut fake = fake().settings(settings).expect(CONTACT, contact_with(deals));
        if !deals.is_empty() {
            fake = fake.expect(BATCH_READ, Reply::json(200, batch(&[object("77", json!({}))])));
        }
        let outcome = fake.call::<Plugin>("find_deals", json!({ "contact_id": "512" })).unwrap();
        assert_eq!(outcome.text, text);
    }
    let only = "no new deal can be made here, only one that is there be updated";
    check(&[], &[], "contact 512 has no deal");
    check(&["deal_key_property"], &[], &format!("contact 512 has no deal; {only}"));
    check(&["deal_stages"], &["77"], &format!("one deal, deal_id 77; {only}"));
}

#[test]
fn deals_that_are_not_all_told_are_said_to_be_more() {
    let mut contact = object("512", json!({}));
    let results = [json!({ "id": "77", "type": "contact_to_deal" })];
    contact["associations"] = json!({ "deals": { "results": results, "paging": { "next": { "after": "78" } } } });
    let fake = fake()
        .expect(CONTACT, Reply::json(200, contact))
        .expect(BATCH_READ, Reply::json(200, batch(&[object("77", json!({}))])));
    let outcome = fake.call::<Plugin>("find_deals", json!({ "contact_id": "512" })).unwrap();
    assert_eq!(outcome.text, "1 of the deals of contact 512, which has more");
}

#[test]
fn deals_of_nobody_are_not_found() {
    let fake = fake().expect(CONTACT, not_found());
    let failure = fake.call::<Plugin>("find_deals", json!({ "contact_id": "512" })).unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.message.contains("find_contact tells ids"), "{}", failure.message);
}
