//! A callback as a task on the contact, whose text carries our key and is found again by it.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/activities/tasks/guide>.

use aftercall::{Context, Failure};
use serde_json::json;

use super::object::{Object, Page, url};
use super::refusal::told;
use crate::account::AccountId;
use crate::callback::Callback;
use crate::crm::Trace;
use crate::names::Names;

/// HubSpot's own type of association from a task to a contact
/// (<https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide>, "HubSpot defined association types").
const TO_CONTACT: u32 = 204;
/// How many tasks a search brings. One has the key; the search by token may find others that are alike.
const SEARCH_RESULTS_MAX: u32 = 10;
const BODY: &str = "hs_task_body";

pub(super) async fn make(
    id: &AccountId,
    callback: &Callback,
    due_at: &str,
    names: &Names,
    cx: &Context,
) -> Result<String, Failure> {
    let mut properties = json!({
        "hs_task_subject": callback.subject(),
        (BODY): format!("<p>{}</p><p>{}</p>", escape(&callback.about), reference(cx.key())),
        "hs_task_status": "NOT_STARTED",
        "hs_task_type": "CALL",
        "hs_timestamp": due_at,
    });
    if let Some(owner_id) = names.text("task_owner_id") {
        properties["hubspot_owner_id"] = owner_id.into();
    }
    let kind = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": TO_CONTACT });
    let task = json!({ "properties": properties, "associations": [{ "to": { "id": id }, "types": [kind] }] });
    let task: Object = told(cx.post(url("tasks")).json(&task).send().await?, names)?.json()?;
    Ok(task.id)
}

/// Finds the task with the effect's key.
pub(super) async fn find(names: &Names, cx: &Context) -> Result<Trace, Failure> {
    let filter = json!({ "propertyName": BODY, "operator": "CONTAINS_TOKEN", "value": cx.key() });
    let search = json!({
        "filterGroups": [{ "filters": [filter] }],
        "properties": [BODY],
        "sorts": [],
        "limit": SEARCH_RESULTS_MAX,
        "after": "0",
    });
    let answer = cx.post(url("tasks/search")).reads_only().json(&search).send().await?;
    let page: Page = told(answer, names)?.json()?;
    Ok(match page.results.iter().find(|task| has_key(task.property(BODY), cx.key())) {
        Some(ours) => Trace::Found(ours.id.clone()),
        None if page.has_more() => Trace::Hidden,
        None => Trace::Absent,
    })
}

fn reference(key: &str) -> String {
    format!("Reference: {}", escape(key))
}

/// Whether a text has this key, and not a longer one that begins with it.
fn has_key(text: Option<&str>, key: &str) -> bool {
    let rest = text.and_then(|text| text.split_once(&reference(key))).map(|(_, rest)| rest);
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Escapes what would be markup between tags; quotes are none there.
fn escape(text: &str) -> String {
    let text = text.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('\r', "").replace('\n', "<br>")
}
