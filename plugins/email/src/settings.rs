//! The tenant's settings: whom email comes from, and all that may be sent but for what a text says.

use aftercall::{Context, Email, Failure, Named};
use serde::Deserialize;

use crate::followups::Followup;
use crate::sendgrid::Region;
use crate::sequences::Sequence;
use crate::templates::Template;

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    #[serde(default)]
    pub(crate) sequences: Named<Sequence>,
    /// The custom field for what a person is interested in.
    pub(crate) interest_field: Option<String>,
    /// Where the account is.
    #[serde(default)]
    pub(crate) region: Region,
    sender: Option<Sender>,
    /// The group that follow-ups belong to.
    pub(crate) unsubscribe_group: Option<u64>,
    #[serde(default)]
    pub(crate) templates: Named<Template>,
    #[serde(default)]
    pub(crate) followups: Named<Followup>,
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
        self.templates.names()
    }

    pub(crate) fn followup_names(&self) -> Vec<String> {
        self.followups.names()
    }

    pub(crate) fn sequence_names(&self) -> Vec<String> {
        self.sequences.names()
    }

    /// The sequence of this name.
    pub(crate) fn sequence(&self, name: &str) -> Result<&Sequence, Failure> {
        self.sequences.named(name, "sequence", "sequences")
    }

    /// The template of this name.
    pub(crate) fn template(&self, name: &str) -> Result<&Template, Failure> {
        self.templates.named(name, "template", "templates")
    }

    /// The follow-up of this name.
    pub(crate) fn followup(&self, name: &str) -> Result<&Followup, Failure> {
        self.followups.named(name, "followup", "followups")
    }
}

fn without(setting: &str) -> Failure {
    Failure::of_settings(&[setting], format!("there is no `{setting}`, without which this can't be done"))
}

/// Names, for the model.
pub(crate) fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
