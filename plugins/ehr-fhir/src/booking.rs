//! Booking: an Appointment that takes a Slot (<https://hl7.org/fhir/R4/appointment.html>).

use aftercall::{Failure, FailureKind, Finding, Outcome, Receipt, Text};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::appointment::Appointment;
use crate::arguments::{ResourceId, words};
use crate::claim::{self, Marker};
use crate::fhir::{Server, told};
use crate::keyed::{self, Made, reference};
use crate::slot::{self, Schedule, Slot};
use crate::versioned::{TRIES_MAX, Versioned};

const KIND: &str = "Appointment";

/// Of <https://hl7.org/fhir/R4/valueset-appointmentstatus.html>.
#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    #[default]
    Booked,
    Pending,
    Proposed,
}

/// A slot that a patient wants.
pub(crate) struct Booking {
    pub(crate) patient_id: ResourceId,
    pub(crate) slot_id: ResourceId,
    pub(crate) reason: Option<Text>,
    /// The appointment that took this slot in the same call, and was cancelled since.
    pub(crate) instead_of: Option<ResourceId>,
}

impl Booking {
    pub(crate) async fn make(&self, server: &Server<'_>) -> Result<Outcome, Failure> {
        self.check_gone(server).await?;
        let mut holds = false;
        let mut made = self.book(server, &mut holds).await;
        if holds {
            made = self.settle_slot(made, server).await;
        }
        made.map(|made| booked(server, &made))
    }

    /// `holds` says whether the slot is, or may be, taken for this effect.
    async fn book(&self, server: &Server<'_>, holds: &mut bool) -> Result<Made, Failure> {
        let takes_slot = server.settings.slot_status_by == Marker::Plugin;
        let read: Versioned<Slot> = Versioned::read(server, slot::KIND, &self.slot_id).await?;
        *holds = takes_slot && read.resource.is_held(server, &[server.cx.key()]);
        self.check(&read.resource, server)?;
        let schedule = self.schedule(&read.resource, server).await?;
        let appointment = self.appointment(&read.resource, &schedule, server.settings.booking_status)?;
        if takes_slot {
            self.take(read, server, holds).await?;
        }
        keyed::create(server, KIND, appointment, &[]).await.map_err(|failure| self.explained(failure))
    }

    pub(crate) async fn find(&self, server: &Server<'_>) -> Result<Finding, Failure> {
        keyed::finding(server, KIND, &self.patient_id, &|made| booked(server, made)).await
    }

    /// Refuses to book again what still stands.
    async fn check_gone(&self, server: &Server<'_>) -> Result<(), Failure> {
        let Some(id) = &self.instead_of else { return Ok(()) };
        let before = Versioned::<Appointment>::read(server, KIND, id).await?.resource;
        before.check_patient(server, &self.patient_id)?;
        match before.status.as_str() {
            "cancelled" | "entered-in-error" => Ok(()),
            status => Err(Failure::conflict(format!(
                "appointment {id}, which instead_of names, still stands ({status}), and nothing was booked: cancel it \
                 first, or leave instead_of out"
            ))),
        }
    }

    /// Refuses a slot that can't be booked.
    fn check(&self, slot: &Slot, server: &Server<'_>) -> Result<(), Failure> {
        let id = &self.slot_id;
        let schedule = slot.schedule.id(server, "Schedule");
        if !schedule.is_some_and(|schedule| server.settings.has_schedule(&schedule)) {
            return Err(Failure::not_found(format!("slot {id} can't be booked here: take one of find_free_slots")));
        }
        if !slot.is_ahead(server.cx.now()) {
            return Err(Failure::conflict(format!(
                "slot {id} has begun already: find a later one with find_free_slots"
            )));
        }
        if !slot.is_free() && !slot.is_held(server, &[server.cx.key()]) {
            let status = &slot.status;
            let advice = "find another one with find_free_slots, and ask the caller";
            return Err(Failure::conflict(format!("slot {id} isn't free any more ({status}): {advice}")));
        }
        Ok(())
    }

    async fn schedule(&self, slot: &Slot, server: &Server<'_>) -> Result<Schedule, Failure> {
        let schedule = slot::schedules_of(server, std::slice::from_ref(slot)).await?.pop();
        let id = &self.slot_id;
        match schedule {
            Some(schedule) if schedule.active == Some(false) => {
                Err(Failure::conflict(format!("the schedule of slot {id} isn't in use any more: find another one")))
            }
            Some(schedule) => Ok(schedule),
            None => Err(Failure::other(format!("the server doesn't give the schedule of slot {id}"))),
        }
    }

    /// Takes the slot, unless an earlier attempt of this effect did.
    async fn take(&self, mut read: Versioned<Slot>, server: &Server<'_>, holds: &mut bool) -> Result<(), Failure> {
        let mut tries = 1;
        loop {
            if read.resource.is_held(server, &[server.cx.key()]) {
                *holds = true;
                return Ok(());
            }
            let taken = claim::take(read, server.settings.booking_status.of_slot(), server).await;
            *holds = match &taken {
                Ok(()) => true,
                Err(failure) => failure.kind == FailureKind::OutcomeUnknown,
            };
            match taken {
                Err(failure) if failure.kind == FailureKind::Conflict && tries < TRIES_MAX => tries += 1,
                taken => return taken.map_err(|failure| self.explained(failure)),
            }
            read = Versioned::read(server, slot::KIND, &self.slot_id).await?;
            self.check(&read.resource, server)?;
        }
    }

    /// Frees the slot that was taken, where there is surely no appointment for it; else says that it stays taken, in the
    /// failure too.
    async fn settle_slot(&self, made: Result<Made, Failure>, server: &Server<'_>) -> Result<Made, Failure> {
        let id = &self.slot_id;
        let (stays, why) = match &made {
            Ok(appointment) if !appointment.is_cancelled() => return made,
            Err(failure) if !is_refusal(failure.kind) => {
                (format!("slot {id} stays busy while its booking is in doubt or tried again"), failure.message.clone())
            }
            _ => match claim::release(id, &[server.cx.key()], server).await {
                Ok(()) => return made,
                Err(failure) => (format!("slot {id} is still busy, for no appointment"), failure.message),
            },
        };
        server.cx.warn(format!("{stays}: {why}"));
        // Of what is in doubt, it isn't known whether the slot was taken.
        made.map_err(|failure| match failure.kind {
            FailureKind::OutcomeUnknown => failure,
            _ => Failure { message: format!("{}; {stays}", failure.message), ..failure },
        })
    }

    fn appointment(&self, slot: &Slot, schedule: &Schedule, status: Status) -> Result<Value, Failure> {
        let patient = reference("Patient", &self.patient_id);
        let mut participants = vec![json!({ "actor": patient, "status": "accepted" })];
        participants.extend(schedule.actor.iter().map(|actor| json!({ "actor": actor, "status": status.of_others() })));
        let mut elements = Map::new();
        elements.insert("status".to_owned(), status.code().into());
        let same = [
            ("serviceCategory", &slot.service_category),
            ("serviceType", &slot.service_type),
            ("specialty", &slot.specialty),
            ("appointmentType", &slot.appointment_type),
        ];
        for (name, value) in same {
            elements.extend(value.clone().map(|value| (name.to_owned(), value)));
        }
        if let Some(reason) = &self.reason {
            elements.insert("reasonCode".to_owned(), json!([{ "text": words(reason) }]));
        }
        elements.insert("start".to_owned(), slot.start.as_str().into());
        elements.insert("end".to_owned(), slot.end.as_str().into());
        elements.insert("slot".to_owned(), json!([reference(slot::KIND, &self.slot_id)]));
        elements.insert("participant".to_owned(), participants.into());
        Ok(elements.into())
    }

    fn explained(&self, failure: Failure) -> Failure {
        if failure.kind != FailureKind::Conflict {
            return failure;
        }
        let advice = "find another one with find_free_slots, and ask the caller";
        let message = format!("slot {} can't be booked any more: {advice} ({})", self.slot_id, failure.message);
        Failure { message, ..failure }
    }
}

impl Status {
    const fn code(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Pending => "pending",
            Self::Proposed => "proposed",
        }
    }

    /// What the schedule's own people have said to it.
    const fn of_others(self) -> &'static str {
        match self {
            Self::Booked => "accepted",
            Self::Pending | Self::Proposed => "needs-action",
        }
    }

    /// How a slot is marked with it (<https://hl7.org/fhir/R4/valueset-slotstatus.html>).
    const fn of_slot(self) -> &'static str {
        match self {
            Self::Booked => "busy",
            Self::Pending | Self::Proposed => "busy-tentative",
        }
    }
}

/// Whether the server said no, so that it made nothing.
const fn is_refusal(kind: FailureKind) -> bool {
    use FailureKind::{Conflict, Denied, InvalidArguments, Misconfigured, NotFound, RateLimited};
    matches!(kind, InvalidArguments | NotFound | Denied | Conflict | Misconfigured | RateLimited)
}

/// An appointment that was booked, or that an earlier attempt had booked.
fn booked(server: &Server<'_>, made: &Made) -> Outcome {
    let id = &made.id;
    let status = made.status.as_deref().unwrap_or(server.settings.booking_status.code());
    let start = made.start.as_ref().map(|start| format!(" for {}", told(start))).unwrap_or_default();
    let text = match status {
        _ if made.is_cancelled() => format!(
            "appointment_id {id} was booked{start}, and was cancelled since: to book the slot again, give \
             instead_of = {id}"
        ),
        "proposed" | "pending" => {
            format!("appointment_id {id} is {status}{start}; the clinic has yet to confirm it")
        }
        _ => format!("appointment_id {id} is {status}{start}"),
    };
    Outcome::new(text).with_receipt(Receipt::new("appointment", id.as_str()).with_url(server.url(KIND, id)))
}
