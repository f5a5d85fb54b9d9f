//! One tool call of a reply, from its making to its end.

use crate::{
    assistant::{Jitter, Retries},
    effect::EffectKey,
    run::{Attempt, AttemptResult, Found, Refusal},
    time::Timestamp,
    tool::{Effect, Failure, FailureKind, LogLine, Outcome},
};

/// Rounds of asking about an effect in doubt before a person is asked instead: with the default pauses, 19 to
/// 38 minutes of a vendor's lagging index.
pub const SETTLE_ROUNDS_MAX: u32 = 16;

/// One tool call of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// What its tool declared; `read` for a call that was refused.
    pub effect: Effect,
    /// Where it stands.
    pub status: Status,
    /// The effect's key, once an attempt has told it.
    pub key: Option<EffectKey>,
    /// Attempts at the effect, as the ledger counts.
    pub tries: u32,
    /// The component's lines, of all attempts.
    pub log: Vec<LogLine>,
}

/// Where a call stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Status {
    /// Something is to be done for it, once it is its turn.
    Open {
        /// What.
        step: Step,
        /// Not before then.
        not_before: Option<Timestamp>,
        /// How the last attempt failed.
        failure: Option<Failure>,
        /// Whether an attempt so far may have made the effect happen.
        in_doubt: bool,
    },
    /// It has ended.
    Ended(CallEnd),
}

/// What is to be done for an open call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The attempt of that number, from 1.
    Attempt(u32),
    /// The settling round of that number, from 1, after the attempt of that number.
    Settle {
        /// The attempt in doubt.
        attempt: u32,
        /// The round.
        round: u32,
    },
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CallEnd {
    /// It succeeded.
    Done(Outcome),
    /// The same effect had been done before; nothing was sent.
    Known(Outcome),
    /// The same effect had been done before with other arguments; nothing was sent.
    Conflict(Outcome),
    /// It failed.
    Failed(Failure),
    /// It was refused before anything ran.
    Refused(Refusal),
    /// It may have happened, and a person must look.
    Unknowable,
    /// The run stopped before it was its turn.
    Dropped,
}

impl Call {
    pub(super) fn open(effect: Effect) -> Self {
        let status = Status::Open { step: Step::Attempt(1), not_before: None, failure: None, in_doubt: false };
        Self { effect, status, key: None, tries: 0, log: Vec::new() }
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self { status: Status::Ended(CallEnd::Refused(refusal)), ..Self::open(Effect::Read) }
    }

    /// How it ended, if it has.
    pub fn end(&self) -> Option<&CallEnd> {
        match &self.status {
            Status::Ended(end) => Some(end),
            Status::Open { .. } => None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.end().is_none()
    }

    /// Takes in how an attempt ended. `stopping`: nothing is repeated any more.
    pub(super) fn attempted(&mut self, number: u32, attempt: &Attempt, at: Timestamp, rules: Rules<'_>) {
        self.key.clone_from(&attempt.key);
        self.tries = attempt.tries;
        self.log.extend(attempt.log.iter().cloned());
        self.status = match &attempt.result {
            AttemptResult::Done(outcome) => Status::Ended(CallEnd::Done(outcome.clone())),
            AttemptResult::Known(outcome) => Status::Ended(CallEnd::Known(outcome.clone())),
            AttemptResult::Conflict(outcome) => Status::Ended(CallEnd::Conflict(outcome.clone())),
            AttemptResult::Unknowable => Status::Ended(CallEnd::Unknowable),
            AttemptResult::Failed(failure) if !self.is_in_doubt() => {
                let pause = rules.pause(number, attempt.jitter, failure);
                match pause.filter(|_| failure.kind.passes_with_time()) {
                    Some(pause) => Status::paused(number + 1, at.plus_ms(pause), failure, false),
                    None => Status::Ended(CallEnd::Failed(failure.clone())),
                }
            }
            AttemptResult::Failed(failure) | AttemptResult::InDoubt(failure) => {
                let pause = rules.pause(number, attempt.jitter, failure);
                match pause.filter(|_| self.effect != Effect::Once) {
                    Some(pause) => Status::paused(number + 1, at.plus_ms(pause), failure, true),
                    None => Status::settling(number, failure),
                }
            }
        };
    }

    /// Takes in what was found of the effect in doubt.
    pub(super) fn settled(&mut self, round: u32, found: &Found, jitter: Jitter, at: Timestamp, rules: Rules<'_>) {
        let Status::Open { step: Step::Settle { attempt, .. }, failure, .. } = &self.status else {
            return;
        };
        let (attempt, failure) = (*attempt, failure.clone());
        self.status = match found {
            Found::Happened(outcome) => Status::Ended(CallEnd::Done(outcome.clone())),
            Found::NotYet { .. } if round >= SETTLE_ROUNDS_MAX => Status::Ended(CallEnd::Unknowable),
            Found::Never => Status::Ended(CallEnd::Unknowable),
            Found::DidNotHappen if !rules.stopping && attempt < rules.retries.attempts_max => {
                Status::Open { step: Step::Attempt(attempt + 1), not_before: None, failure, in_doubt: false }
            }
            Found::DidNotHappen => Status::Ended(CallEnd::Failed(Failure {
                kind: FailureKind::Unavailable,
                ..failure.unwrap_or_else(|| Failure::new(FailureKind::Unavailable, "it did not happen"))
            })),
            Found::NotYet { ask_again_ms } => {
                let patient = Retries { attempts_max: u32::MAX, ..*rules.retries };
                let pause = patient.pause_after(round, jitter, *ask_again_ms).unwrap_or(patient.pause_ms_max);
                Status::Open {
                    step: Step::Settle { attempt, round: round + 1 },
                    not_before: Some(at.plus_ms(pause)),
                    failure,
                    in_doubt: true,
                }
            }
        };
    }

    /// The run stops: what hasn't begun won't begin. An attempt in flight is awaited, a doubt is settled.
    pub(super) fn stop(&mut self, in_flight: bool) {
        let Status::Open { step: Step::Attempt(next), failure, in_doubt, .. } = &self.status else { return };
        if in_flight {
            return;
        }
        self.status = match failure {
            Some(failure) if *in_doubt => Status::settling(next.saturating_sub(1), failure),
            Some(failure) => Status::Ended(CallEnd::Failed(failure.clone())),
            None => Status::Ended(CallEnd::Dropped),
        };
    }

    fn is_in_doubt(&self) -> bool {
        matches!(self.status, Status::Open { in_doubt: true, .. })
    }

    /// The pause is over.
    pub(super) fn wake(&mut self) {
        if let Status::Open { not_before, .. } = &mut self.status {
            *not_before = None;
        }
    }
}

/// What a call's next step depends on beside the call.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) retries: &'a Retries,
    pub(super) stopping: bool,
}

impl Rules<'_> {
    fn pause(&self, number: u32, jitter: Jitter, failure: &Failure) -> Option<u64> {
        if self.stopping {
            return None;
        }
        self.retries.pause_after(number, jitter, failure.retry_after_ms)
    }
}

impl Status {
    fn paused(next: u32, until: Timestamp, failure: &Failure, in_doubt: bool) -> Self {
        Status::Open { step: Step::Attempt(next), not_before: Some(until), failure: Some(failure.clone()), in_doubt }
    }

    fn settling(attempt: u32, failure: &Failure) -> Self {
        let step = Step::Settle { attempt, round: 1 };
        Status::Open { step, not_before: None, failure: Some(failure.clone()), in_doubt: true }
    }
}
