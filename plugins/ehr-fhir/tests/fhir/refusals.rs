//! OperationOutcomes: what they say, as kinds of failure and words.

use super::*;

const TASKS: &str = "POST https://fhir.lakeside-clinic.example/r4/Task";

/// What a search, and a write, make of an answer.
fn check(reply: impl Fn() -> Reply, reads: FailureKind, writes: FailureKind, words: &str) {
    let search = fake().expect(APPOINTMENTS, reply());
    assert_failed(search.call::<Plugin>("find_appointments", json!({ "patient_id": "p-1" })), reads, words);
    let task = fake().expect(TASKS, reply());
    let arguments = json!({ "patient_id": "p-1", "title": "Call back", "priority": "routine" });
    assert_failed(task.call::<Plugin>("create_task", arguments), writes, words);
}

#[test]
fn the_code_of_an_issue_says_the_kind() {
    use FailureKind::{Conflict, Denied, InvalidArguments, NotFound, Other, OutcomeUnknown, RateLimited, Unavailable};
    let of = |status: u16, code: &'static str| move || Reply::json(status, refusal(code, "so it is"));
    let same = |code: &'static str, kind: FailureKind| {
        for status in [200, 400, 422] {
            check(of(status, code), kind, kind, "so it is");
        }
    };
    for code in ["invalid", "structure", "required", "value", "invariant", "code-invalid", "too-long", "extension"] {
        same(code, InvalidArguments);
    }
    for code in ["security", "login", "unknown", "expired", "forbidden", "suppressed"] {
        same(code, Denied);
    }
    same("not-found", NotFound);
    same("deleted", NotFound);
    for code in ["duplicate", "multiple-matches", "conflict", "business-rule"] {
        same(code, Conflict);
    }
    same("throttled", RateLimited);
    for code in ["transient", "lock-error", "no-store", "exception", "timeout", "incomplete"] {
        check(of(200, code), Unavailable, OutcomeUnknown, "so it is");
        check(of(500, code), Unavailable, OutcomeUnknown, "so it is");
    }
    check(of(200, "processing"), Other, Other, "so it is");
    check(of(400, "processing"), InvalidArguments, InvalidArguments, "so it is");
    let nameless = || Reply::stray(200, refusal("", "so it is").to_string());
    check(nameless, Other, Other, "so it is");
    // A status that says enough is not overruled.
    check(of(409, "invalid"), Conflict, Conflict, "so it is");
    check(of(401, "processing"), Denied, Denied, "so it is");
    check(of(410, "processing"), NotFound, NotFound, "so it is");
    check(of(503, "throttled"), Unavailable, OutcomeUnknown, "so it is");
}

#[test]
fn the_words_are_those_of_the_errors() {
    fn check(issues: Value, words: &str, code: Option<&str>) {
        let outcome = json!({ "resourceType": "OperationOutcome", "issue": issues });
        let fake = fake().expect(APPOINTMENTS, Reply::json(422, outcome));
        let failure = fake.call::<Plugin>("find_appointments", json!({ "patient_id": "p-1" })).unwrap_err();
        assert_eq!(failure.message, words);
        assert_eq!(failure.code.as_deref(), code);
    }
    let error = |code: &str, words: &str| json!({ "severity": "error", "code": code, "diagnostics": words });
    let warning = json!({ "severity": "warning", "code": "informational", "diagnostics": "a remark" });
    let answered = "the FHIR server answered 422: ";
    let many = json!([warning, error("value", "a"), error("value", "b"), error("value", "c"), error("value", "d")]);
    check(many, &format!("{answered}a; b; c"), Some("value"));
    check(json!([warning]), &format!("{answered}a remark"), Some("informational"));
    let placed = json!([{ "severity": "fatal", "code": "required", "expression": ["Task.intent", "x"] }]);
    check(placed, &format!("{answered}required (at Task.intent)"), Some("required"));
    let detailed =
        json!([{ "severity": "error", "code": "value", "details": { "text": "no such day" }, "diagnostics": "E17" }]);
    check(detailed, &format!("{answered}no such day: E17"), Some("value"));
    let twice =
        json!([{ "severity": "error", "code": "value", "details": { "text": "the same" }, "diagnostics": "the same" }]);
    check(twice, &format!("{answered}the same"), Some("value"));
    let long = "x".repeat(400);
    check(json!([error("value", &long)]), &format!("{answered}{}", &long[..300]), Some("value"));
    let url = format!("GET {BASE}/Appointment was answered with 422 Unprocessable Entity");
    check(json!([]), &url, None);
}

#[test]
fn how_long_to_wait_is_told() {
    let throttled = Reply::json(429, refusal("throttled", "slow down")).with_header("retry-after", "7");
    let fake = fake().expect(APPOINTMENTS, throttled);
    let failure = fake.call::<Plugin>("find_appointments", json!({ "patient_id": "p-1" })).unwrap_err();
    assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::RateLimited, Some(7_000)));
}

#[test]
fn where_there_is_no_server_the_settings_are_at_fault() {
    let fault = "a person has to correct `base_url` in the plugin's settings";
    let misconfigured = FailureKind::Misconfigured;
    check(|| Reply::text(404, "<html>"), misconfigured, misconfigured, fault);
    // Made in such words, a record refers to what isn't there.
    let missing = || Reply::json(404, refusal("not-found", "no such endpoint"));
    check(missing, misconfigured, FailureKind::NotFound, "no such endpoint");
    // A resource that isn't there is no fault of theirs.
    let missing = fake().expect(READ, Reply::text(404, ""));
    assert_failed(missing.call::<Plugin>("confirm_appointment", of_patient()), FailureKind::NotFound, "404");
    let mut page = bundle(&[]);
    page["link"] = json!([{ "relation": "next", "url": format!("{BASE}/Appointment?page=2") }]);
    let expired = fake().expect(APPOINTMENTS, Reply::json(200, page)).expect(APPOINTMENTS, Reply::text(404, ""));
    let found = expired.call::<Plugin>("find_appointments", json!({ "patient_id": "p-1" }));
    assert_failed(found, FailureKind::NotFound, "404");
}

#[test]
fn what_comes_of_a_setting_is_its_fault() {
    fn check(kind: &str, arguments: Value, issue: Value, setting: Option<&str>) {
        let tool = match kind {
            "Task" => "create_task",
            "Communication" => "record_communication",
            _ => "write_call_note",
        };
        let mut refusal = refusal("value", "so it is");
        refusal["issue"][0].as_object_mut().unwrap().extend(issue.as_object().unwrap().clone());
        let mut arguments = arguments;
        arguments["patient_id"] = json!("p-1");
        let fake = fake().expect(&format!("POST {BASE}/{kind}"), Reply::json(422, refusal));
        let called = fake.call::<Plugin>(tool, arguments);
        match setting {
            Some(setting) => assert_failed(
                called,
                FailureKind::Misconfigured,
                &format!("; no argument helps: a person has to correct `{setting}` in the plugin's settings"),
            ),
            None => assert_failed(called, FailureKind::InvalidArguments, "the FHIR server answered 422: "),
        }
    }
    let at = |place: &str| json!({ "expression": [place] });
    let task = || json!({ "title": "x", "priority": "asap" });
    check("Task", task(), at("Task.owner"), Some("task_owner"));
    check("Task", task(), at("Task.owner.reference"), Some("task_owner"));
    let words = json!({ "diagnostics": "Resource Organization/17 not found, specified in path: Task.owner" });
    check("Task", task(), words, Some("task_owner"));
    check("Task", task(), json!({ "details": { "text": "Task.owner: is inactive" } }), Some("task_owner"));
    check("Task", task(), at("Task.ownership"), None);
    check("Task", task(), at("Task.for"), None);
    check("Task", task(), json!({}), None);
    let note = || json!({ "summary": "x" });
    check("DocumentReference", note(), at("DocumentReference.type.coding[0]"), Some("note_type"));
    check("DocumentReference", note(), at("DocumentReference.category[0]"), Some("note_category"));
    check("DocumentReference", note(), at("DocumentReference.custodian"), Some("organization_id"));
    check("DocumentReference", note(), at("DocumentReference.subject"), None);
    let said = |direction: &str| json!({ "direction": direction, "text": "x" });
    check("Communication", said("from_patient"), at("Communication.recipient[0]"), Some("organization_id"));
    check("Communication", said("from_patient"), at("Communication.sender"), None);
    check("Communication", said("to_patient"), at("Communication.sender"), Some("organization_id"));
    check("Communication", said("to_patient"), at("Communication.recipient[0]"), None);

    // What is in doubt stays so, whoever is at fault.
    let mut refusal = refusal("exception", "Task.owner");
    refusal["issue"][0]["expression"] = json!(["Task.owner"]);
    let fake = fake().expect(TASKS, Reply::json(500, refusal));
    let arguments = json!({ "patient_id": "p-1", "title": "Call back", "priority": "routine" });
    assert_failed(fake.call::<Plugin>("create_task", arguments), FailureKind::OutcomeUnknown, "Task.owner");
}
