//! Confirming an appointment.

use super::*;

#[test]
fn an_appointment_is_booked_on_the_version_that_was_read() {
    fn check(status: &str) {
        let answer = appointment("booked");
        let fake = fake().expect(READ, read(&appointment(status))).expect(UPDATE, Reply::json(200, answer));
        let called = fake.call::<Plugin>("confirm_appointment", of_patient());
        assert_eq!(called, Ok(outcome(&format!("appointment a-1 of {START} is confirmed"))));
        let update = &fake.sent()[1];
        assert_eq!(update.header("if-match"), Some("W/\"3\""));
        assert_eq!(update.header("content-type"), Some("application/fhir+json"));
        assert_eq!(update.header("accept"), Some("application/fhir+json"));
        let mut expected = appointment(status);
        expected["status"] = json!("booked");
        expected["participant"][0]["status"] = json!("accepted");
        assert_eq!(update.json(), expected);
    }
    check("proposed");
    check("pending");
}

#[test]
fn what_was_past_when_the_call_ended_is_not_confirmed() {
    fn check(status: &str, ended_ms: Option<Value>, expected: Result<&str, &str>) {
        // Whenever it is looked at.
        let mut fake = fake().now(START_MS + 1).first_attempt_at(START_MS + 1).expect(READ, read(&appointment(status)));
        if let Some(ended_ms) = ended_ms {
            fake = fake.fact("call.ended-at", &ended_ms);
        }
        if expected == Ok("is confirmed") {
            fake = fake.expect(UPDATE, Reply::text(200, ""));
        }
        match (fake.call::<Plugin>("confirm_appointment", of_patient()), expected) {
            (called, Ok(words)) => assert_eq!(called, Ok(outcome(&format!("appointment a-1 of {START} {words}")))),
            (called, Err(words)) => assert_failed(called, FailureKind::Conflict, words),
        }
    }
    const START_MS: u64 = 1_772_726_400_000;
    let past = "can't be confirmed: its time was past when the call ended";
    check("pending", Some(json!(START_MS)), Err(past));
    check("proposed", Some(json!(START_MS + 1)), Err(past));
    check("pending", Some(json!(START_MS - 1)), Ok("is confirmed"));
    check("booked", Some(json!(START_MS)), Ok("was booked already"));
    // Where the platform doesn't say when it ended, it had when it was first looked at.
    check("pending", Some(Value::Null), Err(past));
    // Where the tenant doesn't let the plugin know.
    check("pending", None, Ok("is confirmed"));
}

#[test]
fn what_is_unknown_goes_back_byte_for_byte() {
    let unknown = r#""extension":[{"url":"u","valueDecimal":1.50}],"modifierExtension":  [{"valueDecimal":12345678901234567890.10,"url":"m"}]"#;
    let patient = r#"{"id":"x9","_status":{"id":"s"},"status":"tentative","actor":{"reference":"Patient/p-1"}}"#;
    let text = format!(
        r#"{{"resourceType":"Appointment","id":"a-1","status":"pending","start":"{START}","participant":[{patient}],{unknown}}}"#
    );
    let fake =
        fake().expect(READ, Reply::text(200, text).with_header("etag", "W/\"1\"")).expect(UPDATE, Reply::text(200, ""));
    fake.call::<Plugin>("confirm_appointment", of_patient()).unwrap();
    let sent = fake.sent()[1].text().to_owned();
    assert!(sent.starts_with(r#"{"resourceType":"Appointment","id":"a-1","status":"booked","start":"#), "{sent}");
    assert!(sent.contains(r#""extension":[{"url":"u","valueDecimal":1.50}]"#), "{sent}");
    assert!(sent.contains(r#""modifierExtension":[{"valueDecimal":12345678901234567890.10,"url":"m"}]"#), "{sent}");
    let expected =
        json!({ "id": "x9", "_status": { "id": "s" }, "status": "accepted", "actor": { "reference": "Patient/p-1" } });
    assert_eq!(fake.sent()[1].json()["participant"][0], expected);
}

#[test]
fn the_base_may_end_with_a_slash() {
    let fake = fake()
        .settings(json!({ "base_url": format!("{BASE}/"), "any_patient": true }))
        .expect(READ, read(&appointment("booked")));
    let text = format!("appointment a-1 of {START} was booked already");
    assert_eq!(fake.call::<Plugin>("confirm_appointment", of_patient()), Ok(outcome(&text)));
}

#[test]
fn the_version_may_stand_in_the_resource_alone() {
    let fake = fake()
        .expect(READ, Reply::json(200, appointment("pending")))
        .expect(UPDATE, Reply::json(200, appointment("booked")));
    fake.call::<Plugin>("confirm_appointment", of_patient()).unwrap();
    assert_eq!(fake.sent()[1].header("if-match"), Some("W/\"3\""));

    let mut without = appointment("pending");
    without.as_object_mut().unwrap().remove("meta");
    let fake = self::fake().expect(READ, Reply::json(200, without));
    let failure = fake.call::<Plugin>("confirm_appointment", of_patient()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Other);
    assert!(failure.message.contains("gives no version"), "{}", failure.message);
}

#[test]
fn an_appointment_that_cannot_be_confirmed_stays_as_it_is() {
    fn check(change: impl FnOnce(&mut Value), kind: FailureKind, words: &str) {
        let mut appointment = appointment("pending");
        change(&mut appointment);
        let fake = fake().expect(READ, read(&appointment));
        let failure = fake.call::<Plugin>("confirm_appointment", of_patient()).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let status = |status: &'static str| move |appointment: &mut Value| appointment["status"] = json!(status);
    let conflict = FailureKind::Conflict;
    check(status("cancelled"), conflict, "appointment a-1 can't be confirmed: it was cancelled");
    check(status("noshow"), conflict, "did not come");
    check(status("fulfilled"), conflict, "has taken place");
    check(status("arrived"), conflict, "already arrived");
    check(status("checked-in"), conflict, "already arrived");
    check(status("waitlist"), conflict, "waiting list");
    check(status("entered-in-error"), conflict, "by mistake");
    check(status("on-hold"), conflict, r#"its status is "on-hold""#);
    check(|it| it["participant"][1]["status"] = json!("declined"), conflict, "Dr. Okafor declined it");
    let without_time = |it: &mut Value| {
        it["status"] = json!("proposed");
        it.as_object_mut().unwrap().remove("start");
    };
    check(without_time, conflict, "no time yet");

    let other = FailureKind::NotFound;
    let of =
        |reference: &'static str| move |it: &mut Value| it["participant"][0]["actor"]["reference"] = json!(reference);
    check(of("Patient/p-2"), other, "patient p-1 has no appointment a-1");
    check(of("Patient/p-11"), other, "patient p-1 has no appointment a-1");
    check(of("Practitioner/p-1"), other, "patient p-1 has no appointment a-1");
    check(of("https://elsewhere.example/r4/Patient/p-1"), other, "patient p-1 has no appointment a-1");
    check(|it| it["participant"] = json!([]), other, "patient p-1 has no appointment a-1");
    let others_booked = |it: &mut Value| {
        it["status"] = json!("booked");
        it["participant"][0]["actor"]["reference"] = json!("Patient/p-2");
    };
    check(others_booked, other, "patient p-1 has no appointment a-1");
    check(|it| it["id"] = json!("a-2"), FailureKind::Other, "the server gave Appointment a-2");
    let slot = |it: &mut Value| {
        *it = slot("free");
        it["id"] = json!("a-1");
    };
    check(slot, FailureKind::Other, "the server gave Slot a-1");
}

#[test]
fn a_patient_may_be_referred_to_in_each_way() {
    fn check(reference: &str) {
        let mut appointment = appointment("booked");
        appointment["participant"][0]["actor"]["reference"] = json!(reference);
        let fake = fake().expect(READ, read(&appointment));
        assert!(fake.call::<Plugin>("confirm_appointment", of_patient()).is_ok(), "{reference}");
    }
    check("Patient/p-1");
    check("Patient/p-1/_history/2");
    check(&format!("{BASE}/Patient/p-1"));
    check(&format!("{BASE}/Patient/p-1/_history/2"));
}

#[test]
fn who_changes_it_meanwhile_is_seen() {
    fn check(first: u16, then: &Value, second: Option<Reply>, expected: Result<&str, &str>) {
        let mut now = then.clone();
        now["meta"]["versionId"] = json!("4");
        let stale = Reply::json(first, refusal("conflict", "version 3 is not the current one"));
        let fake = fake().expect(READ, read(&appointment("pending"))).expect(UPDATE, stale);
        let mut fake = fake.expect(READ, Reply::json(200, now).with_header("etag", "W/\"4\""));
        if let Some(second) = second {
            fake = fake.expect(UPDATE, second);
        }
        let called = fake.call::<Plugin>("confirm_appointment", of_patient());
        match expected {
            Ok(text) => assert_eq!(called, Ok(outcome(text))),
            Err(words) => {
                let failure = called.unwrap_err();
                assert_eq!(failure.kind, FailureKind::Conflict);
                assert!(failure.message.contains(words), "{}", failure.message);
            }
        }
        if let Some(update) = fake.sent().get(3) {
            assert_eq!(update.header("if-match"), Some("W/\"4\""));
            assert_eq!(update.json()["meta"]["versionId"], "4");
        }
    }
    let confirmed = format!("appointment a-1 of {START} is confirmed");
    let booked = || Some(Reply::json(200, appointment("booked")));
    check(412, &appointment("pending"), booked(), Ok(&confirmed));
    check(409, &appointment("pending"), booked(), Ok(&confirmed));
    let already = format!("appointment a-1 of {START} was booked already");
    check(412, &appointment("booked"), None, Ok(&already));
    check(412, &appointment("cancelled"), None, Err("it was cancelled"));
    let again = Reply::json(412, refusal("conflict", "version 4 is not the current one"));
    check(412, &appointment("pending"), Some(again), Err("look at it again with find_appointments"));
    let taken = Reply::json(409, refusal("conflict", "the slot is taken"));
    check(412, &appointment("pending"), Some(taken), Err("the slot is taken"));
}

#[test]
fn a_confirmation_that_fails_says_why() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let fake = fake().expect(READ, read(&appointment("pending"))).expect(UPDATE, reply);
        let failure = fake.call::<Plugin>("confirm_appointment", of_patient()).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.code.as_deref(), code);
    }
    let invariant = Reply::json(422, refusal("invariant", "app-3: start is missing"));
    check(invariant, FailureKind::InvalidArguments, "app-3: start is missing", Some("invariant"));
    let forbidden = json!({ "issue": [{ "code": "forbidden", "details": { "text": "no scope for Appointment.u" } }] });
    check(Reply::json(403, forbidden), FailureKind::Denied, "no scope", Some("forbidden"));
    let throttled = Reply::json(429, refusal("throttled", "slow down")).with_header("retry-after", "2");
    check(throttled, FailureKind::RateLimited, "slow down", Some("throttled"));
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow PUT", None);
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached", None);
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer", None);
    check(Reply::text(502, ""), FailureKind::OutcomeUnknown, "502", None);
    check(Reply::stray(200, "<html>"), FailureKind::OutcomeUnknown, "not as expected", None);
    check(Reply::json(200, json!({})), FailureKind::OutcomeUnknown, "resourceType", None);
    check(Reply::json(200, appointment("pending")), FailureKind::Conflict, "the clinic has to", None);
}

#[test]
fn a_read_that_fails_changes_nothing() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let failure = fake().expect(READ, reply).call::<Plugin>("confirm_appointment", of_patient()).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(Reply::json(404, refusal("not-found", "a-1 is not known")), FailureKind::NotFound, "a-1 is not known");
    check(Reply::json(410, refusal("deleted", "a-1 is gone")), FailureKind::NotFound, "a-1 is gone");
    check(Reply::cut(), FailureKind::Unavailable, "no whole answer");
    check(Reply::stray(200, "[]"), FailureKind::Other, "not as expected");
}

#[test]
fn ids_stay_in_their_segment() {
    let of = |id: &str| json!({ "appointment_id": id, "patient_id": "p-1" });
    for id in ["../Patient/p-1", "a?b", "a b", "é", "a/_history/1", ".", ".."] {
        let failure = fake().call::<Plugin>("confirm_appointment", of(id)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments, "{id}");
    }
}

#[test]
fn a_rehearsal_comes_to_a_success() {
    let fake = fake().dry_run().expect(READ, read(&appointment("pending"))).expect(UPDATE, Reply::text(200, ""));
    let text = format!("appointment a-1 of {START} is confirmed");
    assert_eq!(fake.call::<Plugin>("confirm_appointment", of_patient()), Ok(outcome(&text)));
}

#[test]
fn a_confirmation_in_doubt_is_read() {
    fn check(appointment: &Value, since_ms: u64, expected: Result<Finding, &str>) {
        let fake = fake().now(NOW_MS + since_ms).expect(READ, read(appointment));
        match (fake.reconcile::<Plugin>("confirm_appointment", of_patient()), expected) {
            (found, Ok(expected)) => assert_eq!(found, Ok(expected)),
            (found, Err(words)) => assert_failed(found, FailureKind::NotFound, words),
        }
    }
    let text = format!("appointment a-1 of {START} is confirmed");
    check(&appointment("booked"), 0, Ok(Finding::Happened(outcome(&text))));
    check(&appointment("pending"), 0, Ok(Finding::ask_again_after(15_000)));
    check(&appointment("pending"), LAG_MS, Ok(Finding::DidNotHappen));
    check(&appointment("cancelled"), LAG_MS, Ok(Finding::DidNotHappen));
    let mut others = appointment("booked");
    others["participant"] = json!([{ "actor": { "reference": "Patient/p-2" }, "status": "accepted" }]);
    check(&others, LAG_MS, Err("patient p-1 has no appointment a-1"));
}

#[test]
fn a_confirmation_whose_answer_is_lost_leaves_one_effect() {
    let first = fake().expect(READ, read(&appointment("pending"))).expect(UPDATE, Reply::cut());
    let called = first.call::<Plugin>("confirm_appointment", of_patient());
    assert_failed(called, FailureKind::OutcomeUnknown, "no whole answer");
    let again = fake().attempt(2).expect(READ, read(&first.sent()[1].json()));
    let text = format!("appointment a-1 of {START} was booked already");
    assert_eq!(again.call::<Plugin>("confirm_appointment", of_patient()), Ok(outcome(&text)));
}
