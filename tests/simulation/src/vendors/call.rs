//! One attempt of a tool, as the plugin host makes it: within its time, behind a door that records writes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aftercall_core::{
    ports::{Tools, WriteRecord},
    tool::{AttemptEnd, Failure, FailureKind, Finding, Invocation, Outcome, WriteAnswer},
    usage::Limit,
};
use async_trait::async_trait;
use tokio::time::timeout;

use super::{Answer, Letter, outcome, send};
use crate::process::{Process, short};

/// How long a tool computes before it asks, in milliseconds.
const COMPUTES_MS_MAX: u64 = 2_000;

/// How long a tool may take, in milliseconds.
const CALL_MS_MAX: u64 = 60_000;

/// How long a tool waits for an answer, in milliseconds.
const REQUEST_MS_MAX: u64 = 10_000;

type Returned = Result<Outcome, Failure>;

#[async_trait]
impl Tools for Process {
    async fn call(&self, invocation: &Invocation, door: Arc<dyn WriteRecord>) -> AttemptEnd {
        self.point().await;
        let _inside = Inside::enter(self, invocation);
        let writes = Writes::default();
        let left = invocation.context.deadline.ms_since(self.world.wall()).min(CALL_MS_MAX);
        let returned = match left {
            0 => failed(FailureKind::Unavailable, "the deadline had passed before the tool could begin"),
            left => timeout(Duration::from_millis(left), self.run(invocation, &*door, &writes))
                .await
                .unwrap_or_else(|_| failed(FailureKind::LimitReached(Limit::WallTime), "its time was over")),
        };
        self.point().await;
        let writes = writes.0.into_inner().expect("nothing panics while it holds the lock");
        if writes.iter().all(|answer| *answer == WriteAnswer::Refused) {
            self.world.state().laws.effects.refused(&self.letter(invocation));
        }
        self.world.tell(|| {
            let told = returned.as_ref().map(|_| ()).map_err(|failure| failure.kind);
            format!("{} {} {}: {told:?} {writes:?}", self.id, invocation.tool, short(&invocation.context.key))
        });
        AttemptEnd::of(returned, &writes)
    }

    async fn reconcile(&self, invocation: &Invocation) -> Result<Finding, Failure> {
        self.point().await;
        let found = self.find(invocation).await;
        self.world.tell(|| {
            format!("{} reconcile {} {}: {found:?}", self.id, invocation.tool, short(&invocation.context.key))
        });
        self.point().await;
        found
    }
}

impl Process {
    /// What the component does.
    async fn run(&self, invocation: &Invocation, door: &dyn WriteRecord, writes: &Writes) -> Returned {
        let (computes, outcome_before) = {
            let state = &mut *self.world.state();
            (state.dice.up_to(COMPUTES_MS_MAX), state.laws.effects.has_outcome(&invocation.context.key))
        };
        self.pause(computes).await;
        if let Some(kind) = self.wrong_before() {
            return failed(kind, "it went wrong before anything was written");
        }
        if !invocation.effect.writes() {
            return Ok(outcome(&invocation.context.key));
        }
        // Once more, if the vendor refused: a component may repeat a request itself.
        let patience = if self.world.state().dice.percent(10) { 2 } else { 1 };
        let mut returned = failed(FailureKind::Other, "nothing was tried");
        for _ in 0..patience {
            if let Err(error) = door.write_leaves().await {
                return failed(FailureKind::NotRunnable, &error.to_string());
            }
            returned = self.ask(invocation, outcome_before, writes).await;
            if writes.last() != Some(WriteAnswer::Refused) {
                break;
            }
        }
        returned
    }

    fn wrong_before(&self) -> Option<FailureKind> {
        let vendor = self.world.workload.faults.vendor;
        let state = &mut *self.world.state();
        let kinds = [
            FailureKind::RateLimited,
            FailureKind::Unavailable,
            FailureKind::NotFound,
            FailureKind::Trapped,
            FailureKind::OutcomeUnknown,
        ];
        state.goes_wrong(vendor / 5).then(|| *state.dice.pick(&kinds))
    }

    /// A write leaves, and its answer is awaited.
    async fn ask(&self, invocation: &Invocation, outcome_before: bool, writes: &Writes) -> Returned {
        let letter = self.letter(invocation);
        self.world.leaves(&letter, outcome_before);
        writes.push(WriteAnswer::Silent);
        let answered = timeout(Duration::from_millis(REQUEST_MS_MAX), send(&self.world, letter)).await;
        self.pause(0).await;
        let (answer, returned) = match answered {
            Ok(Ok(Answer::Done)) => (WriteAnswer::Accepted, self.trap_after(invocation)),
            Ok(Ok(Answer::TooMany { retry_after_ms })) => {
                let failure = Failure::new(FailureKind::RateLimited, "429");
                (WriteAnswer::Refused, Err(Failure { retry_after_ms, ..failure }))
            }
            Ok(Ok(Answer::Forbidden)) => (WriteAnswer::Refused, failed(FailureKind::Denied, "403")),
            Ok(Ok(Answer::Broken)) => (WriteAnswer::Silent, failed(FailureKind::Unavailable, "503")),
            Ok(Err(_)) => (WriteAnswer::Silent, failed(FailureKind::OutcomeUnknown, "connection reset")),
            Err(_) => (WriteAnswer::Silent, failed(FailureKind::Unavailable, "no answer")),
        };
        writes.answered(answer);
        returned
    }

    fn trap_after(&self, invocation: &Invocation) -> Returned {
        let vendor = self.world.workload.faults.vendor;
        match self.world.state().goes_wrong(vendor / 10) {
            true => failed(FailureKind::Trapped, "it could not read the answer"),
            false => Ok(outcome(&invocation.context.key)),
        }
    }

    fn letter(&self, invocation: &Invocation) -> Letter {
        let context = &invocation.context;
        Letter {
            key: context.key.clone(),
            effect: invocation.effect,
            run: context.run.clone(),
            process: self.id,
            attempt: context.attempt,
        }
    }
}

/// What became of the writes of a call that may be ended in the middle of one.
#[derive(Default)]
struct Writes(Mutex<Vec<WriteAnswer>>);

impl Writes {
    fn push(&self, answer: WriteAnswer) {
        self.0.lock().expect("nothing panics while it holds the lock").push(answer);
    }

    fn answered(&self, answer: WriteAnswer) {
        if let Some(last) = self.0.lock().expect("nothing panics while it holds the lock").last_mut() {
            *last = answer;
        }
    }

    fn last(&self) -> Option<WriteAnswer> {
        self.0.lock().expect("nothing panics while it holds the lock").last().copied()
    }
}

/// A call that is under way, for the laws about order.
struct Inside<'a> {
    process: &'a Process,
    invocation: &'a Invocation,
}

impl<'a> Inside<'a> {
    fn enter(process: &'a Process, invocation: &'a Invocation) -> Self {
        process.world.state().laws.order.enter(process.id, invocation);
        process.world.reply_is_journaled(invocation);
        process.world.grant_lets(process.id, invocation);
        Self { process, invocation }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.process.world.state().laws.order.leave(self.process.id, self.invocation);
    }
}

pub(super) fn failed(kind: FailureKind, words: &str) -> Returned {
    Err(Failure::new(kind, words))
}
