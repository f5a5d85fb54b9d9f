//! Cancelling an appointment.

use super::*;

fn cancels() -> Value {
    json!({ "appointment_id": "a-1", "patient_id": "p-1", "reason": "on holiday" })
}

fn ours() -> Fake {
    fake_with(json!({ "slot_status_by": "plugin" }))
}

/// An appointment that was booked here, on the slot of the tests.
fn booked_here(status: &str) -> Value {
    let mut appointment = keyed(appointment(status), "key0");
    appointment["slot"] = json!([{ "reference": "Slot/s-1" }]);
    appointment
}

fn cancelled() -> String {
    format!("appointment a-1 of {START} is cancelled")
}

#[test]
fn an_appointment_is_cancelled_on_the_version_that_was_read() {
    fn check(status: &str, arguments: Value, reply: Reply, reason: Option<&str>) {
        let fake = fake().expect(READ, read(&appointment(status))).expect(UPDATE, reply);
        assert_eq!(fake.call::<Plugin>("cancel_appointment", arguments), Ok(outcome(&cancelled())));
        let update = &fake.sent()[1];
        assert_eq!(update.header("if-match"), Some("W/\"3\""));
        let system = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason";
        let mut expected = appointment(status);
        expected["status"] = json!("cancelled");
        expected["cancelationReason"] =
            json!({ "coding": [{ "system": system, "code": "pat", "display": "Patient" }] });
        if let Some(reason) = reason {
            expected["cancelationReason"]["text"] = json!(reason);
        }
        assert_eq!(update.json(), expected);
    }
    let done = || Reply::json(200, appointment("cancelled"));
    check("booked", cancels(), done(), Some("on holiday"));
    check("pending", of_patient(), done(), None);
    check("proposed", of_patient(), Reply::text(200, ""), None);
    let mut noted = refusal("informational", "updated");
    noted["issue"][0]["severity"] = json!("information");
    check("waitlist", of_patient(), Reply::json(200, noted), None);
}

#[test]
fn an_appointment_that_cannot_be_cancelled_stays_as_it_is() {
    fn check(change: impl FnOnce(&mut Value), kind: FailureKind, words: &str) {
        let mut appointment = appointment("booked");
        change(&mut appointment);
        let fake = fake().expect(READ, read(&appointment));
        assert_failed(fake.call::<Plugin>("cancel_appointment", cancels()), kind, words);
    }
    let status = |status: &'static str| move |appointment: &mut Value| appointment["status"] = json!(status);
    let conflict = FailureKind::Conflict;
    check(status("fulfilled"), conflict, "appointment a-1 can't be cancelled: it has taken place");
    check(status("arrived"), conflict, "already arrived");
    check(status("noshow"), conflict, "did not come");
    check(status("entered-in-error"), conflict, "by mistake");
    check(|it| it["start"] = json!("2025-12-31T17:00:00-07:00"), conflict, "its time is past");
    let others = |it: &mut Value| it["participant"][0]["actor"]["reference"] = json!("Patient/p-2");
    check(others, FailureKind::NotFound, "patient p-1 has no appointment a-1");
    let others_cancelled = |it: &mut Value| {
        it["status"] = json!("cancelled");
        it["participant"] = json!([]);
    };
    check(others_cancelled, FailureKind::NotFound, "patient p-1 has no appointment a-1");
    let empty = json!({ "appointment_id": "a-1", "patient_id": "p-1", "reason": " " });
    assert_failed(
        fake().call::<Plugin>("cancel_appointment", empty),
        FailureKind::InvalidArguments,
        "`reason`: the text",
    );
}

#[test]
fn who_changes_it_meanwhile_is_seen() {
    fn check(then: &Value, second: Option<Reply>, expected: Result<&str, &str>) {
        let stale = Reply::json(412, refusal("conflict", "version 3 is not the current one"));
        let fake = fake().expect(READ, read(&appointment("booked"))).expect(UPDATE, stale);
        let mut fake = fake.expect(READ, read(then));
        if let Some(second) = second {
            fake = fake.expect(UPDATE, second);
        }
        match (fake.call::<Plugin>("cancel_appointment", cancels()), expected) {
            (called, Ok(text)) => assert_eq!(called, Ok(outcome(text))),
            (called, Err(words)) => assert_failed(called, FailureKind::Conflict, words),
        }
    }
    check(&appointment("booked"), Some(Reply::text(200, "")), Ok(&cancelled()));
    let already = format!("appointment a-1 of {START} was cancelled already");
    check(&appointment("cancelled"), None, Ok(&already));
    check(&appointment("fulfilled"), None, Err("has taken place"));
    let again = Reply::json(412, refusal("conflict", "version 4 is not the current one"));
    check(&appointment("booked"), Some(again), Err("can't be cancelled now"));
    let kept = Reply::json(200, appointment("booked"));
    check(&appointment("booked"), Some(kept), Err("the server doesn't cancel"));
}

#[test]
fn the_slot_is_freed_where_it_was_taken_here() {
    fn check(appointment: Value, slot: Option<Value>, release: Option<Reply>, expected: Result<&str, FailureKind>) {
        let mut fake = ours().expect(READ, read(&appointment)).expect(UPDATE, Reply::text(200, ""));
        if let Some(slot) = slot {
            fake = fake.expect(READ_SLOT, read(&slot));
        }
        if let Some(release) = release {
            fake = fake.expect(UPDATE_SLOT, release);
        }
        match (fake.call::<Plugin>("cancel_appointment", cancels()), expected) {
            (called, Ok(more)) => assert_eq!(called, Ok(outcome(&format!("{}{more}", cancelled())))),
            (called, Err(kind)) => assert_failed(called, kind, ""),
        }
        if let Some(update) = fake.sent().get(3) {
            assert_eq!(update.header("if-match"), Some("W/\"7\""));
            assert_eq!(update.json(), self::slot("free"));
        }
    }
    let held = || Some(keyed(slot("busy"), "key0"));
    check(booked_here("booked"), held(), Some(Reply::text(200, "")), Ok(""));
    check(booked_here("booked"), Some(slot("free")), None, Ok(""));
    check(booked_here("booked"), Some(keyed(slot("busy"), "key9")), None, Ok(""));
    check(booked_here("booked"), Some(slot("busy")), None, Ok(""));
    let mut by_the_clinic = booked_here("booked");
    by_the_clinic.as_object_mut().unwrap().remove("identifier");
    check(by_the_clinic, None, None, Ok(""));
    let busy = "; its slot is still busy, the clinic has to make it free";
    check(booked_here("booked"), held(), Some(Reply::text(403, "")), Ok(busy));
    check(booked_here("booked"), held(), Some(Reply::cut()), Err(FailureKind::OutcomeUnknown));

    // Other identifiers of the slot stay, and so it is with one that changes meanwhile.
    let mut also = keyed(slot("busy-tentative"), "key0");
    also["identifier"] = json!([identifier("key0"), { "system": "urn:else", "value": "x" }]);
    let stale = || Reply::text(412, "");
    let fake = ours().expect(READ, read(&booked_here("booked"))).expect(UPDATE, Reply::text(200, ""));
    let fake = fake.expect(READ_SLOT, read(&also)).expect(UPDATE_SLOT, stale());
    let fake = fake.expect(READ_SLOT, read(&also)).expect(UPDATE_SLOT, Reply::text(200, ""));
    assert_eq!(fake.call::<Plugin>("cancel_appointment", cancels()), Ok(outcome(&cancelled())));
    let mut free = slot("free");
    free["identifier"] = json!([{ "system": "urn:else", "value": "x" }]);
    assert_eq!(fake.sent()[5].json(), free);
}

#[test]
fn a_cancellation_in_doubt_is_read() {
    fn check(fake: Fake, appointment: &Value, slot: Option<Value>, since_ms: u64, expected: Finding) {
        let mut fake = fake.now(NOW_MS + since_ms).expect(READ, read(appointment));
        if let Some(slot) = slot {
            fake = fake.expect(READ_SLOT, read(&slot));
        }
        assert_eq!(fake.reconcile::<Plugin>("cancel_appointment", cancels()), Ok(expected));
    }
    let happened = || Finding::Happened(outcome(&cancelled()));
    let later = || Finding::ask_again_after(15_000);
    check(fake(), &appointment("cancelled"), None, 0, happened());
    check(fake(), &appointment("booked"), None, 0, later());
    check(fake(), &appointment("booked"), None, LAG_MS, Finding::DidNotHappen);
    // A slot that can't be freed makes it no less cancelled.
    let busy = || {
        Finding::Happened(outcome(&format!("{}; its slot is still busy, the clinic has to make it free", cancelled())))
    };
    let held = || Some(keyed(slot("busy"), "key0"));
    check(ours(), &booked_here("cancelled"), held(), 0, busy());
    check(ours(), &booked_here("cancelled"), held(), LAG_MS, busy());
    check(ours(), &booked_here("booked"), None, LAG_MS, Finding::DidNotHappen);
    check(ours(), &booked_here("cancelled"), Some(slot("free")), 0, happened());
    check(ours(), &appointment("cancelled"), None, 0, happened());
}

#[test]
fn a_slot_that_keeps_failing_makes_no_doubt_of_the_cancellation() {
    let tries = |attempt: u32| {
        let fake = ours().attempt(attempt).expect(READ, read(&booked_here("cancelled")));
        let fake = fake.expect(READ_SLOT, read(&keyed(slot("busy"), "key0"))).expect(UPDATE_SLOT, Reply::text(503, ""));
        let words = format!("appointment a-1 of {START} was cancelled already, and its slot may still be busy");
        assert_failed(fake.call::<Plugin>("cancel_appointment", cancels()), FailureKind::OutcomeUnknown, &words);
    };
    tries(1);
    tries(2);
    let look = ours().expect(READ, read(&booked_here("cancelled"))).expect(READ_SLOT, Reply::text(503, ""));
    let found = look.reconcile::<Plugin>("cancel_appointment", cancels());
    let text = format!("{}; its slot may still be busy, the clinic has to look", cancelled());
    assert_eq!(found, Ok(Finding::Happened(outcome(&text))));
    assert!(look.logged()[0].1.contains("can't be seen"), "{:?}", look.logged());
}

#[test]
fn a_cancellation_whose_answer_is_lost_leaves_one_effect() {
    let first = ours().expect(READ, read(&booked_here("booked"))).expect(UPDATE, Reply::cut());
    let called = first.call::<Plugin>("cancel_appointment", cancels());
    assert_failed(called, FailureKind::OutcomeUnknown, "no whole answer");
    let again = ours().attempt(2).expect(READ, read(&first.sent()[1].json()));
    let again = again.expect(READ_SLOT, read(&keyed(slot("busy"), "key0"))).expect(UPDATE_SLOT, Reply::text(200, ""));
    let text = format!("appointment a-1 of {START} was cancelled already");
    assert_eq!(again.call::<Plugin>("cancel_appointment", cancels()), Ok(outcome(&text)));
}
