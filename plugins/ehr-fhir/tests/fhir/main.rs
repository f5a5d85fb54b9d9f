//! The plugin against a fake of a FHIR server: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod acceptance;
mod appointments;
mod booking;
mod cancel;
mod claims;
mod confirm;
mod contact;
mod patients;
mod records;
mod refusals;
mod slots;

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, Failure, FailureKind, Finding, Outcome, Plugin as _, Receipt};
use aftercall_plugin_ehr_fhir::tools::Plugin;
use serde_json::{Value, json};

const BASE: &str = "https://fhir.lakeside-clinic.example/r4";
const PATIENTS: &str = "GET https://fhir.lakeside-clinic.example/r4/Patient";
const APPOINTMENTS: &str = "GET https://fhir.lakeside-clinic.example/r4/Appointment";
const READ: &str = "GET https://fhir.lakeside-clinic.example/r4/Appointment/a-1";
const UPDATE: &str = "PUT https://fhir.lakeside-clinic.example/r4/Appointment/a-1";
const READ_SLOT: &str = "GET https://fhir.lakeside-clinic.example/r4/Slot/s-1";
const UPDATE_SLOT: &str = "PUT https://fhir.lakeside-clinic.example/r4/Slot/s-1";
const START: &str = "2026-03-05T10:00:00-06:00";
/// What is told of times in UTC.
const IN_UTC: &str = "; times are in UTC, so say them in the clinic's own";
/// When the fake's attempts begin: 2026-01-01T00:00:00Z.
const NOW_MS: u64 = 1_767_225_600_000;
/// How long a search may lag, where the settings don't say.
const LAG_MS: u64 = 60_000;

/// One in which whoever is spoken of need not have been on the line.
fn fake() -> Fake {
    fake_with(json!({}))
}

/// The same with these settings beside.
fn fake_with(mut settings: Value) -> Fake {
    settings["base_url"] = json!(BASE);
    settings["any_patient"] = json!(true);
    Fake::new().settings(settings)
}

fn bundle(resources: &[Value]) -> Value {
    let entries = resources.iter().map(|resource| json!({ "resource": resource, "search": { "mode": "match" } }));
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": resources.len() });
    if !resources.is_empty() {
        bundle["entry"] = entries.collect();
    }
    bundle
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

/// A slot of the schedule `c-1`, at the time of the appointment.
fn slot(status: &str) -> Value {
    json!({
        "resourceType": "Slot",
        "id": "s-1",
        "meta": { "versionId": "7" },
        "serviceType": [{ "coding": [{ "system": "http://clinic.example/services", "code": "gp", "display": "General" }] }],
        "schedule": { "reference": "Schedule/c-1" },
        "status": status,
        "start": START,
        "end": "2026-03-05T10:30:00-06:00",
    })
}

fn schedule(id: &str) -> Value {
    json!({
        "resourceType": "Schedule",
        "id": id,
        "actor": [
            { "reference": "Practitioner/d-1", "display": "Dr. Okafor" },
            { "reference": "Location/l-1", "display": "Room 4" },
        ],
    })
}

fn identifier(key: &str) -> Value {
    json!({ "system": "urn:aftercall:effect", "value": key })
}

/// The resource with an identifier of ours.
fn keyed(mut resource: Value, key: &str) -> Value {
    resource["identifier"] = json!([identifier(key)]);
    resource
}

/// The answer to a read of this resource.
fn read(resource: &Value) -> Reply {
    let version = resource["meta"]["versionId"].as_str().unwrap_or("3");
    Reply::json(200, resource.clone()).with_header("etag", &format!("W/\"{version}\""))
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

/// That a call failed in this way.
fn assert_failed<T: std::fmt::Debug>(called: Result<T, Failure>, kind: FailureKind, words: &str) {
    let failure = called.unwrap_err();
    assert_eq!(failure.kind, kind, "{}", failure.message);
    assert!(failure.message.contains(words), "{}", failure.message);
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
        ("find_free_slots", Effect::Read, vec![], false),
        ("book_appointment", Effect::Once, vec!["patient_id", "slot_id", "instead_of"], true),
        ("confirm_appointment", Effect::Idempotent, vec!["appointment_id"], true),
        ("cancel_appointment", Effect::Idempotent, vec!["appointment_id"], true),
        ("record_communication", Effect::Once, vec!["patient_id", "direction"], true),
        ("write_call_note", Effect::Once, vec!["patient_id"], true),
        ("create_task", Effect::Once, vec!["patient_id", "title"], true),
    ];
    assert_eq!(said, expected);
    let schema = |index: usize| serde_json::from_str::<Value>(&tools[index].input_schema).unwrap();
    assert_eq!(schema(2)["properties"]["service"], Value::Null);
    let service = |name: &str| json!({ "name": name, "system": "urn:services", "code": name });
    let settings = json!({ "base_url": BASE, "services": [service("check-up"), service("vaccination")] });
    let offered = Plugin::list_tools(&settings.to_string()).unwrap();
    let with_services: Value = serde_json::from_str(&offered[2].input_schema).unwrap();
    assert_eq!(with_services["properties"]["service"]["enum"], json!(["check-up", "vaccination"]));
    for tool in 0..tools.len() {
        assert_eq!(schema(tool)["additionalProperties"], false);
        assert!(!schema(tool).to_string().contains("$ref"));
    }
    assert_eq!(schema(0)["properties"]["birth_date"]["format"], "date");
    assert_eq!(schema(0)["properties"]["birth_date"]["description"], "The day of birth, such as 1971-04-23.");
    assert_eq!(schema(3)["required"], json!(["patient_id", "slot_id"]));
    assert_eq!(schema(4)["required"], json!(["appointment_id", "patient_id"]));
    assert_eq!(schema(4)["properties"]["patient_id"]["pattern"], r"^[A-Za-z0-9\-.]{1,64}$");
    assert_eq!(schema(6)["properties"]["direction"]["enum"], json!(["from_patient", "to_patient"]));
    assert_eq!(schema(8)["properties"]["priority"]["enum"], json!(["routine", "urgent", "asap"]));
}
