//! What the patient decides about an appointment: to come, or not to come.

use aftercall::{Failure, FailureKind, Finding, Outcome, Receipt, Response};
use serde_json::{Value, json};

use crate::appointment::{Appointment, Step};
use crate::arguments::{ResourceId, words};
use crate::claim::{self, Marker};
use crate::fhir::Server;
use crate::keyed;
use crate::refusal;
use crate::versioned::{Elements, Identity, TRIES_MAX, Versioned};

const KIND: &str = "Appointment";
/// <https://terminology.hl7.org/CodeSystem-appointment-cancellation-reason.html>
const CANCELLATION_REASONS: &str = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason";

/// What is to become of an appointment.
pub(crate) enum Wish {
    Confirm,
    /// With the reason in words.
    Cancel(Option<String>),
}

/// A change of one appointment of one patient.
pub(crate) struct Change {
    pub(crate) appointment_id: ResourceId,
    pub(crate) patient_id: ResourceId,
    pub(crate) wish: Wish,
}

impl Change {
    pub(crate) async fn make(&self, server: &Server<'_>) -> Result<Outcome, Failure> {
        let mut refused = None;
        for _ in 0..TRIES_MAX {
            let mut read: Versioned<Appointment> = self.read(server).await?;
            let named = read.resource.named();
            if self.wish.step(&read.resource, server.cx.now())? == Step::Nothing {
                return self.done(server, &read.resource, format!("{named} was {} already", self.wish.status())).await;
            }
            self.apply(server, &read.resource, &mut read.elements)?;
            match read.put(server).await {
                Ok(answer) if self.is_done(&answer)? => {
                    return self.done(server, &read.resource, format!("{named} is {}", self.wish.past())).await;
                }
                Ok(_) => {
                    let message = format!("the server doesn't {} {named}; the clinic has to", self.wish.verb());
                    return Err(Failure::conflict(message));
                }
                Err(failure) if failure.kind == FailureKind::Conflict => refused = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        let failure = refused.expect("the loop ends by a refusal alone");
        let (id, wish) = (&self.appointment_id, self.wish.past());
        let advice = "it is being changed by somebody else: look at it again with find_appointments";
        let message = format!("appointment {id} can't be {wish} now, {advice} ({})", failure.message);
        Err(Failure { message, ..failure })
    }

    /// Whether it is as it was to be. Who made it so doesn't matter.
    pub(crate) async fn find(&self, server: &Server<'_>) -> Result<Finding, Failure> {
        let appointment = self.read(server).await?.resource;
        if appointment.status != self.wish.status() {
            return Ok(keyed::absent(server));
        }
        // Cancelled once more, it frees its slots too.
        if self.frees_slots(server) && claim::is_held(&appointment, server).await? {
            return Ok(keyed::absent(server));
        }
        Finding::happened(self.outcome(server, format!("{} is {}", appointment.named(), self.wish.past())))
    }

    async fn read(&self, server: &Server<'_>) -> Result<Versioned<Appointment>, Failure> {
        let read: Versioned<Appointment> = Versioned::read(server, KIND, &self.appointment_id).await?;
        read.resource.check_patient(server, &self.patient_id)?;
        Ok(read)
    }

    fn apply(&self, server: &Server<'_>, appointment: &Appointment, elements: &mut Elements) -> Result<(), Failure> {
        elements.set("status", self.wish.status());
        match &self.wish {
            Wish::Cancel(reason) => {
                let reason = reason.as_deref().map(|reason| words("reason", reason)).transpose()?;
                elements.set("cancelationReason", &cancellation(reason));
            }
            Wish::Confirm => {
                let mut participants = elements.list("participant")?;
                for (elements, participant) in participants.iter_mut().zip(&appointment.participant) {
                    if participant.is_patient(server, &self.patient_id) {
                        elements.set("status", "accepted");
                    }
                }
                elements.set("participant", &participants);
            }
        }
        Ok(())
    }

    /// Whether the answer to the change says that it is as it was to be. A server may answer without the resource.
    fn is_done(&self, answer: &Response) -> Result<bool, Failure> {
        if answer.bytes().is_empty() || refusal::is_outcome(answer) {
            return Ok(true);
        }
        let now: Identity = answer.json()?;
        Ok(now.status.as_deref() == Some(self.wish.status()))
    }

    /// The answer about a change that was made, once what belongs to it is done too.
    async fn done(&self, server: &Server<'_>, appointment: &Appointment, mut text: String) -> Result<Outcome, Failure> {
        if self.frees_slots(server)
            && let Err(failure) = claim::release_of(appointment, server).await
        {
            if failure.kind == FailureKind::OutcomeUnknown {
                return Err(failure);
            }
            server.cx.warn(format!("the slot of {} is still busy: {}", appointment.named(), failure.message));
            text.push_str("; its slot is still busy, the clinic has to make it free");
        }
        Ok(self.outcome(server, text))
    }

    fn frees_slots(&self, server: &Server<'_>) -> bool {
        matches!(self.wish, Wish::Cancel(_)) && server.settings.slot_status_by == Marker::Plugin
    }

    fn outcome(&self, server: &Server<'_>, text: String) -> Outcome {
        let id = &self.appointment_id;
        Outcome::new(text).with_receipt(Receipt::new("appointment", id.as_str()).with_url(server.url(KIND, id)))
    }
}

impl Wish {
    fn step(&self, appointment: &Appointment, now_ms: u64) -> Result<Step, Failure> {
        match self {
            Self::Confirm => appointment.confirm(),
            Self::Cancel(_) => appointment.cancel(now_ms),
        }
    }

    const fn status(&self) -> &'static str {
        match self {
            Self::Confirm => "booked",
            Self::Cancel(_) => "cancelled",
        }
    }

    const fn verb(&self) -> &'static str {
        match self {
            Self::Confirm => "book",
            Self::Cancel(_) => "cancel",
        }
    }

    const fn past(&self) -> &'static str {
        match self {
            Self::Confirm => "confirmed",
            Self::Cancel(_) => "cancelled",
        }
    }
}

/// That it was the patient who cancelled, and why in words.
fn cancellation(reason: Option<String>) -> Value {
    let mut concept = json!({ "coding": [{ "system": CANCELLATION_REASONS, "code": "pat", "display": "Patient" }] });
    if let Some(reason) = reason {
        concept["text"] = reason.into();
    }
    concept
}
