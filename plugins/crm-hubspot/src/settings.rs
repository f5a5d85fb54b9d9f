//! The tenant's side: what a model may choose from by name, and what it may not choose.

use aftercall::{Failure, Named, NationalNumbers, Offer, Receipt};
use aftercall_hubspot::{CONTACT, DEAL, linked};
use serde::Deserialize;

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    portal_id: Option<String>,
    /// How long what was made may be missing from where it is looked for.
    #[serde(default = "search_lag_ms")]
    pub(crate) search_lag_ms: u64,
    /// How contacts' numbers stand that lack their country. Without it, such numbers count for nothing.
    pub(crate) national_numbers: Option<NationalNumbers>,
    deal_key_property: Option<String>,
    #[serde(default)]
    deal_stages: Named<Stage>,
    pub(crate) task_owner_id: Option<String>,
    #[serde(default)]
    sequences: Named<Sequence>,
    sequence_sender: Option<Sender>,
}

const fn search_lag_ms() -> u64 {
    60_000
}

/// A stage that deals may be put in, by HubSpot's own ids.
#[derive(Deserialize)]
pub(crate) struct Stage {
    pub(crate) pipeline: String,
    pub(crate) stage: String,
    #[serde(rename = "for")]
    fits: String,
}

/// A sequence that contacts may be enrolled in.
#[derive(Deserialize)]
pub(crate) struct Sequence {
    pub(crate) sequence_id: String,
    #[serde(rename = "for")]
    fits: String,
}

/// The user in whose name sequences are sent.
#[derive(Deserialize)]
pub(crate) struct Sender {
    pub(crate) user_id: String,
    pub(crate) email: String,
}

impl Settings {
    /// The deal property with unique values that holds our key.
    pub(crate) fn deal_key_property(&self) -> Result<&str, Failure> {
        self.deal_key_property.as_deref().ok_or_else(|| {
            Failure::misconfigured(
                "no deal can be made, only updated by its deal_id: the plugin's settings would have to name a deal \
                 property with unique values as `deal_key_property`",
            )
        })
    }

    /// Whether a new deal can be made, which needs our key and a stage.
    pub(crate) fn makes_deals(&self) -> bool {
        self.deal_key_property.is_some() && !self.deal_stages.is_empty()
    }

    /// The stage of this name.
    pub(crate) fn stage(&self, name: &str) -> Result<&Stage, Failure> {
        self.deal_stages.named(name, "stage", "deal_stages")
    }

    /// The name of the stage that a deal is in, where it is one of these.
    pub(crate) fn stage_name(&self, pipeline: &str, stage: &str) -> Option<&str> {
        let found = self.deal_stages.iter().find(|(_, known)| known.pipeline == pipeline && known.stage == stage);
        found.map(|(name, _)| name)
    }

    pub(crate) fn stage_names(&self) -> Vec<String> {
        self.deal_stages.names()
    }

    pub(crate) fn stages(&self) -> Vec<Offer> {
        self.deal_stages.offers(|stage| &stage.fits)
    }

    /// The sequence of this name, and the sender.
    pub(crate) fn sequence(&self, name: &str) -> Result<(&Sequence, &Sender), Failure> {
        let sequence = self.sequences.named(name, "sequence", "sequences")?;
        let sender = self.sequence_sender.as_ref().ok_or_else(|| {
            Failure::misconfigured("the plugin's settings would have to say in whose name: `sequence_sender`")
        })?;
        Ok((sequence, sender))
    }

    pub(crate) fn sequence_names(&self) -> Vec<String> {
        self.sequences.names()
    }

    pub(crate) fn has_sequences(&self) -> bool {
        !self.sequences.is_empty()
    }

    pub(crate) fn sequences(&self) -> Vec<Offer> {
        self.sequences.offers(|sequence| &sequence.fits)
    }

    /// The receipt for what is shown on a contact's page.
    pub(crate) fn receipt_on_contact(&self, kind: &str, id: &str, contact_id: &str) -> Receipt {
        linked(Receipt::new(kind, id), self.portal_id.as_deref(), CONTACT, contact_id)
    }

    /// The receipt for what is shown on a deal's page.
    pub(crate) fn receipt_on_deal(&self, kind: &str, id: &str, deal_id: &str) -> Receipt {
        linked(Receipt::new(kind, id), self.portal_id.as_deref(), DEAL, deal_id)
    }

    /// The receipt for a deal.
    pub(crate) fn receipt_of_deal(&self, id: &str) -> Receipt {
        self.receipt_on_deal("deal", id, id)
    }
}
