//! The records as an engine reaches them: each write takes a while, may fail, and has a place to die at before it is
//! durable and one after.

use aftercall_core::{
    effect::EffectKey,
    id::{RunId, Tenant},
    ledger::{Begin, Change, Decision, Entry, Fence},
    ports::{
        Accept, Acceptance, Append, Asked, EffectOf, InterventionNumber, Journal, Ledger, RecordsError, RunLine,
        StoredRun, Unfinished,
    },
    run::{CallId, Event, Kind, Standing},
    time::Timestamp,
};
use aftercall_engine::PARKED_MS_MIN;
use async_trait::async_trait;

use crate::{
    disk::Disk,
    mutations::{Mutation, doubted},
    process::{Process, short},
    world::State,
};

/// How long a write takes before it is durable, and once more before that is known, in milliseconds.
const WRITE_MS_MAX: u64 = 20;

/// The same, once in a while.
const SLOW_WRITE_MS_MAX: u64 = 1_000;

impl Process {
    /// A write to the records: it happens at one instant, somewhere between its beginning and its end.
    async fn write<T>(
        &self,
        what: &'static str,
        write: impl FnOnce(&mut State) -> Result<T, RecordsError>,
    ) -> Result<T, RecordsError> {
        self.point().await;
        let (before, after) = {
            let mut state = self.world.state();
            let slow = state.dice.percent(3);
            let most = if slow { SLOW_WRITE_MS_MAX } else { WRITE_MS_MAX };
            (state.dice.up_to(most), state.dice.up_to(most))
        };
        self.pause(before).await;
        if self.fails(what) {
            return Err(unavailable());
        }
        let written = self.commit(what, write);
        self.pause(after).await;
        self.point().await;
        // It is written, and nobody hears of it.
        if self.fails(what) { Err(unavailable()) } else { written }
    }

    /// Whether the disk fails.
    fn fails(&self, what: &'static str) -> bool {
        let percent = self.world.workload.faults.disk;
        let fails = self.world.state().goes_wrong(percent);
        if fails {
            self.world.reached("the records failed");
            self.world.tell(|| format!("{} {what}: the records failed", self.id));
        }
        fails
    }

    fn commit<T>(
        &self,
        what: &'static str,
        write: impl FnOnce(&mut State) -> Result<T, RecordsError>,
    ) -> Result<T, RecordsError> {
        let written = {
            let mut state = self.world.state();
            let written = write(&mut state);
            if written.is_ok() {
                state.laws.written(self.id, what);
            }
            written
        };
        if let Err(error) = &written {
            self.world.reached(match error {
                RecordsError::Fenced => "a replaced engine was refused",
                RecordsError::Ledger { .. } => "the ledger refused a change",
                RecordsError::Taken { .. } => "a place was taken",
                _ => "the records refused a write",
            });
            self.world.tell(|| format!("{} {what}: {error}", self.id));
        }
        written
    }
}

impl Process {
    /// A run is taken up, or waits to be.
    fn taken_up(&self, state: &mut State, run: &RunId) {
        if state.laws.is_newest(self.id) {
            let now = self.world.now();
            state.laws.sleepers.taken_up(run, &self.world.workload.clocks, now);
        }
    }

    /// A run that has ended leaves memory again. Its last event may be there although the records said that they failed.
    fn leave_if_over(&self, state: &mut State, run: &RunId) {
        if state.records.disk().has_ended(run) {
            self.leave(state, run);
        }
    }

    /// It leaves memory where it stands, unless it has heard something that it is yet to do.
    fn leave(&self, state: &mut State, run: &RunId) {
        let lanes = state.laws.lanes(self.id);
        if !lanes.has_heard(run) {
            lanes.ended(run, self.world.now());
        }
    }
}

/// How many attempts at a call have ended.
pub(crate) fn attempts_of(disk: &Disk, run: &RunId, of: CallId) -> usize {
    let journal = disk.runs().get(run).map(|stored| stored.journal.as_slice()).unwrap_or_default();
    let of_it = |event: &&Event| matches!(event.kind, Kind::Attempted { call, .. } if call == of);
    journal.iter().filter(of_it).count()
}

/// Whether a run that stands so since that event leaves memory.
fn parks(standing: Standing, at: Timestamp) -> bool {
    standing.wake_at().is_none_or(|until| until.ms_since(at) >= PARKED_MS_MIN)
}

#[async_trait]
impl Journal for Process {
    async fn accept(&self, accept: &Accept) -> Result<Acceptance, RecordsError> {
        self.write("accept", |state| {
            let run = accept.identity.run();
            let acceptance = state.records.accept(self.fence, accept)?;
            state.laws.runs.accepted(&run, acceptance);
            Ok(acceptance)
        })
        .await
    }

    async fn read(&self, run: &RunId) -> Result<StoredRun, RecordsError> {
        let now = self.world.now();
        self.world.state().laws.lanes(self.id).begun(run, now);
        self.world.tell(|| format!("{} {}: is driven", self.id, short(run)));
        self.point().await;
        if self.fails("read") {
            return Err(unavailable());
        }
        let wall = self.world.wall();
        let state = &mut *self.world.state();
        let stored = state.records.read(run)?;
        if stored.journal.len() > 1 {
            state.reached("a run went on");
        }
        let newest = stored.journal.last().map_or(stored.accepted_at, |event| event.at);
        state.laws.own_time.driven(self.id, run, newest, wall, now);
        self.taken_up(state, run);
        Ok(stored)
    }

    async fn append(&self, fence: Fence, append: &Append<'_>) -> Result<(), RecordsError> {
        let now = || self.world.now();
        self.write("append", |state| {
            let attempts = match &append.event.kind {
                Kind::Decided { call, .. } => attempts_of(state.records.disk(), append.run, *call),
                _ => 0,
            };
            state.records.append(fence, append, self.world.wall())?;
            let (disk, now) = (state.records.disk(), now());
            let kept_at = disk.runs().get(append.run).and_then(|stored| Some(stored.journal.last()?.at));
            state.laws.own_time.recorded(self.id, append.run, kept_at.unwrap_or(append.event.at), now);
            state.laws.appended(append, attempts, now);
            match append.event.kind {
                Kind::Postponed { .. } => state.reached("a tool waited for its hour"),
                Kind::ApprovalAsked { .. } => state.reached("a tool waited for a person"),
                _ => {}
            }
            Ok(())
        })
        .await?;
        let state = &mut *self.world.state();
        if append.does.is_some() {
            state.laws.lanes(self.id).does(append.run);
        }
        if parks(append.standing, append.event.at) {
            self.leave(state, append.run);
        }
        Ok(())
    }

    async fn due(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Unfinished>, RecordsError> {
        self.point().await;
        if self.fails("due") {
            return Err(unavailable());
        }
        let now = self.world.now();
        let state = &mut *self.world.state();
        let due = state.records.unfinished().into_iter().filter(|(at, _)| (from..=to).contains(at));
        let due: Vec<Unfinished> = due.map(|(_, unfinished)| unfinished).collect();
        for line in &due {
            state.laws.lanes(self.id).waits(&line.tenant, &line.run, now);
            self.taken_up(state, &line.run);
        }
        Ok(due)
    }

    async fn next_due(&self, from: Timestamp) -> Result<Option<Timestamp>, RecordsError> {
        let unfinished = self.world.state().records.unfinished();
        let next = unfinished.into_iter().map(|(at, _)| at).filter(|at| *at >= from).min();
        let late_ms = if self.world.mutation == Some(Mutation::WokenLate) { 60 * 60 * 1000 } else { 0 };
        Ok(next.map(|next| next.plus_ms(late_ms)))
    }

    async fn stand(&self, fence: Fence, run: &RunId, standing: Standing) -> Result<(), RecordsError> {
        let now = self.world.now();
        let state = &mut *self.world.state();
        state.records.stand(fence, run, standing)?;
        // It leaves memory where it was found.
        state.laws.lanes(self.id).ended(run, now);
        state.laws.sleepers.stands(run, standing, now);
        Ok(())
    }

    async fn asked_of(&self) -> Result<Vec<Unfinished>, RecordsError> {
        self.point().await;
        if self.fails("asked of") {
            return Err(unavailable());
        }
        let now = self.world.now();
        let state = &mut *self.world.state();
        let asked_of = state.records.disk().asked_of();
        for line in &asked_of {
            state.laws.lanes(self.id).waits(&line.tenant, &line.run, now);
        }
        Ok(asked_of)
    }

    async fn asked(&self, run: &RunId) -> Result<Vec<Asked>, RecordsError> {
        self.point().await;
        if self.fails("asked") {
            return Err(unavailable());
        }
        let state = &mut *self.world.state();
        let mut asked = state.records.disk().asked(run);
        state.laws.lanes(self.id).hears(run, asked.len());
        self.leave_if_over(state, run);
        if self.world.mutation == Some(Mutation::WordsSaidAnew) {
            asked.iter_mut().for_each(|asked| asked.at = Timestamp::from_millis(u64::MAX));
        }
        Ok(asked)
    }

    async fn decline(&self, fence: Fence, number: InterventionNumber) -> Result<(), RecordsError> {
        self.point().await;
        self.world.tell(|| format!("{} declines word {}", self.id, number.0));
        let wall = self.world.wall();
        let state = &mut *self.world.state();
        if self.world.mutation == Some(Mutation::WordsSaidAnew) && !state.calm {
            return Ok(());
        }
        let of = state.records.disk().asked_by(number).cloned();
        state.records.decline(fence, number)?;
        state.reached("a word was declined");
        if let Some(run) = of {
            state.laws.lanes(self.id).does(&run);
            let (disk, own) = (state.records.disk(), state.laws.own_time.of(self.id, &run, wall, self.world.now()));
            let newest = disk.runs().get(&run).and_then(|stored| Some(stored.journal.last()?.at));
            let (standing, is_due) = (disk.standing(&run), |until| until <= own);
            if newest.is_some_and(|newest| parks(standing, newest)) && !standing.wake_at().is_some_and(is_due) {
                self.leave(state, &run);
            }
        }
        Ok(())
    }

    async fn runs(&self, _: Option<&Tenant>, _: u32) -> Result<Vec<RunLine>, RecordsError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Ledger for Process {
    async fn begin(&self, effect: &EffectOf, begin: &Begin) -> Result<Decision, RecordsError> {
        let decision = self
            .write("begin", |state| {
                let decision = state.records.begin(effect, begin)?;
                let now = self.world.now();
                state.laws.effects.decided(effect, begin, &decision, now);
                if matches!(decision, Decision::Fresh { doubted: false, .. }) {
                    let run = effect.call.run();
                    let since = state.laws.own_time.driven_since(self.id, &run);
                    state.laws.people.begins(&run, since, now);
                }
                Ok(decision)
            })
            .await?;
        self.world.reached(match &decision {
            Decision::Fresh { doubted: false, .. } => "fresh",
            Decision::Fresh { doubted: true, .. } => "fresh in doubt",
            Decision::Done(_) => "known",
            Decision::Conflict(_) => "conflict",
            Decision::InDoubt { .. } => "in doubt",
            Decision::Unknowable => "unknowable",
            Decision::OverCap(_) => "over cap",
            Decision::Busy => "busy",
            Decision::Fenced => "fenced",
        });
        Ok(decision)
    }

    async fn entry(&self, key: &EffectKey) -> Result<Option<Entry>, RecordsError> {
        self.point().await;
        let state = &mut *self.world.state();
        let entry = state.records.disk().entry(key).cloned();
        // Not each time, or whoever asks until it is settled would never end.
        let doubts = self.world.mutation == Some(Mutation::NothingSentDoubted) && state.dice.percent(50);
        Ok(if doubts { Some(doubted(entry)) } else { entry })
    }

    async fn change(&self, key: &EffectKey, fence: Fence, change: &Change) -> Result<(), RecordsError> {
        self.write("change", |state| {
            state.records.change(key, fence, change)?;
            let entry = state.records.disk().entry(key);
            state.laws.effects.changed(key, self.id, change, entry);
            state.laws.people.changed(key, change);
            Ok(())
        })
        .await?;
        match change {
            Change::SettledDone(_) => self.world.reached("settled: it happened"),
            Change::SettledOtherwise(_) => self.world.reached("settled: it happened otherwise"),
            Change::SettledNot => self.world.reached("settled: it did not happen"),
            Change::GivenUp => self.world.reached("settled: never to be known"),
            Change::Resolved { .. } => self.world.reached("settled: by a person"),
            Change::WriteLeaves | Change::Ended { .. } | Change::LeftBehind { .. } => {}
        }
        self.world.tell(|| format!("{} ledger {}: {change:?}", self.id, short(key)));
        Ok(())
    }
}

fn unavailable() -> RecordsError {
    RecordsError::Unavailable("disk I/O error".to_owned())
}
