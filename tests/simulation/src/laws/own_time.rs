//! The time of runs, by which they wait and end: it goes on with the clocks, never goes back, and stands still while
//! nobody drives them.

use std::collections::BTreeMap;

use aftercall_core::{effect::EffectKey, id::RunId, time::Timestamp};

use super::{Found, Law};
use crate::process::ProcessId;

/// How much later than it happened an event is in its journal, in milliseconds: others are written first.
const OVERTAKEN_MS_MAX: u64 = 10_000;

/// The times of the runs of each process.
pub(crate) struct OwnTime {
    found: Found,
    driven: BTreeMap<(ProcessId, RunId), Driven>,
    /// When attempts began, by the times of their runs.
    attempts: BTreeMap<(ProcessId, EffectKey), Timestamp>,
    /// When events happened, and when they were recorded.
    events: BTreeMap<RunId, Vec<(Timestamp, Timestamp)>>,
}

/// A run that a process drives, or has driven.
#[derive(Clone, Copy)]
struct Driven {
    /// Its time when it was last told.
    from: Timestamp,
    /// When that was.
    since: Timestamp,
    /// Since when it is driven.
    began: Timestamp,
}

impl OwnTime {
    pub(super) fn new(found: Found) -> Self {
        Self { found, driven: BTreeMap::new(), attempts: BTreeMap::new(), events: BTreeMap::new() }
    }

    /// A process begins to drive a run whose newest event happened then.
    pub(crate) fn driven(
        &mut self,
        process: ProcessId,
        run: &RunId,
        newest: Timestamp,
        wall: Timestamp,
        now: Timestamp,
    ) {
        self.driven.insert((process, run.clone()), Driven { from: wall.max(newest), since: now, began: now });
    }

    /// What time it is for a run that a process drives.
    pub(crate) fn of(&self, process: ProcessId, run: &RunId, wall: Timestamp, now: Timestamp) -> Timestamp {
        self.driven
            .get(&(process, run.clone()))
            .map_or(wall, |driven| wall.max(driven.from.plus_ms(now.ms_since(driven.since))))
    }

    /// Since when a process has driven a run.
    pub(crate) fn driven_since(&self, process: ProcessId, run: &RunId) -> Option<Timestamp> {
        self.driven.get(&(process, run.clone())).map(|driven| driven.began)
    }

    /// A tool is called for an effect.
    pub(crate) fn begins(&mut self, process: ProcessId, effect: &EffectKey, at: Timestamp) {
        self.attempts.insert((process, effect.clone()), at);
    }

    /// When the newest attempt of a process at an effect began.
    pub(crate) fn began(&self, process: ProcessId, effect: &EffectKey) -> Option<Timestamp> {
        self.attempts.get(&(process, effect.clone())).copied()
    }

    /// An event that happened then is recorded.
    pub(crate) fn recorded(&mut self, process: ProcessId, run: &RunId, at: Timestamp, now: Timestamp) {
        if let Some(driven) = self.driven.get_mut(&(process, run.clone())) {
            let passed = driven.from.plus_ms(now.ms_since(driven.since));
            *driven = Driven { from: passed.max(at), since: now, ..*driven };
        }
        let events = self.events.entry(run.clone()).or_default();
        let settled = events.iter().rev().find(|(_, recorded)| now.ms_since(*recorded) > OVERTAKEN_MS_MAX);
        if settled.is_some_and(|(before, _)| at < *before) {
            self.found.add(Law::TimeForward, format!("an event of {run} happened before one that was long recorded"));
        }
        let newest = events.last().map_or(at, |(newest, _)| at.max(*newest));
        events.push((newest, now));
    }
}
