//! What the patient decides about an appointment: to come, or not to come.

use aftercall::{Failure, FailureKind, Finding, Outcome, Receipt, Response, Text};
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

/// What is told of a cancelled appointment whose slot was taken here.
const STILL_BUSY: &str = "; its slot is still busy, the clinic has to make it free";
const MAY_BE_BUSY: &str = "; its slot may still be busy, the clinic has to look";

/// What is to become of an appointment.
pub(crate) enum Wish {
    Confirm,
    /// With the reason in words.
    Cancel(Option<Text>),
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
            if self.step(server, &read.resource)? == Step::Nothing {
                let text = format!("{named} {}", self.said(server, &read.resource, true));
                return self.done(server, &read.resource, text).await;
            }
            self.apply(server, &read.resource, &mut read.elements)?;
            match read.put(server).await {
                Ok(answer) => {
                    let now = answered(&answer)?;
                    if now.as_ref().is_some_and(|now| !self.is_done(server, now)) {
                        let message = format!("the server doesn't {} {named}; the clinic has to", self.wish.verb());
                        return Err(Failure::conflict(message));
                    }
                    let now = now.as_ref().unwrap_or(&read.resource);
                    let text = format!("{named} {}", self.said(server, now, false));
                    return self.done(server, &read.resource, text).await;
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

    /// Whether it is as it was to be. Who made it so doesn't matter. Of a cancellation whose slot isn't free, each attempt
    /// tried to free that too: it stays a cancellation.
    pub(crate) async fn find(&self, server: &Server<'_>) -> Result<Finding, Failure> {
        let appointment = self.read(server).await?.resource;
        if !self.is_done(server, &appointment) {
            return Ok(keyed::absent(server));
        }
        let mut text = format!("{} {}", appointment.named(), self.said(server, &appointment, false));
        if self.frees_slots(server) {
            match claim::is_held(&appointment, server).await {
                Ok(false) => {}
                Ok(true) => text.push_str(STILL_BUSY),
                Err(failure) => {
                    server.cx.warn(format!("the slot of {} can't be seen: {}", appointment.named(), failure.message));
                    text.push_str(MAY_BE_BUSY);
                }
            }
        }
        Finding::happened(self.outcome(server, text))
    }

    fn step(&self, server: &Server<'_>, appointment: &Appointment) -> Result<Step, Failure> {
        match self.wish {
            Wish::Confirm => {
                // Where the platform didn't say when the call ended, the first attempt came soon after.
                let ended_ms = |at_ms: Value| at_ms.as_u64().unwrap_or_else(|| server.cx.first_attempt_at());
                let call_ended_ms = server.cx.fact("call.ended-at").map(ended_ms);
                appointment.confirm(server, &self.patient_id, call_ended_ms)
            }
            Wish::Cancel(_) => appointment.cancel(server.cx.now()),
        }
    }

    /// Whether there is nothing to be done about it any more.
    fn is_done(&self, server: &Server<'_>, appointment: &Appointment) -> bool {
        matches!(self.step(server, appointment), Ok(Step::Nothing))
    }

    /// How it stands now, in words.
    fn said(&self, server: &Server<'_>, appointment: &Appointment, already: bool) -> &'static str {
        match self.wish {
            Wish::Confirm if appointment.waits_for_others(server, &self.patient_id) => {
                "isn't booked yet: the patient has accepted it, and the clinic has yet to confirm it"
            }
            Wish::Confirm if already => "was booked already",
            Wish::Confirm => "is confirmed",
            Wish::Cancel(_) if already => "was cancelled already",
            Wish::Cancel(_) => "is cancelled",
        }
    }

    async fn read(&self, server: &Server<'_>) -> Result<Versioned<Appointment>, Failure> {
        let read: Versioned<Appointment> = Versioned::read(server, KIND, &self.appointment_id).await?;
        read.resource.check_patient(server, &self.patient_id)?;
        Ok(read)
    }

    fn apply(&self, server: &Server<'_>, appointment: &Appointment, elements: &mut Elements) -> Result<(), Failure> {
        match &self.wish {
            Wish::Cancel(reason) => {
                elements.set("status", "cancelled");
                let reason = reason.as_ref().map(words);
                elements.set("cancelationReason", &cancellation(reason));
            }
            Wish::Confirm => {
                if !appointment.waits_for_others(server, &self.patient_id) {
                    elements.set("status", "booked");
                }
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

    /// The answer about a change that was made, once what belongs to it is done too.
    async fn done(&self, server: &Server<'_>, appointment: &Appointment, mut text: String) -> Result<Outcome, Failure> {
        if self.frees_slots(server)
            && let Err(failure) = claim::release_of(appointment, server).await
        {
            if failure.kind == FailureKind::OutcomeUnknown {
                return Err(failure.after_write(format!("{text}, and its slot may still be busy")));
            }
            server.cx.warn(format!("the slot of {} is still busy: {}", appointment.named(), failure.message));
            text.push_str(STILL_BUSY);
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

/// The appointment as the answer to its change has it. A server may answer without it.
fn answered(answer: &Response) -> Result<Option<Appointment>, Failure> {
    if answer.bytes().is_empty() || refusal::is_outcome(answer) {
        return Ok(None);
    }
    let _is_resource: Identity = answer.json()?;
    answer.json().map(Some)
}

/// That it was the patient who cancelled, and why in words.
fn cancellation(reason: Option<String>) -> Value {
    let mut concept = json!({ "coding": [{ "system": CANCELLATION_REASONS, "code": "pat", "display": "Patient" }] });
    if let Some(reason) = reason {
        concept["text"] = reason.into();
    }
    concept
}
