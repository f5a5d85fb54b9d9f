//! What an Appointment must be: <https://hl7.org/fhir/R4/appointment.html>, with its invariants app-1 to app-4.

use serde_json::{Map, Value};

use super::checks::{code, instant, issue};
use super::refused::Issue;

const STATUSES: &[&str] = &[
    "proposed",
    "pending",
    "booked",
    "arrived",
    "fulfilled",
    "cancelled",
    "noshow",
    "entered-in-error",
    "checked-in",
    "waitlist",
];
const PARTICIPANT_STATUSES: &[&str] = &["accepted", "declined", "tentative", "needs-action"];

/// Everything that is wrong with it.
pub(super) fn check(appointment: &Map<String, Value>) -> Vec<Issue> {
    let mut issues = Vec::new();
    issues.extend(code(appointment.get("status"), STATUSES, "Appointment.status"));
    match appointment.get("participant").and_then(Value::as_array) {
        Some(participants) if !participants.is_empty() => {
            issues.extend(participants.iter().enumerate().flat_map(|(index, each)| participant(index, each)));
        }
        _ => issues.push(issue("required", "an appointment needs a participant", "Appointment.participant")),
    }
    issues.extend(["start", "end"].iter().filter_map(|name| instant(appointment, name, "Appointment")));
    issues.extend(invariants(appointment));
    issues
}

fn invariants(appointment: &Map<String, Value>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut violated = |words: &str| issues.push(issue("invariant", words, "Appointment"));
    let status = appointment.get("status").and_then(Value::as_str).unwrap_or_default();
    let (start, end) = (appointment.contains_key("start"), appointment.contains_key("end"));
    let timed = start && end;
    if start != end {
        violated("app-2: Either start and end are specified, or neither");
    }
    if !timed && !["proposed", "cancelled", "waitlist"].contains(&status) {
        violated("app-3: Only proposed or cancelled appointments can be missing start/end dates");
    }
    if appointment.contains_key("cancelationReason") && !["cancelled", "noshow"].contains(&status) {
        violated("app-4: Cancelation reason is only used for appointments that have been cancelled, or no-show");
    }
    issues
}

fn participant(index: usize, participant: &Value) -> Vec<Issue> {
    let place = format!("Appointment.participant[{index}]");
    let mut issues = Vec::new();
    issues.extend(code(participant.get("status"), PARTICIPANT_STATUSES, &format!("{place}.status")));
    if participant.get("type").is_none() && participant.get("actor").is_none() {
        let words = "app-1: Either the type or actor on the participant SHALL be specified";
        issues.push(issue("invariant", words, &place));
    }
    issues
}
