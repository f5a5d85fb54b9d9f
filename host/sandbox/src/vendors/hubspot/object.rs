//! What HubSpot keeps, and how it shows it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::time::iso;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Contacts,
    Notes,
    Tasks,
    Deals,
}

#[derive(Clone)]
pub(super) struct Object {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) properties: BTreeMap<String, String>,
    /// The contacts that a note, a task or a deal is on.
    pub(super) contacts: Vec<u64>,
    /// The deals that a note or a task is on.
    pub(super) deals: Vec<u64>,
    pub(super) created_ms: u64,
    pub(super) updated_ms: u64,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [Kind::Contacts, Kind::Notes, Kind::Tasks, Kind::Deals];

    /// By any of the names that the vendor's paths take.
    pub(super) fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| [kind.name(), kind.singular(), kind.type_id()].contains(&name))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Contacts => "contacts",
            Kind::Notes => "notes",
            Kind::Tasks => "tasks",
            Kind::Deals => "deals",
        }
    }

    pub(super) fn singular(self) -> &'static str {
        match self {
            Kind::Contacts => "contact",
            Kind::Notes => "note",
            Kind::Tasks => "task",
            Kind::Deals => "deal",
        }
    }

    fn type_id(self) -> &'static str {
        match self {
            Kind::Contacts => "0-1",
            Kind::Notes => "0-46",
            Kind::Tasks => "0-27",
            Kind::Deals => "0-3",
        }
    }

    /// The vendor's own number of the association from this kind to another.
    pub(super) fn association_to(self, to: Kind) -> Option<u64> {
        match (self, to) {
            (Kind::Notes, Kind::Contacts) => Some(202),
            (Kind::Notes, Kind::Deals) => Some(214),
            (Kind::Tasks, Kind::Contacts) => Some(204),
            (Kind::Tasks, Kind::Deals) => Some(216),
            (Kind::Deals, Kind::Contacts) => Some(3),
            _ => None,
        }
    }

    /// The names of the properties that hold the instants of creation and of the last change.
    pub(super) fn instants(self) -> [&'static str; 2] {
        match self {
            Kind::Contacts => ["createdate", "lastmodifieddate"],
            Kind::Notes | Kind::Tasks => ["hs_createdate", "hs_lastmodifieddate"],
            Kind::Deals => ["createdate", "hs_lastmodifieddate"],
        }
    }

    /// What an answer to a read holds besides the properties that were asked for.
    fn shown_by_default(self) -> &'static [&'static str] {
        match self {
            Kind::Contacts => &["createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"],
            Kind::Notes | Kind::Tasks => &["hs_createdate", "hs_lastmodifieddate", "hs_object_id"],
            Kind::Deals => &[
                "amount",
                "closedate",
                "createdate",
                "dealname",
                "dealstage",
                "hs_lastmodifieddate",
                "hs_object_id",
                "pipeline",
            ],
        }
    }
}

impl Object {
    pub(super) fn get(&self, property: &str) -> Option<String> {
        let [created, updated] = self.kind.instants();
        match property {
            "hs_object_id" => Some(self.id.to_string()),
            "hs_is_closed" if self.kind == Kind::Deals => {
                Some(self.properties.get("dealstage").is_some_and(|stage| stage.starts_with("closed")).to_string())
            }
            name if name == created => Some(iso(self.created_ms)),
            name if name == updated => Some(iso(self.updated_ms)),
            name => self.properties.get(name).cloned(),
        }
    }

    /// Whether a property has this value. As [`Object::get`] says, without making a text for each object of a search.
    pub(super) fn holds(&self, property: &str, value: &str) -> bool {
        match self.properties.get(property) {
            Some(held) => held == value,
            None => self.get(property).as_deref() == Some(value),
        }
    }

    /// Whether it has properties that aren't among these.
    pub(super) fn has_beside(&self, given: &BTreeMap<String, String>) -> bool {
        self.properties.keys().any(|name| !given.contains_key(name))
    }

    /// As a write answers: with every property that has a value.
    pub(super) fn written(&self) -> Value {
        let system = self.kind.instants().into_iter().chain(["hs_object_id"]);
        let names: Vec<&str> = self.properties.keys().map(String::as_str).chain(system).collect();
        self.with_properties(&names)
    }

    /// As a read answers: with the usual properties and those asked for.
    pub(super) fn shown(&self, asked: &[String]) -> Value {
        let names: Vec<&str> =
            asked.iter().map(String::as_str).chain(self.kind.shown_by_default().iter().copied()).collect();
        self.with_properties(&names)
    }

    fn with_properties(&self, names: &[&str]) -> Value {
        let properties: BTreeMap<&str, Option<String>> = names.iter().map(|name| (*name, self.get(name))).collect();
        json!({
            "id": self.id.to_string(),
            "properties": properties,
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.updated_ms),
            "archived": false,
        })
    }
}
