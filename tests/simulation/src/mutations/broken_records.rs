//! Records that keep all of their promises but one.

use std::collections::BTreeMap;

use aftercall_core::{
    assistant::Budgets,
    effect::EffectKey,
    id::RunId,
    ledger::{Begin, Change, Decision, Entry, Fence, State, Verdict},
    ports::{Accept, Acceptance, Append, EffectOf, InterventionNumber, RecordsError, StoredRun, Unfinished},
    run::{Event, Intervention, Kind, Standing},
    time::Timestamp,
    tool::Effect,
};

use super::Mutation;
use crate::disk::Disk;

/// A disk, and the promise that it doesn't keep.
pub(crate) struct Records {
    disk: Disk,
    mutation: Option<Mutation>,
    /// The newest event of each journal, where it isn't durable.
    unwritten: BTreeMap<RunId, Event>,
    /// Runs that aren't durable.
    unkept: Vec<RunId>,
}

type Answer<T> = Result<T, RecordsError>;

impl Records {
    pub(crate) fn new(mutation: Option<Mutation>) -> Self {
        Self { disk: Disk::default(), mutation, unwritten: BTreeMap::new(), unkept: Vec::new() }
    }

    /// What is really there.
    pub(crate) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// A process died: what wasn't durable is gone.
    pub(crate) fn crashed(&mut self) {
        self.unwritten.clear();
        for run in std::mem::take(&mut self.unkept) {
            self.disk.lose(&run);
        }
        if self.is(Mutation::OpenEntriesLost) {
            self.disk.effects_mut().retain(|_, row| !matches!(row.entry.state, State::Open { .. }));
        }
    }

    pub(crate) fn take_over(&mut self) -> Fence {
        match self.is(Mutation::FenceNotRaised) && self.disk.newest() > Fence(0) {
            true => self.disk.newest(),
            false => self.disk.take_over(),
        }
    }

    pub(crate) fn accept(&mut self, fence: Fence, accept: &Accept) -> Answer<Acceptance> {
        let run = accept.identity.run();
        let mut accept = accept.clone();
        if let (Some(Mutation::BudgetsForgotten), Kind::Started(pins)) = (self.mutation, &mut accept.first.kind) {
            pins.budgets = Budgets::default();
        }
        match self.mutation {
            Some(Mutation::SeedsForgotten) => accept.seeds.clear(),
            Some(Mutation::UnclearSeedsDropped) => accept.seeds.retain(|seed| !seed.is_in_doubt()),
            _ => {}
        }
        let acceptance = self.disk.accept(self.fence(fence, Mutation::AcceptUnfenced), &accept)?;
        match self.mutation {
            Some(Mutation::AcceptedAnew) => return Ok(Acceptance::New),
            Some(Mutation::AcceptLost) if acceptance == Acceptance::New => self.unkept.push(run),
            _ => {}
        }
        Ok(acceptance)
    }

    pub(crate) fn read(&self, run: &RunId) -> Answer<StoredRun> {
        let mut stored = self.disk.read(run)?;
        stored.journal.extend(self.unwritten.get(run).cloned());
        Ok(stored)
    }

    /// `wall`: what clocks show.
    pub(crate) fn append(&mut self, fence: Fence, append: &Append<'_>, wall: Timestamp) -> Answer<()> {
        let fence = self.fence(fence, Mutation::JournalUnfenced);
        let shown = Event { at: wall, ..append.event.clone() };
        let append = &match self.mutation {
            Some(Mutation::WallTimeRecorded) => Append { event: &shown, ..append.clone() },
            Some(Mutation::WordsSaidAnew) => Append { does: None, ..append.clone() },
            Some(Mutation::PeopleNotAsked) if append.standing.is_for_a_person() => {
                Append { standing: Standing::Working, ..append.clone() }
            }
            _ => append.clone(),
        };
        if !self.is(Mutation::LastEventLost) || append.ending.is_some() {
            self.write_unwritten(fence, append)?;
            return self.disk.append(fence, append);
        }
        self.disk.expect_epoch(fence)?;
        self.write_unwritten(fence, append)?;
        self.unwritten.insert(append.run.clone(), append.event.clone());
        self.unkept.retain(|run| run != append.run);
        Ok(())
    }

    fn write_unwritten(&mut self, fence: Fence, append: &Append<'_>) -> Answer<()> {
        self.unkept.retain(|run| run != append.run);
        let Some(event) = self.unwritten.remove(append.run) else { return Ok(()) };
        let seq = append.seq.saturating_sub(1);
        self.disk.append(fence, &Append::new(append.run, seq, &event))
    }

    pub(crate) fn stand(&mut self, fence: Fence, run: &RunId, standing: Standing) -> Answer<()> {
        let fence = self.fence(fence, Mutation::JournalUnfenced);
        self.disk.stand(fence, run, standing)
    }

    pub(crate) fn ask(&mut self, run: &RunId, at: Timestamp, what: &Intervention) -> Answer<InterventionNumber> {
        self.disk.ask(run, at, what)
    }

    pub(crate) fn decline(&mut self, fence: Fence, number: InterventionNumber) -> Answer<()> {
        self.disk.decline(fence, number)
    }

    pub(crate) fn unfinished(&self) -> Vec<(Timestamp, Unfinished)> {
        let mut unfinished = self.disk.unfinished();
        if self.is(Mutation::UnfinishedForgotten) {
            unfinished.retain(|(_, line)| self.disk.runs()[&line.run].journal.len() == 1);
        }
        unfinished
    }

    pub(crate) fn begin(&mut self, effect: &EffectOf, begin: &Begin) -> Answer<Decision> {
        let mut begin = begin.clone();
        begin.fence = self.fence(begin.fence, Mutation::LedgerUnfenced);
        match self.mutation {
            Some(Mutation::DoubtIgnored) => begin.effect = Effect::Idempotent,
            Some(Mutation::CapsNotCounted) => begin.caps.clear(),
            _ => {}
        }
        let decision = self.disk.begin(effect, &begin)?;
        let again = match decision {
            Decision::Conflict(_) => self.is(Mutation::ConflictDoneAgain),
            Decision::Unknowable => self.is(Mutation::UnknowableTriedAgain),
            _ => false,
        };
        if again {
            self.disk.effects_mut().remove(&effect.key);
            return self.disk.begin(effect, &begin);
        }
        Ok(decision)
    }

    pub(crate) fn change(&mut self, key: &EffectKey, fence: Fence, change: &Change) -> Answer<()> {
        let fence = self.fence(fence, Mutation::LedgerUnfenced);
        let change = match (self.mutation, change) {
            (Some(Mutation::DoneForgotten), Change::Ended { verdict: Verdict::Done(_), .. }) => return Ok(()),
            (Some(Mutation::SettledBackwards), Change::SettledDone(_)) => &Change::SettledNot,
            (Some(Mutation::DoubtRecordedAsFailure), Change::Ended { verdict: Verdict::InDoubt(failure), at }) => {
                &Change::Ended { verdict: Verdict::Failed(failure.clone()), at: *at }
            }
            _ => change,
        };
        self.disk.change(key, fence, change)
    }

    /// Whose number counts: the newest engine's, where nobody looks at it.
    fn fence(&self, fence: Fence, unfenced: Mutation) -> Fence {
        if self.is(unfenced) { self.disk.newest() } else { fence }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }
}

/// An effect of which something may have been sent, whether or not it was.
pub(crate) fn doubted(known: Option<Entry>) -> Entry {
    let unsent = |entry: &Entry| matches!(entry.state, State::Open { write_left: false, .. });
    let at = Timestamp::default();
    let nothing = Entry {
        arguments: None,
        attempts: 0,
        first_attempt_at: at,
        last_attempt_at: at,
        last_attempt_ended_at: None,
        in_question: None,
        state: State::InDoubt,
    };
    match known {
        Some(entry) if unsent(&entry) => Entry { state: State::InDoubt, ..entry },
        known => known.unwrap_or(nothing),
    }
}
