//! Communications: what was said to a patient, or asked by one, on the telephone.
//! Shapes: <https://hl7.org/fhir/R4/communication.html>.

use aftercall::{Failure, Outcome, Text};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::{ResourceId, words};
use crate::fhir::Server;
use crate::keyed::{Record, at, reference};

pub(crate) const RECORD: Record =
    Record { kind: "Communication", name: "communication", told: "what was said is in the record of patient" };

/// Who said it.
#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    FromPatient,
    ToPatient,
}

/// Something that was said.
pub(crate) struct Communication {
    pub(crate) patient_id: ResourceId,
    pub(crate) direction: Direction,
    pub(crate) text: Text,
}

impl Communication {
    pub(crate) async fn make(&self, server: &Server<'_>) -> Result<Outcome, Failure> {
        let clinic = match self.direction {
            Direction::FromPatient => "recipient",
            Direction::ToPatient => "sender",
        };
        RECORD.make(&self.patient_id, self.elements(server), &[(clinic, "organization_id")], server).await
    }

    fn elements(&self, server: &Server<'_>) -> Value {
        let patient = reference("Patient", &self.patient_id);
        let telephone = json!({
            "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode",
            "code": "PHONE",
            "display": "telephone",
        });
        let mut elements = json!({
            "status": "completed",
            "medium": [{ "coding": [telephone] }],
            "subject": patient,
            "sent": at(server),
            "payload": [{ "contentString": words(&self.text) }],
        });
        let clinic = server.settings.organization_id.as_ref().map(|id| reference("Organization", id));
        let (sender, recipient) = match self.direction {
            Direction::FromPatient => (Some(patient), clinic),
            Direction::ToPatient => (clinic, Some(patient)),
        };
        if let Some(sender) = sender {
            elements["sender"] = sender;
        }
        if let Some(recipient) = recipient {
            elements["recipient"] = json!([recipient]);
        }
        elements
    }
}
