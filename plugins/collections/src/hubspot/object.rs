//! HubSpot's objects, and what its answers mean.

use aftercall::{Failure, Request};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::refusal::{self, BatchError, told};
use crate::decimal;
use crate::names::Names;

/// Any object of the CRM, as far as it is read.
#[derive(Deserialize)]
pub(super) struct Object {
    pub(super) id: String,
    /// Texts, or null.
    #[serde(default)]
    properties: Map<String, Value>,
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

/// The first results of a search.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) results: Vec<Object>,
    #[serde(default)]
    total: usize,
}

/// The answer to a batch of one. It is a success (207) even where the one failed.
#[derive(Deserialize)]
pub(super) struct Upserted {
    #[serde(default)]
    results: Vec<Object>,
    #[serde(default)]
    errors: Vec<BatchError>,
}

/// Where HubSpot keeps its objects.
pub(super) fn url(objects: &str) -> String {
    format!("https://api.hubapi.com/crm/v3/objects/{objects}")
}

/// An object, if there is one.
pub(super) async fn read(request: Request<'_>, names: &Names) -> Result<Option<Object>, Failure> {
    let answer = request.send().await?;
    if answer.status() == 404 { Ok(None) } else { told(answer, names)?.json().map(Some) }
}

impl Object {
    /// A property, where it is set.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str().filter(|value| !value.is_empty())
    }

    /// Whether it has these properties. HubSpot trims texts, and writes numbers in its own way.
    pub(super) fn has(&self, properties: &Map<String, Value>) -> bool {
        properties.iter().all(|(name, set)| {
            let (told, set) = (self.property(name).unwrap_or_default(), set.as_str().unwrap_or_default());
            decimal::is_same(told, set)
        })
    }

    /// Whether this contact is among those that it was told with.
    pub(super) fn is_of(&self, contact_id: &str) -> bool {
        self.associations.contacts.results.iter().any(|contact| contact.id == contact_id)
    }

    /// A contact's whole name, as far as it is known.
    pub(super) fn name(&self) -> Option<String> {
        let parts = ["firstname", "lastname"].map(|part| self.property(part));
        let name: Vec<&str> = parts.into_iter().flatten().collect();
        (!name.is_empty()).then(|| name.join(" "))
    }
}

impl Page {
    /// Whether the search has found more than these.
    pub(super) fn has_more(&self) -> bool {
        self.total > self.results.len()
    }
}

impl Upserted {
    /// The one object of the batch.
    pub(super) fn only(self, names: &Names) -> Result<Object, Failure> {
        match (self.results.into_iter().next(), self.errors.into_iter().next()) {
            (Some(object), _) => Ok(object),
            (None, Some(error)) => Err(refusal::of_batch(error, names)),
            (None, None) => Err(Failure::outcome_unknown("HubSpot's answer says nothing of the deal")),
        }
    }
}
