//! HubSpot's side: its objects, and what its answers mean.

use std::collections::BTreeMap;

use aftercall::{Failure, FailureKind, Receipt, Request, Response};
use serde::Deserialize;

/// HubSpot's own type id of a contact.
pub(crate) const CONTACT: &str = "0-1";
/// HubSpot's own type id of a deal.
pub(crate) const DEAL: &str = "0-3";
/// How long what was written may be read as it was before. HubSpot says nothing of it.
pub(crate) const LAG_MS: u64 = 60_000;
/// When to look again meanwhile, in milliseconds.
pub(crate) const LOOK_AGAIN_MS: u64 = 15_000;

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    portal_id: Option<String>,
    #[serde(default = "status_property")]
    pub(crate) status_property: String,
    #[serde(default = "reason_property")]
    pub(crate) reason_property: String,
    #[serde(default = "balance_property")]
    pub(crate) balance_property: String,
    #[serde(default = "promised_date_property")]
    pub(crate) promised_date_property: String,
    pub(crate) pipeline: String,
    pub(crate) stage: String,
    #[serde(default = "key_property")]
    pub(crate) key_property: String,
}

fn status_property() -> String {
    "collection_status".to_owned()
}

fn reason_property() -> String {
    "collection_status_reason".to_owned()
}

fn balance_property() -> String {
    "balance_due".to_owned()
}

fn promised_date_property() -> String {
    "promised_payment_date".to_owned()
}

fn key_property() -> String {
    "aftercall_key".to_owned()
}

/// Any object of the CRM, as far as it is read.
#[derive(Deserialize)]
pub(crate) struct Object {
    pub(crate) id: String,
    #[serde(default)]
    properties: BTreeMap<String, Option<String>>,
    #[serde(default)]
    associations: Associations,
}

/// What an object was asked to be told with.
#[derive(Default, Deserialize)]
struct Associations {
    #[serde(default)]
    contacts: Associated,
}

#[derive(Default, Deserialize)]
struct Associated {
    results: Vec<Id>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

/// Properties that are written, by their names.
pub(crate) type Properties<'a> = BTreeMap<&'a str, String>;

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

/// Where HubSpot keeps its objects.
pub(crate) fn url(objects: &str) -> String {
    format!("https://api.hubapi.com/crm/v3/objects/{objects}")
}

/// An object, if there is one.
pub(crate) async fn read(request: Request<'_>) -> Result<Option<Object>, Failure> {
    let answer = request.send().await?;
    if answer.status() == 404 { Ok(None) } else { answer.ok()?.json().map(Some) }
}

/// The answer to a write, where HubSpot took it.
pub(crate) fn taken(answer: Response) -> Result<Response, Failure> {
    answer.ok().map_err(of_the_tenant)
}

/// A property that HubSpot doesn't know is the tenant's to add: the model can't correct it.
fn of_the_tenant(failure: Failure) -> Failure {
    if failure.kind != FailureKind::InvalidArguments || !failure.message.contains("PROPERTY_DOESNT_EXIST") {
        return failure;
    }
    let message = format!("add the property in HubSpot, or correct the plugin's settings: {}", failure.message);
    Failure { kind: FailureKind::Other, message, ..failure }
}

impl Settings {
    /// The receipt with a link to this record, where the portal is known.
    pub(crate) fn linked(&self, receipt: Receipt, object_type: &str, id: &str) -> Receipt {
        match &self.portal_id {
            Some(portal) => {
                receipt.with_url(format!("https://app.hubspot.com/contacts/{portal}/record/{object_type}/{id}"))
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

    /// Whether it has these properties. HubSpot trims texts.
    pub(crate) fn has(&self, properties: &Properties<'_>) -> bool {
        properties.iter().all(|(name, value)| self.property(name).unwrap_or_default().trim() == value.trim())
    }

    /// Whether this contact is among those that it was told with.
    pub(crate) fn is_of(&self, contact_id: &str) -> bool {
        self.associations.contacts.results.iter().any(|contact| contact.id == contact_id)
    }

    /// A contact's whole name, as far as it is known.
    pub(crate) fn name(&self) -> Option<String> {
        let parts = ["firstname", "lastname"].map(|part| self.property(part));
        let name: Vec<&str> = parts.into_iter().flatten().collect();
        (!name.is_empty()).then(|| name.join(" "))
    }
}

impl Upserted {
    /// The one object of the batch.
    pub(crate) fn only(self) -> Result<Object, Failure> {
        match (self.results.into_iter().next(), self.errors.into_iter().next()) {
            (Some(object), _) => Ok(object),
            (None, Some(error)) => {
                let failure = Failure::invalid_arguments(format!("HubSpot refuses the deal: {}", error.message));
                Err(of_the_tenant(Failure { code: error.category, ..failure }))
            }
            (None, None) => Err(Failure::outcome_unknown("HubSpot's answer says nothing of the deal")),
        }
    }
}
