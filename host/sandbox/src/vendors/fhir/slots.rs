//! Slots that appointments take. R4 doesn't say who marks them: this server does, unless it begins with the word that its
//! clients do. Then an appointment may take a slot in any status, as it is the client that has set it.

use http::StatusCode;
use serde_json::{Map, Value};

use super::criterion::Target;
use super::kind::Kind;
use super::refused::Refused;
use super::resource::Resource;

/// How an appointment's status leaves its slots, where it says that.
fn status_of_slots(appointment: &Map<String, Value>) -> Option<&'static str> {
    match appointment.get("status").and_then(Value::as_str)? {
        "booked" => Some("busy"),
        "pending" | "proposed" => Some("busy-tentative"),
        "cancelled" | "entered-in-error" => Some("free"),
        _ => None,
    }
}

/// Refuses a new appointment whose slots aren't there, or not free.
pub(super) fn check(appointment: &Map<String, Value>, resources: &[Resource]) -> Result<(), Refused> {
    let takes = status_of_slots(appointment).is_some_and(|status| status != "free");
    for id in ids(appointment) {
        let slot = resources.iter().find(|it| it.kind == Kind::Slot && it.id == id);
        let slot = slot.ok_or_else(|| Refused::unknown(StatusCode::UNPROCESSABLE_ENTITY, Kind::Slot, &id))?;
        if takes && slot.body.get("status").is_none_or(|status| status != "free") {
            return Err(Refused::new(StatusCode::CONFLICT, "conflict", format!("Slot/{id} is not free")));
        }
    }
    Ok(())
}

/// Marks the slots of an appointment that was made or changed.
pub(super) fn mark(appointment: &Map<String, Value>, resources: &mut [Resource], now_ms: u64) {
    let Some(status) = status_of_slots(appointment) else { return };
    for id in ids(appointment) {
        let slot = resources.iter_mut().find(|it| it.kind == Kind::Slot && it.id == id);
        let Some(slot) = slot.filter(|slot| slot.body.get("status").is_none_or(|known| known != status)) else {
            continue;
        };
        let mut body = slot.body.clone();
        body.insert("status".to_owned(), status.into());
        slot.change(body, now_ms);
    }
}

fn ids(appointment: &Map<String, Value>) -> Vec<String> {
    let slots = appointment.get("slot").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let targets = slots.iter().filter_map(|slot| slot["reference"].as_str()).map(Target::parse);
    targets.map(|target| target.id).collect()
}
