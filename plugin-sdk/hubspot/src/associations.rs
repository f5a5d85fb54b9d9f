//! Associations: which objects belong together.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide>.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What an object was asked to be told with.
#[derive(Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct Associations {
    /// Contacts, where they were asked for.
    #[serde(default)]
    pub contacts: Associated,
    /// Deals, where they were asked for.
    #[serde(default)]
    pub deals: Associated,
}

/// The objects of one kind that another is associated with.
#[derive(Debug, Default, Deserialize)]
pub struct Associated {
    #[serde(default)]
    results: Vec<AssociatedId>,
    /// There where these aren't all.
    paging: Option<IgnoredAny>,
}

/// One of them.
#[derive(Debug, Deserialize)]
struct AssociatedId {
    id: String,
}

impl Associated {
    /// Their ids. One comes once for each label of the association.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.results.iter().map(|each| each.id.as_str())
    }

    /// Whether there are more of them than it was told with.
    pub fn has_more(&self) -> bool {
        self.paging.is_some()
    }
}

/// What a new object is associated with.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct NewAssociations(Vec<Value>);

impl NewAssociations {
    /// Adds the object with this id, by the number of one of HubSpot's own types of association, each of which has an inverse of
    /// another number (on the page above under "HubSpot defined association types").
    #[must_use]
    pub fn with(mut self, id: &str, type_id: u32) -> Self {
        let kind = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id });
        self.0.push(json!({ "to": { "id": id }, "types": [kind] }));
        self
    }
}
