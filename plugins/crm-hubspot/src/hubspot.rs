//! What all of HubSpot's objects have in common: properties, associations, searches, batches of one.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/understanding-the-crm>.

use aftercall::{Day, Failure, FailureKind, Instant, Request};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::arguments::RecordId;
use crate::refusal::{self, BatchError};

/// How many objects a search brings. Protects the model's context.
const SEARCH_RESULTS_MAX: u32 = 10;

/// Any object of the CRM, as far as it is read.
#[derive(Default, Deserialize)]
pub(crate) struct Object {
    pub(crate) id: String,
    /// In UTC, so that it sorts as text.
    #[serde(default, rename = "createdAt")]
    pub(crate) created_at: String,
    /// Texts, or null.
    #[serde(default)]
    properties: Map<String, Value>,
    /// Whether an upsert made it.
    #[serde(default)]
    pub(crate) new: bool,
    #[serde(default)]
    pub(crate) associations: Associations,
}

/// What an object was asked to be told with.
#[derive(Default, Deserialize)]
pub(crate) struct Associations {
    #[serde(default)]
    pub(crate) contacts: Associated,
    #[serde(default)]
    pub(crate) deals: Associated,
}

/// The objects of one kind that another is associated with.
#[derive(Default, Deserialize)]
pub(crate) struct Associated {
    #[serde(default)]
    results: Vec<AssociatedId>,
    /// There where these aren't all.
    paging: Option<IgnoredAny>,
}

/// One of them; it comes once for each label of the association.
#[derive(Deserialize)]
struct AssociatedId {
    id: String,
}

/// The first results of a search, or those of a batch.
#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) results: Vec<Object>,
    /// How many a search has found. A batch doesn't say it.
    #[serde(default)]
    total: usize,
}

/// The answer to an upsert of one. It is a success (207) even where the one failed.
#[derive(Deserialize)]
pub(crate) struct Upserted {
    #[serde(default)]
    results: Vec<Object>,
    #[serde(default)]
    errors: Vec<BatchError>,
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

/// Properties that are to be set; what isn't among them stays as it is.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Properties(Map<String, Value>);

/// HubSpot's own types of association from a note or a task, each with its inverse of another number
/// (<https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide>, "HubSpot defined association types").
pub(crate) struct AssociationTypes {
    pub(crate) to_contact: u32,
    pub(crate) to_deal: u32,
}

/// Where HubSpot keeps its objects.
pub(crate) fn url(objects: &str) -> String {
    format!("https://api.hubapi.com/crm/v3/objects/{objects}")
}

/// The one object that this request reads, if it is there.
pub(crate) async fn read(request: Request<'_>) -> Result<Option<Object>, Failure> {
    match refusal::told(request.send().await?) {
        Ok(answer) => answer.json().map(Some),
        Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The day as HubSpot keeps it: an instant, shown in each reader's time zone. Noon in UTC is the same day in nearly all.
pub(crate) fn noon(day: Day) -> String {
    format!("{day}T12:00:00Z")
}

/// An amount without zeros that say nothing.
fn plain(amount: &str) -> &str {
    if amount.contains('.') { amount.trim_end_matches('0').trim_end_matches('.') } else { amount }
}

/// An upsert of one object by a property with unique values.
pub(crate) fn upsert(id_property: &str, id: &str, properties: &Properties) -> Value {
    json!({ "inputs": [{ "idProperty": id_property, "id": id, "properties": properties }] })
}

/// A new object on a contact, and on a deal where there is one.
pub(crate) fn create(
    properties: &Properties,
    types: &AssociationTypes,
    contact_id: &RecordId,
    deal_id: Option<&RecordId>,
) -> Value {
    let to = |id: &RecordId, type_id: u32| {
        let kind = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id });
        json!({ "to": { "id": id }, "types": [kind] })
    };
    let mut associations = vec![to(contact_id, types.to_contact)];
    associations.extend(deal_id.map(|deal_id| to(deal_id, types.to_deal)));
    json!({ "properties": properties, "associations": associations })
}

impl Object {
    /// A property, where it is set.
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str().filter(|value| !value.is_empty())
    }

    /// A property as its own text, where it is set.
    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.property(name).map(str::to_owned)
    }

    /// Whether it is on this contact.
    pub(crate) fn is_of(&self, contact_id: &RecordId) -> bool {
        self.associations.contacts.ids().any(|id| id == contact_id.as_str())
    }

    /// Whether it has these properties.
    pub(crate) fn says(&self, asked: &Properties) -> bool {
        let is_same = |(name, asked): (&String, &Value)| {
            let (told, asked) = (self.property(name).unwrap_or_default(), asked.as_str().unwrap_or_default());
            let at_ms = |text: &str| text.parse().ok().map(Instant::as_ms);
            told.trim() == asked.trim()
                || (name == "amount" && plain(told) == plain(asked))
                || at_ms(told).is_some_and(|told| at_ms(asked) == Some(told))
        };
        asked.0.iter().all(is_same)
    }
}

impl Page {
    pub(crate) fn total(&self) -> usize {
        self.total.max(self.results.len())
    }

    /// Whether there are more than these.
    pub(crate) fn has_more(&self) -> bool {
        self.total() > self.results.len()
    }
}

impl Associated {
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.results.iter().map(|each| each.id.as_str())
    }

    /// Whether there are more of them than it was told with.
    pub(crate) fn has_more(&self) -> bool {
        self.paging.is_some()
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
    /// The one object of the batch.
    pub(crate) fn only(self, what: &str) -> Result<Object, Failure> {
        match (self.results.into_iter().next(), self.errors.into_iter().next()) {
            (Some(object), _) => Ok(object),
            (None, Some(error)) => Err(refusal::of_batch(what, error)),
            (None, None) => Err(Failure::outcome_unknown(format!("HubSpot's answer says nothing of the {what}"))),
        }
    }
}

impl Properties {
    /// Adds a property, where there is a value for it. A blank one would erase what is there, so it is none.
    pub(crate) fn set(mut self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        let value = value.as_ref().map_or("", |value| value.as_ref().trim());
        if !value.is_empty() {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names, as a request lists them.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.join(",")
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}
