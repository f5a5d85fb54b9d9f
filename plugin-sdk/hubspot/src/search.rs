//! Searches. Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm>.

use serde::Serialize;
use serde_json::{Value, json};

/// A search for the first objects that pass any of its groups of filters.
#[derive(Clone, Debug, Serialize)]
pub struct Search<'a> {
    #[serde(rename = "filterGroups")]
    groups: Vec<Value>,
    properties: Vec<&'a str>,
    sorts: [&'static str; 0],
    limit: usize,
    after: &'static str,
}

impl<'a> Search<'a> {
    /// A search that brings these properties, of so many objects at most: 200 is HubSpot's own limit.
    pub fn of(properties: &[&'a str], most: usize) -> Self {
        Self { groups: Vec::new(), properties: properties.to_vec(), sorts: [], limit: most, after: "0" }
    }

    /// Adds a group next to those before: an object passes it, each of whose properties has its value.
    #[must_use]
    pub fn or_equal(self, all: &[(&str, &str)]) -> Self {
        self.or(all.iter().map(|(property, value)| (*property, "EQ", *value)))
    }

    /// Adds a group: an object passes it, whose text, this property, has the value among its words. The value is of letters and
    /// digits: what else a word may have, HubSpot doesn't say.
    pub(crate) fn or_word(self, property: &str, word: &str) -> Self {
        self.or(std::iter::once((property, "CONTAINS_TOKEN", word)))
    }

    fn or<'b>(mut self, all: impl Iterator<Item = (&'b str, &'static str, &'b str)>) -> Self {
        let filters: Vec<Value> = all
            .map(
                |(property, operator, value)| json!({ "propertyName": property, "operator": operator, "value": value }),
            )
            .collect();
        self.groups.push(json!({ "filters": filters }));
        self
    }
}
