//! Whose patient's id is taken: of those with the call's number, and of nobody else.

use super::*;

/// Each tool that takes a patient's id, and what it sends first of its own.
fn of_a_patient() -> [(&'static str, Value, &'static str); 7] {
    let patient = |mut more: Value| {
        more["patient_id"] = json!("p-1");
        more
    };
    let appointment = || patient(json!({ "appointment_id": "a-1" }));
    [
        ("find_appointments", patient(json!({})), APPOINTMENTS),
        ("book_appointment", patient(json!({ "slot_id": "s-1" })), READ_SLOT),
        ("confirm_appointment", appointment(), READ),
        ("cancel_appointment", appointment(), READ),
        ("record_communication", patient(json!({ "direction": "to_patient", "text": "x" })), "POST Communication"),
        ("write_call_note", patient(json!({ "summary": "x" })), "POST DocumentReference"),
        ("create_task", patient(json!({ "title": "x", "priority": "asap" })), "POST Task"),
    ]
}

/// A fake whose tenant doesn't say that anybody may be spoken of.
fn strict(mut settings: Value) -> Fake {
    settings["base_url"] = json!(BASE);
    Fake::new().settings(settings)
}

fn america() -> Value {
    json!({ "national_numbers": { "country_code": "1", "prefixes": ["", "1"] } })
}

fn stops() -> Reply {
    Reply::text(403, "")
}

/// What the server finds: a patient with this number.
fn found(id: &str, number: &str) -> Reply {
    let telecom = json!([{ "system": "phone", "value": number }]);
    Reply::json(200, bundle(&[json!({ "resourceType": "Patient", "id": id, "telecom": telecom })]))
}

#[test]
fn an_id_is_of_somebody_who_was_on_the_line() {
    for (tool, arguments, first) in of_a_patient() {
        let first = first.replace("POST ", &format!("POST {BASE}/"));
        let check = |fake: Fake, kind: FailureKind, words: &str| {
            assert_failed(fake.call::<Plugin>(tool, arguments.clone()), kind, words);
            fake.sent()
        };
        let known = || strict(json!({})).fact("call.contact", &json!("+14155550123"));
        let theirs = found("p-1", "+1 415-555-0123");
        let sent = check(known().expect(PATIENTS, theirs).expect(&first, stops()), FailureKind::Denied, "403");
        let expected = [("_id", "p-1"), ("phone", "+14155550123"), ("_elements", "telecom"), ("_count", "1")];
        assert_eq!(sent[0].query(), pairs(&expected));
        assert_eq!(sent[0].header("prefer"), Some("handling=strict"));
        // Nobody; a server that leaves out a parameter; one that shows no numbers.
        let hidden = Reply::json(200, bundle(&[json!({ "resourceType": "Patient", "id": "p-1" })]));
        let nobody = Reply::json(200, bundle(&[]));
        for reply in [nobody, found("p-2", "+14155550123"), found("p-1", "+14155550124"), hidden] {
            let fake = known().expect(PATIENTS, reply);
            check(fake, FailureKind::NotFound, "no patient p-1 has the number of this call");
        }
        check(known().expect(PATIENTS, Reply::text(503, "")), FailureKind::Unavailable, "503");
        // Where any is believed, nobody is looked for, whatever is known of the call.
        check(fake().expect(&first, stops()), FailureKind::Denied, "403");
    }
}

#[test]
fn without_the_calls_number_no_id_is_taken() {
    for (tool, arguments, _) in of_a_patient() {
        let check = |fake: Fake, kind: FailureKind, words: &str| {
            assert_failed(fake.call::<Plugin>(tool, arguments.clone()), kind, words);
            assert!(fake.sent().is_empty(), "{words}");
        };
        let of_call = |contact: Value| strict(json!({})).fact("call.contact", &contact);
        check(strict(json!({})), FailureKind::Misconfigured, "grant the plugin the fact `call.contact`");
        check(of_call(Value::Null), FailureKind::Denied, "was withheld");
        for contact in ["sip:ann@pbx.example", "anonymous", "415-555-0123", ""] {
            check(of_call(json!(contact)), FailureKind::Denied, "isn't a telephone number with its country");
        }
    }
}

/// Boston's 555-0123 is on no line of New York or London.
#[test]
fn a_number_without_its_country_is_nobodys_unless_the_tenant_says_whose() {
    let check = |settings: Value, stored: &str, contact: &str, expected: Result<(), &str>| {
        let fake = strict(settings).fact("call.contact", &json!(contact)).expect(PATIENTS, found("p-1", stored));
        let fake = if expected.is_ok() { fake.expect(APPOINTMENTS, stops()) } else { fake };
        let called = fake.call::<Plugin>("find_appointments", json!({ "patient_id": "p-1" }));
        match expected {
            Ok(()) => assert_failed(called, FailureKind::Denied, "403"),
            Err(words) => assert_failed(called, FailureKind::NotFound, words),
        }
    };
    let setting = Err("counts only by the setting `national_numbers`");
    check(json!({}), "555-0123", "+16175550123", setting);
    check(json!({}), "555-0123", "+12125550123", setting);
    check(json!({}), "555-0123", "+442075550123", setting);
    check(json!({}), "(617) 555-0123", "+16175550123", setting);
    check(america(), "(617) 555-0123", "+16175550123", Ok(()));
    check(america(), "1-617-555-0123", "+16175550123", Ok(()));
    let nobody = Err("no patient p-1 has the number of this call; take the patient_id from find_patient");
    check(america(), "555-0123", "+16175550123", nobody);
    check(america(), "(617) 555-0123", "+446175550123", nobody);
}
