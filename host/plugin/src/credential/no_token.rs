//! Why there is no token for a request. Nothing of the request has left then.

use aftercall_core::tool::FailureKind;

use super::{
    answer::{Fault, Refused},
    key::Unsigned,
    sealed,
};
use crate::door::Prohibited;

/// There is no token for a slot's request. It names no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no token for the credential `{slot}`: {why}{}", remedy(.why, .slot))]
pub(crate) struct NoToken {
    pub(super) slot: String,
    pub(super) why: Why,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Why {
    #[error("{host} refuses it ({refused})")]
    Refused {
        host: String,
        refused: Refused,
        /// Whether it was asked for with an assertion, which holds for minutes only.
        signed: bool,
    },
    #[error("{host} can't answer now (status {status})")]
    Failing { host: String, status: u16, retry_after_ms: Option<u64> },
    #[error("what {host} answers is no token: {what}")]
    Nonsense { host: String, what: &'static str },
    #[error("no answer of {host}: {why}")]
    Unreachable { host: String, why: String },
    #[error("{host} did not answer in time")]
    TimedOut { host: String },
    #[error(transparent)]
    Prohibited(Prohibited),
    #[error("the records of its refresh token: {0}")]
    Records(sealed::Error),
    #[error("another process is asking for one at this moment")]
    Claimed,
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
    #[error("the host is shutting down")]
    Ended,
}

/// The line of the configuration to look at.
fn remedy(why: &Why, slot: &str) -> String {
    match why {
        Why::Refused { signed: false, .. } => format!("; check what `credentials.{slot}` of the grant says"),
        Why::Refused { signed: true, .. } => {
            format!("; check what `credentials.{slot}` of the grant says, and the clock of this machine")
        }
        Why::Nonsense { .. } => format!("; check `credentials.{slot}.token_url` of the grant"),
        _ => String::new(),
    }
}

impl Why {
    pub(super) fn of(fault: Fault, host: String, signed: bool, retry_after_ms: Option<u64>) -> Self {
        match fault {
            Fault::Refused(refused) => Self::Refused { host, refused, signed },
            Fault::Failing(status) => Self::Failing { host, status, retry_after_ms },
            Fault::Nonsense(what) => Self::Nonsense { host, what },
        }
    }
}

impl NoToken {
    /// What the failure of a tool is that stands on it.
    pub(crate) fn kind(&self) -> FailureKind {
        match &self.why {
            Why::Refused { .. } | Why::Nonsense { .. } | Why::Prohibited(_) => FailureKind::Denied,
            Why::Failing { status: 429, .. } => FailureKind::RateLimited,
            _ => FailureKind::Unavailable,
        }
    }

    /// How long the vendor asks us to wait, in milliseconds.
    pub(crate) fn retry_after_ms(&self) -> Option<u64> {
        match self.why {
            Why::Failing { retry_after_ms, .. } => retry_after_ms,
            _ => None,
        }
    }
}
