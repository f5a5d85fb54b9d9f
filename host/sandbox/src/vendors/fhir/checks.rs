//! What resources must be, as far as an assistant's tools send them: <https://hl7.org/fhir/R4/slot.html>, schedule.html,
//! communication.html, documentreference.html, task.html. The rest of a resource is kept as it is.

use serde_json::{Map, Value};

use super::kind::Kind;
use super::refused::Issue;
use super::{appointment, dates};

const SLOT_STATUSES: &[&str] = &["busy", "free", "busy-unavailable", "busy-tentative", "entered-in-error"];
const COMMUNICATION_STATUSES: &[&str] =
    &["preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "entered-in-error", "unknown"];
const DOCUMENT_STATUSES: &[&str] = &["current", "superseded", "entered-in-error"];
const TASK_STATUSES: &[&str] = &[
    "draft",
    "requested",
    "received",
    "accepted",
    "rejected",
    "ready",
    "cancelled",
    "in-progress",
    "on-hold",
    "failed",
    "completed",
    "entered-in-error",
];
const TASK_INTENTS: &[&str] = &[
    "unknown",
    "proposal",
    "plan",
    "order",
    "original-order",
    "reflex-order",
    "filler-order",
    "instance-order",
    "option",
];
const PRIORITIES: &[&str] = &["routine", "urgent", "asap", "stat"];

/// Everything that is wrong with a resource.
pub(super) fn check(kind: Kind, body: &Map<String, Value>) -> Vec<Issue> {
    let name = kind.name();
    let status = |allowed: &[&str]| code(body.get("status"), allowed, &format!("{name}.status"));
    match kind {
        Kind::Appointment => appointment::check(body),
        Kind::Patient => Vec::from_iter(birth_date(body)),
        Kind::Schedule => Vec::from_iter(list(body, "actor", name)),
        Kind::Slot => {
            let mut issues = Vec::from_iter(status(SLOT_STATUSES));
            if body.get("schedule").is_none_or(|schedule| !schedule["reference"].is_string()) {
                issues.push(issue("required", "Slot.schedule is required", "Slot.schedule"));
            }
            issues.extend(["start", "end"].iter().filter_map(|element| required_instant(body, element, name)));
            issues
        }
        Kind::Communication => {
            let mut issues = Vec::from_iter(status(COMMUNICATION_STATUSES));
            issues.extend(instant(body, "sent", name));
            if body.contains_key("payload") {
                issues.extend(list(body, "payload", name));
            }
            issues
        }
        Kind::DocumentReference => {
            let mut issues = Vec::from_iter(status(DOCUMENT_STATUSES));
            issues.extend(instant(body, "date", name));
            issues.extend(list(body, "content", name));
            let parts = body.get("content").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            if parts.iter().any(|part| !part["attachment"].is_object()) {
                let place = "DocumentReference.content.attachment";
                issues.push(issue("required", "each content needs an attachment", place));
            }
            issues
        }
        Kind::Task => {
            let mut issues = Vec::from_iter(status(TASK_STATUSES));
            issues.extend(code(body.get("intent"), TASK_INTENTS, "Task.intent"));
            if let Some(priority) = body.get("priority") {
                issues.extend(code(Some(priority), PRIORITIES, "Task.priority"));
            }
            issues.extend(instant(body, "authoredOn", name));
            issues
        }
    }
}

fn birth_date(patient: &Map<String, Value>) -> Option<Issue> {
    let born = patient.get("birthDate")?;
    let sound = born.as_str().is_some_and(dates::is_date);
    (!sound).then(|| issue("value", "birthDate must be a date, as in 1971-04-23", "Patient.birthDate"))
}

fn list(body: &Map<String, Value>, element: &str, of: &str) -> Option<Issue> {
    let is_there = body.get(element).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let place = format!("{of}.{element}");
    (!is_there).then(|| issue("required", &format!("{place} needs at least one"), &place))
}

fn required_instant(body: &Map<String, Value>, element: &str, of: &str) -> Option<Issue> {
    if body.contains_key(element) {
        return instant(body, element, of);
    }
    let place = format!("{of}.{element}");
    Some(issue("required", &format!("{place} is required"), &place))
}

/// What is wrong with an instant, if it is there.
pub(super) fn instant(body: &Map<String, Value>, element: &str, of: &str) -> Option<Issue> {
    let sound = body.get(element)?.as_str().is_some_and(dates::is_instant);
    let words = format!("{element} must be an instant with its zone");
    (!sound).then(|| issue("value", &words, &format!("{of}.{element}")))
}

pub(super) fn code(value: Option<&Value>, allowed: &[&str], place: &str) -> Option<Issue> {
    match value {
        None | Some(Value::Null) => Some(issue("required", &format!("{place} is required"), place)),
        Some(value) if value.as_str().is_some_and(|code| allowed.contains(&code)) => None,
        Some(value) => {
            let words = format!("{place} must be one of {}, not {value}", allowed.join(", "));
            Some(issue("code-invalid", &words, place))
        }
    }
}

pub(super) fn issue(code: &'static str, diagnostics: &str, place: &str) -> Issue {
    Issue { code, diagnostics: diagnostics.to_owned(), expression: Some(place.to_owned()) }
}
