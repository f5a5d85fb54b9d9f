//! What is durable: runs with their journals, and the ledger. Each function is one transaction.

use std::collections::{BTreeMap, BTreeSet};

use aftercall_core::{
    cap::{Cap, DAY_MS, Of, Per},
    effect::EffectKey,
    id::{RunId, Sha256Hex},
    ledger::{self, Begin, Change, Decision, Entry, Fence, Refused},
    ports::{Accept, Acceptance, Append, Asked, EffectOf, InterventionNumber, RecordsError, StoredRun, Unfinished},
    run::{Intervention, Standing},
    seed::Seed,
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
    /// What people asked of runs, in order.
    asked: BTreeMap<InterventionNumber, (RunId, Asked)>,
    numbers: u64,
}

/// One effect.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) of: EffectOf,
    pub(crate) entry: Entry,
    /// Whether a grant allowed it, which counts against its caps. What the live call did wasn't.
    allowed: bool,
    /// Whether anybody wanted to try it after the call.
    pub(crate) tried: bool,
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
        accept.seeds.iter().for_each(|seed| self.seed(accept, seed));
        Ok(Acceptance::New)
    }

    /// It counts against no cap, since nobody allowed it.
    fn seed(&mut self, accept: &Accept, seed: &Seed) {
        let row = || Row {
            of: EffectOf {
                key: seed.key.clone(),
                call: accept.identity.clone(),
                tool: format!("{}/{}", seed.plugin, seed.tool),
                contact: Sha256Hex::of(b"nobody"),
            },
            entry: seed.entry.clone(),
            allowed: false,
            tried: false,
        };
        self.effects.entry(seed.key.clone()).or_insert_with(row);
    }

    pub(crate) fn append(&mut self, fence: Fence, append: &Append<'_>) -> Answer<()> {
        self.expect_epoch(fence)?;
        let Append { run, seq, event, standing, ending, does, .. } = append.clone();
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
        if let Some(number) = does {
            self.asked.remove(&number);
        }
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

    /// Somebody asks for something, beside whatever engine there is.
    pub(crate) fn ask(&mut self, run: &RunId, at: Timestamp, what: &Intervention) -> Answer<InterventionNumber> {
        if !self.runs.contains_key(run) {
            return Err(RecordsError::NoSuchRun(run.to_string()));
        }
        if self.ended.contains(run) {
            return Err(RecordsError::Ended(run.clone()));
        }
        // By the time of the run, which may be ahead of the clock.
        let at = self.runs[run].journal.iter().map(|event| event.at).max().unwrap_or(at).max(at);
        self.numbers += 1;
        let number = InterventionNumber(self.numbers);
        self.asked.insert(number, (run.clone(), Asked { number, at, what: what.clone() }));
        Ok(number)
    }

    /// What was asked of a run, in order.
    pub(crate) fn asked(&self, run: &RunId) -> Vec<Asked> {
        self.asked.values().filter(|(of, _)| of == run).map(|(_, asked)| asked.clone()).collect()
    }

    /// Of which run that was asked.
    pub(crate) fn asked_by(&self, number: InterventionNumber) -> Option<&RunId> {
        self.asked.get(&number).map(|(run, _)| run)
    }

    /// The runs of which something was asked.
    pub(crate) fn asked_of(&self) -> Vec<Unfinished> {
        if self.asked.is_empty() {
            return Vec::new();
        }
        let asked_of: BTreeSet<&RunId> = self.asked.values().map(|(run, _)| run).collect();
        let line = |run: &RunId| Unfinished { run: run.clone(), tenant: self.runs[run].identity.tenant.clone() };
        self.order.iter().filter(|run| asked_of.contains(run)).map(line).collect()
    }

    pub(crate) fn decline(&mut self, fence: Fence, number: InterventionNumber) -> Answer<()> {
        self.expect_epoch(fence)?;
        self.asked.remove(&number);
        Ok(())
    }

    /// The runs that are listed as waiting for a person.
    pub(crate) fn for_people(&self) -> Vec<RunId> {
        let waits = |run: &&RunId| !self.ended.contains(run) && self.standing(run).is_for_a_person();
        self.order.iter().filter(waits).cloned().collect()
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
            let counted = known.filter(|row| row.entry.counts());
            let (of, allowed) = counted.map_or((effect, true), |row| (&row.of, row.allowed));
            self.effects.insert(effect.key.clone(), Row { of: of.clone(), entry, allowed, tried: true });
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
                && row.allowed
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
