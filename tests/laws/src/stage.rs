//! One engine in one world, and what a law does with it.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use aftercall_core::{
    id::RunId,
    ports::{Accept, Acceptance},
    run::{ApprovalAsk, CallId, Event, Intervention, Kind, Resolution, Run, Said, Standing},
    time::Timestamp,
};

use crate::{
    Broken, Engine, Engines, House, Process, Share,
    broken::{Held, demand, demand_eq},
    world::{Life, World},
};

/// How long a law waits for what must come, in moments.
const PATIENCE_MOMENTS: u64 = 200;

/// How many times in a moment it looks.
const LOOKS: u64 = 20;

/// One engine in one world.
pub(crate) struct Stage {
    pub(crate) world: Arc<World>,
    engine: Arc<dyn Engine>,
    alive: Option<Alive>,
}

/// A process, and its life.
pub(crate) struct Alive {
    pub(crate) life: Arc<Life>,
    pub(crate) process: Box<dyn Process>,
}

/// A run, as the records tell it.
pub(crate) struct Told {
    pub(crate) journal: Vec<Event>,
    pub(crate) run: Run,
}

impl Stage {
    /// An engine that has nothing yet, with room for eight runs of one tenant, `acme`.
    pub(crate) async fn new(engines: &dyn Engines) -> Self {
        Self::with_house(engines, house(8, &[("acme", 8, 1)])).await
    }

    pub(crate) async fn with_house(engines: &dyn Engines, house: House) -> Self {
        let world = World::new(engines, house);
        let engine = engines.fresh(&world).await;
        Self { world, engine, alive: None }
    }

    /// A new process starts. The one before lingers, if it hasn't been killed, and is given back.
    pub(crate) async fn start(&mut self) -> Option<Alive> {
        let life = Life::begin(&self.world);
        let process = self.engine.start(&life).await;
        self.alive.replace(Alive { life, process })
    }

    /// The process is killed.
    pub(crate) async fn kill(&mut self) {
        if let Some(Alive { life, process }) = self.alive.take() {
            life.die();
            process.kill().await;
        }
    }

    /// The process is killed, and a new one starts.
    pub(crate) async fn restart(&mut self) {
        self.kill().await;
        self.start().await;
    }

    /// The process is asked to end, and does.
    pub(crate) async fn stop(&mut self) {
        if let Some(Alive { process, .. }) = self.alive.take() {
            process.stop().await;
        }
    }

    pub(crate) fn alive(&self) -> &Alive {
        self.alive.as_ref().expect("a process lives")
    }

    /// Submits a call as often as it takes.
    pub(crate) async fn submit(&self, call: &Accept) -> Held<Acceptance> {
        for _ in 0..PATIENCE_MOMENTS {
            if let Ok(acceptance) = self.alive().process.submit(call).await {
                return Ok(acceptance);
            }
            self.pass(1).await;
        }
        Err(Broken::new("the call was never taken"))
    }

    /// So many moments pass.
    pub(crate) async fn pass(&self, moments: u64) {
        self.world.pass(self.world.moments(moments)).await;
    }

    /// It becomes that time.
    pub(crate) async fn pass_until(&self, at: Timestamp) {
        self.world.pass(at.ms_since(self.world.now())).await;
    }

    /// Somebody says what they want of a run.
    pub(crate) async fn say(&self, run: &RunId, what: &Intervention) {
        if matches!(what, Intervention::Decide { said: Said::Resolve(Resolution::Redo), .. }) {
            self.world.nothing_is_in_doubt();
        }
        self.engine.say(run, what).await;
    }

    pub(crate) async fn cancel(&self, run: &RunId) {
        self.say(run, &Intervention::Cancel { reason: "a person asked".to_owned() }).await;
    }

    /// Somebody says something about a call of the first turn.
    pub(crate) async fn decide(&self, run: &RunId, index: u32, said: Said) {
        let call = CallId { turn: 1, index };
        self.say(run, &Intervention::Decide { call, by: "dana".to_owned(), said }).await;
    }

    /// The run as the records tell it at this moment.
    pub(crate) async fn read(&self, run: &RunId) -> Held<Told> {
        let stored = self.engine.read(run).await;
        let journal = stored.map_err(|error| Broken::new(format!("a run can't be read: {error}")))?.journal;
        let replayed = Run::replay(journal.clone());
        let run = replayed.map_err(|illegal| Broken::new(format!("a journal does not verify: {illegal}")))?;
        Ok(Told { journal, run })
    }

    /// Waits until the run has ended.
    pub(crate) async fn ended(&self, run: &RunId) -> Held<Told> {
        self.stands(run, Told::has_ended).await
    }

    /// Waits until the run stands so.
    pub(crate) async fn stands(&self, run: &RunId, so: impl Fn(&Told) -> bool) -> Held<Told> {
        let mut seen = None;
        for look in 0..PATIENCE_MOMENTS * LOOKS {
            self.verdict()?;
            let events = Some(self.world.events());
            // Reading costs more than asking whether there is anything new to be read.
            if events != seen || look % LOOKS == 0 {
                seen = events;
                let told = self.read(run).await?;
                if so(&told) {
                    return Ok(told);
                }
            }
            self.world.pass(self.world.part_of_a_moment(LOOKS)).await;
        }
        let outcome = self.read(run).await?.run.outcome();
        Err(Broken::new(format!("it stays `{outcome}`: {PATIENCE_MOMENTS} moments have passed")))
    }

    /// Waits until the run has ended, unless the process comes before to the point at which it stops.
    pub(crate) async fn has_ended_unless_stopped(&self, run: &RunId) -> Held<Option<Told>> {
        self.stands_unless_stopped(run, Told::has_ended).await
    }

    /// The same for how it stands otherwise.
    pub(crate) async fn stands_unless_stopped(&self, run: &RunId, so: impl Fn(&Told) -> bool) -> Held<Option<Told>> {
        tokio::select! {
            biased;
            () = self.world.reached() => Ok(None),
            told = self.stands(run, so) => told.map(Some),
        }
    }

    /// Starts a process and submits the call to it. False: before that was answered, the process came to the point at
    /// which it stops.
    pub(crate) async fn start_and_submit(&mut self, call: &Accept) -> Held<bool> {
        self.start().await;
        tokio::select! {
            biased;
            () = self.world.reached() => Ok(false),
            taken = self.submit(call) => taken.map(|_| true),
        }
    }

    /// Starts a process and submits the call; if the process comes to the point at which it stops, another one takes the
    /// call. Says whether it came there.
    pub(crate) async fn submit_whoever_stops(&mut self, call: &Accept) -> Held<bool> {
        let stopped = !self.start_and_submit(call).await?;
        if stopped {
            self.restart().await;
            self.submit(call).await?;
        }
        Ok(stopped)
    }

    /// Waits until the run stands so; if the process comes before to the point at which it stops, another one goes on.
    /// Says whether it came there, too.
    pub(crate) async fn stands_whoever_stops(&mut self, run: &RunId, so: impl Fn(&Told) -> bool) -> Held<(Told, bool)> {
        if let Some(told) = self.stands_unless_stopped(run, &so).await? {
            return Ok((told, false));
        }
        self.restart().await;
        Ok((self.stands(run, so).await?, true))
    }

    /// Nothing happened so far that no law allows.
    pub(crate) fn verdict(&self) -> Held {
        demand(self.world.broken().is_empty(), || self.world.broken().join("; "))
    }

    /// All that vendors have is told by these runs of one conversation, and nothing else.
    pub(crate) fn tells_truly(&self, runs: &[&Told]) -> Held {
        self.verdict()?;
        let mut told: Vec<String> = runs.iter().flat_map(|told| told.effects()).collect();
        told.sort();
        told.dedup();
        let mut made = self.world.made();
        made.sort();
        demand_eq("what the runs tell of effects, beside what vendors have", told, made)
    }

    /// What the vendors have, in whatever order, and once each.
    pub(crate) fn has_made(&self, wanted: &[&str]) -> Held {
        self.verdict()?;
        let mut made = self.world.made();
        made.sort();
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        demand_eq("what vendors have", made, wanted)
    }
}

impl Told {
    /// How it ended, or where it stands, in one word.
    pub(crate) fn outcome(&self) -> &'static str {
        self.run.outcome()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.run.standing() == Standing::Ended
    }

    /// Whether a person is asked for an approval.
    pub(crate) fn awaits_approval(&self) -> bool {
        matches!(self.run.standing(), Standing::AwaitsApproval { .. })
    }

    /// Whether a person must settle an effect.
    pub(crate) fn needs_attention(&self) -> bool {
        self.run.standing() == Standing::NeedsAttention
    }

    /// When its newest event happened.
    pub(crate) fn newest_at(&self) -> Timestamp {
        self.journal.last().map_or(Timestamp::default(), |event| event.at)
    }

    /// The vendors' proofs of its effects.
    pub(crate) fn effects(&self) -> Vec<String> {
        let receipts = self.run.effects().into_iter().flat_map(|done| done.receipts.to_vec());
        receipts.map(|receipt| receipt.id).collect()
    }

    /// What a person was asked to approve, last.
    pub(crate) fn ask(&self) -> Held<ApprovalAsk> {
        let asks = self.journal.iter().rev().find_map(|event| match &event.kind {
            Kind::ApprovalAsked { ask, .. } => Some(ApprovalAsk::clone(ask)),
            _ => None,
        });
        asks.ok_or_else(|| Broken::new("nobody was asked for an approval"))
    }
}

/// A house of tenants: the name of each, its runs at once, its weight.
pub(crate) fn house(runs_max: u32, tenants: &[(&str, u32, u32)]) -> House {
    let share = |&(name, runs_max, weight): &(&str, u32, u32)| {
        let weight = NonZeroU32::new(weight).expect("a weight is not zero");
        (name.parse().expect("a name"), Share { runs_max, weight })
    };
    House { runs_max, tenants: tenants.iter().map(share).collect::<BTreeMap<_, _>>() }
}
