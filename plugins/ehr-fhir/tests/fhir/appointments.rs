//! Appointments: how they are searched, and what is told of them.

use super::*;

#[test]
fn appointments_are_searched_by_patient_and_days() {
    fn check(arguments: Value, expected: &[(&str, &str)]) {
        let fake = fake().expect(APPOINTMENTS, Reply::json(200, bundle(&[])));
        let outcome = fake.call::<Plugin>("find_appointments", arguments).unwrap();
        assert_eq!(outcome.text, "patient p-1 has no appointment then");
        assert_eq!(fake.sent()[0].header("prefer"), Some("handling=strict"));
        assert_eq!(fake.sent()[0].query(), pairs(&[&[("patient", "p-1")], expected, &[("_count", "20")]].concat()));
    }
    check(json!({ "patient_id": "p-1" }), &[("_sort", "-date")]);
    let from = ("date", "ge2026-03-01");
    check(json!({ "patient_id": "p-1", "from": "2026-03-01" }), &[from, ("_sort", "date")]);
    check(json!({ "patient_id": "p-1", "to": "2026-03-31" }), &[("date", "le2026-03-31"), ("_sort", "-date")]);
    let one_day = json!({ "patient_id": "p-1", "from": "2026-03-01", "to": "2026-03-01" });
    check(one_day, &[from, ("date", "le2026-03-01"), ("_sort", "date")]);
}

#[test]
fn appointments_need_a_patient_and_days_in_order() {
    fn check(arguments: Value, words: &str) {
        let failure = fake().call::<Plugin>("find_appointments", arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!({}), "patient_id");
    check(json!({ "patient_id": "" }), "no id of a resource");
    check(json!({ "patient_id": "p-1,p-2" }), "no id of a resource");
    check(json!({ "patient_id": "Patient/p-1" }), "no id of a resource");
    check(json!({ "patient_id": "p".repeat(65) }), "no id of a resource");
    check(json!({ "patient_id": "p-1", "from": "2026-03-02", "to": "2026-03-01" }), "earlier day");
}

#[test]
fn appointments_are_told_with_who_and_where() {
    let mut bare = appointment("proposed");
    for name in ["start", "end", "description", "meta"] {
        bare.as_object_mut().unwrap().remove(name);
    }
    bare["participant"] = json!([
        { "actor": { "reference": format!("{BASE}/Patient/p-1") }, "status": "needs-action" },
        { "actor": { "reference": "PractitionerRole/r-1", "display": "Dr. Lind" }, "status": "accepted" },
        { "actor": { "reference": format!("{BASE}/Practitioner/d-2"), "display": "Nurse Abe" }, "status": "accepted" },
        { "actor": { "display": "Somebody" }, "status": "accepted" },
        { "type": [{ "text": "interpreter" }], "status": "needs-action" },
    ]);
    let fake = fake().expect(APPOINTMENTS, Reply::json(200, bundle(&[appointment("booked"), bare])));
    let outcome = fake.call::<Plugin>("find_appointments", json!({ "patient_id": "p-1" })).unwrap();
    assert_eq!(outcome.text, "2 appointments");
    let expected = json!({ "appointments": [
        {
            "appointment_id": "a-1",
            "status": "booked",
            "start": START,
            "end": "2026-03-05T10:30:00-06:00",
            "description": "Annual check-up",
            "practitioner": "Dr. Okafor",
            "location": "Room 4",
            "version": "3",
        },
        { "appointment_id": "a-1", "status": "proposed", "practitioner": "Dr. Lind, Nurse Abe" },
    ] });
    assert_eq!(serde_json::from_str::<Value>(&outcome.data.unwrap()).unwrap(), expected);
}

#[test]
fn appointments_of_others_and_of_other_days_are_left_out() {
    let with = |id: &str, change: &dyn Fn(&mut Value)| {
        let mut appointment = appointment("booked");
        appointment["id"] = json!(id);
        change(&mut appointment);
        appointment
    };
    let found = [
        with("a-2", &|it| it["participant"][0]["actor"]["reference"] = json!("Patient/p-2")),
        with("a-3", &|it| it["participant"] = json!([])),
        with("a-4", &|it| it["start"] = json!("2026-03-09T10:00:00-06:00")),
        with("a-1", &|_| {}),
    ];
    let fake = fake().expect(APPOINTMENTS, Reply::json(200, bundle(&found)));
    let arguments = json!({ "patient_id": "p-1", "from": "2026-03-05", "to": "2026-03-07" });
    let outcome = fake.call::<Plugin>("find_appointments", arguments).unwrap();
    assert_eq!(outcome.text, "one appointment, appointment_id a-1, booked");
}

#[test]
fn times_in_utc_are_told_as_such() {
    fn check(start: &str, is_utc: bool) {
        let mut at = appointment("pending");
        at["start"] = json!(start);
        let fake = fake().expect(APPOINTMENTS, Reply::json(200, bundle(&[at.clone()])));
        let text = fake.call::<Plugin>("find_appointments", json!({ "patient_id": "p-1" })).unwrap().text;
        let note = if is_utc { IN_UTC } else { "" };
        assert_eq!(text, format!("one appointment, appointment_id a-1, pending{note}"));
        let fake = self::fake().expect(READ, read(&at)).expect(UPDATE, Reply::text(200, ""));
        let text = fake.call::<Plugin>("confirm_appointment", of_patient()).unwrap().text;
        let note = if is_utc { " (in UTC)" } else { "" };
        assert_eq!(text, format!("appointment a-1 of {start}{note} is confirmed"));
    }
    check("2026-03-05T16:00:00Z", true);
    check("2026-03-05T16:00:00.000+00:00", true);
    check(START, false);
}

#[test]
fn a_search_that_fails_says_why() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let fake = fake().expect(APPOINTMENTS, reply);
        let failure = fake.call::<Plugin>("find_appointments", json!({ "patient_id": "p-1" })).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.code.as_deref(), code);
    }
    let login = Reply::json(401, refusal("login", "the token has expired"));
    check(login, FailureKind::Denied, "the token has expired", Some("login"));
    let unknown = Reply::json(400, refusal("not-supported", "unknown parameter _sort"));
    check(unknown, FailureKind::Denied, "unknown parameter _sort", Some("not-supported"));
    check(Reply::text(503, ""), FailureKind::Unavailable, "503", None);
    check(Reply::cut(), FailureKind::Unavailable, "no whole answer", None);
    check(Reply::stray(200, "<html>"), FailureKind::Other, "not as expected", None);
    check(Reply::json(200, json!({ "total": 0 })), FailureKind::Other, "resourceType", None);
    let broken = json!({ "resourceType": "Appointment", "id": "a-1" });
    check(
        Reply::stray(200, bundle(&[broken]).to_string()),
        FailureKind::Other,
        "one Appointment of the answer is not",
        None,
    );
}
