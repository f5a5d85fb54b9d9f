//! One engine's life: it takes the records over, goes on with what it finds, takes calls, and ends.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aftercall_core::{
    id::{RunId, Tenant},
    ports::{NoDayBudgets, RecordsError, Tools},
};
use aftercall_engine::{Dispatcher, Embedded, Error, Park, Place, Ports, Room};
use tokio::{
    sync::Notify,
    task::AbortHandle,
    time::{sleep, timeout},
};

use crate::{
    mutations::{BrokenTools, Mutation},
    process::{Process, ProcessId, short},
    workload::{Alone, Call, Death, Life},
    world::World,
};

/// How long it waits before it tries again what failed with the records.
const AGAIN: Duration = Duration::from_secs(1);

/// An engine that lives.
pub(crate) struct Living {
    pub(crate) process: Arc<Process>,
    engine: Arc<Embedded>,
    dispatcher: Arc<Dispatcher>,
    stop: Arc<Notify>,
    stopped: Arc<Notify>,
    /// Whether it has seen what it goes on with: before that, it takes no calls.
    resumed: Arc<AtomicBool>,
    work: AbortHandle,
}

/// A call wasn't taken: its platform will send it again.
pub(crate) struct NotTaken;

impl Living {
    /// A new process takes the records over. `life`: how long it lives; none: until it is left.
    pub(crate) fn begin(world: &Arc<World>, id: ProcessId, life: Option<&Life>) -> Self {
        let fence = {
            let now = world.now();
            let state = &mut *world.state();
            state.laws.takes_over(id, now);
            state.records.take_over()
        };
        world.tell(|| format!("{id} takes over: {life:?}"));
        let fatal = life.is_some_and(|life| matches!(life.death, Death::Killed));
        let process = Process::new(world, id, fence, life.map_or(u64::MAX, |life| life.points), fatal);
        let engine = Arc::new(Embedded::new(ports(&process), fence));
        let (host, tenants) = rooms(world);
        let look_every = world.workload.people.map(|people| Duration::from_millis(people.looks_ms));
        let dispatcher = Arc::new(Dispatcher::new(Arc::clone(&engine), host, tenants, look_every));
        let (stop, stopped, resumed) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::default());
        let working = Working {
            process: Arc::clone(&process),
            dispatcher: Arc::clone(&dispatcher),
            stop: Arc::clone(&stop),
            stopped: Arc::clone(&stopped),
            resumed: Arc::clone(&resumed),
        };
        let work = tokio::spawn(working.work()).abort_handle();
        Self { process, engine, dispatcher, stop, stopped, resumed, work }
    }

    /// It dies, now.
    pub(crate) fn kill(&self) {
        self.process.die();
        self.work.abort();
    }

    /// It is asked to stop, and dies after a while if it hasn't.
    pub(crate) async fn stop(&self, grace_ms: u64) {
        self.stop.notify_one();
        let stopped = timeout(Duration::from_millis(grace_ms), self.stopped.notified()).await;
        self.process.world.tell(|| format!("{} stopped: {}", self.process.id, stopped.is_ok()));
        self.kill();
    }

    /// Takes a call, as a webhook brings it.
    pub(crate) async fn take(&self, call: &Call) -> Result<(), NotTaken> {
        let world = &self.process.world;
        if !self.resumed.load(Ordering::Relaxed) {
            return Err(NotTaken);
        }
        let tenant = lane(world, &call.identity.tenant);
        let Ok(place) = self.dispatcher.reserve(&tenant) else {
            world.reached("full");
            return Err(NotTaken);
        };
        let accept = call.accept(world.wall());
        let (run, acceptance) = self.engine.accept(&accept).await.map_err(|_| NotTaken)?;
        world.tell(|| format!("{} {}: accepted, {acceptance:?}", self.process.id, short(&run)));
        world.state().laws.runs.promised(&run);
        match call.alone {
            _ if !self.waits(&run) => {}
            Some(alone) => self.drive_alone(run, alone),
            None => self.fill(place, &call.identity.tenant, run),
        }
        Ok(())
    }

    /// Whether a run that was accepted is still to be driven, and nobody does.
    fn waits(&self, run: &RunId) -> bool {
        let state = &mut *self.process.world.state();
        !state.records.disk().has_ended(run)
            && !state.laws.lanes(self.process.id).is_alone(run)
            && !self.dispatcher.knows(run)
    }

    fn fill(&self, place: Place<'_>, tenant: &Tenant, run: RunId) {
        let world = &self.process.world;
        world.tell(|| format!("{} {}: waits, of {tenant}", self.process.id, short(&run)));
        world.state().laws.lanes(self.process.id).waits(tenant, &run, world.now());
        place.fill(run);
    }

    /// Drives a run without the dispatcher: its drive is dropped once, begun anew, and then cancelled.
    fn drive_alone(&self, run: RunId, alone: Alone) {
        let world = &self.process.world;
        world.state().laws.lanes(self.process.id).goes_alone(&run);
        let (engine, process, dispatcher) =
            (Arc::clone(&self.engine), Arc::clone(&self.process), Arc::clone(&self.dispatcher));
        tokio::spawn(async move {
            let cancel_at = tokio::time::Instant::now() + Duration::from_millis(alone.cancel_ms);
            let mut drop_ms = Some(alone.drop_ms);
            while !process.is_dead() {
                let cancel = async {
                    tokio::time::sleep_until(cancel_at).await;
                    "somebody asked for it".to_owned()
                };
                let patience = Duration::from_millis(drop_ms.take().unwrap_or(u64::MAX));
                match timeout(patience, engine.drive(&run, Park::ForAPerson, cancel)).await {
                    Err(_) => {}
                    Ok(Err(Error::Records(RecordsError::Unavailable(_)))) => sleep(AGAIN).await,
                    // Where it waits for a person, the dispatcher takes it up.
                    Ok(_) => {
                        process.world.state().laws.lanes(process.id).goes_with_all(&run);
                        while dispatcher.resume().await.is_err() {
                            sleep(AGAIN).await;
                        }
                        return;
                    }
                }
            }
        });
    }
}

/// What a process does of its own: goes on with what it finds, and drives runs.
struct Working {
    process: Arc<Process>,
    dispatcher: Arc<Dispatcher>,
    stop: Arc<Notify>,
    stopped: Arc<Notify>,
    resumed: Arc<AtomicBool>,
}

impl Working {
    async fn work(self) {
        while self.dispatcher.resume().await.is_err() {
            sleep(AGAIN).await;
        }
        self.resumed.store(true, Ordering::Relaxed);
        if let Err(error) = self.dispatcher.work(self.stop.notified()).await {
            self.process.world.tell(|| format!("{} works no more: {error}", self.process.id));
        }
        self.stopped.notify_one();
    }
}

fn ports(process: &Arc<Process>) -> Ports {
    let tools: Arc<dyn Tools> = match process.world.mutation {
        None => process.clone(),
        Some(mutation) => Arc::new(BrokenTools { tools: process.clone(), mutation }),
    };
    Ports {
        journal: process.clone(),
        ledger: process.clone(),
        model: process.clone(),
        tools,
        grants: process.clone(),
        day_budgets: Arc::new(NoDayBudgets),
        clock: process.clone(),
        chance: process.clone(),
        observer: process.clone(),
    }
}

fn rooms(world: &World) -> (Room, BTreeMap<Tenant, Room>) {
    let (mut host, mut tenants) = (world.workload.host, world.workload.tenants.clone());
    match world.mutation {
        Some(Mutation::RoomIgnored) => {
            host.runs_max += 1;
            tenants.values_mut().for_each(|room| room.runs_max += 1);
        }
        Some(Mutation::WeightsIgnored) => tenants.values_mut().for_each(|room| room.weight = NonZeroU32::MIN),
        Some(Mutation::OneQueueForAll) => tenants.values_mut().for_each(|room| room.runs_max = host.runs_max),
        _ => {}
    }
    (host, tenants)
}

/// In which queue the calls of a tenant wait.
fn lane(world: &World, tenant: &Tenant) -> Tenant {
    match world.mutation {
        Some(Mutation::OneQueueForAll) => world.workload.tenants.keys().next().unwrap_or(tenant).clone(),
        _ => tenant.clone(),
    }
}
