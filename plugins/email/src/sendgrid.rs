//! SendGrid's side: its contacts, its lists, its errors.
//! <https://www.twilio.com/docs/sendgrid/api-reference/contacts/add-or-update-a-contact>

use std::collections::BTreeMap;

use aftercall::{Email, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) const CONTACTS_URL: &str = "https://api.sendgrid.com/v3/marketing/contacts";

/// A contact; what is left out stays as it is.
#[derive(Serialize)]
pub(crate) struct Contact<'a> {
    pub(crate) email: &'a Email,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<String>,
    /// By the fields' ids, not by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) custom_fields: BTreeMap<String, String>,
}

/// The answer to an upsert that SendGrid has taken, and does soon.
#[derive(Deserialize)]
pub(crate) struct Taken {
    pub(crate) job_id: String,
}

/// A refusal, as far as it is read.
#[derive(Deserialize)]
struct Refusal {
    errors: Vec<Error>,
}

#[derive(Deserialize)]
struct Error {
    field: Option<String>,
}

/// An upsert of one contact by its email address, onto one list.
pub(crate) fn upsert(list_id: &str, contact: &Contact<'_>) -> Value {
    json!({ "list_ids": [list_id], "contacts": [contact] })
}

/// Whether SendGrid refuses the list. Nothing else that an upsert names could be missing with a 404; a 400 says by
/// its field what it is about.
pub(crate) fn is_without_list(answer: &Response) -> bool {
    let about_list = |error: &Error| error.field.as_deref().is_some_and(|field| field.starts_with("list_ids"));
    match answer.status() {
        404 => true,
        400 => answer.json::<Refusal>().is_ok_and(|refusal| refusal.errors.iter().any(about_list)),
        _ => false,
    }
}

/// Where a person sees who is on a list.
pub(crate) fn list_page(list_id: &str) -> String {
    format!("https://mc.sendgrid.com/contacts/lists/{list_id}")
}
