//! Booking a slot.

use super::*;

pub(crate) const CREATE: &str = "POST https://fhir.lakeside-clinic.example/r4/Appointment";
pub(crate) const SCHEDULE: &str = "GET https://fhir.lakeside-clinic.example/r4/Schedule";

pub(crate) fn wanted() -> Value {
    json!({ "patient_id": "p-1", "slot_id": "s-1", "reason": " a cough,\u{7} for weeks " })
}

pub(crate) fn schedules() -> Reply {
    Reply::json(200, bundle(&[schedule("c-1")]))
}

/// The reads before a booking.
pub(crate) fn reads(fake: Fake, slot: &Value) -> Fake {
    fake.expect(READ_SLOT, read(slot)).expect(SCHEDULE, schedules())
}

pub(crate) fn ours() -> Fake {
    fake_with(json!({ "slot_status_by": "plugin" }))
}

pub(crate) fn made(status: &str) -> Reply {
    Reply::json(201, keyed(appointment(status), "key1"))
}

#[test]
fn a_free_slot_is_booked_with_all_who_take_part() {
    fn check(booking_status: &str, of_others: &str, text: &str) {
        let fake = reads(fake_with(json!({ "booking_status": booking_status })), &slot("free"));
        let fake = fake.expect(CREATE, made(booking_status));
        assert_eq!(fake.call::<Plugin>("book_appointment", wanted()), Ok(outcome(text)));
        let sent = &fake.sent()[2];
        assert_eq!(sent.header("if-none-exist"), Some("identifier=urn:aftercall:effect|key1"));
        assert_eq!(sent.header("prefer"), Some("return=representation"));
        assert_eq!(sent.header("content-type"), Some("application/fhir+json"));
        let expected = json!({
            "resourceType": "Appointment",
            "identifier": [identifier("key1")],
            "status": booking_status,
            "serviceType": slot("free")["serviceType"],
            "reasonCode": [{ "text": "a cough, for weeks" }],
            "start": START,
            "end": "2026-03-05T10:30:00-06:00",
            "slot": [{ "reference": "Slot/s-1" }],
            "participant": [
                { "actor": { "reference": "Patient/p-1" }, "status": "accepted" },
                { "actor": { "reference": "Practitioner/d-1", "display": "Dr. Okafor" }, "status": of_others },
                { "actor": { "reference": "Location/l-1", "display": "Room 4" }, "status": of_others },
            ],
        });
        assert_eq!(sent.json(), expected);
    }
    let yet = "; the clinic has yet to confirm it";
    check("booked", "accepted", &format!("appointment_id a-1 is booked for {START}"));
    check("pending", "needs-action", &format!("appointment_id a-1 is pending for {START}{yet}"));
    check("proposed", "needs-action", &format!("appointment_id a-1 is proposed for {START}{yet}"));
}

#[test]
fn the_answer_may_be_short() {
    fn check(reply: Reply, expected: Result<&str, &str>) {
        let fake = reads(fake(), &slot("free")).expect(CREATE, reply);
        match (fake.call::<Plugin>("book_appointment", wanted()), expected) {
            (called, Ok(text)) => assert_eq!(called, Ok(outcome(text))),
            (called, Err(words)) => assert_failed(called, FailureKind::OutcomeUnknown, words),
        }
    }
    let booked = "appointment_id a-1 is booked";
    let at = |url: &str| Reply::text(201, "").with_header("location", url);
    check(at(&format!("{BASE}/Appointment/a-1/_history/1")), Ok(booked));
    check(at("http://inside:8080/fhir/Appointment/a-1"), Ok(booked));
    check(at("Appointment/a-1"), Ok(booked));
    check(at("https://elsewhere.example/"), Err("by which id"));
    check(Reply::text(201, ""), Err("by which id"));
    check(Reply::stray(200, "<html>"), Err("by which id"));
    let noted = json!({ "resourceType": "OperationOutcome", "issue": [{ "severity": "information", "code": "informational" }] });
    check(Reply::json(201, noted).with_header("location", "Appointment/a-1"), Ok(booked));
    let complaint = Reply::json(201, refusal("value", "the reason has no code"));
    check(complaint.with_header("location", "Appointment/a-1"), Ok(booked));
    // The server had one with our identifier.
    check(Reply::json(200, appointment("booked")), Ok(&format!("{booked} for {START}")));
    // A server may book otherwise than it was asked.
    let pending = format!("appointment_id a-1 is pending for {START}; the clinic has yet to confirm it");
    check(Reply::json(201, appointment("pending")), Ok(&pending));
    check(Reply::json(201, json!({ "id": "a-1" })), Ok(booked));
}

#[test]
fn a_slot_that_cannot_be_booked_is_left() {
    fn check(settings: Value, change: impl FnOnce(&mut Value), kind: FailureKind, words: &str) {
        let mut slot = slot("free");
        change(&mut slot);
        let fake = fake_with(settings).expect(READ_SLOT, read(&slot));
        assert_failed(fake.call::<Plugin>("book_appointment", wanted()), kind, words);
    }
    let conflict = FailureKind::Conflict;
    let status = |status: &'static str| move |slot: &mut Value| slot["status"] = json!(status);
    check(json!({}), status("busy"), conflict, "isn't free any more (busy): find another");
    check(json!({}), status("busy-unavailable"), conflict, "busy-unavailable");
    check(json!({}), status("busy-tentative"), conflict, "busy-tentative");
    check(json!({}), status("entered-in-error"), conflict, "entered-in-error");
    check(json!({}), |slot| slot["start"] = json!("2026-01-01T00:00:00Z"), conflict, "has begun");
    check(json!({}), |slot| slot["start"] = json!("2026-01-01T01:00:00+02:00"), conflict, "has begun");
    let elsewhere =
        |slot: &mut Value| slot["schedule"] = json!({ "reference": "https://elsewhere.example/Schedule/c-1" });
    check(json!({}), elsewhere, FailureKind::NotFound, "take one of find_free_slots");
    check(json!({ "schedules": ["c-2"] }), |_| {}, FailureKind::NotFound, "take one of find_free_slots");
    check(json!({}), |slot| slot["id"] = json!("s-2"), FailureKind::Other, "the server gave Slot s-2 for Slot s-1");
    check(json!({}), |slot| *slot = schedule("s-1"), FailureKind::Other, "the server gave Schedule s-1");

    let mut timeless = slot("free");
    timeless["start"] = json!("soon");
    let timeless = Reply::stray(200, timeless.to_string()).with_header("etag", "W/\"7\"");
    let timeless = fake().expect(READ_SLOT, timeless);
    assert_failed(timeless.call::<Plugin>("book_appointment", wanted()), conflict, "has begun");
    let gone = fake().expect(READ_SLOT, Reply::json(404, refusal("not-found", "s-1 is not known")));
    assert_failed(gone.call::<Plugin>("book_appointment", wanted()), FailureKind::NotFound, "s-1 is not known");
    let check = |schedules: &[Value], kind: FailureKind, words: &str| {
        let fake = fake().expect(READ_SLOT, read(&slot("free"))).expect(SCHEDULE, Reply::json(200, bundle(schedules)));
        assert_failed(fake.call::<Plugin>("book_appointment", wanted()), kind, words);
    };
    let mut inactive = schedule("c-1");
    inactive["active"] = json!(false);
    check(&[inactive], conflict, "isn't in use");
    check(&[], FailureKind::Other, "doesn't give the schedule");
    // A server that leaves the parameter out of account.
    check(&[schedule("c-2")], FailureKind::Other, "doesn't give the schedule");
    let empty = json!({ "patient_id": "p-1", "slot_id": "s-1", "reason": " \u{0} " });
    assert_failed(
        fake().call::<Plugin>("book_appointment", empty),
        FailureKind::InvalidArguments,
        "`reason`: the text",
    );
}

#[test]
fn a_booking_that_is_refused_says_why() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let fake = reads(fake(), &slot("free")).expect(CREATE, reply);
        let failure = fake.call::<Plugin>("book_appointment", wanted()).unwrap_err();
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, code), "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let conflict = FailureKind::Conflict;
    let another = "slot s-1 can't be booked any more: find another one";
    check(Reply::json(409, refusal("conflict", "the slot is taken")), conflict, another, Some("conflict"));
    check(
        Reply::json(412, refusal("multiple-matches", "two have it")),
        conflict,
        "two have it",
        Some("multiple-matches"),
    );
    check(Reply::json(422, refusal("business-rule", "the slot is taken")), conflict, another, Some("business-rule"));
    check(Reply::json(200, refusal("duplicate", "double booking")), conflict, "double booking", Some("duplicate"));
    let invalid = FailureKind::InvalidArguments;
    check(Reply::json(422, refusal("invariant", "app-3")), invalid, "app-3", Some("invariant"));
    check(
        Reply::json(400, refusal("not-found", "no Patient/p-1")),
        FailureKind::NotFound,
        "no Patient/p-1",
        Some("not-found"),
    );
    check(Reply::json(403, refusal("forbidden", "no scope")), FailureKind::Denied, "no scope", Some("forbidden"));
    check(Reply::text(503, ""), FailureKind::OutcomeUnknown, "503", None);
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer", None);
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached", None);
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow POST", None);
}

const CANCELLED: &str = "appointment_id a-1 was booked for 2026-03-05T10:00:00-06:00, and was cancelled since: \
                         to book the slot again, give instead_of = a-1";

#[test]
fn what_was_cancelled_since_is_told_as_such() {
    let there = || Reply::json(200, keyed(appointment("cancelled"), "key1"));
    let fake = reads(fake(), &slot("free")).expect(CREATE, there());
    assert_eq!(fake.call::<Plugin>("book_appointment", wanted()), Ok(outcome(CANCELLED)));
    // What was taken for it is given back.
    let held = keyed(slot("busy"), "key1");
    let fake = reads(ours(), &slot("free")).expect(UPDATE_SLOT, Reply::text(200, "")).expect(CREATE, there());
    let fake = fake.expect(READ_SLOT, read(&held)).expect(UPDATE_SLOT, Reply::text(200, ""));
    assert_eq!(fake.call::<Plugin>("book_appointment", wanted()), Ok(outcome(CANCELLED)));
    assert_eq!(fake.sent()[5].json(), slot("free"));
}

#[test]
fn what_was_cancelled_is_booked_again_in_its_place() {
    let again = || json!({ "patient_id": "p-1", "slot_id": "s-1", "instead_of": "a-1" });
    for status in ["cancelled", "entered-in-error"] {
        let fake = reads(fake().key("key2").expect(READ, read(&appointment(status))), &slot("free"));
        let mut made = keyed(appointment("booked"), "key2");
        made["id"] = json!("a-2");
        let fake = fake.expect(CREATE, Reply::json(201, made));
        let text = fake.call::<Plugin>("book_appointment", again()).unwrap().text;
        assert_eq!(text, format!("appointment_id a-2 is booked for {START}"));
        assert_eq!(fake.sent()[3].json()["identifier"], json!([identifier("key2")]));
    }
    let check = |reply: Reply, kind: FailureKind, words: &str| {
        assert_failed(fake().expect(READ, reply).call::<Plugin>("book_appointment", again()), kind, words);
    };
    let stands = "appointment a-1, which instead_of names, still stands (booked), and nothing was booked";
    check(read(&appointment("booked")), FailureKind::Conflict, stands);
    check(read(&appointment("pending")), FailureKind::Conflict, "still stands (pending)");
    let mut others = appointment("cancelled");
    others["participant"][0]["actor"]["reference"] = json!("Patient/p-2");
    check(read(&others), FailureKind::NotFound, "patient p-1 has no appointment a-1");
    check(Reply::json(404, refusal("not-found", "a-1 is not known")), FailureKind::NotFound, "a-1 is not known");
}

#[test]
fn a_booking_in_doubt_is_searched_by_our_identifier() {
    fn check(answer: Value, since_ms: u64, expected: Result<Finding, &str>) {
        let fake = fake().now(NOW_MS + since_ms).expect(APPOINTMENTS, Reply::json(200, answer));
        let found = fake.reconcile::<Plugin>("book_appointment", wanted());
        match expected {
            Ok(expected) => assert_eq!(found, Ok(expected)),
            Err(words) => assert_failed(found, FailureKind::Other, words),
        }
        let sent = &fake.sent()[0];
        assert_eq!(
            sent.query(),
            pairs(&[("patient", "p-1"), ("identifier", "urn:aftercall:effect|key1"), ("_count", "20")])
        );
        assert_eq!(sent.header("prefer"), Some("handling=strict"));
    }
    let happened = |status: &str| Finding::Happened(outcome(&format!("appointment_id a-1 is {status} for {START}")));
    let other = keyed(appointment("booked"), "key2");
    let mut foreign = appointment("booked");
    foreign["identifier"] = json!([{ "system": "urn:else", "value": "key1" }, { "value": "key1" }]);
    let one = bundle(&[other.clone(), foreign.clone(), keyed(appointment("booked"), "key1")]);
    check(one, 0, Ok(happened("booked")));
    check(bundle(&[keyed(appointment("cancelled"), "key1")]), 0, Ok(Finding::Happened(outcome(CANCELLED))));
    check(bundle(&[]), 0, Ok(Finding::ask_again_after(15_000)));
    check(bundle(&[other, foreign]), LAG_MS - 1, Ok(Finding::ask_again_after(1)));
    check(bundle(&[]), LAG_MS, Ok(Finding::DidNotHappen));
    let mut more = bundle(&[]);
    more["link"] = json!([{ "relation": "next", "url": "https://elsewhere.example/" }]);
    check(more, LAG_MS, Ok(Finding::Unknown(None)));
    check(json!({ "resourceType": "List", "status": "current", "mode": "working" }), 0, Err("List"));

    let strict =
        fake().expect(APPOINTMENTS, Reply::json(400, refusal("not-supported", "unknown parameter identifier")));
    let found = strict.reconcile::<Plugin>("book_appointment", wanted());
    assert_failed(found, FailureKind::Denied, "unknown parameter identifier");
    let settings = json!({ "identifier_system": "https://clinic.example/calls", "search_lag_ms": 0 });
    let own = fake_with(settings).expect(APPOINTMENTS, Reply::json(200, bundle(&[])));
    assert_eq!(own.reconcile::<Plugin>("book_appointment", wanted()), Ok(Finding::DidNotHappen));
    assert_eq!(own.sent()[0].query()[1].1, "https://clinic.example/calls|key1");
}

#[test]
fn a_lost_answer_leaves_one_appointment() {
    let first = reads(fake(), &slot("free")).expect(CREATE, Reply::cut());
    assert_failed(first.call::<Plugin>("book_appointment", wanted()), FailureKind::OutcomeUnknown, "no whole answer");
    // The server did it.
    let there = bundle(&[keyed(first.sent()[2].json(), "key1")]);
    let mut there = there;
    there["entry"][0]["resource"]["id"] = json!("a-1");
    let look = fake().expect(APPOINTMENTS, Reply::json(200, there.clone()));
    let expected = outcome(&format!("appointment_id a-1 is booked for {START}"));
    let found = look.reconcile::<Plugin>("book_appointment", wanted());
    assert_eq!(found, Ok(Finding::Happened(expected.clone())));
    // Asked once more all the same, it gives what it has.
    let again = reads(fake().attempt(2), &slot("free"));
    let again = again.expect(CREATE, Reply::json(200, there["entry"][0]["resource"].take()));
    assert_eq!(again.call::<Plugin>("book_appointment", wanted()), Ok(expected));
    assert_eq!(again.sent()[2].header("if-none-exist"), first.sent()[2].header("if-none-exist"));
}

#[test]
fn a_rehearsed_booking_comes_to_a_success() {
    let canned = || Reply::json(201, json!({ "id": "rehearsed" }));
    let fake =
        reads(ours().dry_run(), &slot("free")).expect(UPDATE_SLOT, Reply::text(200, "")).expect(CREATE, canned());
    let outcome = fake.call::<Plugin>("book_appointment", wanted()).unwrap();
    assert_eq!(outcome.text, "appointment_id rehearsed is booked");
}
