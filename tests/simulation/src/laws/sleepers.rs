//! Runs that sleep, for a time or a person, and when they are taken up again.

use std::collections::BTreeMap;

use aftercall_core::{id::RunId, run::Standing, time::Timestamp};

use super::{Found, Law};
use crate::workload::Clocks;

/// How late a sleeper is taken up, in milliseconds: an engine looks at its clock once a minute, and at records that fail
/// again after a while.
const LATE_MS_MAX: u64 = 180_000;

/// The runs that sleep.
pub(crate) struct Sleepers {
    found: Found,
    /// Since when there is an engine that would take them up.
    engine_since: Timestamp,
    /// Until when by the clocks, and since when.
    until: BTreeMap<RunId, (Timestamp, Timestamp)>,
}

impl Sleepers {
    pub(super) fn new(found: Found) -> Self {
        Self { found, engine_since: Timestamp::default(), until: BTreeMap::new() }
    }

    pub(super) fn taken_over(&mut self, now: Timestamp) {
        self.engine_since = now;
    }

    /// A run stands there.
    pub(crate) fn stands(&mut self, run: &RunId, standing: Standing, now: Timestamp) {
        match standing {
            Standing::Sleeping { until } | Standing::AwaitsApproval { until } => {
                self.until.insert(run.clone(), (until, now));
            }
            Standing::Working | Standing::NeedsAttention | Standing::Ended => drop(self.until.remove(run)),
        }
    }

    /// The newest engine takes a run up, or has it in its queue.
    pub(crate) fn taken_up(&mut self, run: &RunId, clocks: &Clocks, now: Timestamp) {
        let Some((until, slept_since)) = self.until.remove(run) else { return };
        let Some(passed) = clocks.passed_since(until, now) else { return };
        let late = now.ms_since(passed.max(slept_since).max(self.engine_since));
        if late > LATE_MS_MAX {
            self.found.add(Law::OnTime, format!("{run} slept {late} ms longer than it was to"));
        }
    }
}
