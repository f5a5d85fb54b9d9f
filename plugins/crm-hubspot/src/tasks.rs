//! Tasks: what somebody in the team has to do, on a contact and on its deal.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/activities/tasks/guide>.

use aftercall::{Answer, Context, Day, Failure, Finding, Instant};
use aftercall_hubspot::{NewAssociations, Properties, RecordId, keyed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hubspot::{hubspot, noon, settled};
use crate::settings::Settings;
use crate::time_of_day::TimeOfDay;

const TASKS: &str = "tasks";
const BODY: &str = "hs_task_body";
/// HubSpot's own types of association from a task.
const TO_CONTACT: u32 = 204;
const TO_DEAL: u32 = 216;

/// From a day's noon in UTC until it has ended everywhere, which is at noon of the next, in milliseconds.
const NOON_TO_END_MS: u64 = 86_400_000;

/// How soon a task has to be looked at.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    Low,
    Medium,
    High,
}

/// A task that is to be made.
pub(crate) struct Task {
    pub(crate) subject: String,
    pub(crate) body: Option<String>,
    pub(crate) due_date: Day,
    pub(crate) due_time: Option<TimeOfDay>,
    pub(crate) priority: Priority,
    pub(crate) contact_id: RecordId,
    pub(crate) deal_id: Option<RecordId>,
}

/// The task that `create_task` made.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MadeTask {
    task_id: String,
}

impl Task {
    pub(crate) async fn make(&self, settings: &Settings, cx: &Context) -> Result<Answer<MadeTask>, Failure> {
        let due_at_ms = self.due_at_ms(cx)?;
        let mut body = self.body.as_deref().map(keyed::paragraph).unwrap_or_default();
        body.push_str(&keyed::reference(cx.key()));
        let properties = Properties::default()
            .set("hs_task_subject", Some(&self.subject))
            .set(BODY, Some(body))
            .set("hs_task_status", Some("NOT_STARTED"))
            .set("hs_task_type", Some("TODO"))
            .set("hs_task_priority", Some(self.priority.name()))
            .set("hs_timestamp", Some(due_at_ms.to_string()))
            .set("hubspot_owner_id", settings.task_owner_id.as_deref());
        let mut on = NewAssociations::default().with(self.contact_id.as_str(), TO_CONTACT);
        if let Some(deal_id) = &self.deal_id {
            on = on.with(deal_id.as_str(), TO_DEAL);
        }
        let task = hubspot(cx).create(TASKS, &properties, &on).await?;
        Ok(made(&self.contact_id, settings, &task.id))
    }

    /// When it is due: a task of HubSpot has an instant. One that has passed is refused; that it hadn't is asked of the first
    /// attempt, so that a later one is not refused for what was in time.
    fn due_at_ms(&self, cx: &Context) -> Result<u64, Failure> {
        let (due_at, ends_after_ms) = match &self.due_time {
            Some(time) => (time.on(self.due_date), 0),
            None => (noon(self.due_date).parse(), NOON_TO_END_MS),
        };
        let due_at_ms = due_at.map(Instant::as_ms).map_err(Failure::invalid_arguments)?;
        if due_at_ms.saturating_add(ends_after_ms) <= cx.first_attempt_at() {
            return Err(Failure::invalid_arguments("`due_date` is in the past: give a day, or a time, after the call"));
        }
        Ok(due_at_ms)
    }
}

/// Finds the task again that was to be on this contact.
pub(crate) async fn find(contact_id: &RecordId, settings: &Settings, cx: &Context) -> Result<Finding, Failure> {
    settled(hubspot(cx).with_key(TASKS, BODY).await?, settings, cx, |id| made(contact_id, settings, id))
}

fn made(contact_id: &RecordId, settings: &Settings, task_id: &str) -> Answer<MadeTask> {
    let text = format!("the task is made on contact {contact_id}, task_id {task_id}");
    let receipt = settings.receipt_on_contact("task", task_id, contact_id.as_str());
    Answer::new(text, MadeTask { task_id: task_id.to_owned() }).with_receipt(receipt)
}

impl Priority {
    const fn name(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        }
    }
}
