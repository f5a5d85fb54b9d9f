//! Patients: how they are searched, and what is told of them.

use super::*;

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
    let telecom = json!([{ "system": "phone", "value": "+1 415-555-0123" }]);
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
        patient["telecom"][0]["value"] = json!("+1 (415) 555-0123");
        change(&mut patient);
        let fake = fake().expect(PATIENTS, Reply::json(200, bundle(&[patient.clone()])));
        let text = fake.call::<Plugin>("find_patient", arguments.clone()).unwrap().text;
        assert_eq!(text == "one patient, patient_id p-1", fits, "{text}: {patient}");
        assert!(fits || text.starts_with("no patient fits"), "{text}: {patient}");
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
    // Nor does one without its country, which may be this one.
    check(&by_number, telecom(of("phone", "(415) 555-0123")), false);
    check(&by_number_too, telecom(of("phone", "(415) 555-0123")), true);
    check(&by_number_too, telecom(of("phone", "(415) 555-0124")), false);

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

#[test]
fn who_is_left_out_for_a_number_without_its_country_is_found_by_more() {
    let check = |settings: Value, stored: &str, text: &str| {
        let mut patient = patient("p-1");
        patient["telecom"][0]["value"] = json!(stored);
        let fake = fake_with(settings).expect(PATIENTS, Reply::json(200, bundle(&[patient])));
        let called = fake.call::<Plugin>("find_patient", json!({ "phone": "+14155550123" }));
        assert_eq!(called.unwrap().text, text, "{stored}");
    };
    let uncertain = "no patient fits for certain, since a record doesn't show the number with its country: search by family \
                     name and birth date too";
    let america = || json!({ "national_numbers": { "country_code": "1", "prefixes": ["", "1"] } });
    check(json!({}), "555-0123", uncertain);
    check(json!({}), "(415) 555-0123", uncertain);
    check(json!({}), "(415) 555-0124", "no patient fits");
    check(america(), "(415) 555-0123", "one patient, patient_id p-1");
    check(america(), "555-0123", "no patient fits");
}
