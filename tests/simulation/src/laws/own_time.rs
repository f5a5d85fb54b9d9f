//! The time of runs, by which they wait and end: it goes on with the clocks, never goes back, and stands still while
//! nobody drives them.

use std::collections::BTreeMap;

use aftercall_core::{id::RunId, time::Timestamp};

use crate::process::ProcessId;

/// The times of the runs of each process.
#[derive(Default)]
pub(crate) struct OwnTime(BTreeMap<(ProcessId, RunId), Driven>);

/// A run that a process drives, or has driven.
#[derive(Clone, Copy)]
struct Driven {
    /// Its time when that began.
    from: Timestamp,
    /// When that was.
    since: Timestamp,
}

impl OwnTime {
    /// A process begins to drive a run whose newest event happened then.
    pub(crate) fn driven(
        &mut self,
        process: ProcessId,
        run: &RunId,
        newest: Timestamp,
        wall: Timestamp,
        now: Timestamp,
    ) {
        self.0.insert((process, run.clone()), Driven { from: wall.max(newest), since: now });
    }

    /// What time it is for a run that a process drives.
    pub(crate) fn of(&self, process: ProcessId, run: &RunId, wall: Timestamp, now: Timestamp) -> Timestamp {
        self.0
            .get(&(process, run.clone()))
            .map_or(wall, |driven| wall.max(driven.from.plus_ms(now.ms_since(driven.since))))
    }

    /// Since when a process has driven a run.
    pub(crate) fn driven_since(&self, process: ProcessId, run: &RunId) -> Option<Timestamp> {
        self.0.get(&(process, run.clone())).map(|driven| driven.since)
    }
}
