//! Tools, which ask the vendors: each attempt has points at which its process can stop.

use std::sync::Arc;

use aftercall_core::{
    id::RunId,
    ports::{Tools, WriteRecord},
    tool::{AttemptEnd, Failure, FailureKind, Finding, Invocation, Outcome, Receipt, WriteAnswer},
    usage::Limit,
};
use async_trait::async_trait;

use super::{
    Life,
    call::what_is_asked,
    vendors::{Fault, Letter},
};

impl Life {
    /// A run is inside of a model or a tool until this is dropped.
    pub(super) fn inside(&self, run: RunId) -> Inside<'_> {
        Inside { life: self, run }
    }

    /// A write leaves, and its answer is awaited.
    async fn write(&self, letter: &Letter<'_>) -> AttemptEnd {
        let fault = {
            let mut state = self.world.state();
            if !state.vendors.leaves(letter) {
                state.break_law(format!("`{}` was sent again while it was in doubt", letter.what));
            }
            state.vendors.next_fault(letter.tool)
        };
        let failed = |kind, answer| AttemptEnd::of(Err(Failure::new(kind, "it went wrong")), &[answer]);
        match fault {
            Some(Fault::Busy { moments }) => {
                self.world.state().vendors.refuse(letter, self.world.now());
                let retry_after_ms = Some(self.world.moments(moments));
                let failure = Failure { retry_after_ms, ..Failure::new(FailureKind::RateLimited, "429") };
                return AttemptEnd::of(Err(failure), &[WriteAnswer::Refused]);
            }
            Some(Fault::RequestLost) => return failed(FailureKind::Unavailable, WriteAnswer::Silent),
            Some(Fault::AnswerLost) | None => {}
        }
        {
            let mut state = self.world.state();
            if !state.vendors.make(letter, self.world.now()) {
                state.break_law(format!("`{}` was done twice", letter.what));
            }
        }
        self.point().await;
        match fault {
            Some(_) => failed(FailureKind::Unavailable, WriteAnswer::Silent),
            None => AttemptEnd::of(Ok(outcome(&letter.what)), &[WriteAnswer::Accepted]),
        }
    }
}

#[async_trait]
impl Tools for Life {
    async fn call(&self, invocation: &Invocation, door: Arc<dyn WriteRecord>) -> AttemptEnd {
        self.point().await;
        let what = what_is_asked(&invocation.tool, &invocation.arguments);
        let takes_ms = {
            let mut state = self.world.state();
            state.models.acts(&invocation.context.run);
            state.enter(&invocation.context.run, &self.world.house);
            state.vendors.takes_ms
        };
        let _inside = self.inside(invocation.context.run.clone());
        self.world.pass(takes_ms).await;
        if !invocation.effect.writes() {
            self.point().await;
            return AttemptEnd::of(Ok(outcome(&what)), &[]);
        }
        let asked_at = self.world.now();
        if let Err(error) = door.write_leaves().await {
            return AttemptEnd::of(Err(Failure::new(FailureKind::NotRunnable, error.to_string())), &[]);
        }
        self.point().await;
        // One that stood still for so long is over: its vendor would not wait for it either.
        if self.world.now().ms_since(asked_at) >= self.world.part_of_a_moment(4) {
            let failure = Failure::new(FailureKind::LimitReached(Limit::WallTime), "its time was over");
            return AttemptEnd::of(Err(failure), &[]);
        }
        let key = &invocation.context.key;
        let end = self.write(&Letter { tool: &invocation.tool, effect: invocation.effect, key, what }).await;
        self.point().await;
        end
    }

    /// What the vendor has is certain only a while after the attempt.
    async fn reconcile(&self, invocation: &Invocation) -> Result<Finding, Failure> {
        self.point().await;
        let context = &invocation.context;
        let quiet_since = context.quiet_since.expect("it is asked about a doubt");
        let certain_at = quiet_since.plus_ms(self.world.part_of_a_moment(2));
        let finding = if self.world.now() < certain_at {
            Finding::Unknown { ask_again_ms: Some(self.world.part_of_a_moment(2)) }
        } else {
            let mut state = self.world.state();
            match state.vendors.has(&context.key) {
                Some(what) => Finding::Happened(outcome(&what)),
                None => {
                    state.vendors.did_not_happen(&context.key);
                    Finding::DidNotHappen
                }
            }
        };
        self.point().await;
        Ok(finding)
    }
}

fn outcome(what: &str) -> Outcome {
    let receipt = Receipt { id: what.to_owned(), kind: "thing".into(), url: None };
    Outcome { text: "done".into(), data: None, receipts: vec![receipt] }
}

/// A run that is inside of a model or a tool.
pub(super) struct Inside<'a> {
    life: &'a Life,
    run: RunId,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.life.world.state().leave(&self.run);
    }
}
