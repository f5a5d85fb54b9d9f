//! Patients: how they are searched, and what is told of them.

use super::*;

const PATIENTS: &str = "GET https://fhir.lakeside-clinic.example/r4/Patient";

fn patient(id: &str) -> Value {
    let name = json!([{ "family": "Ruiz", "given": ["Marta", "Elena"] }]);
    json!({ "resourceType": "Patient", "id": id, "name": name, "birthDate": "1971-04-23" })
}

#[test]
fn patients_are_searched_by_what_is_given() {
    fn check(arguments: Value, expected: &[(&str, &str)]) {
        let fake = fake().expect(PATIENTS, Reply::json(200, bundle(&[])));
        let outcome = fake.call::<Plugin>("find_patient", arguments).unwrap();
        assert_eq!((outcome.text.as_str(), outcome.data.as_deref()), ("no patient fits", Some(r#"{"patients":[]}"#)));
        let sent = &fake.sent()[0];
        let common = [("_elements", "active,name,birthDate"), ("_count", "10")];
        assert_eq!(sent.query(), pairs(&[expected, &common].concat()));
        assert_eq!(sent.header("accept"), Some("application/fhir+json"));
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
        { "use": "official", "family": "Ruiz", "given": [null, "Marta", ""], "_given": [{ "id": "x" }, null, null] },
    ]);
    named["photo"] = json!([{ "data": "AAAA" }]);
    let bare = json!({ "resourceType": "Patient", "id": "p-3", "name": [{ "use": "anonymous" }], "active": true });
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
