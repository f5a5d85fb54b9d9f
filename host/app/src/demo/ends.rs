//! Waiting for runs to end, without asking again and again.

use std::collections::BTreeSet;

use aftercall_core::{
    id::RunId,
    run::{Event, Run},
};
use aftercall_engine::Observer;
use tokio::sync::watch;

/// Knows which runs have ended, or wait for a person, whom there is none here.
pub(super) struct Ends(watch::Sender<BTreeSet<RunId>>);

impl Default for Ends {
    fn default() -> Self {
        Self(watch::Sender::new(BTreeSet::new()))
    }
}

impl Ends {
    /// Resolves when all of these runs have ended, or wait for a person.
    pub(super) async fn all(&self, runs: &[RunId]) {
        let mut ended = self.0.subscribe();
        // The sender is in `self`: it is there as long as somebody waits.
        let _ = ended.wait_for(|ended| runs.iter().all(|run| ended.contains(run))).await;
    }
}

impl Observer for Ends {
    fn happened(&self, run: &RunId, _: &Event, state: &Run) {
        if state.ending().is_some() || state.standing().is_for_a_person() {
            self.0.send_modify(|ended| {
                ended.insert(run.clone());
            });
        }
    }
}
