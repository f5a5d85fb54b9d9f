//! Slots: the times of a schedule that can be booked.
//! Shapes: <https://hl7.org/fhir/R4/slot.html>, <https://hl7.org/fhir/R4/schedule.html>.

use aftercall::{Day, Failure, Instant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arguments::ResourceId;
use crate::compare::may_lie_within;
use crate::fhir::{Page, Reference, Search, Server};
use crate::keyed::{self, Identifier};
use crate::settings::Service;

pub(crate) const KIND: &str = "Slot";
/// How many slots a search brings. Protects the model's context.
pub(crate) const SLOTS_MAX: usize = 20;

/// A Slot of the server.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Slot {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) schedule: Reference,
    #[serde(default)]
    pub(crate) identifier: Vec<Identifier>,
    pub(crate) service_category: Option<Value>,
    pub(crate) service_type: Option<Value>,
    pub(crate) specialty: Option<Value>,
    pub(crate) appointment_type: Option<Value>,
}

/// A Schedule of the server: whose slots they are.
#[derive(Deserialize)]
pub(crate) struct Schedule {
    pub(crate) id: String,
    pub(crate) active: Option<bool>,
    #[serde(default)]
    pub(crate) actor: Vec<Value>,
}

/// Which slots are looked for.
pub(crate) struct Wanted {
    pub(crate) from: Option<Day>,
    pub(crate) to: Option<Day>,
    pub(crate) service: Option<String>,
    pub(crate) schedule_id: Option<ResourceId>,
}

/// What `find_free_slots` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FoundSlots {
    pub(crate) slots: Vec<FreeSlot>,
}

/// A free slot, for the model.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FreeSlot {
    pub(crate) slot_id: String,
    pub(crate) start: String,
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// Who or what the patient comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule_id: Option<String>,
}

impl Slot {
    /// Whether it has not begun. One whose time can't be read can't be told, and is none.
    pub(crate) fn is_ahead(&self, now_ms: u64) -> bool {
        self.start.parse::<Instant>().is_ok_and(|start| start.as_ms() > now_ms)
    }

    pub(crate) fn is_free(&self) -> bool {
        self.status == "free"
    }

    /// Whether it was taken with one of these keys.
    pub(crate) fn is_held(&self, server: &Server<'_>, by: &[&str]) -> bool {
        !self.is_free() && keyed::keys(server, &self.identifier).iter().any(|key| by.contains(key))
    }

    /// Whether one of its types is this one.
    fn is_for(&self, service: &Service) -> bool {
        let codings = |concept: &Value| concept["coding"].as_array().cloned().unwrap_or_default();
        self.services().iter().flat_map(codings).any(|coding| {
            let part = |name: &str| coding[name].as_str().unwrap_or_default().to_owned();
            part("system") == service.system && part("code") == service.code
        })
    }

    fn services(&self) -> &[Value] {
        self.service_type.as_ref().and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn service(&self) -> Option<String> {
        let words = |concept: &Value| {
            let text = concept["text"].as_str().or_else(|| concept["coding"][0]["display"].as_str());
            text.map(str::to_owned)
        };
        let words: Vec<String> = self.services().iter().filter_map(words).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// Finds free slots that are ahead.
pub(crate) async fn find(wanted: &Wanted, server: &Server<'_>) -> Result<Page<FreeSlot>, Failure> {
    let (settings, now_ms) = (&server.settings, server.cx.now());
    let mut parameters = vec![("status", "free".to_owned()), ("start", format!("gt{}", Instant::utc(now_ms)))];
    parameters.extend(wanted.from.map(|day| ("start", format!("ge{day}"))));
    parameters.extend(wanted.to.map(|day| ("start", format!("le{day}"))));
    let service = wanted.service.as_deref().map(|name| settings.service(name)).transpose()?;
    parameters.extend(service.map(|service| ("service-type", service.token())));
    let schedules = match &wanted.schedule_id {
        Some(id) if !settings.has_schedule(id) => {
            return Err(Failure::not_found(format!("no slot of schedule {id} may be booked here: leave it out")));
        }
        Some(id) => std::slice::from_ref(id),
        None => &settings.schedules,
    };
    if !schedules.is_empty() {
        let references: Vec<String> = schedules.iter().map(|id| format!("Schedule/{id}")).collect();
        parameters.push(("schedule", references.join(",")));
    }
    parameters.push(("_sort", "start".to_owned()));
    // A server that leaves a parameter out of account gives others too.
    let fits = |slot: &Slot| {
        let of_these = |id: ResourceId| schedules.is_empty() || schedules.contains(&id);
        let of_these = slot.schedule.id(server, "Schedule").is_some_and(of_these);
        slot.is_free()
            && slot.is_ahead(now_ms)
            && of_these
            && may_lie_within(&slot.start, wanted.from, wanted.to)
            && service.is_none_or(|service| slot.is_for(service))
    };
    let search = Search { kind: KIND, parameters: &parameters, limit: SLOTS_MAX };
    let page = server.search(&search, fits).await?;
    let schedules = schedules_of(server, &page.found).await?;
    let found = page.found.iter().map(|slot| offer(server, slot, &schedules)).collect();
    Ok(Page { found, more: page.more })
}

/// The schedules of these slots.
pub(crate) async fn schedules_of(server: &Server<'_>, slots: &[Slot]) -> Result<Vec<Schedule>, Failure> {
    let mut ids: Vec<String> =
        slots.iter().filter_map(|slot| slot.schedule.id(server, "Schedule")).map(|id| id.to_string()).collect();
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let parameters = [("_id", ids.join(","))];
    let search = Search { kind: "Schedule", parameters: &parameters, limit: ids.len() };
    Ok(server.search(&search, |schedule: &Schedule| ids.contains(&schedule.id)).await?.found)
}

fn offer(server: &Server<'_>, slot: &Slot, schedules: &[Schedule]) -> FreeSlot {
    let schedule_id = slot.schedule.id(server, "Schedule").map(|id| id.to_string());
    let schedule = schedules.iter().find(|schedule| Some(&schedule.id) == schedule_id.as_ref());
    let actors = schedule.map_or(&[][..], |schedule| &schedule.actor);
    let names: Vec<&str> = actors.iter().filter_map(|actor| actor["display"].as_str()).collect();
    FreeSlot {
        slot_id: slot.id.clone(),
        start: slot.start.clone(),
        end: slot.end.clone(),
        service: slot.service(),
        with: (!names.is_empty()).then(|| names.join(", ")),
        schedule_id,
    }
}
