//! Appointments: what is read of them, and whether one may be confirmed or cancelled
//! (<https://hl7.org/fhir/R4/appointment.html>).

use aftercall::{Failure, Instant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments::ResourceId;
use crate::fhir::{Reference, Server, told};
use crate::keyed::Identifier;
use crate::versioned::Meta;

/// An Appointment of the server, as far as it is read.
#[derive(Deserialize)]
pub(crate) struct Appointment {
    id: String,
    pub(crate) status: String,
    pub(crate) start: Option<String>,
    end: Option<String>,
    description: Option<String>,
    #[serde(default)]
    pub(crate) participant: Vec<Participant>,
    /// The slots that it takes.
    #[serde(default)]
    pub(crate) slot: Vec<Reference>,
    #[serde(default)]
    pub(crate) identifier: Vec<Identifier>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
pub(crate) struct Participant {
    actor: Option<Reference>,
    status: Option<String>,
    /// Whether they have to come.
    required: Option<String>,
}

/// What a change of an appointment takes.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Nothing: it is so already.
    Nothing,
    /// It is to be put back, changed.
    Change,
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
    pub(crate) start: Option<String>,
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
    /// Whether this patient takes part.
    pub(crate) fn is_of(&self, server: &Server<'_>, patient: &ResourceId) -> bool {
        self.participant.iter().any(|participant| participant.is_patient(server, patient))
    }

    /// Refuses an appointment of another patient, of which nothing is told.
    pub(crate) fn check_patient(&self, server: &Server<'_>, patient: &ResourceId) -> Result<(), Failure> {
        if self.is_of(server, patient) {
            return Ok(());
        }
        let advice = "take the appointment_id from find_appointments of this patient";
        Err(Failure::not_found(format!("patient {patient} has no appointment {}; {advice}", self.id)))
    }

    /// What confirming it for this patient takes. It is past or not as of the end of the call, where that is known: a call
    /// that is looked at later has to end as it did.
    pub(crate) fn confirm(
        &self,
        server: &Server<'_>,
        patient: &ResourceId,
        call_ended_ms: Option<u64>,
    ) -> Result<Step, Failure> {
        let why_not = match self.status.as_str() {
            "booked" => return Ok(Step::Nothing),
            "proposed" | "pending" => {
                let refused = self.participant.iter().find(|participant| participant.has_declined());
                if let Some(refused) = refused {
                    let who = refused.actor.as_ref().and_then(|actor| actor.display.as_deref());
                    format!("{} declined it; offer another appointment", who.unwrap_or("somebody who takes part"))
                } else if self.start.is_none() {
                    "it has no time yet; the clinic has to set one".to_owned()
                } else if call_ended_ms.is_some_and(|ended_ms| self.is_past(ended_ms)) {
                    "its time was past when the call ended; offer another appointment".to_owned()
                } else if self.waits_for_others(server, patient) && self.is_accepted_by(server, patient) {
                    return Ok(Step::Nothing);
                } else {
                    return Ok(Step::Change);
                }
            }
            "cancelled" => "it was cancelled; the caller needs a new appointment".to_owned(),
            "waitlist" => "it is on the waiting list; the clinic has to give it a time".to_owned(),
            other => over(other),
        };
        Err(Failure::conflict(format!("appointment {} can't be confirmed: {why_not}", self.id)))
    }

    /// Whether it isn't booked, and somebody beside this patient has yet to accept it: then it isn't the patient's to book.
    pub(crate) fn waits_for_others(&self, server: &Server<'_>, patient: &ResourceId) -> bool {
        let mut others = self.participant.iter().filter(|participant| !participant.is_patient(server, patient));
        self.status != "booked" && others.any(Participant::is_awaited)
    }

    fn is_accepted_by(&self, server: &Server<'_>, patient: &ResourceId) -> bool {
        let mut own = self.participant.iter().filter(|participant| participant.is_patient(server, patient));
        own.all(|participant| participant.status.as_deref() == Some("accepted"))
    }

    /// What cancelling it takes.
    pub(crate) fn cancel(&self, now_ms: u64) -> Result<Step, Failure> {
        let why_not = match self.status.as_str() {
            "cancelled" => return Ok(Step::Nothing),
            "proposed" | "pending" | "booked" | "waitlist" if self.is_past(now_ms) => "its time is past".to_owned(),
            "proposed" | "pending" | "booked" | "waitlist" => return Ok(Step::Change),
            other => over(other),
        };
        Err(Failure::conflict(format!("appointment {} can't be cancelled: {why_not}", self.id)))
    }

    /// Whether its time has begun.
    fn is_past(&self, now_ms: u64) -> bool {
        let start = self.start.as_ref().and_then(|start| start.parse::<Instant>().ok());
        start.is_some_and(|start| start.as_ms() <= now_ms)
    }

    /// `appointment 8801 of 2026-03-05T10:00:00-06:00`
    pub(crate) fn named(&self) -> String {
        match &self.start {
            Some(start) => format!("appointment {} of {}", self.id, told(start)),
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
    pub(crate) fn is_patient(&self, server: &Server<'_>, patient: &ResourceId) -> bool {
        let reference = self.actor.as_ref().and_then(|actor| actor.reference.as_deref());
        reference.is_some_and(|reference| server.refers(reference, "Patient", patient))
    }

    /// A patient who declined may think again; nobody else is asked here.
    fn has_declined(&self) -> bool {
        let is_patient = self.actor.as_ref().is_some_and(|actor| actor.is_of(&["Patient"]));
        !is_patient && self.status.as_deref() == Some("declined")
    }

    /// Whether it stands on their answer, which they haven't given
    /// (<https://hl7.org/fhir/R4/valueset-participationstatus.html>).
    fn is_awaited(&self) -> bool {
        let has_to_come = !matches!(self.required.as_deref(), Some("optional" | "information-only"));
        has_to_come && matches!(self.status.as_deref(), Some("needs-action" | "tentative"))
    }
}

/// Why an appointment in this status is not to be changed any more.
fn over(status: &str) -> String {
    match status {
        "arrived" | "checked-in" => "the patient has already arrived for it".to_owned(),
        "fulfilled" => "it has taken place".to_owned(),
        "noshow" => "it is over, and the patient did not come".to_owned(),
        "entered-in-error" => "it was entered by mistake".to_owned(),
        other => format!("its status is {other:?}"),
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
