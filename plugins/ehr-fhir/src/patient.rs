//! Patients, as far as they are read (<https://hl7.org/fhir/R4/patient.html>).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A Patient of the server.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Patient {
    id: String,
    active: Option<bool>,
    #[serde(default)]
    name: Vec<HumanName>,
    birth_date: Option<String>,
}

#[derive(Deserialize)]
struct HumanName {
    r#use: Option<String>,
    text: Option<String>,
    family: Option<String>,
    /// Null where a name has extensions alone.
    #[serde(default)]
    given: Vec<Option<String>>,
}

/// What `find_patient` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FoundPatients {
    pub(crate) patients: Vec<Person>,
}

/// A patient, for the model.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Person {
    pub(crate) patient_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birth_date: Option<String>,
}

impl Patient {
    /// The elements that a search asks for: nothing else of a patient is needed here.
    pub(crate) const ELEMENTS: &str = "active,name,birthDate";

    /// Whether the record is in use. One that was merged into another isn't.
    pub(crate) fn in_use(&self) -> bool {
        self.active != Some(false)
    }

    /// The name that the person goes by: the official one, else the usual one, else any that isn't old.
    fn name(&self) -> Option<String> {
        let rank = |name: &&HumanName| match name.r#use.as_deref() {
            Some("official") => 0,
            Some("usual") => 1,
            Some("old") => 3,
            _ => 2,
        };
        self.name.iter().min_by_key(rank).and_then(HumanName::written)
    }
}

impl HumanName {
    fn written(&self) -> Option<String> {
        if let Some(text) = self.text.as_deref().filter(|text| !text.is_empty()) {
            return Some(text.to_owned());
        }
        let given = self.given.iter().flatten();
        let parts: Vec<&str> = given.chain(&self.family).map(String::as_str).filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

impl From<Patient> for Person {
    fn from(patient: Patient) -> Self {
        Self { name: patient.name(), birth_date: patient.birth_date, patient_id: patient.id }
    }
}
