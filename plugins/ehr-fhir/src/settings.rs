//! The plugin's settings in a tenant, as the manifest's schema has them.

use aftercall::{Failure, NationalNumbers};
use serde::Deserialize;

use crate::arguments::ResourceId;
use crate::booking::Status;
use crate::claim::Marker;
use crate::fhir::escape;
use crate::note::Coding;

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    pub(crate) base_url: String,
    /// The system of our identifiers.
    #[serde(default = "identifier_system")]
    pub(crate) identifier_system: String,
    /// Whether any patient's id is believed, whoever was on the line.
    #[serde(default)]
    pub(crate) any_patient: bool,
    /// How records write numbers without their country. Without it, such numbers count for nothing.
    pub(crate) national_numbers: Option<NationalNumbers>,
    /// How long what was made may be missing from searches.
    #[serde(default = "search_lag_ms")]
    pub(crate) search_lag_ms: u64,
    /// Whose slots may be booked; without any, those of all.
    #[serde(default)]
    pub(crate) schedules: Vec<ResourceId>,
    /// What an appointment can be for.
    #[serde(default)]
    services: Vec<Service>,
    /// What a new appointment is.
    #[serde(default)]
    pub(crate) booking_status: Status,
    /// Who marks a slot as taken.
    #[serde(default)]
    pub(crate) slot_status_by: Marker,
    /// With whom patients speak, and who keeps the notes.
    pub(crate) organization_id: Option<ResourceId>,
    /// Who has the tasks to do.
    pub(crate) task_owner: Option<String>,
    #[serde(default)]
    pub(crate) note_type: Coding,
    pub(crate) note_category: Option<Coding>,
}

/// What is in a tool's schema of the settings.
#[derive(Deserialize)]
pub(crate) struct Services {
    #[serde(default)]
    services: Vec<Service>,
}

/// A type of services by the name that the model has for it.
#[derive(Deserialize)]
pub(crate) struct Service {
    name: String,
    pub(crate) system: String,
    pub(crate) code: String,
}

impl Settings {
    /// Whether the slots of a schedule may be booked.
    pub(crate) fn has_schedule(&self, schedule: &ResourceId) -> bool {
        self.schedules.is_empty() || self.schedules.contains(schedule)
    }

    /// The type of service of this name.
    pub(crate) fn service(&self, name: &str) -> Result<&Service, Failure> {
        if let Some(known) = self.services.iter().find(|service| service.name == name) {
            return Ok(known);
        }
        Err(Failure::no_such("service", name, names(&self.services)))
    }
}

impl Service {
    /// As a search has it (<https://hl7.org/fhir/R4/search.html#token>).
    pub(crate) fn token(&self) -> String {
        format!("{}|{}", escape(&self.system), escape(&self.code))
    }
}

/// The names that a model may choose from.
pub(crate) fn service_names(offered: &Services) -> Vec<String> {
    names(&offered.services)
}

fn names(services: &[Service]) -> Vec<String> {
    services.iter().map(|service| service.name.clone()).collect()
}

fn identifier_system() -> String {
    "urn:aftercall:effect".to_owned()
}

const fn search_lag_ms() -> u64 {
    60_000
}
