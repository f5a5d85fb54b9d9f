//! The tenant's side: which sequences there are, and whom they fit.

use std::collections::BTreeMap;

use aftercall::{Failure, FailureKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    sequences: BTreeMap<String, Sequence>,
    /// The custom field for what a person is interested in.
    pub(crate) interest_field: Option<String>,
}

/// A sequence, by the list whose new contacts enter it.
#[derive(Deserialize)]
pub(crate) struct Sequence {
    pub(crate) list_id: String,
    #[serde(rename = "for")]
    fits: String,
}

/// What `list_sequences` gives.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Offered {
    sequences: Vec<Offer>,
}

/// A sequence, for the model.
#[derive(Serialize, JsonSchema)]
struct Offer {
    name: String,
    /// Whom it fits.
    #[serde(rename = "for")]
    fits: String,
}

impl Settings {
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.sequences.keys().map(String::as_str).collect();
        names.join(", ")
    }

    pub(crate) fn offered(self) -> Offered {
        let offer = |(name, sequence): (String, Sequence)| Offer { name, fits: sequence.fits };
        Offered { sequences: self.sequences.into_iter().map(offer).collect() }
    }

    /// The sequence of this name.
    pub(crate) fn sequence(&self, name: &str) -> Result<&Sequence, Failure> {
        self.sequences.get(name).ok_or_else(|| {
            Failure::invalid_arguments(format!("there is no sequence {name:?}; there are: {}", self.names()))
        })
    }
}

impl Sequence {
    /// The failure where SendGrid has no such list. No argument can put that right, but another sequence may do.
    pub(crate) fn without_list(&self, name: &str, failure: Failure) -> Failure {
        let Self { list_id, .. } = self;
        let words = format!(
            "the sequence {name} can't be started: SendGrid has no list {list_id}; its list_id in the settings has to be corrected"
        );
        Failure { kind: FailureKind::NotFound, message: format!("{words} ({})", failure.message), ..failure }
    }
}
