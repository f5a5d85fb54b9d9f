//! What must be so once the world has been left alone.

use aftercall_core::{
    ledger,
    ports::StoredRun,
    run::{CallEnd, Kind, Run, Standing},
};

use super::Law;
use crate::{
    workload::Call,
    world::{State, World},
};

/// More events than any run has that comes to an end.
const EVENTS_MAX: usize = 2_000;

impl World {
    /// Whether no more can come of it: every run that was promised has ended, or a law is broken already.
    pub(crate) fn is_decided(&self) -> bool {
        let state = self.state();
        let goes_on = |stored: &StoredRun| stored.journal.len() > EVENTS_MAX;
        !state.laws.newly_broken(0).is_empty()
            || state.records.disk().runs().values().any(goes_on)
            || self.all_have_ended(&state)
    }

    fn all_have_ended(&self, state: &State) -> bool {
        let disk = state.records.disk();
        let people_wait = || self.workload.people.is_some() && !disk.for_people().is_empty();
        state.records.unfinished().is_empty()
            && disk.asked_of().is_empty()
            && !people_wait()
            && state.laws.runs.promised.iter().all(|run| state.records.disk().runs().contains_key(run))
    }

    /// Holds the laws of the end against what is there.
    pub(crate) fn check_end(&self) {
        let stored: Vec<StoredRun> = self.state().records.disk().runs().values().cloned().collect();
        // Where another law is broken, nobody waited for the end.
        let waited = self.state().laws.newly_broken(0).is_empty();
        if waited {
            self.check_promises();
        }
        self.check_journals();
        self.check_ledger(waited);
        for stored in &stored {
            self.check_run(self.workload.call(&stored.identity.run()), stored);
        }
    }

    fn check_promises(&self) {
        let promised = self.state().laws.runs.promised.clone();
        for run in promised {
            let stored = self.state().records.disk().read(&run);
            let left = |run: &Run| self.workload.people.is_none() && run.standing() == Standing::NeedsAttention;
            let over = |run: Run| run.ending().is_some() || left(&run);
            let ended = stored.is_ok_and(|stored| Run::replay(stored.journal).is_ok_and(over));
            if !ended {
                self.broken(Law::EveryCallEnds, format!("{run} was accepted and has no end"));
            }
        }
    }

    fn check_journals(&self) {
        let appended = self.state().laws.runs.appended.clone();
        for ((run, seq), (at, name)) in appended {
            let kept = {
                let state = self.state();
                let journal = state.records.disk().runs().get(&run).map(|stored| stored.journal.as_slice());
                let event = usize::try_from(seq).ok().and_then(|seq| journal?.get(seq));
                event.is_some_and(|event| event.at == at && event.kind.name() == name)
            };
            if !kept {
                self.broken(Law::JournalKept, format!("{name} is not in place {seq} of {run}"));
            }
        }
    }

    fn check_ledger(&self, waited: bool) {
        let effects = self.state().records.disk().effects().clone();
        for (key, row) in effects {
            let made = self.state().vendors.made(&key);
            let (law, words) = match row.entry.state {
                // It was begun, and is known not to have happened.
                ledger::State::Open { write_left: false, doubted: false, .. } if !made => continue,
                ledger::State::InDoubt if !row.tried => continue,
                ledger::State::Open { .. } | ledger::State::InDoubt => (Law::EveryCallEnds, "is left in doubt"),
                ledger::State::Done(_) | ledger::State::Otherwise(_) if !made => {
                    (Law::ToldTruly, "is recorded as done, and never came about")
                }
                ledger::State::Failed if made => (Law::ToldTruly, "is recorded as failed, and came about"),
                _ => continue,
            };
            if law == Law::EveryCallEnds && !waited {
                continue;
            }
            self.broken(law, format!("{key} of {} {words}", row.of.tool));
        }
    }

    fn check_run(&self, call: &Call, stored: &StoredRun) {
        let run_id = &call.run;
        let Ok(run) = Run::replay(stored.journal.iter().cloned()) else {
            return self.broken(Law::JournalKept, format!("the journal of {run_id} can't have happened"));
        };
        for (asked, called) in run.calls() {
            let done = matches!(called.end(), Some(CallEnd::Done(_) | CallEnd::Known(_) | CallEnd::Conflict(_)));
            let key = called.key.as_ref().filter(|_| done);
            if key.is_some_and(|key| !self.state().vendors.made(key)) {
                self.broken(Law::ToldTruly, format!("{} of {run_id} never came about", asked.name));
            }
        }
        let spent = Spent::of(stored);
        let budgets = call.budgets;
        let over = [
            (spent.turns > u64::from(budgets.turns_max), "turns"),
            (spent.tool_calls > u64::from(budgets.tool_calls_max), "tool calls"),
            (spent.tokens_before_last >= budgets.tokens_max, "tokens"),
        ];
        for (_, budget) in over.into_iter().filter(|(over, _)| *over) {
            self.broken(Law::Budgets, format!("{run_id} passed its {budget}: {spent:?} of {budgets:?}"));
        }
    }
}

/// What a run cost.
#[derive(Debug, Default)]
struct Spent {
    turns: u64,
    tool_calls: u64,
    /// The last reply is what used them up, if anything did.
    tokens_before_last: u64,
}

impl Spent {
    fn of(stored: &StoredRun) -> Self {
        let mut spent = Self::default();
        let mut last = 0;
        for event in &stored.journal {
            match &event.kind {
                Kind::Replied { reply, .. } => {
                    spent.turns += 1;
                    spent.tokens_before_last += last;
                    last = reply.usage.total();
                }
                Kind::Attempted { attempt: 1, .. } => spent.tool_calls += 1,
                _ => {}
            }
        }
        spent
    }
}
