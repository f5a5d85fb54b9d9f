//! What a question may come to, by name.

use aftercall::testing::{Fake, Reply, block_on};
use aftercall::{Failure, FailureKind, Finding, Outcome};
use aftercall_twice::refused::Said;
use serde::Deserialize;

/// What a question comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The tool has done what it was called for.
    Done,
    /// It says of what is in doubt that it happened.
    Happened,
    /// That it happened, otherwise than it is asked for.
    HappenedOtherwise,
    /// That it didn't.
    DidNotHappen,
    /// That it can't be told, or not yet.
    Unknown,
    /// It failed with `invalid-arguments`.
    InvalidArguments,
    /// With `not-found`.
    NotFound,
    /// With `denied`.
    Denied,
    /// With `misconfigured`.
    Misconfigured,
    /// With `conflict`.
    Conflict,
    /// With `rate-limited`.
    RateLimited,
    /// With `unavailable`.
    Unavailable,
    /// With `outcome-unknown`.
    OutcomeUnknown,
    /// With `other`.
    Other,
    /// In the data alone: `unavailable` where the request reads, and `outcome-unknown` where it writes.
    Doubt,
    /// In the data alone, of an exception: what the error's row says.
    AsItsRow,
}

impl Kind {
    /// What a tool said.
    pub fn of(result: &Result<Said, Failure>) -> Self {
        match result.as_ref().map_err(|failure| failure.kind) {
            Ok(Said::Did(_)) => Self::Done,
            Ok(Said::Found(Finding::Happened(_))) => Self::Happened,
            Ok(Said::Found(Finding::HappenedOtherwise(_))) => Self::HappenedOtherwise,
            Ok(Said::Found(Finding::DidNotHappen)) => Self::DidNotHappen,
            Ok(Said::Found(Finding::Unknown(_))) => Self::Unknown,
            Err(FailureKind::InvalidArguments) => Self::InvalidArguments,
            Err(FailureKind::NotFound) => Self::NotFound,
            Err(FailureKind::Denied) => Self::Denied,
            Err(FailureKind::Misconfigured) => Self::Misconfigured,
            Err(FailureKind::Conflict) => Self::Conflict,
            Err(FailureKind::RateLimited) => Self::RateLimited,
            Err(FailureKind::Unavailable) => Self::Unavailable,
            Err(FailureKind::OutcomeUnknown) => Self::OutcomeUnknown,
            Err(FailureKind::Other) => Self::Other,
        }
    }

    /// What the SDK makes of a status, where a plugin says no more of it.
    pub fn by_status(status: u16, reads: bool) -> Self {
        let url = "https://vendor.example/";
        let method = if reads { "GET" } else { "POST" };
        let fake = Fake::new().expect(&format!("{method} {url}"), Reply::text(status, ""));
        let answer = block_on(fake.context().request(method, url).send()).expect("it is answered");
        Self::of(&answer.ok().map(|_| Said::Did(Outcome::new(""))))
    }

    /// This kind of a failure of such a request.
    #[must_use]
    pub const fn of_request(self, reads: bool) -> Self {
        match (self, reads) {
            (Self::Doubt, true) => Self::Unavailable,
            (Self::Doubt, false) => Self::OutcomeUnknown,
            (kind, _) => kind,
        }
    }
}
