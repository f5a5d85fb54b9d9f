//! One tool call of a reply, from its making to its end.

use crate::{
    assistant::{Jitter, Retries},
    effect::EffectKey,
    run::{ApprovalAsk, Attempt, AttemptResult, Found, Refusal, Resolution},
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
    /// Attempts of this run that ended.
    pub(super) attempts: u32,
    /// Settling rounds that ended.
    pub(super) rounds: u32,
    /// When the newest attempt or settling round ended: what a person said before says nothing of it.
    pub told_at: Timestamp,
    /// The component's lines, of all attempts.
    pub log: Vec<LogLine>,
}

/// Where a call stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Status {
    /// Something is to be done for it, once it is its turn.
    Open(Open),
    /// It has ended.
    Ended(CallEnd),
}

/// A call that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Open {
    /// What is to be done.
    pub step: Step,
    /// For what it waits before.
    pub wait: Option<Wait>,
    /// How the last attempt failed.
    pub failure: Option<Failure>,
    /// Whether an attempt so far may have made the effect happen.
    pub in_doubt: bool,
    /// Its place among those that others overtook or that people said something of, in the order in which they could go on.
    pub late: Option<u32>,
    /// What a person approved.
    pub approved: Option<ApprovalAsk>,
    /// What a person says became of it.
    pub resolution: Option<Resolution>,
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

/// For what a call waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wait {
    /// A pause after a failure. Calls behind it that have to wait for it go on waiting.
    Pause(Timestamp),
    /// A time at which the tool may act. Others overtake it.
    Later(Timestamp),
    /// A person. Others overtake it.
    Approval(ApprovalAsk),
}

impl Wait {
    /// When it is over, or has expired.
    pub const fn until(&self) -> Timestamp {
        match self {
            Wait::Pause(until) | Wait::Later(until) => *until,
            Wait::Approval(ask) => ask.expires_at,
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CallEnd {
    /// It succeeded.
    Done(Outcome),
    /// The same effect had been done before; nothing was sent.
    Known(Outcome),
    /// The same effect had been done before, and not as asked now; nothing was sent.
    Conflict(Outcome),
    /// It failed.
    Failed(Failure),
    /// It was refused before anything ran.
    Refused(Refusal),
    /// It may have happened, and a person must look.
    Unknowable,
    /// It may have happened, and a person left it at that.
    Abandoned,
    /// The run stopped before it was its turn.
    Dropped,
}

impl Call {
    pub(super) fn open(effect: Effect) -> Self {
        let status = Status::Open(Open::at(Step::Attempt(1)));
        Self {
            effect,
            status,
            key: None,
            tries: 0,
            attempts: 0,
            rounds: 0,
            told_at: Timestamp::default(),
            log: Vec::new(),
        }
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self { status: Status::Ended(CallEnd::Refused(refusal)), ..Self::open(Effect::Read) }
    }

    /// How it ended, if it has.
    pub fn end(&self) -> Option<&CallEnd> {
        match &self.status {
            Status::Ended(end) => Some(end),
            Status::Open(_) => None,
        }
    }

    /// What is to be done for it, if it hasn't ended.
    pub fn as_open(&self) -> Option<&Open> {
        match &self.status {
            Status::Open(open) => Some(open),
            Status::Ended(_) => None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.end().is_none()
    }

    /// Takes in how an attempt ended. `stopping`: nothing is repeated any more.
    pub(super) fn attempted(&mut self, number: u32, attempt: &Attempt, at: Timestamp, rules: Rules<'_>) {
        self.key.clone_from(&attempt.key);
        (self.tries, self.attempts, self.told_at) = (attempt.tries, number, at);
        self.log.extend(attempt.log.iter().cloned());
        let pause = |failure: &Failure| {
            rules.pause(number, attempt.jitter, failure).map(|pause| Wait::Pause(at.plus_ms(pause)))
        };
        let again = |wait, failure: &Failure, in_doubt| {
            let failure = Some(failure.clone());
            self.again(Step::Attempt(number + 1), Some(wait), failure, in_doubt)
        };
        self.status = match &attempt.result {
            AttemptResult::Done(outcome) => Status::Ended(CallEnd::Done(outcome.clone())),
            AttemptResult::Known(outcome) => Status::Ended(CallEnd::Known(outcome.clone())),
            AttemptResult::Conflict(outcome) => Status::Ended(CallEnd::Conflict(outcome.clone())),
            AttemptResult::Unknowable => Status::Ended(CallEnd::Unknowable),
            AttemptResult::Unsettled(failure) => self.settling(number, Some(failure.clone())),
            AttemptResult::Failed(failure) if !self.is_in_doubt() => {
                match pause(failure).filter(|_| failure.kind.passes_with_time()) {
                    Some(pause) => again(pause, failure, false),
                    None => Status::Ended(CallEnd::Failed(failure.clone())),
                }
            }
            AttemptResult::Failed(failure) | AttemptResult::InDoubt(failure) => {
                let may_repeat = self.effect != Effect::Once && !failure.kind.refuses();
                match pause(failure).filter(|_| may_repeat) {
                    Some(pause) => again(pause, failure, true),
                    None => self.settling(number, Some(failure.clone())),
                }
            }
        };
    }

    /// Takes in what was found of the effect in doubt.
    pub(super) fn settled(&mut self, round: u32, found: &Found, jitter: Jitter, at: Timestamp, rules: Rules<'_>) {
        let Status::Open(Open { step: Step::Settle { attempt, .. }, failure, resolution, .. }) = &self.status else {
            return;
        };
        (self.rounds, self.told_at) = (round, at);
        let (attempt, failure) = (*attempt, failure.clone());
        let refused = failure.as_ref().is_some_and(|failure| failure.kind.refuses());
        let may_repeat = match resolution {
            Some(resolution) => *resolution == Resolution::Redo,
            // What was refused for good would be again: the model can do better than that.
            None => !rules.stopping && !refused && attempt < rules.retries.attempts_max,
        };
        self.status = match found {
            Found::Happened(outcome) => Status::Ended(CallEnd::Done(outcome.clone())),
            Found::Otherwise(outcome) => Status::Ended(CallEnd::Conflict(outcome.clone())),
            Found::Never if *resolution == Some(Resolution::Drop) => Status::Ended(CallEnd::Abandoned),
            Found::NotYet { .. } if resolution.is_none() && round >= SETTLE_ROUNDS_MAX => {
                Status::Ended(CallEnd::Unknowable)
            }
            Found::Never => Status::Ended(CallEnd::Unknowable),
            Found::DidNotHappen if may_repeat => self.again(Step::Attempt(attempt + 1), None, failure, false),
            Found::DidNotHappen => Status::Ended(CallEnd::Failed(match failure {
                Some(refused) if refused.kind.refuses() => refused,
                Some(failure) => Failure { kind: FailureKind::Unavailable, ..failure },
                None => Failure::new(FailureKind::Unavailable, "it did not happen"),
            })),
            Found::NotYet { ask_again_ms } => {
                let patient = Retries { attempts_max: u32::MAX, ..*rules.retries };
                let pause = patient.pause_after(round, jitter, *ask_again_ms).unwrap_or(patient.pause_ms_max);
                let wait = Some(Wait::Pause(at.plus_ms(pause)));
                self.again(Step::Settle { attempt, round: round + 1 }, wait, failure, true)
            }
        };
    }

    /// The run stops: what hasn't begun won't begin. An attempt in flight is awaited, a doubt is settled.
    pub(super) fn stop(&mut self, in_flight: bool) {
        let Status::Open(Open { step: Step::Attempt(next), failure, in_doubt, .. }) = &self.status else { return };
        if in_flight {
            return;
        }
        self.status = match failure {
            Some(failure) if *in_doubt => self.settling(next.saturating_sub(1), Some(failure.clone())),
            Some(failure) => Status::Ended(CallEnd::Failed(failure.clone())),
            None => Status::Ended(CallEnd::Dropped),
        };
    }

    /// It has to wait, for a time or a person.
    pub(super) fn set_aside(&mut self, wait: Wait) {
        if let Status::Open(open) = &mut self.status {
            open.wait = Some(wait);
        }
    }

    /// The wait is over. `late`: its place, if others overtook it.
    pub(super) fn wake(&mut self, late: u32) {
        let Status::Open(open) = &mut self.status else { return };
        match open.wait.take() {
            Some(Wait::Later(_)) => open.late = Some(late),
            Some(Wait::Approval(_)) => {
                let words = "nobody approved this in time: nothing was done";
                self.status = Status::Ended(CallEnd::Failed(Failure::new(FailureKind::Denied, words)));
            }
            Some(Wait::Pause(_)) | None => {}
        }
    }

    /// A person approved what was asked about.
    pub(super) fn approve(&mut self, ask: ApprovalAsk, late: u32) {
        if let Status::Open(open) = &mut self.status {
            (open.wait, open.approved, open.late) = (None, Some(ask), Some(late));
        }
    }

    /// A person refused it.
    pub(super) fn refuse(&mut self, reason: &str) {
        let words = format!("a person was asked and said no, so nothing was done: {reason}");
        self.status = Status::Ended(CallEnd::Failed(Failure::new(FailureKind::Denied, words)));
    }

    /// A person says what became of it. `late`: its place among those that go on so.
    pub(super) fn resolve(&mut self, resolution: Resolution, late: u32) {
        let step = Step::Settle { attempt: self.attempts, round: self.rounds + 1 };
        self.status =
            Status::Open(Open { in_doubt: true, resolution: Some(resolution), late: Some(late), ..Open::at(step) });
    }

    fn is_in_doubt(&self) -> bool {
        self.as_open().is_some_and(|open| open.in_doubt)
    }

    fn settling(&self, attempt: u32, failure: Option<Failure>) -> Status {
        self.again(Step::Settle { attempt, round: 1 }, None, failure, true)
    }

    /// A further step, in the place that it has.
    fn again(&self, step: Step, wait: Option<Wait>, failure: Option<Failure>, in_doubt: bool) -> Status {
        let (late, approved) = self.as_open().map(|open| (open.late, open.approved.clone())).unwrap_or_default();
        // A person's word is about the attempt that is being settled.
        let settles = matches!(step, Step::Settle { .. });
        let resolution = self.as_open().filter(|_| settles).and_then(|open| open.resolution.clone());
        Status::Open(Open { step, wait, failure, in_doubt, late, approved, resolution })
    }
}

impl Open {
    fn at(step: Step) -> Self {
        Self { step, wait: None, failure: None, in_doubt: false, late: None, approved: None, resolution: None }
    }

    /// Whether others overtake it while it waits.
    pub(super) fn is_set_aside(&self) -> bool {
        matches!(self.wait, Some(Wait::Later(_) | Wait::Approval(_)))
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
