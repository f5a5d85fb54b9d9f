//! What the host does about an effect in doubt (`aftercall_core::ledger` decides it there).

use aftercall::{Effect, Failure, FailureKind, Finding, Outcome};
use aftercall_core::assistant::{Jitter, Retries};
use aftercall_core::egress::Sends;
use aftercall_core::run::SETTLE_ROUNDS_MAX;

use crate::stage::{Asked, Stage};

/// How often an effect is attempted.
const ATTEMPTS_MAX: u32 = 3;
const PAUSE_MS: u64 = 1_000;

/// How a host goes on with an effect in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// As ours does.
    Careful,
    /// It tries again what is done once, without asking.
    RepeatsBlindly,
    /// It tries again under another key.
    ForgetsItsKey,
    /// Asked to ask again later, it takes it that nothing happened.
    WontWait,
}

/// Why a host doesn't know in the end that the effect happened.
#[derive(Debug, thiserror::Error)]
pub enum Stuck {
    /// A call before it failed, which nothing disturbed.
    #[error("{tool} before it: {failure:?}")]
    Before {
        /// Its tool.
        tool: String,
        /// How.
        failure: Failure,
    },
    /// An attempt whose write was disturbed failed as if it were known what came of it.
    #[error("attempt {attempt} doesn't say that the outcome is unknown: {failure:?}")]
    Sure {
        /// From 1.
        attempt: u32,
        /// How.
        failure: Failure,
    },
    /// The last attempt that is made was in doubt.
    #[error("{ATTEMPTS_MAX} attempts were in doubt: {0:?}")]
    InDoubt(Failure),
    /// The tool has no `reconcile`.
    #[error("nobody can say whether it happened")]
    NotReconcilable,
    /// Asked, the plugin failed.
    #[error("it can't be found out whether it happened: {0:?}")]
    Unanswered(Failure),
    /// The plugin found something else than what it was asked for.
    #[error("it happened otherwise than it was asked for: {0:?}")]
    Otherwise(Outcome),
    /// The plugin says that it will never be able to tell.
    #[error("a person would be asked whether it happened")]
    Unknowable,
    /// It was asked as often as a host asks.
    #[error("it stays unknown whether it happened")]
    StaysUnknown,
}

/// What is known of an effect that was in doubt.
enum Settled {
    Happened(Outcome),
    DidNotHappen,
}

impl Stuck {
    /// The kind of the failure that it ends with, in the contract's word; or what else it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Stuck::Before { failure, .. } | Stuck::Sure { failure, .. } => word(failure.kind),
            Stuck::InDoubt(failure) | Stuck::Unanswered(failure) => word(failure.kind),
            Stuck::NotReconcilable => "not-reconcilable",
            Stuck::Otherwise(_) => "happened-otherwise",
            Stuck::Unknowable => "unknowable",
            Stuck::StaysUnknown => "stays-unknown",
        }
    }
}

fn word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::InvalidArguments => "invalid-arguments",
        FailureKind::NotFound => "not-found",
        FailureKind::Denied => "denied",
        FailureKind::Conflict => "conflict",
        FailureKind::Misconfigured => "misconfigured",
        FailureKind::RateLimited => "rate-limited",
        FailureKind::Unavailable => "unavailable",
        FailureKind::OutcomeUnknown => "outcome-unknown",
        FailureKind::Other => "other",
    }
}

impl Stage {
    pub(crate) fn attempt(&self, asked: &Asked<'_>, attempt: u32) -> Result<Outcome, Failure> {
        let outside = self.outside(asked, attempt, self.now(), Sends::Anything);
        self.within(outside, |outside| (self.exports.call)(outside, &asked.tool.name, asked.arguments.clone()))
    }

    /// Attempts an effect until it has happened.
    pub(crate) fn carry_out(&self, asked: &mut Asked<'_>, host: Host) -> Result<Outcome, Stuck> {
        let mut attempt = 1;
        loop {
            let began = self.now();
            let failure = match self.attempt(asked, attempt) {
                Ok(outcome) => return Ok(outcome),
                Err(failure) => failure,
            };
            // One that is repeated may be refused since it happened: then it is asked, where that can be.
            if matches!(host, Host::Careful | Host::WontWait)
                && attempt > 1
                && asked.tool.reconcilable
                && let Settled::Happened(outcome) = self.settle(asked, attempt, began, host)?
            {
                return Ok(outcome);
            }
            // The one write that was disturbed has left, and nobody knows what came of it; unless the tool took back what
            // it did, and can say so.
            if failure.kind != FailureKind::OutcomeUnknown && !self.is_undone(asked, attempt, began, &failure) {
                return Err(Stuck::Sure { attempt, failure });
            }
            self.wait(PAUSE_MS);
            if host == Host::ForgetsItsKey {
                asked.forget_key();
            }
            if asked.tool.effect == Effect::Once
                && host != Host::RepeatsBlindly
                && let Settled::Happened(outcome) = self.settle(asked, attempt, began, host)?
            {
                return Ok(outcome);
            }
            attempt += 1;
            if attempt > ATTEMPTS_MAX {
                return Err(Stuck::InDoubt(failure));
            }
        }
    }

    /// Whether a tool that may be tried again says that there is nothing of the effect, also when it is asked.
    fn is_undone(&self, asked: &Asked<'_>, attempt: u32, began: u64, failure: &Failure) -> bool {
        failure.kind == FailureKind::Unavailable
            && matches!(self.settle(asked, attempt, began, Host::Careful), Ok(Settled::DidNotHappen))
    }

    /// Asks whether an effect happened that is never repeated in doubt.
    fn settle(&self, asked: &Asked<'_>, attempt: u32, began: u64, host: Host) -> Result<Settled, Stuck> {
        if !asked.tool.reconcilable {
            return Err(Stuck::NotReconcilable);
        }
        let patient = Retries { attempts_max: u32::MAX, ..Retries::default() };
        for round in 1..=SETTLE_ROUNDS_MAX {
            let outside = self.outside(asked, attempt, began, Sends::ReadsOf("reconcile"));
            let ask = |outside: &_| (self.exports.reconcile)(outside, &asked.tool.name, asked.arguments.clone());
            match self.within(outside, ask) {
                Ok(Finding::Happened(outcome)) => return Ok(Settled::Happened(outcome)),
                Ok(Finding::HappenedOtherwise(outcome)) => {
                    return Err(Stuck::Otherwise(outcome));
                }
                Ok(Finding::DidNotHappen) => return Ok(Settled::DidNotHappen),
                Ok(Finding::Unknown(Some(_))) if host == Host::WontWait => return Ok(Settled::DidNotHappen),
                Ok(Finding::Unknown(Some(wait_ms))) => {
                    let pause_ms = patient.pause_after(round, Jitter::new(0), Some(wait_ms));
                    self.wait(pause_ms.expect("there is no last attempt"));
                }
                Ok(Finding::Unknown(None)) => return Err(Stuck::Unknowable),
                Err(failure) => return Err(Stuck::Unanswered(failure)),
            }
        }
        Err(Stuck::StaysUnknown)
    }
}
