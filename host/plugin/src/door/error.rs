//! Why a request doesn't pass.

use aftercall_core::{egress::Denial, ports::RecordsError};
use http::HeaderName;

use super::address::Prohibited;
use crate::{
    credential::NoToken,
    limits::{REDIRECTS_MAX, Reached},
};

/// Why a request did not leave, or why its answer can't be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The policy doesn't allow it.
    #[error("the request was refused: {0}")]
    Denied(#[from] Denial),
    /// It can be read in more than one way, or in none.
    #[error("the request can't be sent: {0}")]
    Invalid(&'static str),
    /// It sets a header that is the host's alone.
    #[error("the request can't be sent: the header `{0}` is the host's to set")]
    ForbiddenHeader(HeaderName),
    /// It leads where nobody may go.
    #[error("the request was refused: {0}")]
    Prohibited(#[from] Prohibited),
    /// The call has used up what it may.
    #[error(transparent)]
    Limit(#[from] Reached),
    /// There is no token to put on it.
    #[error(transparent)]
    NoToken(#[from] NoToken),
    /// The records did not take note of the write.
    #[error("the write was not let out, since it could not be recorded: {0}")]
    NotRecorded(RecordsError),
    /// The call is over.
    #[error("the call has ended: nothing leaves any more")]
    Closed,
    /// The vendor is left alone, so nothing left.
    #[error(
        "nothing was sent to {host}, which has failed {failures} times in a row: it is asked again in {} s",
        ask_again_ms.div_ceil(1000)
    )]
    Failing {
        /// Who.
        host: String,
        /// In a row.
        failures: u32,
        /// When it is asked again, in milliseconds from then.
        ask_again_ms: u64,
    },
    /// No connection came about, so nothing left.
    #[error("no connection to {host}: {why}")]
    Unreachable {
        /// To whom.
        host: String,
        /// Why.
        why: String,
    },
    /// The answer did not come in time.
    #[error("{host} did not answer in time")]
    TimedOut {
        /// Who.
        host: String,
    },
    /// The answer did not come whole.
    #[error("the answer of {host} broke off: {why}")]
    Broken {
        /// Whose.
        host: String,
        /// Why.
        why: String,
    },
    /// A redirect that has no meaning, or a bad one.
    #[error("the redirect of {host} is not followed: {why}")]
    BadRedirect {
        /// Whose.
        host: String,
        /// Why.
        why: &'static str,
    },
    /// A redirect after others, or back to where it came from.
    #[error("{host} redirects more than {REDIRECTS_MAX} times, or in a circle")]
    Circle {
        /// Who was asked last.
        host: String,
    },
    /// The component did not send what it had begun.
    #[error("the request can't be sent: the component broke off its body")]
    BrokenOff,
    /// The answer can't be searched for credentials.
    #[error("{host} answered in an encoding that was not asked for")]
    Encoded {
        /// Who.
        host: String,
    },
}
