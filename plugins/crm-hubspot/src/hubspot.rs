//! HubSpot's side: its contacts, its search, its batches.

use std::collections::BTreeMap;

use aftercall::{Email, Failure, PhoneNumber, Receipt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many objects a search brings. Protects the model's context.
const SEARCH_RESULTS_MAX: u32 = 10;
/// HubSpot's own association from a note to a contact.
const NOTE_TO_CONTACT: u32 = 202;

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    portal_id: Option<String>,
    /// How long a note that was made may be missing from the search.
    #[serde(default = "search_lag_ms")]
    pub(crate) search_lag_ms: u64,
}

const fn search_lag_ms() -> u64 {
    60_000
}

/// Any object of the CRM, as far as it is read.
#[derive(Deserialize)]
pub(crate) struct Object {
    pub(crate) id: String,
    #[serde(default)]
    properties: BTreeMap<String, Option<String>>,
    /// Whether an upsert made it.
    #[serde(default)]
    pub(crate) new: bool,
}

/// The first results of a search.
#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) results: Vec<Object>,
}

/// The answer to a batch of one. It is a success (207) even where the one failed.
#[derive(Deserialize)]
pub(crate) struct Upserted {
    #[serde(default)]
    results: Vec<Object>,
    #[serde(default)]
    errors: Vec<BatchError>,
}

#[derive(Deserialize)]
struct BatchError {
    message: String,
    category: Option<String>,
}

/// A search: objects that pass any of the filters.
#[derive(Serialize)]
pub(crate) struct Search {
    #[serde(rename = "filterGroups")]
    groups: Vec<Value>,
    properties: Vec<&'static str>,
    sorts: [&'static str; 0],
    limit: u32,
    after: &'static str,
}

/// A contact's properties, of those that each HubSpot account has.
#[derive(Serialize)]
pub(crate) struct Lead {
    pub(crate) lifecyclestage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) firstname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lastname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<PhoneNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hs_lead_status: Option<LeadStatus>,
}

/// The lead statuses that HubSpot comes with.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum LeadStatus {
    New,
    Open,
    InProgress,
    OpenDeal,
    Unqualified,
    AttemptedToContact,
    Connected,
    BadTiming,
}

/// What `find_contact` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    pub(crate) contacts: Vec<Contact>,
}

/// A contact, for the model.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Contact {
    pub(crate) contact_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle_stage: Option<String>,
}

/// The contact that `upsert_lead` made or updated.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    pub(crate) contact_id: String,
}

/// Where HubSpot keeps its objects.
pub(crate) fn url(objects: &str) -> String {
    format!("https://api.hubapi.com/crm/v3/objects/{objects}")
}

/// An upsert of one contact by its email address.
pub(crate) fn upsert(email: &Email, lead: &Lead) -> Value {
    json!({ "inputs": [{ "idProperty": "email", "id": email, "properties": lead }] })
}

/// A note on a contact, at a time in milliseconds since 1970.
pub(crate) fn note_on_contact(contact_id: &str, body: &str, at_ms: u64) -> Value {
    let note_to_contact = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": NOTE_TO_CONTACT });
    json!({
        "properties": { "hs_note_body": body, "hs_timestamp": at_ms.to_string() },
        "associations": [{ "to": { "id": contact_id }, "types": [note_to_contact] }],
    })
}

impl Settings {
    /// The receipt for an object that is shown on a contact's page.
    pub(crate) fn receipt(&self, kind: &str, id: &str, contact_id: &str) -> Receipt {
        let receipt = Receipt::new(kind, id);
        match &self.portal_id {
            Some(portal) => {
                receipt.with_url(format!("https://app.hubspot.com/contacts/{portal}/record/0-1/{contact_id}"))
            }
            None => receipt,
        }
    }
}

impl Object {
    /// A property, where it is set.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_deref().filter(|value| !value.is_empty())
    }
}

impl Search {
    /// A search that brings these properties.
    pub(crate) fn of(properties: &[&'static str]) -> Self {
        Self { groups: Vec::new(), properties: properties.to_vec(), sorts: [], limit: SEARCH_RESULTS_MAX, after: "0" }
    }

    /// Adds a filter, next to those before.
    pub(crate) fn or(mut self, property: &str, operator: &str, value: &str) -> Self {
        let filter = json!({ "propertyName": property, "operator": operator, "value": value });
        self.groups.push(json!({ "filters": [filter] }));
        self
    }
}

impl Upserted {
    /// The one contact of the batch.
    pub(crate) fn only(self) -> Result<Object, Failure> {
        match (self.results.into_iter().next(), self.errors.into_iter().next()) {
            (Some(contact), _) => Ok(contact),
            (None, Some(error)) => {
                let failure = Failure::invalid_arguments(format!("HubSpot refuses the lead: {}", error.message));
                Err(Failure { code: error.category, ..failure })
            }
            (None, None) => Err(Failure::outcome_unknown("HubSpot's answer says nothing of the lead")),
        }
    }
}

impl From<Object> for Contact {
    fn from(object: Object) -> Self {
        let property = |name: &str| object.property(name).map(str::to_owned);
        Self {
            email: property("email"),
            first_name: property("firstname"),
            last_name: property("lastname"),
            phone: property("phone"),
            company: property("company"),
            lifecycle_stage: property("lifecyclestage"),
            contact_id: object.id,
        }
    }
}
