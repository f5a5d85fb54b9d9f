//! The plugin against a fake of a FHIR server: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Outcome, Plugin as _, Receipt};
use aftercall_plugin_ehr_fhir::tools::Plugin;
use serde_json::{Value, json};

const BASE: &str = "https://fhir.lakeside-clinic.example/r4";
const PATIENTS: &str = "GET https://fhir.lakeside-clinic.example/r4/Patient";
const APPOINTMENTS: &str = "GET https://fhir.lakeside-clinic.example/r4/Appointment";
const READ: &str = "GET https://fhir.lakeside-clinic.example/r4/Appointment/a-1";
const UPDATE: &str = "PUT https://fhir.lakeside-clinic.example/r4/Appointment/a-1";
const START: &str = "2026-03-05T10:00:00-06:00";

fn fake() -> Fake {
    Fake::new().settings(json!({ "base_url": BASE }))
}

fn bundle(resources: &[Value]) -> Value {
    let entries = resources.iter().map(|resource| json!({ "resource": resource, "search": { "mode": "match" } }));
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": resources.len() });
    if !resources.is_empty() {
        bundle["entry"] = entries.collect();
    }
    bundle
}

fn patient(id: &str) -> Value {
    let name = json!([{ "family": "Ruiz", "given": ["Marta", "Elena"] }]);
    json!({ "resourceType": "Patient", "id": id, "name": name, "birthDate": "1971-04-23" })
}

fn appointment(status: &str) -> Value {
    json!({
        "resourceType": "Appointment",
        "id": "a-1",
        "meta": { "versionId": "3" },
        "status": status,
        "description": "Annual check-up",
        "start": START,
        "end": "2026-03-05T10:30:00-06:00",
        "participant": [
            { "actor": { "reference": "Patient/p-1", "display": "Marta Ruiz" }, "status": "needs-action" },
            { "actor": { "reference": "Practitioner/d-1", "display": "Dr. Okafor" }, "status": "accepted" },
            { "actor": { "reference": "Location/l-1", "display": "Room 4" }, "status": "accepted" },
        ],
    })
}

/// The answer to a read of this appointment.
fn read(appointment: &Value) -> Reply {
    Reply::json(200, appointment.clone()).with_header("etag", "W/\"3\"")
}

fn refusal(code: &str, words: &str) -> Value {
    let issue = json!({ "severity": "error", "code": code, "diagnostics": words });
    json!({ "resourceType": "OperationOutcome", "issue": [issue] })
}

fn of_patient() -> Value {
    json!({ "appointment_id": "a-1", "patient_id": "p-1" })
}

fn outcome(text: &str) -> Outcome {
    Outcome::new(text).with_receipt(Receipt::new("appointment", "a-1").with_url(format!("{BASE}/Appointment/a-1")))
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn tools_say_which_effect_they_have() {
    let tools = Plugin::list_tools("{}").unwrap();
    let said: Vec<(&str, Effect, Vec<&str>, bool)> = tools
        .iter()
        .map(|tool| {
            let identity = tool.identity.iter().map(String::as_str).collect();
            (tool.name.as_str(), tool.effect, identity, tool.reconcilable)
        })
        .collect();
    let expected = [
        ("find_patient", Effect::Read, vec![], false),
        ("find_appointments", Effect::Read, vec![], false),
        ("confirm_appointment", Effect::Idempotent, vec!["appointment_id"], false),
    ];
    assert_eq!(said, expected);
    let schema = |index: usize| serde_json::from_str::<Value>(&tools[index].input_schema).unwrap();
    for tool in 0..tools.len() {
        assert_eq!(schema(tool)["additionalProperties"], false);
        assert!(!schema(tool).to_string().contains("$ref"));
    }
    assert_eq!(schema(0)["properties"]["birth_date"]["format"], "date");
    assert_eq!(schema(0)["properties"]["birth_date"]["description"], "The day of birth, such as 1971-04-23.");
    assert_eq!(schema(2)["required"], json!(["appointment_id", "patient_id"]));
    assert_eq!(schema(2)["properties"]["patient_id"]["pattern"], r"^[A-Za-z0-9\-.]{1,64}$");
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
    check(json!({ "family_name": "Ruiz", "birth_date": "23.04.1971" }), "write it as in 1971-04-23");
    check(json!({ "family_name": "Ruiz", "birth_date": "1971-02-30" }), "write it as in 1971-04-23");
    check(json!({ "family_name": "Ruiz", "birth_date": "19710423" }), "write it as in 1971-04-23");
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

#[test]
fn appointments_are_searched_by_patient_and_days() {
    fn check(arguments: Value, expected: &[(&str, &str)]) {
        let fake = fake().expect(APPOINTMENTS, Reply::json(200, bundle(&[])));
        let outcome = fake.call::<Plugin>("find_appointments", arguments).unwrap();
        assert_eq!(outcome.text, "patient p-1 has no appointment then");
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
    check(unknown, FailureKind::InvalidArguments, "unknown parameter _sort", Some("not-supported"));
    check(Reply::text(503, ""), FailureKind::Unavailable, "503", None);
    check(Reply::cut(), FailureKind::Unavailable, "no whole answer", None);
    check(Reply::text(200, "<html>"), FailureKind::Other, "not as expected", None);
    check(Reply::json(200, json!({ "total": 0 })), FailureKind::Other, "resourceType", None);
    let broken = json!({ "resourceType": "Appointment", "id": "a-1" });
    check(Reply::json(200, bundle(&[broken])), FailureKind::Other, "one Appointment of the answer is not", None);
}

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
    assert!(sent.contains(r#""extension":[{"url":"u","valueDecimal":1.50}]"#), "{sent}");
    assert!(sent.contains(r#""modifierExtension":[{"valueDecimal":12345678901234567890.10,"url":"m"}]"#), "{sent}");
    let expected =
        json!({ "id": "x9", "_status": { "id": "s" }, "status": "accepted", "actor": { "reference": "Patient/p-1" } });
    assert_eq!(fake.sent()[1].json()["participant"][0], expected);
}

#[test]
fn the_base_may_end_with_a_slash() {
    let fake = fake().settings(json!({ "base_url": format!("{BASE}/") })).expect(READ, read(&appointment("booked")));
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
    check(|it| it["id"] = json!("a-2"), FailureKind::Other, "the server gave appointment a-2");
    check(|it| it["resourceType"] = json!("Slot"), FailureKind::Other, "not as expected");
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
    check(Reply::text(200, "<html>"), FailureKind::OutcomeUnknown, "not as expected", None);
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
    check(Reply::text(200, "[]"), FailureKind::Other, "not as expected");
}

#[test]
fn ids_stay_in_their_segment() {
    let of = |id: &str| json!({ "appointment_id": id, "patient_id": "p-1" });
    for id in ["../Patient/p-1", "a?b", "a b", "é", "a/_history/1"] {
        let failure = fake().call::<Plugin>("confirm_appointment", of(id)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments, "{id}");
    }
    let fake = fake().expect(&READ.replace("a-1", "%2E%2E"), Reply::text(404, ""));
    assert_eq!(fake.call::<Plugin>("confirm_appointment", of("..")).unwrap_err().kind, FailureKind::NotFound);
}

#[test]
fn a_rehearsal_comes_to_a_success() {
    let canned = json!({ "resourceType": "Appointment", "id": "rehearsed", "status": "booked" });
    let fake = fake().dry_run().expect(READ, read(&appointment("pending"))).expect(UPDATE, Reply::json(200, canned));
    let text = format!("appointment a-1 of {START} is confirmed");
    assert_eq!(fake.call::<Plugin>("confirm_appointment", of_patient()), Ok(outcome(&text)));
}
