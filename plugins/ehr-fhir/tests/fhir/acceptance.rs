//! Confirming an appointment that isn't the patient's alone to book.

use super::*;

#[test]
fn what_others_have_yet_to_accept_is_not_booked() {
    const WAITS: &str = "isn't booked yet: the patient has accepted it, and the clinic has yet to confirm it";
    fn check(change: impl FnOnce(&mut Value), answer: Option<&str>, status: Option<&str>, words: &str) {
        let mut appointment = appointment("pending");
        appointment["participant"][1]["status"] = json!("needs-action");
        change(&mut appointment);
        let mut fake = fake().expect(READ, read(&appointment));
        let mut expected = appointment.clone();
        if let Some(status) = status {
            expected["status"] = json!(status);
            expected["participant"][0]["status"] = json!("accepted");
            let mut answered = expected.clone();
            answered["status"] = json!(answer.unwrap_or(status));
            fake = fake.expect(UPDATE, Reply::json(200, answered));
        }
        let called = fake.call::<Plugin>("confirm_appointment", of_patient());
        assert_eq!(called, Ok(outcome(&format!("appointment a-1 of {START} {words}"))));
        if status.is_some() {
            assert_eq!(fake.sent()[1].json(), expected);
        }
    }
    let of = |index: usize, name: &'static str, value: &'static str| {
        move |it: &mut Value| it["participant"][index][name] = json!(value)
    };
    check(|_| {}, None, Some("pending"), WAITS);
    check(of(1, "status", "tentative"), None, Some("pending"), WAITS);
    check(|it| it["status"] = json!("proposed"), None, Some("proposed"), WAITS);
    // A server may book what all have accepted.
    check(|_| {}, Some("booked"), Some("pending"), "is confirmed");
    check(of(0, "status", "accepted"), None, None, WAITS);
    // Whose answer it doesn't stand on.
    check(of(1, "required", "optional"), None, Some("booked"), "is confirmed");
    check(of(1, "required", "information-only"), None, Some("booked"), "is confirmed");
    check(of(1, "required", "required"), None, Some("pending"), WAITS);
    let other_patient = of(1, "actor", "");
    let other_patient = move |it: &mut Value| {
        other_patient(it);
        it["participant"][1]["actor"] = json!({ "reference": "Patient/p-2" });
    };
    check(other_patient, None, Some("pending"), WAITS);

    let mut waits = appointment("pending");
    waits["participant"][1]["status"] = json!("needs-action");
    let refused = fake().expect(READ, read(&waits)).expect(UPDATE, Reply::json(200, waits.clone()));
    assert_failed(refused.call::<Plugin>("confirm_appointment", of_patient()), FailureKind::Conflict, "doesn't book");
    // In doubt, and after an answer that was lost.
    let ask = |appointment: &Value| {
        fake()
            .now(NOW_MS + LAG_MS)
            .expect(READ, read(appointment))
            .reconcile::<Plugin>("confirm_appointment", of_patient())
    };
    assert_eq!(ask(&waits), Ok(Finding::DidNotHappen));
    let first = fake().expect(READ, read(&waits)).expect(UPDATE, Reply::cut());
    assert_failed(
        first.call::<Plugin>("confirm_appointment", of_patient()),
        FailureKind::OutcomeUnknown,
        "no whole answer",
    );
    let then = first.sent()[1].json();
    let expected = outcome(&format!("appointment a-1 of {START} {WAITS}"));
    assert_eq!(ask(&then), Ok(Finding::Happened(expected.clone())));
    let again = fake().attempt(2).expect(READ, read(&then));
    assert_eq!(again.call::<Plugin>("confirm_appointment", of_patient()), Ok(expected));
}
