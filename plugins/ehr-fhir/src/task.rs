//! Tasks: what somebody at the clinic has to do for a patient.
//! Shapes: <https://hl7.org/fhir/R4/task.html>.

use aftercall::{Day, Failure, Outcome, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arguments::{ResourceId, words};
use crate::fhir::Server;
use crate::keyed::{Record, at, reference};

pub(crate) const RECORD: Record = Record { kind: "Task", name: "task", told: "the clinic has the task for patient" };

/// How far behind UTC it is where a day ends last, in milliseconds.
const LAST_ZONE_MS: u64 = 12 * 3_600_000;

/// How soon a task has to be done, in FHIR's words (<https://hl7.org/fhir/R4/valueset-request-priority.html>).
#[derive(Clone, Copy, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    Routine,
    Urgent,
    Asap,
}

/// Something to be done.
pub(crate) struct Task {
    pub(crate) patient_id: ResourceId,
    pub(crate) title: Text,
    pub(crate) details: Option<Text>,
    pub(crate) priority: Priority,
    pub(crate) due: Option<Day>,
}

impl Task {
    pub(crate) async fn make(&self, server: &Server<'_>) -> Result<Outcome, Failure> {
        RECORD.make(&self.patient_id, self.elements(server)?, &[("owner", "task_owner")], server).await
    }

    fn elements(&self, server: &Server<'_>) -> Result<Value, Failure> {
        let mut elements = json!({
            "status": "requested",
            "intent": "order",
            "priority": self.priority,
            "code": { "text": words(&self.title) },
            "for": reference("Patient", &self.patient_id),
            "authoredOn": at(server),
        });
        if let Some(details) = &self.details {
            elements["description"] = words(details).into();
        }
        if let Some(due) = self.due {
            let earliest = Day::in_utc(server.cx.first_attempt_at().saturating_sub(LAST_ZONE_MS));
            if due < earliest {
                return Err(Failure::invalid_arguments(format!(
                    "`due` is past: {due} was before the call ({earliest})"
                )));
            }
            elements["restriction"] = json!({ "period": { "end": due.to_string() } });
        }
        if let Some(owner) = &server.settings.task_owner {
            elements["owner"] = json!({ "reference": owner });
        }
        Ok(elements)
    }
}
