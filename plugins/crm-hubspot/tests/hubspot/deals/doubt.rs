//! Whether a deal was made, or updated, where the answer doesn't tell.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::json;

use super::{ASSOCIATION, CONTACT, DEAL_URL, UPSERT, contact_with, failure, new_deal, upserted};
use crate::{ATTEMPT_AT, batch, deal_of, error, fake, not_found};

#[test]
fn a_deal_whose_answer_was_lost_is_made_once() {
    // HubSpot made the deal, and the answer was cut: the repetition has the same key, so it finds the same deal.
    let cut = fake().expect(CONTACT, contact_with(&[])).expect(UPSERT, Reply::cut());
    assert_eq!(failure(&cut, new_deal()).kind, FailureKind::OutcomeUnknown);
    let again = fake()
        .attempt(2)
        .expect(CONTACT, contact_with(&[]))
        .expect(UPSERT, upserted(false))
        .expect(ASSOCIATION, Reply::json(200, batch(&[])));
    again.call::<Plugin>("upsert_deal", new_deal()).unwrap();
    assert_eq!(again.sent()[1].json(), cut.sent()[1].json());
}

#[test]
fn a_deal_that_may_not_be_on_its_contact_is_in_doubt() {
    fn check(reply: Reply) {
        let fake = fake().expect(CONTACT, contact_with(&[])).expect(UPSERT, upserted(true)).expect(ASSOCIATION, reply);
        let failure = failure(&fake, new_deal());
        assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
        assert!(failure.message.contains("deal 77 is made"), "{}", failure.message);
    }
    check(Reply::cut());
    check(Reply::stray(502, ""));
    check(Reply::json(400, error("VALIDATION_ERROR", "CONTACT=512 is not valid")));
    check(not_found());
}

#[test]
fn a_deal_in_doubt_is_looked_up() {
    fn check(deal_id: Option<&str>, reply: Reply, later_ms: u64, expected: &Finding) {
        let mut arguments = new_deal();
        arguments["amount"] = json!("1250.00");
        arguments["currency"] = json!("EUR");
        arguments["close_date"] = json!("2026-12-01");
        let line = match deal_id {
            Some(id) => {
                arguments["deal_id"] = json!(id);
                format!("GET https://api.hubapi.com/crm/v3/objects/0-3/{id}")
            }
            None => "GET https://api.hubapi.com/crm/v3/objects/0-3/ac_0123abcd".to_owned(),
        };
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(&line, reply);
        assert_eq!(fake.reconcile::<Plugin>("upsert_deal", arguments).as_ref(), Ok(expected), "{later_ms} ms later");
        let key = deal_id.is_none().then_some(("idProperty", "aftercall_key"));
        let properties = "amount,closedate,deal_currency_code,dealname,dealstage,pipeline";
        let rest = [("properties", properties), ("associations", "contacts")];
        let query = key.into_iter().chain(rest).map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(fake.sent()[0].query(), query.collect::<Vec<_>>());
    }
    let deal = |contact_id: &str, amount: &str| {
        let mut deal = deal_of(contact_id);
        deal["properties"] = json!({
            "dealname": "Acme, 40 seats", "pipeline": "default", "dealstage": "qualifiedtobuy", "amount": amount,
            "deal_currency_code": "EUR", "closedate": "2026-12-01T12:00:00.000Z",
        });
        Reply::json(200, deal)
    };
    let made = "deal 77 was made for this, and isn't as it was asked for: nothing else is made in its place";
    let made = Outcome::new(made).with_receipt(Receipt::new("deal", "77").with_url(DEAL_URL));
    let made = Finding::HappenedOtherwise(Outcome { data: Some(r#"{"deal_id":"77"}"#.to_owned()), ..made });
    let there = Outcome::new("the deal of contact 512 is there, deal_id 77");
    let there = there.with_receipt(Receipt::new("deal", "77").with_url(DEAL_URL));
    let there = Finding::Happened(Outcome { data: Some(r#"{"deal_id":"77"}"#.to_owned()), ..there });
    for deal_id in [None, Some("77")] {
        check(deal_id, deal("512", "1250.00"), 0, &there);
        check(deal_id, deal("512", "1250"), 0, &there);
        check(deal_id, deal("512", "125"), 59_999, &Finding::Unknown(Some(1)));
        // By our key it is known that it was made, whatever it says by now, and be it not on its contact.
        let otherwise = if deal_id.is_none() { &made } else { &Finding::Unknown(None) };
        check(deal_id, deal("512", "125"), 60_000, otherwise);
        check(deal_id, deal("513", "1250.00"), 60_000, otherwise);
        check(deal_id, not_found(), 59_999, &Finding::Unknown(Some(1)));
        check(deal_id, Reply::denied(), 0, &Finding::Unknown(None));
    }
    check(None, not_found(), 60_000, &Finding::DidNotHappen);
    check(Some("77"), not_found(), 60_000, &Finding::Unknown(None));
}
