//! The mark on a slot that it is taken, for servers on which the client has to set it.
//!
//! R4 doesn't say who makes a slot busy when an appointment takes it. Many servers do it themselves. Where the plugin has
//! to, it takes the slot before it books, on the version that it read, so that of two who want it one gets it; and it puts
//! its key there: a later attempt knows the slot as its own, and none is freed that somebody else has taken.

use aftercall::{Failure, FailureKind};
use serde::Deserialize;

use crate::appointment::Appointment;
use crate::arguments::ResourceId;
use crate::fhir::Server;
use crate::keyed::{self, Identifier};
use crate::slot::{KIND, Slot};
use crate::versioned::{Elements, TRIES_MAX, Versioned};

/// Who marks a slot.
#[derive(Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Marker {
    #[default]
    Server,
    Plugin,
}

/// Takes a slot that was read as free: it has this status, and our key, then. A conflict is that it has changed since.
pub(crate) async fn take(mut read: Versioned<Slot>, status: &str, server: &Server<'_>) -> Result<(), Failure> {
    let mut identifiers = read.elements.list("identifier")?;
    let mut ours = Elements::default();
    ours.set("system", &server.settings.identifier_system);
    ours.set("value", server.cx.key());
    identifiers.push(ours);
    read.elements.set("identifier", &identifiers);
    read.elements.set("status", status);
    read.put(server).await.map(drop)
}

/// Frees a slot that was taken with one of these keys. Any other stays as it is.
pub(crate) async fn release(slot_id: &ResourceId, keys: &[&str], server: &Server<'_>) -> Result<(), Failure> {
    let mut refused = None;
    for _ in 0..TRIES_MAX {
        let mut read: Versioned<Slot> = Versioned::read(server, KIND, slot_id).await?;
        if !read.resource.is_held(server, keys) {
            return Ok(());
        }
        let is_other = |identifier: &Identifier| {
            let ours = keyed::keys(server, std::slice::from_ref(identifier));
            !ours.iter().any(|key| keys.contains(key))
        };
        let all = read.elements.list("identifier")?.into_iter().zip(&read.resource.identifier);
        let others: Vec<Elements> = all.filter(|(_, known)| is_other(known)).map(|(elements, _)| elements).collect();
        // FHIR's JSON has no empty arrays.
        if others.is_empty() {
            read.elements.remove("identifier");
        } else {
            read.elements.set("identifier", &others);
        }
        read.elements.set("status", "free");
        match read.put(server).await {
            Ok(_) => return Ok(()),
            Err(failure) if failure.kind == FailureKind::Conflict => refused = Some(failure),
            Err(failure) => return Err(failure),
        }
    }
    Err(refused.expect("the loop ends by a refusal alone"))
}

/// Frees the slots of an appointment that were taken when it was booked here.
pub(crate) async fn release_of(appointment: &Appointment, server: &Server<'_>) -> Result<(), Failure> {
    let keys = keyed::keys(server, &appointment.identifier);
    for slot_id in slots(appointment, server, &keys) {
        release(&slot_id, &keys, server).await?;
    }
    Ok(())
}

/// Whether a slot of an appointment is still taken since it was booked here.
pub(crate) async fn is_held(appointment: &Appointment, server: &Server<'_>) -> Result<bool, Failure> {
    let keys = keyed::keys(server, &appointment.identifier);
    for slot_id in slots(appointment, server, &keys) {
        let read: Versioned<Slot> = Versioned::read(server, KIND, &slot_id).await?;
        if read.resource.is_held(server, &keys) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The slots of an appointment; none, where it wasn't booked here.
fn slots(appointment: &Appointment, server: &Server<'_>, keys: &[&str]) -> Vec<ResourceId> {
    let booked_here = !keys.is_empty();
    appointment.slot.iter().filter(|_| booked_here).filter_map(|slot| slot.id(server, KIND)).collect()
}
