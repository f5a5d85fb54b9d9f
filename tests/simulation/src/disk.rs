//! What is durable: runs with their journals, and the ledger. Each function is one transaction.

use std::collections::{BTreeMap, BTreeSet};

use aftercall_core::{
    cap::{Cap, DAY_MS, Of, Per},
    effect::EffectKey,
    id::RunId,
    ledger::{self, Begin, Change, Decision, Entry, Fence, Refused},
    ports::{Accept, Acceptance, Append, EffectOf, RecordsError, StoredRun, Unfinished},
    run::Standing,
    time::Timestamp,
};

/// A disk.
#[derive(Default)]
pub(crate) struct Disk {
    epoch: u64,
    runs: BTreeMap<RunId, StoredRun>,
    /// In the order in which they were accepted.
    order: Vec<RunId>,
    ended: BTreeSet<RunId>,
    standings: BTreeMap<RunId, Standing>,
    effects: BTreeMap<EffectKey, Row>,
}

/// One effect.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) of: EffectOf,
    pub(crate) entry: Entry,
}

type Answer<T> = Result<T, RecordsError>;

impl Disk {
    /// A new engine takes it over: whoever had it before is refused.
    pub(crate) fn take_over(&mut self) -> Fence {
        self.epoch += 1;
        Fence(self.epoch)
    }

    pub(crate) fn expect_epoch(&self, fence: Fence) -> Answer<()> {
        if fence.0 == self.epoch { Ok(()) } else { Err(RecordsError::Fenced) }
    }

    pub(crate) fn newest(&self) -> Fence {
        Fence(self.epoch)
    }

    pub(crate) fn accept(&mut self, fence: Fence, accept: &Accept) -> Answer<Acceptance> {
        self.expect_epoch(fence)?;
        let run = accept.identity.run();
        if self.runs.contains_key(&run) {
            return Ok(Acceptance::Known);
        }
        self.order.push(run.clone());
        self.ended.extend(accept.ending.as_ref().map(|_| run.clone()));
        let stored = StoredRun {
            identity: accept.identity.clone(),
            accepted_at: accept.at,
            conversation: accept.conversation.clone(),
            journal: vec![accept.first.clone()],
        };
        self.runs.insert(run, stored);
        Ok(Acceptance::New)
    }

    pub(crate) fn append(&mut self, fence: Fence, append: &Append<'_>) -> Answer<()> {
        self.expect_epoch(fence)?;
        let Append { run, seq, event, standing, ending, .. } = append.clone();
        let stored = self.runs.get_mut(run).ok_or_else(|| RecordsError::NoSuchRun(run.to_string()))?;
        let next = u64::try_from(stored.journal.len()).expect("a length fits 64 bits");
        if seq < next {
            return Err(RecordsError::Taken { run: run.clone(), seq });
        }
        if self.ended.contains(run) {
            return Err(RecordsError::Ended(run.clone()));
        }
        if seq > next {
            return Err(RecordsError::Gap { run: run.clone(), seq, next });
        }
        stored.journal.push(event.clone());
        self.ended.extend(ending.map(|_| run.clone()));
        self.standings.insert(run.clone(), standing);
        Ok(())
    }

    pub(crate) fn read(&self, run: &RunId) -> Answer<StoredRun> {
        self.runs.get(run).cloned().ok_or_else(|| RecordsError::NoSuchRun(run.to_string()))
    }

    pub(crate) fn has_ended(&self, run: &RunId) -> bool {
        self.ended.contains(run)
    }

    pub(crate) fn stand(&mut self, fence: Fence, run: &RunId, standing: Standing) -> Answer<()> {
        self.expect_epoch(fence)?;
        self.standings.insert(run.clone(), standing);
        Ok(())
    }

    /// Where a run stands, since its newest event.
    pub(crate) fn standing(&self, run: &RunId) -> Standing {
        self.standings.get(run).copied().unwrap_or(Standing::Working)
    }

    /// The runs that have not ended and aren't left to a person, each with its instant.
    pub(crate) fn unfinished(&self) -> Vec<(Timestamp, Unfinished)> {
        let unfinished = |run: &RunId| {
            Some((
                self.standing(run).wake_at()?,
                Unfinished { run: run.clone(), tenant: self.runs[run].identity.tenant.clone() },
            ))
        };
        self.order.iter().filter(|run| !self.ended.contains(run)).filter_map(unfinished).collect()
    }

    pub(crate) fn begin(&mut self, effect: &EffectOf, begin: &Begin) -> Answer<Decision> {
        self.expect_epoch(begin.fence)?;
        let used_up = begin.caps.iter().find(|cap| self.others(effect, cap, begin.at) >= cap.most).copied();
        let known = self.effects.get(&effect.key);
        let (decision, entry) = ledger::begin(known.map(|row| &row.entry), begin, used_up);
        if let Some(entry) = entry {
            // What counted before goes on counting where it did.
            let of = known.filter(|row| row.entry.counts()).map_or(effect, |row| &row.of).clone();
            self.effects.insert(effect.key.clone(), Row { of, entry });
        }
        Ok(decision)
    }

    pub(crate) fn change(&mut self, key: &EffectKey, fence: Fence, change: &Change) -> Answer<()> {
        self.expect_epoch(fence)?;
        let refused = |why| RecordsError::Ledger { key: key.clone(), why };
        let row = self.effects.get_mut(key).ok_or_else(|| refused(Refused::OutOfOrder))?;
        row.entry = ledger::change(&row.entry, fence, change).map_err(refused)?;
        Ok(())
    }

    pub(crate) fn entry(&self, key: &EffectKey) -> Option<&Entry> {
        self.effects.get(key).map(|row| &row.entry)
    }

    /// How many effects beside this one count against a cap.
    fn others(&self, effect: &EffectOf, cap: &Cap, at: Timestamp) -> u32 {
        let counts = |(key, row): &(&EffectKey, &Row)| {
            **key != effect.key
                && row.entry.counts()
                && (cap.of == Of::Plugin || row.of.tool == effect.tool)
                && plugin(&row.of.tool) == plugin(&effect.tool)
                && row.of.call.tenant == effect.call.tenant
                && match cap.per {
                    Per::Run => row.of.call == effect.call,
                    Per::ContactAndDay => {
                        row.of.contact == effect.contact && at.ms_since(row.entry.last_attempt_at) < DAY_MS
                    }
                }
        };
        u32::try_from(self.effects.iter().filter(counts).count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn effects(&self) -> &BTreeMap<EffectKey, Row> {
        &self.effects
    }

    pub(crate) fn effects_mut(&mut self) -> &mut BTreeMap<EffectKey, Row> {
        &mut self.effects
    }

    pub(crate) fn runs(&self) -> &BTreeMap<RunId, StoredRun> {
        &self.runs
    }

    /// A run is gone.
    pub(crate) fn lose(&mut self, run: &RunId) {
        self.runs.remove(run);
        self.order.retain(|known| known != run);
    }
}

fn plugin(tool: &str) -> &str {
    tool.split_once('/').map_or(tool, |(plugin, _)| plugin)
}
