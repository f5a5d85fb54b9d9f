//! Whom a ticket of Zendesk's is from: whoever has the caller's number, and nobody else, whatever was said.

use aftercall::FailureKind;
use aftercall::testing::{Fake, Reply};
use aftercall_plugin_ticket::tools::Plugin;
use serde_json::{Value, json};

const CREATE: &str = "POST https://northwind.zendesk.com/api/v2/tickets.json";
const LIST: &str = "GET https://northwind.zendesk.com/api/v2/tickets.json";
const SEARCH: &str = "GET https://northwind.zendesk.com/api/v2/users/search.json";
const UPSERT: &str = "POST https://northwind.zendesk.com/api/v2/users/create_or_update.json";
const KEY: &str = "ac_0123abcd";
const PHONE: &str = "+14155550123";

fn fake() -> Fake {
    Fake::new().settings(json!({ "subdomain": "northwind" })).key(KEY)
}

fn report(spoken: &Value) -> Value {
    let mut arguments = json!({
        "subject": "Cold store 2 at 9 °C",
        "description": "Warming.",
        "priority": "urgent",
        "mood": "worried",
        "type": "incident",
        "requester_phone": PHONE,
    });
    arguments.as_object_mut().unwrap().extend(spoken.as_object().unwrap().clone());
    arguments
}

fn user(id: u64, phone: &str) -> Value {
    json!({ "id": id, "name": "A", "email": format!("user{id}@example.com"), "phone": phone })
}

fn users(found: &Value) -> Reply {
    Reply::json(200, json!({ "users": found, "count": 1 }))
}

fn upserted(id: u64) -> Reply {
    Reply::json(200, json!({ "user": { "id": id, "phone": PHONE } }))
}

fn made() -> Reply {
    Reply::json(201, json!({ "ticket": { "id": 101, "external_id": KEY } }))
}

/// The ticket of a caller who said this, where Zendesk has these users.
fn ticket(found: &Value, own: Option<u64>, spoken: &Value) -> Value {
    let fake = fake().expect(SEARCH, users(found));
    let fake = match own {
        Some(id) => fake.expect(UPSERT, upserted(id)),
        None => fake,
    };
    let fake = fake.expect(CREATE, made());
    fake.call::<Plugin>("create_ticket", report(spoken)).unwrap();
    let sent = fake.sent();
    assert_eq!(sent[0].query(), [("query".to_owned(), "role:end-user phone:*5550123".to_owned())]);
    if own.is_some() {
        // Whatever name was spoken: the next caller from a company's number has another.
        let user = json!({ "name": "Caller +14155550123", "phone": PHONE, "external_id": "tel:+14155550123" });
        assert_eq!(sent[1].json(), json!({ "user": user }));
    }
    sent[sent.len() - 1].json()["ticket"].clone()
}

#[test]
fn the_number_says_who_called() {
    fn check(found: Value, own: Option<u64>, requester_id: u64) {
        // An address that was spoken changes nothing, whosesoever it is.
        for spoken in [json!({}), json!({ "requester_email": "user13@example.com", "requester_name": "Ana Lima" })] {
            let ticket = ticket(&found, own, &spoken);
            assert_eq!(ticket["requester_id"], requester_id, "{found} {spoken}");
            assert_eq!(ticket.get("requester"), None);
        }
    }
    check(json!([user(12, PHONE)]), None, 12);
    check(json!([user(12, "+1 (415) 555-0123")]), None, 12);
    check(json!([user(13, "+14155550124"), user(12, PHONE), { "id": 14, "phone": null }]), None, 12);
    check(json!([]), Some(77), 77);
    check(json!([user(12, PHONE), user(13, PHONE)]), Some(77), 77);
    // The number's own user is there: nothing is written on it.
    let own = |id: u64| json!({ "id": id, "name": "Front desk", "phone": PHONE, "external_id": "tel:+14155550123" });
    check(json!([own(77)]), None, 77);
    check(json!([user(12, PHONE), own(77)]), None, 77);
}

/// The country of a number that stands in a profile without it is a setting: in another, it is somebody else's.
#[test]
fn a_number_without_its_country_is_the_callers_where_the_settings_say_so() {
    fn check(country_code: Option<&str>, stored: &str, requester_id: u64, note: &str) {
        let settings = json!({ "subdomain": "northwind", "country_code": country_code });
        let fake = fake().settings(settings).expect(SEARCH, users(&json!([user(12, stored)])));
        let fake = if requester_id == 12 { fake } else { fake.expect(UPSERT, upserted(requester_id)) };
        let fake = fake.expect(CREATE, made());
        fake.call::<Plugin>("create_ticket", report(&json!({}))).unwrap();
        let sent = fake.sent();
        let ticket = &sent[sent.len() - 1].json()["ticket"];
        assert_eq!(ticket["requester_id"], requester_id, "{stored} of {country_code:?}");
        let text = format!("<p>Warming.</p><p>Called in by +14155550123.</p>{note}");
        assert_eq!(ticket["comment"]["html_body"], text, "{stored} of {country_code:?}");
    }
    let alike =
        "<p>Profiles have a number without its country that may be this one (users 12): none of them was chosen.</p>";
    for stored in ["(415) 555-0123", "415 555 0123", "14155550123"] {
        check(Some("1"), stored, 12, "");
        check(Some("49"), stored, 77, "");
        check(None, stored, 77, alike);
    }
    check(None, "+1 (415) 555-0123", 12, "");
    check(Some("49"), "+1 (415) 555-0123", 12, "");
    check(Some("1"), "555-0123", 77, "");
}

#[test]
fn the_team_reads_who_called() {
    fn check(found: Value, own: Option<u64>, spoken: Value, expected: &str) {
        let ticket = ticket(&found, own, &spoken);
        assert_eq!(ticket["comment"]["html_body"], format!("<p>Warming.</p>{expected}"));
    }
    let email = || json!({ "requester_email": "ana@example.com" });
    check(json!([]), Some(77), json!({}), "<p>Called in by +14155550123.</p>");
    let called = "<p>Called in by +14155550123, ana@example.com.</p>";
    check(json!([]), Some(77), email(), called);
    check(json!([user(12, PHONE)]), None, email(), called);
    let two = json!([user(12, PHONE), user(13, PHONE)]);
    let note = "<p>Other profiles have this number, too (users 12, 13): none of them was chosen.</p>";
    check(two, Some(77), email(), &format!("{called}{note}"));
    // The number's own user was made on an earlier call, and somebody else is on the line.
    let mut own = user(77, PHONE);
    own["external_id"] = json!("tel:+14155550123");
    let note = "<p>Other profiles have this number, too (users 12): none of them was chosen.</p>";
    let called = "<p>Called in by Bo Reyes, +14155550123.</p>";
    check(json!([user(12, PHONE), own]), None, json!({ "requester_name": "Bo Reyes" }), &format!("{called}{note}"));
    check(json!([]), Some(77), json!({ "requester_name": "Bo Reyes" }), called);
    let called = "<p>Called in by +14155550123, ana@example.com.</p>";
    let mixed = json!([user(12, PHONE), user(13, PHONE), user(14, "(415) 555-0123")]);
    let notes = "<p>Other profiles have this number, too (users 12, 13): none of them was chosen.<br>\
                 Profiles have a number without its country that may be this one (users 14): none of them was chosen.</p>";
    check(mixed, Some(77), email(), &format!("{called}{notes}"));
    let many = json!((1..=6).map(|id| user(id, PHONE)).collect::<Vec<_>>());
    let note = "<p>Other profiles have this number, too (users 1, 2, 3, 4, 5 and others): none of them was chosen.</p>";
    check(many, Some(77), email(), &format!("{called}{note}"));
}

#[test]
fn no_ticket_is_made_without_its_requester() {
    fn check(search: Reply, upsert: Option<Reply>, kind: FailureKind) {
        let fake = fake().expect(SEARCH, search);
        let fake = match upsert {
            Some(upsert) => fake.expect(UPSERT, upsert),
            None => fake,
        };
        assert_eq!(fake.call::<Plugin>("create_ticket", report(&json!({}))).unwrap_err().kind, kind);
    }
    let nobody = || users(&json!([]));
    check(Reply::cut(), None, FailureKind::Unavailable);
    check(Reply::text(503, ""), None, FailureKind::Unavailable);
    check(Reply::stray(200, "<p>"), None, FailureKind::Other);
    check(Reply::text(404, ""), None, FailureKind::Misconfigured);
    check(nobody(), Some(Reply::text(404, "")), FailureKind::Misconfigured);
    check(nobody(), Some(Reply::cut()), FailureKind::OutcomeUnknown);
    check(nobody(), Some(Reply::text(500, "")), FailureKind::OutcomeUnknown);
    check(nobody(), Some(Reply::json(403, json!({ "error": "Forbidden" }))), FailureKind::Denied);
    check(nobody(), Some(Reply::denied()), FailureKind::Denied);
}

/// The host has a doubt then, since a write was accepted; it looks for the ticket, and repeats no refusal.
#[test]
fn a_refusal_after_the_requester_was_made_is_one() {
    let invalid = json!({ "error": "RecordInvalid", "description": "Record validation errors" });
    let fake = fake().expect(SEARCH, users(&json!([]))).expect(UPSERT, upserted(77));
    let fake = fake.expect(CREATE, Reply::json(422, invalid));
    let failure = fake.call::<Plugin>("create_ticket", report(&json!({}))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
}

/// The answer is cut after Zendesk made requester and ticket: it is found by our key, and nothing is made again.
#[test]
fn a_ticket_whose_answer_is_lost_is_made_once() {
    let fake = fake().expect(SEARCH, users(&json!([]))).expect(UPSERT, upserted(77)).expect(CREATE, Reply::cut());
    let failure = fake.call::<Plugin>("create_ticket", report(&json!({}))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    let fake = fake.expect(LIST, Reply::json(200, json!({ "tickets": [{ "id": 101, "external_id": KEY }] })));
    let finding = fake.reconcile::<Plugin>("create_ticket", report(&json!({}))).unwrap();
    let aftercall::Finding::Happened(outcome) = finding else { panic!("{finding:?}") };
    assert_eq!(outcome.receipts[0].id, "101");
    assert_eq!(fake.sent().iter().filter(|sent| sent.line() == CREATE).count(), 1);
}
