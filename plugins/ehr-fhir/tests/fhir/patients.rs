//! Patients: how they are searched, and what is told of them.

use super::*;

const PATIENTS: &str = "GET https://fhir.lakeside-clinic.example/r4/Patient";

fn patient(id: &str) -> Value {
    let name = json!([{ "family": "Ruiz", "given": ["Marta", "Elena"] }]);
    let telecom = json!([{ "system": "phone", "value": "+14155550123" }]);
    json!({ "resourceType": "Patient", "id": id, "name": name, "birthDate": "1971-04-23", "telecom": telecom })
}

#[test]
fn patients_are_searched_by_what_is_given() {
    fn check(arguments: Value, expected: &[(&str, &str)]) {
        let fake = fake().expect(PATIENTS, Reply::json(200, bundle(&[])));
        let outcome = fake.call::<Plugin>("find_patient", arguments).unwrap();
        assert_eq!((outcome.text.as_str(), outcome.data.as_deref()), ("no patient fits", Some(r#"{"patients":[]}"#)));
        let sent = &fake.sent()[0];
        let common = [("_elements", "active,name,birthDate,telecom"), ("_count", "10")];
        assert_eq!(sent.query(), pairs(&[expected, &common].concat()));
        assert_eq!(sent.header("accept"), Some("application/fhir+json"));
        assert_eq!(sent.header("prefer"), Some("handling=strict"));
        assert_eq!(sent.header("authorization"), None);
    }
    check(json!({ "phone": "+14155550123" }), &[("phone", "+14155550123")]);
    let born = json!({ "family_name": " Ruiz ", "birth_date": "1971-04-23" });
    check(born, &[("family", "Ruiz"), ("birthdate", "1971-04-23")]);
    check(
        json!({ "phone": "+14155550123", "family_name": "O'Hara, Ann|x$y\\", "birth_date": "1971-04-23" }),
        &[("phone", "+14155550123"), ("family", r"O'Hara\, Ann\|x\$y\\"), ("birthdate", "1971-04-23")],
    );
}

#[test]
fn a_search_for_anybody_is_refused() {
    fn check(arguments: Value, words: &str) {
        let failure = fake().call::<Plugin>("find_patient", arguments.clone()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments, "{arguments}");
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!({}), "give a telephone number");
    check(json!({ "family_name": "Ruiz" }), "give a telephone number");
    check(json!({ "birth_date": "1971-04-23" }), "give a telephone number");
    check(json!({ "family_name": "-", "birth_date": "1971-04-23" }), "give a telephone number");
    check(json!({ "family_name": " ", "birth_date": "1971-04-23" }), "give a telephone number");
    check(json!({ "family_name": "Ruiz", "birth_date": "23.04.1971" }), "write the year first");
    check(json!({ "family_name": "Ruiz", "birth_date": "1971-02-30" }), "there is no day");
    check(json!({ "family_name": "Ruiz", "birth_date": "19710423" }), "write the year first");
    check(json!({ "phone": "555 0123" }), "E.164");
}

#[test]
fn patients_are_told_with_what_tells_them_apart() {
    fn check(answer: Value, text: &str, expected: Value) {
        let fake = fake().expect(PATIENTS, Reply::json(200, answer));
        let outcome = fake.call::<Plugin>("find_patient", json!({ "phone": "+14155550123" })).unwrap();
        assert_eq!(outcome.text, text);
        assert_eq!(serde_json::from_str::<Value>(&outcome.data.unwrap()).unwrap()["patients"], expected);
        assert!(outcome.receipts.is_empty());
    }
    let person = |id: &str, name: &str| json!({ "patient_id": id, "name": name, "birth_date": "1971-04-23" });
    check(bundle(&[patient("p-1")]), "one patient, patient_id p-1", json!([person("p-1", "Marta Elena Ruiz")]));

    let mut named = patient("p-2");
    named["name"] = json!([
        { "use": "old", "text": "Marta Vega" },
        { "use": "usual", "family": "Ruiz", "given": ["Marta"] },
        { "use": "official", "family": "Ruiz", "given": [null, "Marta"], "_given": [{ "id": "x" }, null] },
    ]);
    named["photo"] = json!([{ "data": "AAAA" }]);
    let telecom = json!([{ "system": "phone", "value": "415-555-0123" }]);
    let bare = json!({
        "resourceType": "Patient", "id": "p-3", "name": [{ "use": "anonymous" }], "active": true, "telecom": telecom,
    });
    let mut merged = patient("p-4");
    merged["active"] = json!(false);
    let warning = refusal("informational", "a parameter was not used");
    check(
        bundle(&[named, bare, merged, warning]),
        "2 patients",
        json!([person("p-2", "Marta Ruiz"), { "patient_id": "p-3" }]),
    );

    let many: Vec<Value> = (0..12).map(|index| patient(&format!("p-{index}"))).collect();
    let ten: Vec<Value> = (0..10).map(|index| person(&format!("p-{index}"), "Marta Elena Ruiz")).collect();
    check(bundle(&many), "more than these 10 patients fit: search by all that you know", json!(ten));
    let mut first_page = bundle(&many[..1]);
    first_page["link"] = json!([{ "relation": "next", "url": "https://elsewhere.example/" }]);
    check(first_page, "more than these 1 patients fit: search by all that you know", json!(ten[..1]));
}

#[test]
fn strangers_are_left_out() {
    fn check(arguments: &Value, change: impl FnOnce(&mut Value), fits: bool) {
        let mut patient = patient("p-1");
        patient["telecom"][0]["value"] = json!("(415) 555-0123");
        change(&mut patient);
        let fake = fake().expect(PATIENTS, Reply::json(200, bundle(&[patient.clone()])));
        let text = fake.call::<Plugin>("find_patient", arguments.clone()).unwrap().text;
        assert_eq!(text, if fits { "one patient, patient_id p-1" } else { "no patient fits" }, "{patient}");
    }
    let by_number = json!({ "phone": "+14155550123" });
    let telecom = |telecom: Value| move |it: &mut Value| it["telecom"] = telecom;
    let of = |system: &str, value: &str| json!([{ "system": "email", "value": "x@y.example" }, { "system": system, "value": value }]);
    check(&by_number, |_| {}, true);
    check(&by_number, telecom(of("sms", "+1 415 555 0123")), true);
    check(&by_number, telecom(json!([{ "value": "+14155550123" }])), true);
    check(&by_number, telecom(of("phone", "+14155550124")), false);
    check(&by_number, telecom(json!([{ "system": "phone" }, { "system": "phone", "value": "+14155550124" }])), false);
    // A server need not show it; but then nothing tells that the patient has it.
    let by_number_too = json!({ "phone": "+14155550123", "birth_date": "1971-04-23" });
    for hidden in [json!([{ "system": "email", "value": "x@y.example" }]), of("fax", "+14155550199")] {
        check(&by_number, telecom(hidden.clone()), false);
        check(&by_number_too, telecom(hidden), true);
    }
    check(&by_number_too, telecom(of("phone", "+14155550124")), false);

    let by_name = json!({ "family_name": "ruíz", "birth_date": "1971-04-23" });
    let name = |name: Value| move |it: &mut Value| it["name"] = json!([{ "given": ["Ruiz"] }, name]);
    check(&by_name, |_| {}, true);
    check(&by_name, name(json!({ "family": "RUIZ NÚÑEZ" })), true);
    check(&by_name, name(json!({ "text": "Marta Ruiz" })), true);
    check(&by_name, name(json!({ "family": "Vega", "text": "Ruiz Vega" })), false);
    check(&by_name, name(json!({})), false);
    check(&by_name, |it| it["birthDate"] = json!("1971-04-24"), false);
    check(&by_name, |it| it["birthDate"] = json!("1971-04"), false);
    check(&by_name, |it| drop(it.as_object_mut().unwrap().remove("birthDate")), false);

    let mut first_page = bundle(&[]);
    first_page["link"] = json!([{ "relation": "next", "url": "https://elsewhere.example/" }]);
    let fake = fake().expect(PATIENTS, Reply::json(200, first_page));
    let text = fake.call::<Plugin>("find_patient", by_number).unwrap().text;
    assert_eq!(text, "none of the first that the server gives fits: search by all that you know");
}

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

#[test]
fn an_id_is_of_somebody_who_was_on_the_line() {
    let with_number = |id: &str, number: &str| json!({ "resourceType": "Patient", "id": id, "telecom": [{ "system": "phone", "value": number }] });
    let contact = json!("+14155550123");
    for (tool, arguments, first) in of_a_patient() {
        let first = first.replace("POST ", &format!("POST {BASE}/"));
        let stops = || Reply::text(403, "");
        let check = |fake: Fake, kind: FailureKind, words: &str| {
            assert_failed(fake.call::<Plugin>(tool, arguments.clone()), kind, words);
            fake.sent()
        };
        let known = || fake().fact("call.contact", &contact);
        let theirs = Reply::json(200, bundle(&[with_number("p-1", "415-555-0123")]));
        let sent = check(known().expect(PATIENTS, theirs).expect(&first, stops()), FailureKind::Denied, "403");
        let expected = [("_id", "p-1"), ("phone", "+14155550123"), ("_elements", "telecom"), ("_count", "1")];
        assert_eq!(sent[0].query(), pairs(&expected));
        assert_eq!(sent[0].header("prefer"), Some("handling=strict"));
        // Nobody; a server that leaves out a parameter; one that shows no numbers.
        let hidden = json!({ "resourceType": "Patient", "id": "p-1" });
        let stranger = with_number("p-2", "+14155550123");
        let other_number = with_number("p-1", "+14155550124");
        for found in [vec![], vec![stranger], vec![other_number], vec![hidden]] {
            let reply = Reply::json(200, bundle(&found));
            check(known().expect(PATIENTS, reply), FailureKind::NotFound, "no patient p-1 has the number of this call");
        }
        check(known().expect(PATIENTS, Reply::text(503, "")), FailureKind::Unavailable, "503");
        // Without the fact, the id is believed; but not where the settings say so.
        check(fake().expect(&first, stops()), FailureKind::Denied, "403");
        let required = || fake_with(json!({ "contact_required": true }));
        check(required(), FailureKind::Misconfigured, "correct `contact_required`");
        // A call whose number was withheld.
        let withheld = |fake: aftercall::testing::Fake| fake.fact("call.contact", &Value::Null);
        check(withheld(required()), FailureKind::Denied, "this call has no number");
        check(withheld(fake()).expect(&first, stops()), FailureKind::Denied, "403");
    }
}
