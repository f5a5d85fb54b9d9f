//! Contacts and their lists, of Marketing Campaigns.
//! <https://www.twilio.com/docs/sendgrid/api-reference/contacts/add-or-update-a-contact>,
//! <https://www.twilio.com/docs/sendgrid/api-reference/contacts/get-contacts-by-emails>

use aftercall::{Context, Failure, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Refusal, checked};
use crate::arguments::{Name, Recipient};

const CONTACTS_URL: &str = "https://api.sendgrid.com/v3/marketing/contacts";
const SEARCH_URL: &str = "https://api.sendgrid.com/v3/marketing/contacts/search/emails";

/// A contact; what is left out stays as it is.
#[derive(Serialize)]
pub(crate) struct Contact<'a> {
    pub(crate) email: &'a Recipient,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_name: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<Name>,
    /// By the fields' ids, not by their names.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) custom_fields: Map<String, Value>,
}

/// The answer to an upsert that SendGrid has taken, and does soon.
#[derive(Deserialize)]
pub(crate) struct Taken {
    pub(crate) job_id: String,
}

/// What a search by email addresses gives: by the address in small letters, a `contact`, or why there is none.
#[derive(Deserialize)]
struct Found {
    result: Map<String, Value>,
}

/// An upsert of one contact by its email address, onto one list: as SendGrid answers it.
pub(crate) async fn upsert(list_id: &str, contact: &Contact<'_>, cx: &Context) -> Result<Response, Failure> {
    let request = json!({ "list_ids": [list_id], "contacts": [contact] });
    cx.put(CONTACTS_URL).json(&request).send().await
}

/// SendGrid's id of the contact of an email address, if that is on a list.
pub(crate) async fn find(email: &Recipient, list_id: &str, cx: &Context) -> Result<Option<String>, Failure> {
    let request = json!({ "emails": [email] });
    let answer = cx.post(SEARCH_URL).json(&request).reads_only().send().await?;
    if answer.status() == 404 {
        return Ok(None);
    }
    let found: Found = checked(answer, cx)?.json()?;
    let is_ours = |list: &Value| list.as_str().is_some_and(|list| list.eq_ignore_ascii_case(list_id));
    let is_on_list = |contact: &&Value| contact["list_ids"].as_array().is_some_and(|lists| lists.iter().any(is_ours));
    let contact = found.result.values().filter_map(|hit| hit.get("contact")).find(is_on_list);
    Ok(contact.and_then(|contact| contact["id"].as_str()).map(str::to_owned))
}

/// Whether SendGrid refuses the list. Nothing else that an upsert names could be missing with a 404; a 400 says by
/// its field what it is about.
pub(crate) fn is_without_list(status: u16, refusal: &Refusal) -> bool {
    status == 404 || status == 400 && refusal.fields().any(|field| field.starts_with("list_ids"))
}

/// Where a person sees who is on a list.
pub(crate) fn list_page(list_id: &str) -> String {
    format!("https://mc.sendgrid.com/contacts/lists/{list_id}")
}
