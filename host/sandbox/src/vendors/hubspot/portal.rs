//! What an account has added to HubSpot's own, and what it begins with.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::Kind;

/// The pipeline of each account.
pub(super) const DEFAULT_PIPELINE: &str = "default";

const DEFAULT_STAGES: &[&str] = &[
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
];

/// An account's own properties and pipelines.
#[derive(Clone, Default)]
pub(super) struct Portal {
    properties: Properties,
    /// The stages of each pipeline.
    pipelines: BTreeMap<String, Vec<String>>,
    /// The ids of its sequences.
    pub(super) sequences: BTreeSet<String>,
}

/// What an account begins with.
pub(super) struct Seed {
    pub(super) portal: Portal,
    /// Each contact's properties.
    pub(super) contacts: Vec<Value>,
}

/// The properties that an account has added, by kind. A deal's are texts with unique values.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Properties {
    contacts: BTreeSet<String>,
    deals: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    properties: Properties,
    #[serde(default)]
    pipelines: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    sequences: BTreeSet<String>,
    #[serde(default)]
    contacts: Vec<Value>,
}

impl Seed {
    pub(super) fn read(seed: &Value) -> Result<Seed, String> {
        if !seed.is_object() {
            return Err("give an object of properties, pipelines, sequences and contacts".to_owned());
        }
        let written = Written::deserialize(seed).map_err(|error| error.to_string())?;
        let portal =
            Portal { properties: written.properties, pipelines: written.pipelines, sequences: written.sequences };
        Ok(Seed { portal, contacts: written.contacts })
    }
}

impl Portal {
    pub(super) fn has_added(&self, kind: Kind, property: &str) -> bool {
        match kind {
            Kind::Contacts => self.properties.contacts.contains(property),
            Kind::Deals => self.properties.deals.contains(property),
            Kind::Notes | Kind::Tasks => false,
        }
    }

    /// Whether two objects can't have the same value of this property.
    pub(super) fn is_unique(&self, kind: Kind, property: &str) -> bool {
        match kind {
            Kind::Contacts => property == "email",
            Kind::Deals => self.properties.deals.contains(property),
            Kind::Notes | Kind::Tasks => false,
        }
    }

    pub(super) fn pipelines(&self) -> Vec<&str> {
        self.pipelines.keys().map(String::as_str).chain([DEFAULT_PIPELINE]).collect()
    }

    /// The stages of a pipeline, where there is such a one.
    pub(super) fn stages(&self, pipeline: &str) -> Option<Vec<&str>> {
        match self.pipelines.get(pipeline) {
            Some(stages) => Some(stages.iter().map(String::as_str).collect()),
            None => (pipeline == DEFAULT_PIPELINE).then(|| DEFAULT_STAGES.to_vec()),
        }
    }
}
