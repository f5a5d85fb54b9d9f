//! What the things of a vendor are called in the tenant's CRM.

use serde_json::{Map, Value};

/// The settings of one vendor, by name, and what stands for those that aren't set. A type with a field for
/// each would make the component thirty kilobytes larger.
pub(crate) struct Names {
    set: Map<String, Value>,
    defaults: &'static [(&'static str, &'static str)],
}

impl Names {
    pub(crate) fn new(set: Map<String, Value>, defaults: &'static [(&'static str, &'static str)]) -> Self {
        Self { set, defaults }
    }

    /// What a thing is called. Empty where a setting is missing that the manifest requires, which the host lets nobody do.
    pub(crate) fn of(&self, name: &str) -> &str {
        let default = || self.defaults.iter().find(|(known, _)| *known == name).map(|(_, default)| *default);
        self.text(name).or_else(default).unwrap_or_default()
    }

    /// A text that may be left out.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.set.get(name)?.as_str()
    }

    /// A whole number, where it is set.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.set.get(name)?.as_i64()
    }

    /// A list of texts, where it is set.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.set.get(name)?.as_array()?.iter().filter_map(Value::as_str).collect())
    }
}
