//! What was promised of runs.

use std::collections::{BTreeMap, BTreeSet};

use aftercall_core::{
    id::RunId,
    ports::{Acceptance, Append},
    time::Timestamp,
};

use super::{Found, Law};

/// What the records said of runs.
pub(crate) struct Runs {
    found: Found,
    new: BTreeMap<RunId, u32>,
    /// Those whose platform was told that they are accepted.
    pub(super) promised: BTreeSet<RunId>,
    /// What was said to be written: run and place, instant and name.
    pub(super) appended: BTreeMap<(RunId, u64), (Timestamp, String)>,
}

impl Runs {
    pub(super) fn new(found: Found) -> Self {
        Self { found, new: BTreeMap::new(), promised: BTreeSet::new(), appended: BTreeMap::new() }
    }

    /// The records took a call.
    pub(crate) fn accepted(&mut self, run: &RunId, acceptance: Acceptance) {
        if acceptance != Acceptance::New {
            return;
        }
        let times = self.new.entry(run.clone()).or_default();
        *times += 1;
        if *times > 1 {
            self.found.add(Law::AcceptedOnce, format!("{run} was new {times} times"));
        }
    }

    /// Its platform was told, and won't send it again.
    pub(crate) fn promised(&mut self, run: &RunId) {
        self.promised.insert(run.clone());
    }

    /// The records took an event.
    pub(crate) fn appended(&mut self, append: &Append<'_>) {
        let said = (append.event.at, append.event.kind.name());
        let before = self.appended.insert((append.run.clone(), append.seq), said);
        if before.is_some() {
            self.found.add(Law::JournalKept, format!("place {} of {} was taken twice", append.seq, append.run));
        }
    }
}
