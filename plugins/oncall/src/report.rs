//! What the model has to say of a problem, and of what became of it.

use aftercall::{PhoneNumber, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad it is. PagerDuty's words.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Critical,
    Error,
    Warning,
    Info,
}

/// A problem.
pub(crate) struct Report {
    pub(crate) service: String,
    pub(crate) summary: Text,
    pub(crate) severity: Severity,
    pub(crate) details: Option<Text>,
    pub(crate) ticket_url: Option<String>,
    pub(crate) caller_phone: Option<PhoneNumber>,
}

/// What is to become of an alert.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    /// Somebody is at work on it.
    Acknowledge,
    /// It is over.
    Resolve,
}

impl Change {
    /// The word for the request.
    pub(crate) const fn request(self) -> &'static str {
        match self {
            Change::Acknowledge => "acknowledgement",
            Change::Resolve => "resolution",
        }
    }

    /// Whether people can take it back.
    pub(crate) const fn may_be_undone(self) -> bool {
        matches!(self, Change::Acknowledge)
    }

    /// The word for an alert of which it is true.
    pub(crate) const fn done(self) -> &'static str {
        match self {
            Change::Acknowledge => "acknowledged",
            Change::Resolve => "resolved",
        }
    }
}
