//! Notes: the summary of a call as a document of the patient's record.
//! Shapes: <https://hl7.org/fhir/R4/documentreference.html>.

use aftercall::{Failure, Outcome, Text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::{ResourceId, words};
use crate::fhir::Server;
use crate::keyed::{Record, at, reference};
use crate::refusal::FromSetting;

pub(crate) const RECORD: Record =
    Record { kind: "DocumentReference", name: "document", told: "the note is in the record of patient" };

/// What is wrong with them is the settings' fault.
const FROM: [FromSetting; 3] = [("type", "note_type"), ("category", "note_category"), ("custodian", "organization_id")];

/// A code of a system of codes.
#[derive(Deserialize)]
pub(crate) struct Coding {
    system: String,
    code: String,
    display: Option<String>,
}

/// A summary of the call.
pub(crate) struct Note {
    pub(crate) patient_id: ResourceId,
    pub(crate) summary: Text,
}

impl Note {
    pub(crate) async fn make(&self, server: &Server<'_>) -> Result<Outcome, Failure> {
        RECORD.make(&self.patient_id, self.elements(server), &FROM, server).await
    }

    fn elements(&self, server: &Server<'_>) -> Value {
        let settings = &server.settings;
        let at = at(server);
        let attachment = json!({
            "contentType": "text/plain; charset=utf-8",
            "data": STANDARD.encode(words(&self.summary)),
            "title": "Telephone call",
            "creation": at,
        });
        let mut elements = json!({
            "status": "current",
            // Nobody has verified it.
            "docStatus": "preliminary",
            "type": settings.note_type.concept(),
            "subject": reference("Patient", &self.patient_id),
            "date": at,
            "content": [{ "attachment": attachment }],
        });
        if let Some(category) = &settings.note_category {
            elements["category"] = json!([category.concept()]);
        }
        if let Some(id) = &settings.organization_id {
            elements["custodian"] = reference("Organization", id);
        }
        elements
    }
}

impl Default for Coding {
    /// <https://loinc.org/34748-4>
    fn default() -> Self {
        let display = Some("Telephone encounter Note".to_owned());
        Self { system: "http://loinc.org".to_owned(), code: "34748-4".to_owned(), display }
    }
}

impl Coding {
    fn concept(&self) -> Value {
        let mut coding = json!({ "system": self.system, "code": self.code });
        if let Some(display) = &self.display {
            coding["display"] = display.as_str().into();
        }
        json!({ "coding": [coding] })
    }
}
