//! What the host does about an effect in doubt (`aftercall_core::ledger` decides it there).

use aftercall::{Effect, Failure, FailureKind, Finding, Outcome};
use aftercall_core::egress::Sends;

use crate::stage::{Asked, Stage};

/// How often an effect is attempted.
const ATTEMPTS_MAX: u32 = 3;
/// How often it is asked whether an effect happened.
const QUESTIONS_MAX: u32 = 20;
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
}

/// What is known of an effect that was in doubt.
enum Settled {
    Happened(Outcome),
    DidNotHappen,
}

impl Stage {
    pub(crate) fn attempt(&self, asked: &Asked<'_>, attempt: u32) -> Result<Outcome, Failure> {
        let outside = self.outside(asked, attempt, self.now(), Sends::Anything);
        self.within(outside, |outside| (self.exports.call)(outside, &asked.tool.name, asked.arguments.clone()))
    }

    /// Attempts an effect until it has happened.
    pub(crate) fn carry_out(&self, asked: &mut Asked<'_>, host: Host) -> Result<Outcome, String> {
        let mut attempt = 1;
        loop {
            let began = self.now();
            let failure = match self.attempt(asked, attempt) {
                Ok(outcome) => return Ok(outcome),
                Err(failure) => failure,
            };
            // One that is repeated may be refused since it happened: then it is asked, where that can be.
            if host == Host::Careful
                && attempt > 1
                && asked.tool.reconcilable
                && let Settled::Happened(outcome) = self.settle(asked, attempt, began)?
            {
                return Ok(outcome);
            }
            // The one write that was disturbed has left, and nobody knows what came of it; unless the tool took back what
            // it did, and can say so.
            if failure.kind != FailureKind::OutcomeUnknown && !self.is_undone(asked, attempt, began, &failure) {
                return Err(format!("attempt {attempt} doesn't say that the outcome is unknown: {failure:?}"));
            }
            self.wait(PAUSE_MS);
            if host == Host::ForgetsItsKey {
                asked.forget_key();
            }
            if asked.tool.effect == Effect::Once
                && host != Host::RepeatsBlindly
                && let Settled::Happened(outcome) = self.settle(asked, attempt, began)?
            {
                return Ok(outcome);
            }
            attempt += 1;
            if attempt > ATTEMPTS_MAX {
                return Err(format!("{ATTEMPTS_MAX} attempts were in doubt: {failure:?}"));
            }
        }
    }

    /// Whether a tool that may be tried again says that there is nothing of the effect, also when it is asked.
    fn is_undone(&self, asked: &Asked<'_>, attempt: u32, began: u64, failure: &Failure) -> bool {
        failure.kind == FailureKind::Unavailable
            && matches!(self.settle(asked, attempt, began), Ok(Settled::DidNotHappen))
    }

    /// Asks whether an effect happened that is never repeated in doubt.
    fn settle(&self, asked: &Asked<'_>, attempt: u32, began: u64) -> Result<Settled, String> {
        if !asked.tool.reconcilable {
            return Err("nobody can say whether it happened".to_owned());
        }
        for _ in 0..QUESTIONS_MAX {
            let outside = self.outside(asked, attempt, began, Sends::ReadsOf("reconcile"));
            let ask = |outside: &_| (self.exports.reconcile)(outside, &asked.tool.name, asked.arguments.clone());
            match self.within(outside, ask) {
                Ok(Finding::Happened(outcome)) => return Ok(Settled::Happened(outcome)),
                Ok(Finding::HappenedOtherwise(outcome)) => {
                    return Err(format!("it found something else than what it was asked for: {outcome:?}"));
                }
                Ok(Finding::DidNotHappen) => return Ok(Settled::DidNotHappen),
                Ok(Finding::Unknown(Some(wait_ms))) => self.wait(wait_ms),
                Ok(Finding::Unknown(None)) => return Err("a person would be asked whether it happened".to_owned()),
                Err(failure) => return Err(format!("it can't be found out whether it happened: {failure:?}")),
            }
        }
        Err("it stays unknown whether it happened".to_owned())
    }
}
