//! The tenant's settings: whom email comes from, and all that may be sent but for what a text says.

use std::collections::BTreeMap;

use aftercall::{Context, Email, Failure};
use serde::Deserialize;

use crate::followups::Followup;
use crate::sendgrid::Region;
use crate::sequences::Sequence;
use crate::templates::Template;

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    #[serde(default)]
    pub(crate) sequences: BTreeMap<String, Sequence>,
    /// The custom field for what a person is interested in.
    pub(crate) interest_field: Option<String>,
    /// Where the account is.
    #[serde(default)]
    pub(crate) region: Region,
    sender: Option<Sender>,
    /// The group that follow-ups belong to.
    pub(crate) unsubscribe_group: Option<u64>,
    #[serde(default)]
    pub(crate) templates: BTreeMap<String, Template>,
    #[serde(default)]
    pub(crate) followups: BTreeMap<String, Followup>,
    /// Whether the account has the Email Activity API.
    #[serde(default)]
    pub(crate) activity: bool,
    /// How long an email that was taken may be missing there.
    #[serde(default = "activity_lag_ms")]
    pub(crate) activity_lag_ms: u64,
}

/// Whom email comes from, and who gets the replies.
#[derive(Deserialize)]
pub(crate) struct Sender {
    pub(crate) email: Email,
    pub(crate) name: Option<String>,
    pub(crate) reply_to: Option<Email>,
}

const fn activity_lag_ms() -> u64 {
    15 * 60 * 1_000
}

impl Settings {
    pub(crate) fn of(cx: &Context) -> Result<Self, Failure> {
        cx.settings()
    }

    pub(crate) fn sender(&self) -> Result<&Sender, Failure> {
        self.sender.as_ref().ok_or_else(|| without("sender"))
    }

    pub(crate) fn group_id(&self) -> Result<u64, Failure> {
        self.unsubscribe_group.ok_or_else(|| without("unsubscribe_group"))
    }

    pub(crate) fn can_send(&self) -> bool {
        self.sender.is_some()
    }

    pub(crate) fn has_templates(&self) -> bool {
        !self.templates.is_empty()
    }

    pub(crate) fn has_followups(&self) -> bool {
        !self.followups.is_empty()
    }

    pub(crate) fn has_sequences(&self) -> bool {
        !self.sequences.is_empty()
    }

    pub(crate) fn template_names(&self) -> Vec<String> {
        self.templates.keys().cloned().collect()
    }

    pub(crate) fn followup_names(&self) -> Vec<String> {
        self.followups.keys().cloned().collect()
    }

    pub(crate) fn sequence_names(&self) -> Vec<String> {
        self.sequences.keys().cloned().collect()
    }

    /// The sequence of this name.
    pub(crate) fn sequence(&self, name: &str) -> Result<&Sequence, Failure> {
        named(&self.sequences, "sequence", name)
    }

    /// The template of this name.
    pub(crate) fn template(&self, name: &str) -> Result<&Template, Failure> {
        named(&self.templates, "template", name)
    }

    /// The follow-up of this name.
    pub(crate) fn followup(&self, name: &str) -> Result<&Followup, Failure> {
        named(&self.followups, "followup", name)
    }
}

fn without(setting: &str) -> Failure {
    Failure::of_settings(&[setting], format!("there is no `{setting}`, without which this can't be done"))
}

fn named<'a, T>(all: &'a BTreeMap<String, T>, argument: &str, name: &str) -> Result<&'a T, Failure> {
    all.get(name).ok_or_else(|| Failure::no_such(argument, name, all.keys()))
}

/// The names, for the model.
pub(crate) fn names<T>(all: &BTreeMap<String, T>) -> String {
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
