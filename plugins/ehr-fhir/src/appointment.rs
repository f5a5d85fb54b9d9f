//! Appointments: what is read of them, and what confirming one changes (<https://hl7.org/fhir/R4/appointment.html>).

use std::collections::BTreeMap;

use aftercall::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::arguments::ResourceId;
use crate::fhir::Server;

/// An Appointment of the server, as far as it is read.
#[derive(Deserialize)]
pub(crate) struct Appointment {
    #[serde(rename = "resourceType")]
    _type: OfAppointment,
    pub(crate) id: String,
    status: String,
    start: Option<String>,
    end: Option<String>,
    description: Option<String>,
    #[serde(default)]
    participant: Vec<Participant>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
enum OfAppointment {
    Appointment,
}

#[derive(Deserialize)]
struct Participant {
    actor: Option<Reference>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    reference: Option<String>,
    display: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    version_id: Option<String>,
}

/// A whole Appointment on its way back to the server: its elements byte for byte, known ones and others, since
/// decimals of FHIR have a precision that reading them as floats would lose.
#[derive(Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Elements(BTreeMap<String, Box<RawValue>>);

/// What confirming an appointment takes.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing: it is booked.
    Nothing,
    /// It is to be booked.
    Book,
}

/// What `find_appointments` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FoundAppointments {
    pub(crate) appointments: Vec<Visit>,
}

/// An appointment, for the model.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Visit {
    pub(crate) appointment_id: String,
    /// `proposed` and `pending` can be confirmed; `booked` is confirmed.
    pub(crate) status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    practitioner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

impl Appointment {
    /// What confirming it for this patient takes.
    pub(crate) fn confirm(&self, server: &Server, patient: &ResourceId) -> Result<Step, Failure> {
        let id = &self.id;
        if !self.participant.iter().any(|participant| participant.is_patient(server, patient)) {
            let advice = "take the appointment_id from find_appointments of this patient";
            return Err(Failure::not_found(format!("patient {patient} has no appointment {id}; {advice}")));
        }
        let why_not = match self.status.as_str() {
            "booked" => return Ok(Step::Nothing),
            "proposed" | "pending" => {
                if let Some(refused) = self.participant.iter().find(|participant| participant.has_declined()) {
                    let who = refused.actor.as_ref().and_then(|actor| actor.display.as_deref());
                    format!("{} declined it; offer another appointment", who.unwrap_or("somebody who takes part"))
                } else if self.start.is_none() {
                    "it has no time yet; the clinic has to set one".to_owned()
                } else {
                    return Ok(Step::Book);
                }
            }
            "cancelled" => "it was cancelled; the caller needs a new appointment".to_owned(),
            "waitlist" => "it is on the waiting list; the clinic has to give it a time".to_owned(),
            "arrived" | "checked-in" => "the patient has already arrived for it".to_owned(),
            "fulfilled" => "it has taken place".to_owned(),
            "noshow" => "it is over, and the patient did not come".to_owned(),
            "entered-in-error" => "it was entered by mistake".to_owned(),
            other => format!("its status is {other:?}"),
        };
        Err(Failure::conflict(format!("appointment {id} can't be confirmed: {why_not}")))
    }

    /// Whether the server has it as booked.
    pub(crate) fn is_booked(&self) -> bool {
        self.status == "booked"
    }

    /// The version that a change of it stands on, as an entity tag.
    pub(crate) fn entity_tag(&self) -> Option<String> {
        let version = self.meta.as_ref()?.version_id.as_deref()?;
        Some(format!("W/\"{version}\""))
    }

    /// `appointment 8801 of 2026-03-05T10:00:00-06:00`
    pub(crate) fn named(&self) -> String {
        match &self.start {
            Some(start) => format!("appointment {} of {start}", self.id),
            None => format!("appointment {}", self.id),
        }
    }

    /// Who or what takes part, of these kinds of resources.
    fn displays(&self, kinds: &[&str]) -> Option<String> {
        let actors = self.participant.iter().filter_map(|participant| participant.actor.as_ref());
        let names: Vec<&str> =
            actors.filter(|actor| actor.is_of(kinds)).filter_map(|actor| actor.display.as_deref()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

impl Participant {
    fn is_patient(&self, server: &Server, patient: &ResourceId) -> bool {
        let reference = self.actor.as_ref().and_then(|actor| actor.reference.as_deref());
        reference.is_some_and(|reference| server.refers(reference, "Patient", patient))
    }

    /// A patient who declined may think again; nobody else is asked here.
    fn has_declined(&self) -> bool {
        let is_patient = self.actor.as_ref().is_some_and(|actor| actor.is_of(&["Patient"]));
        !is_patient && self.status.as_deref() == Some("declined")
    }
}

impl Reference {
    /// Whether it is to a resource of one of these kinds, which its URL says.
    fn is_of(&self, kinds: &[&str]) -> bool {
        let reference = self.reference.as_deref().unwrap_or_default();
        reference.split('/').any(|segment| kinds.contains(&segment))
    }
}

impl Elements {
    /// Makes it booked, and the patient's part in it accepted.
    pub(crate) fn book(
        &mut self,
        appointment: &Appointment,
        server: &Server,
        patient: &ResourceId,
    ) -> Result<(), Failure> {
        let participants = self.0.get("participant").map_or("[]", |participants| participants.get());
        let mut participants: Vec<Elements> = serde_json::from_str(participants)
            .map_err(|error| Failure::other(format!("the appointment's participants are not as expected: {error}")))?;
        for (elements, participant) in participants.iter_mut().zip(&appointment.participant) {
            if participant.is_patient(server, patient) {
                elements.set("status", "accepted");
            }
        }
        self.set("participant", &participants);
        self.set("status", "booked");
        Ok(())
    }

    fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        let value = to_raw_value(value).expect("text, and elements that were read, are JSON");
        self.0.insert(name.to_owned(), value);
    }
}

impl From<Appointment> for Visit {
    fn from(appointment: Appointment) -> Self {
        Self {
            practitioner: appointment.displays(&["Practitioner", "PractitionerRole"]),
            location: appointment.displays(&["Location"]),
            version: appointment.meta.and_then(|meta| meta.version_id),
            appointment_id: appointment.id,
            status: appointment.status,
            start: appointment.start,
            end: appointment.end,
            description: appointment.description,
        }
    }
}
