//! Slots that the plugin takes and gives back itself.

use super::booking::{CREATE, SCHEDULE, made, ours, reads, schedules, wanted};
use super::*;

#[test]
fn the_plugin_takes_the_slot_first_where_it_has_to() {
    fn check(settings: Value, status: &str) {
        let mut free = slot("free");
        free["identifier"] = json!([{ "system": "urn:else", "value": "x" }]);
        let booked = settings["booking_status"].as_str().unwrap_or("booked").to_owned();
        let fake = reads(fake_with(settings), &free).expect(UPDATE_SLOT, Reply::text(200, ""));
        let fake = fake.expect(CREATE, made(&booked));
        fake.call::<Plugin>("book_appointment", wanted()).unwrap();
        let sent = &fake.sent()[2];
        assert_eq!(sent.header("if-match"), Some("W/\"7\""));
        let mut expected = free;
        expected["status"] = json!(status);
        expected["identifier"] = json!([{ "system": "urn:else", "value": "x" }, identifier("key1")]);
        assert_eq!(sent.json(), expected);
    }
    check(json!({ "slot_status_by": "plugin" }), "busy");
    check(json!({ "slot_status_by": "plugin", "booking_status": "pending" }), "busy-tentative");
    // An earlier attempt took it.
    let again = reads(ours().attempt(2), &keyed(slot("busy"), "key1")).expect(CREATE, made("booked"));
    assert!(again.call::<Plugin>("book_appointment", wanted()).is_ok());
    // Another effect did.
    let other = ours().expect(READ_SLOT, read(&keyed(slot("busy"), "key2")));
    assert_failed(other.call::<Plugin>("book_appointment", wanted()), FailureKind::Conflict, "isn't free any more");
}

#[test]
fn of_two_who_want_a_slot_one_gets_it() {
    fn check(then: &Value, second: Option<Reply>, expected: Result<(), &str>) {
        let stale = Reply::json(412, refusal("conflict", "version 7 is not the current one"));
        let mut fake = reads(ours(), &slot("free")).expect(UPDATE_SLOT, stale).expect(READ_SLOT, read(then));
        if let Some(second) = second {
            fake = fake.expect(UPDATE_SLOT, second);
        }
        if expected.is_ok() {
            fake = fake.expect(CREATE, made("booked"));
        }
        match (fake.call::<Plugin>("book_appointment", wanted()), expected) {
            (called, Ok(())) => assert!(called.is_ok(), "{called:?}"),
            (called, Err(words)) => assert_failed(called, FailureKind::Conflict, words),
        }
    }
    let taken = || Reply::json(412, refusal("conflict", "version 8 is not the current one"));
    check(&slot("busy"), None, Err("isn't free any more"));
    check(&slot("free"), Some(Reply::text(200, "")), Ok(()));
    check(&slot("free"), Some(taken()), Err("version 8 is not the current one"));
    check(&keyed(slot("busy"), "key1"), None, Ok(()));

    let mut without = slot("free");
    without.as_object_mut().unwrap().remove("meta");
    let fake = ours().expect(READ_SLOT, Reply::json(200, without)).expect(SCHEDULE, schedules());
    assert_failed(
        fake.call::<Plugin>("book_appointment", wanted()),
        FailureKind::Other,
        "gives no version of Slot s-1",
    );
    let lost = reads(ours(), &slot("free")).expect(UPDATE_SLOT, Reply::cut());
    assert_failed(lost.call::<Plugin>("book_appointment", wanted()), FailureKind::OutcomeUnknown, "no whole answer");
}

#[test]
fn a_slot_without_an_appointment_is_given_back() {
    fn check(refused: Reply, release: Option<Reply>, kind: FailureKind, warned: Option<&str>) {
        let mut fake = reads(ours(), &slot("free")).expect(UPDATE_SLOT, Reply::text(200, "")).expect(CREATE, refused);
        if let Some(release) = release {
            fake = fake.expect(READ_SLOT, read(&keyed(slot("busy"), "key1"))).expect(UPDATE_SLOT, release);
        }
        let failure = fake.call::<Plugin>("book_appointment", wanted()).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        // The model, too, hears of a slot that is surely held.
        let told = warned.filter(|_| kind != FailureKind::OutcomeUnknown);
        assert_eq!(failure.message.contains("slot s-1"), told.is_some(), "{}", failure.message);
        assert!(told.is_none_or(|words| failure.message.ends_with(words)), "{}", failure.message);
        if let Some(update) = fake.sent().get(5) {
            assert_eq!(update.json(), slot("free"));
        }
        let logged = fake.logged();
        assert_eq!(logged.len(), usize::from(warned.is_some()), "{logged:?}");
        assert!(warned.is_none_or(|words| logged[0].1.contains(words)), "{logged:?}");
    }
    let invariant = || Reply::json(422, refusal("invariant", "app-3"));
    check(invariant(), Some(Reply::text(200, "")), FailureKind::InvalidArguments, None);
    let words = "slot s-1 is still busy, for no appointment";
    check(invariant(), Some(Reply::cut()), FailureKind::InvalidArguments, Some(words));
    // What the server doesn't do is made by nobody.
    check(Reply::text(415, ""), Some(Reply::text(200, "")), FailureKind::Denied, None);
    let unsupported = Reply::json(405, refusal("not-supported", "no Appointment is made here"));
    check(unsupported, Some(Reply::text(200, "")), FailureKind::Denied, None);
    // Tried again, it takes the slot again.
    check(Reply::text(429, ""), Some(Reply::text(200, "")), FailureKind::RateLimited, None);
    check(Reply::text(429, ""), Some(Reply::text(429, "")), FailureKind::RateLimited, Some(words));
    // What is in doubt keeps its slot.
    let words = "slot s-1 stays busy while its booking is in doubt or tried again";
    check(Reply::cut(), None, FailureKind::OutcomeUnknown, Some(words));
    check(Reply::text(503, ""), None, FailureKind::OutcomeUnknown, Some(words));
    check(Reply::unreachable(), None, FailureKind::Unavailable, Some(words));
    check(Reply::json(200, refusal("processing", "so it is")), None, FailureKind::Other, Some(words));
}

#[test]
fn a_slot_that_an_earlier_attempt_took_is_given_back_too() {
    fn check(slot_read: Reply, schedules: Option<Reply>, release: bool, kind: FailureKind, warned: bool) {
        let mut fake = ours().attempt(2).expect(READ_SLOT, slot_read);
        if let Some(schedules) = schedules {
            fake = fake.expect(SCHEDULE, schedules);
        }
        if release {
            fake = fake.expect(READ_SLOT, read(&keyed(slot("busy"), "key1")));
            fake = fake.expect(UPDATE_SLOT, Reply::text(200, ""));
        }
        let words = if warned { "; slot s-1 stays busy while its booking is in doubt or tried again" } else { "" };
        assert_failed(fake.call::<Plugin>("book_appointment", wanted()), kind, words);
        assert_eq!(fake.logged().len(), usize::from(warned), "{:?}", fake.logged());
    }
    let held = keyed(slot("busy"), "key1");
    let mut begun = held.clone();
    begun["start"] = json!("2026-01-01T00:00:00Z");
    check(read(&begun), None, true, FailureKind::Conflict, false);
    let mut inactive = schedule("c-1");
    inactive["active"] = json!(false);
    check(read(&held), Some(Reply::json(200, bundle(&[inactive]))), true, FailureKind::Conflict, false);
    check(read(&held), Some(Reply::text(503, "")), false, FailureKind::Unavailable, true);
    check(Reply::text(503, ""), None, false, FailureKind::Unavailable, false);
    // Whether it took it isn't known.
    let lost = reads(ours(), &slot("free")).expect(UPDATE_SLOT, Reply::cut());
    assert_failed(lost.call::<Plugin>("book_appointment", wanted()), FailureKind::OutcomeUnknown, "");
    assert!(lost.logged()[0].1.contains("slot s-1 stays busy"), "{:?}", lost.logged());
    let refused = reads(ours(), &slot("free")).expect(UPDATE_SLOT, Reply::text(403, ""));
    assert_failed(refused.call::<Plugin>("book_appointment", wanted()), FailureKind::Denied, "");
    assert_eq!(refused.logged(), []);
}
