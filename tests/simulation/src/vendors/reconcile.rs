//! Asking a vendor whether an effect in doubt came about. What it says is true, but it may be late.

use aftercall_core::tool::{Failure, FailureKind, Finding, Invocation};

use super::outcome;
use crate::process::Process;

/// How long after an attempt began a tool says that what the vendor doesn't show did not happen, in milliseconds:
/// longer than a tool computes, a write is recorded, a request is on its way and an index lags together.
pub(crate) const CERTAIN_MS: u64 = 60_000;

/// How long it takes until the vendor has looked, and once more until its answer is there, in milliseconds.
const LOOKING_MS_MAX: u64 = 20_000;

impl Process {
    pub(super) async fn find(&self, invocation: &Invocation) -> Result<Finding, Failure> {
        let context = &invocation.context;
        if context.deadline <= self.world.wall() {
            return Err(Failure::new(FailureKind::Unavailable, "the deadline had passed"));
        }
        let (before, after) = {
            let state = &mut *self.world.state();
            (state.dice.up_to(LOOKING_MS_MAX), state.dice.up_to(LOOKING_MS_MAX))
        };
        self.pause(before).await;
        let found = self.look(invocation);
        self.pause(after).await;
        found
    }

    /// What the vendor knows at this moment.
    fn look(&self, invocation: &Invocation) -> Result<Finding, Failure> {
        let (context, now) = (&invocation.context, self.world.now());
        let reconcile = self.world.workload.faults.reconcile;
        let state = &mut *self.world.state();
        if state.goes_wrong(reconcile) {
            return match state.dice.between(0..=9) {
                0 => Ok(Finding::Unknown { ask_again_ms: None }),
                1..=4 => Err(Failure::new(FailureKind::Unavailable, "503")),
                _ => {
                    let retry_after_ms = Some(state.dice.up_to(60_000));
                    Err(Failure { retry_after_ms, ..Failure::new(FailureKind::RateLimited, "429") })
                }
            };
        }
        if state.vendors.is_visible(&context.key, now) {
            // Somebody has changed it there since.
            let is_otherwise = state.dice.percent(20);
            let outcome = outcome(&context.key);
            return Ok(if is_otherwise { Finding::HappenedOtherwise(outcome) } else { Finding::Happened(outcome) });
        }
        // Of its own clock, which nobody steps, the vendor can tell when the attempt was.
        if now < state.laws.effects.began_at(&context.key).plus_ms(CERTAIN_MS) {
            return Ok(Finding::Unknown { ask_again_ms: Some(state.dice.between(1_000..=20_000)) });
        }
        state.laws.effects.did_not_happen(&context.key);
        Ok(Finding::DidNotHappen)
    }
}
