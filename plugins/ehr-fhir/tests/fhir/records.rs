//! What a call leaves in a patient's record: communications, notes, tasks.

use super::*;

/// A tool, the arguments of a call, and the type of the resource that it makes.
type Call = (&'static str, Value, &'static str);

fn calls() -> [Call; 3] {
    [said("from_patient"), note(), task(json!({}))]
}

fn said(direction: &str) -> Call {
    let arguments = json!({ "patient_id": "p-1", "direction": direction, "text": " I need a <b>refill</b>.\r\nSoon " });
    ("record_communication", arguments, "Communication")
}

fn note() -> Call {
    ("write_call_note", json!({ "patient_id": "p-1", "summary": "Wants a refill. Größe 1,80 m." }), "DocumentReference")
}

fn task(more: Value) -> Call {
    let mut arguments = json!({ "patient_id": "p-1", "title": "Renew the prescription", "priority": "urgent" });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ("create_task", arguments, "Task")
}

fn create(kind: &str) -> String {
    format!("POST {BASE}/{kind}")
}

fn search(kind: &str) -> String {
    format!("GET {BASE}/{kind}")
}

fn made(kind: &str) -> Value {
    let mut made = keyed(json!({ "resourceType": kind, "id": "r-1" }), "key1");
    let more = match kind {
        "DocumentReference" => json!({ "status": "current", "content": [{ "attachment": { "title": "A call" } }] }),
        "Task" => json!({ "status": "requested", "intent": "order" }),
        _ => json!({ "status": "completed" }),
    };
    made.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    made
}

fn told(kind: &str) -> Outcome {
    let (text, receipt) = match kind {
        "Communication" => ("what was said is in the record of patient p-1 as communication r-1", "communication"),
        "DocumentReference" => ("the note is in the record of patient p-1 as document r-1", "document"),
        _ => ("the clinic has the task for patient p-1 as task r-1", "task"),
    };
    Outcome::new(text).with_receipt(Receipt::new(receipt, "r-1").with_url(format!("{BASE}/{kind}/r-1")))
}

/// That a call makes this resource, beside its type and identifier.
fn check_made(settings: Value, (tool, arguments, kind): Call, mut expected: Value) {
    let fake = fake_with(settings).expect(&create(kind), Reply::json(201, made(kind)));
    assert_eq!(fake.call::<Plugin>(tool, arguments), Ok(told(kind)));
    expected["resourceType"] = json!(kind);
    expected["identifier"] = json!([identifier("key1")]);
    let sent = &fake.sent()[0];
    assert_eq!(sent.json(), expected);
    assert_eq!(sent.header("if-none-exist"), Some("identifier=urn:aftercall:effect|key1"));
    assert_eq!(sent.header("content-type"), Some("application/fhir+json"));
}

#[test]
fn what_was_said_is_a_communication() {
    let telephone = json!({
        "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode", "code": "PHONE", "display": "telephone",
    });
    let patient = json!({ "reference": "Patient/p-1" });
    let clinic = json!({ "reference": "Organization/o-1" });
    let communication = |more: Value| {
        let mut communication = json!({
            "status": "completed",
            "medium": [{ "coding": [telephone] }],
            "subject": patient,
            "sent": "2026-01-01T00:00:00Z",
            "payload": [{ "contentString": "I need a <b>refill</b>.\nSoon" }],
        });
        communication.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        communication
    };
    let at_clinic = || json!({ "organization_id": "o-1" });
    check_made(json!({}), said("from_patient"), communication(json!({ "sender": patient })));
    check_made(json!({}), said("to_patient"), communication(json!({ "recipient": [patient] })));
    let from = json!({ "sender": patient, "recipient": [clinic] });
    check_made(at_clinic(), said("from_patient"), communication(from));
    let to = json!({ "sender": clinic, "recipient": [patient] });
    check_made(at_clinic(), said("to_patient"), communication(to));
}

#[test]
fn the_summary_is_a_document_of_plain_text() {
    let document = |more: Value| {
        let attachment = json!({
            "contentType": "text/plain; charset=utf-8",
            "data": "V2FudHMgYSByZWZpbGwuIEdyw7bDn2UgMSw4MCBtLg==",
            "title": "Telephone call",
            "creation": "2026-01-01T00:00:00Z",
        });
        let telephone =
            json!({ "system": "http://loinc.org", "code": "34748-4", "display": "Telephone encounter Note" });
        let mut document = json!({
            "status": "current",
            "docStatus": "preliminary",
            "type": { "coding": [telephone] },
            "subject": { "reference": "Patient/p-1" },
            "date": "2026-01-01T00:00:00Z",
            "content": [{ "attachment": attachment }],
        });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document
    };
    check_made(json!({}), note(), document(json!({})));
    let code = json!({ "system": "http://loinc.org", "code": "11506-3" });
    let settings = json!({ "note_type": code, "note_category": code, "organization_id": "o-1" });
    let more = json!({
        "type": { "coding": [code] },
        "category": [{ "coding": [code] }],
        "custodian": { "reference": "Organization/o-1" },
    });
    check_made(settings, note(), document(more));
}

#[test]
fn a_task_says_what_and_by_when() {
    let expected = |more: Value| {
        let mut task = json!({
            "status": "requested",
            "intent": "order",
            "priority": "urgent",
            "code": { "text": "Renew the prescription" },
            "for": { "reference": "Patient/p-1" },
            "authoredOn": "2026-01-01T00:00:00Z",
        });
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    };
    check_made(json!({}), task(json!({})), expected(json!({})));
    let settings = json!({ "task_owner": "Organization/o-1" });
    let more = json!({ "owner": { "reference": "Organization/o-1" } });
    check_made(settings, task(json!({})), expected(more));
    let until = |day: &str| json!({ "restriction": { "period": { "end": day } } });
    check_made(json!({}), task(json!({ "due": "2026-01-05" })), expected(until("2026-01-05")));
    // It is still this day in the west.
    check_made(json!({}), task(json!({ "due": "2025-12-31" })), expected(until("2025-12-31")));
    let more = json!({ "description": "Metformin", "priority": "asap" });
    check_made(json!({}), task(json!({ "details": "Metformin", "priority": "asap" })), expected(more));
}

#[test]
fn bad_arguments_are_refused_in_words() {
    fn check((tool, mut arguments, _): Call, name: &str, value: Value, words: &str) {
        arguments[name] = value;
        assert_failed(fake().call::<Plugin>(tool, arguments), FailureKind::InvalidArguments, words);
    }
    check(said("from_patient"), "text", json!(" \u{1b}\n"), "`text`: the text");
    check(said("from_patient"), "direction", json!("both"), "from_patient");
    check(said("from_patient"), "patient_id", json!("Patient/p-1"), "no id of a resource");
    check(note(), "summary", json!("\t"), "`summary`: the text");
    check(task(json!({})), "title", json!(" "), "`title`: the text");
    check(task(json!({})), "details", json!(""), "`details`: the text");
    check(task(json!({})), "priority", json!("stat"), "routine");
    check(task(json!({})), "due", json!("2025-12-30"), "`due` is past");
    check(task(json!({})), "due", json!("next week"), "is no day");
}

#[test]
fn a_record_that_is_refused_says_why() {
    fn check(reply: impl Fn() -> Reply, kind: FailureKind, words: &str) {
        for (tool, arguments, resource) in calls() {
            let fake = fake().expect(&create(resource), reply());
            assert_failed(fake.call::<Plugin>(tool, arguments), kind, words);
        }
    }
    check(|| Reply::json(404, refusal("not-found", "no Patient/p-1")), FailureKind::NotFound, "no Patient/p-1");
    check(|| Reply::json(403, refusal("forbidden", "no scope")), FailureKind::Denied, "no scope");
    check(|| Reply::json(422, refusal("invariant", "no code")), FailureKind::InvalidArguments, "no code");
    check(|| Reply::json(412, refusal("multiple-matches", "two")), FailureKind::Conflict, "two");
    check(|| Reply::text(429, ""), FailureKind::RateLimited, "429");
    check(|| Reply::text(500, ""), FailureKind::OutcomeUnknown, "500");
    check(Reply::cut, FailureKind::OutcomeUnknown, "no whole answer");
    check(
        || Reply::json(200, json!({ "resourceType": "Basic", "id": "b-1", "code": {} })),
        FailureKind::OutcomeUnknown,
        "which id",
    );
}

#[test]
fn a_record_in_doubt_is_searched_by_our_identifier() {
    fn check(resource: impl Fn(&str) -> Option<Value>, since_ms: u64, expected: impl Fn(&str) -> Finding) {
        for (tool, arguments, kind) in calls() {
            let found: Vec<Value> = resource(kind).into_iter().collect();
            let fake = fake().now(NOW_MS + since_ms).expect(&search(kind), Reply::json(200, bundle(&found)));
            assert_eq!(fake.reconcile::<Plugin>(tool, arguments), Ok(expected(kind)));
            assert_eq!(fake.sent()[0].query()[1], ("identifier".to_owned(), "urn:aftercall:effect|key1".to_owned()));
        }
    }
    check(|kind| Some(made(kind)), 0, |kind| Finding::Happened(told(kind)));
    check(|_| None, 0, |_| Finding::ask_again_after(15_000));
    check(|_| None, LAG_MS - 1, |_| Finding::ask_again_after(1));
    check(|_| None, LAG_MS, |_| Finding::DidNotHappen);
    // An attempt later than the first has its own time.
    let fake = fake().attempt_at(NOW_MS + LAG_MS).now(NOW_MS + LAG_MS);
    let fake = fake.expect(&search("Task"), Reply::json(200, bundle(&[])));
    let found = fake.reconcile::<Plugin>("create_task", task(json!({})).1);
    assert_eq!(found, Ok(Finding::ask_again_after(15_000)));
}

#[test]
fn a_lost_answer_leaves_one_record() {
    for (tool, arguments, kind) in calls() {
        let first = fake().expect(&create(kind), Reply::cut());
        assert_failed(first.call::<Plugin>(tool, arguments.clone()), FailureKind::OutcomeUnknown, "no whole answer");
        let mut there = first.sent()[0].json();
        there["id"] = json!("r-1");
        let look = fake().expect(&search(kind), Reply::json(200, bundle(&[there.clone()])));
        assert_eq!(look.reconcile::<Plugin>(tool, arguments.clone()), Ok(Finding::Happened(told(kind))));
        let again = fake().attempt(2).now(NOW_MS + LAG_MS).expect(&create(kind), Reply::json(200, there));
        assert_eq!(again.call::<Plugin>(tool, arguments), Ok(told(kind)));
        assert_eq!(again.sent()[0].json(), first.sent()[0].json());
    }
}
