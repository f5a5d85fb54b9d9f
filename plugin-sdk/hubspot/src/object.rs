//! Objects of the CRM, as far as they are read.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Properties;
use crate::associations::Associations;

/// Any object of the CRM.
#[derive(Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct Object {
    /// HubSpot's id of it.
    pub id: String,
    /// In UTC, so that it sorts as text.
    #[serde(default, rename = "createdAt")]
    pub created_at: String,
    /// Texts, or null.
    #[serde(default)]
    properties: Map<String, Value>,
    /// Whether an upsert made it.
    #[serde(default)]
    pub new: bool,
    /// What it was asked to be told with.
    #[serde(default)]
    pub associations: Associations,
}

/// The first results of a search, or those of a batch.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// What is told.
    pub results: Vec<Object>,
    /// How many a search has found. A batch doesn't say it.
    #[serde(default)]
    total: usize,
}

impl Object {
    /// A property, where it is set.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str().filter(|value| !value.is_empty())
    }

    /// A property as its own text, where it is set.
    pub fn owned(&self, name: &str) -> Option<String> {
        self.property(name).map(str::to_owned)
    }

    /// Whether it was told that this contact is associated with it.
    pub fn is_of(&self, contact_id: &str) -> bool {
        self.associations.contacts.ids().any(|id| id == contact_id)
    }

    /// Whether it has these properties. HubSpot trims texts, and writes numbers and instants in its own way.
    pub fn says(&self, asked: &Properties) -> bool {
        asked.are_those_of(|name| self.property(name).unwrap_or_default())
    }
}

impl Page {
    /// How many were found.
    pub fn total(&self) -> usize {
        self.total.max(self.results.len())
    }

    /// Whether more were found than are told.
    pub fn has_more(&self) -> bool {
        self.total() > self.results.len()
    }
}
