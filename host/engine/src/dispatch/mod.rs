//! Many runs at once: those that were accepted wait here for their turn, and are driven to their end.

mod queue;
mod wakes;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    future::{Future, pending},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aftercall_core::{
    id::{RunId, Tenant},
    ports::{RecordsError, Unfinished},
    time::Timestamp,
};
use tokio::{sync::Notify, task::JoinSet};

pub use queue::{Full, Room};

use crate::{Driven, Embedded, Error, Park, clock};
use queue::Queue;
use wakes::Wakes;

/// The first pause before a run is driven again that could not be driven on. It doubles.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How often a run is driven whose step broke: a fault of ours that may not be there the next time.
const BROKEN_TRIES_MAX: u32 = 3;

/// Drives runs, as many at once as there is room for.
pub struct Dispatcher {
    engine: Arc<Embedded>,
    queue: Mutex<Queue>,
    filled: Notify,
    wakes: Mutex<Wakes>,
    /// Runs that can't be driven on before somebody has mended something: they aren't tried again until the next start.
    broken: Mutex<HashSet<RunId>>,
    /// How often it looks for what people asked of runs.
    look_every: Option<Duration>,
}

/// A place in the queue, kept for a call that is about to be accepted. Dropped, it is given back.
#[must_use]
pub struct Place<'a> {
    dispatcher: &'a Dispatcher,
    tenant: Option<Tenant>,
}

/// How much is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Runs under way.
    pub running: u32,
    /// Calls that wait for their run.
    pub waiting: u32,
}

impl Dispatcher {
    /// A dispatcher for these tenants. `look_every`: how often it looks for what people asked of runs in the records; if
    /// not at all, somebody says so by [`look`](Self::look).
    pub fn new(
        engine: Arc<Embedded>,
        room: Room,
        tenants: BTreeMap<Tenant, Room>,
        look_every: Option<Duration>,
    ) -> Self {
        let queue = Mutex::new(Queue::new(room, tenants));
        Self { engine, queue, filled: Notify::new(), wakes: Mutex::default(), broken: Mutex::default(), look_every }
    }

    /// Keeps a place for a call of that tenant. Asked before the call is accepted: what was accepted is never refused.
    ///
    /// # Errors
    /// There is none.
    pub fn reserve(&self, tenant: &Tenant) -> Result<Place<'_>, Full> {
        self.queue().reserve(tenant)?;
        Ok(Place { dispatcher: self, tenant: Some(tenant.clone()) })
    }

    /// Takes in the runs that the records have under way, and those whose time to go on has come. Gives the tenants that
    /// aren't known here, each with the number of its runs, which stay where they are.
    ///
    /// # Errors
    /// The records failed.
    pub async fn resume(&self) -> Result<BTreeMap<Tenant, usize>, RecordsError> {
        let now = self.engine.ports.clock.now();
        let found = self.due(now).await.inspect_err(|_| self.wakes().look_again(now));
        let (due, next) = found?;
        self.wakes().looked(now, next);
        Ok(self.take_in(due))
    }

    async fn due(&self, now: Timestamp) -> Result<(Vec<Unfinished>, Option<Timestamp>), RecordsError> {
        let (journal, from) = (&self.engine.ports.journal, self.wakes().from());
        Ok((journal.due(from, now).await?, journal.next_due(now.plus_ms(1)).await?))
    }

    /// Takes in the runs of which people asked for something in the records, and tells those that are being driven.
    ///
    /// # Errors
    /// The records failed.
    pub async fn look(&self) -> Result<(), RecordsError> {
        let asked_of = self.engine.ports.journal.asked_of().await?;
        let parked =
            asked_of.into_iter().filter(|asked| !self.broken().contains(&asked.run) && !self.engine.look(&asked.run));
        self.take_in(parked);
        Ok(())
    }

    fn broken(&self) -> MutexGuard<'_, HashSet<RunId>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_in(&self, runs: impl IntoIterator<Item = Unfinished>) -> BTreeMap<Tenant, usize> {
        let mut unknown = BTreeMap::new();
        for Unfinished { run, tenant } in runs {
            if !self.queue().resume(&tenant, run) {
                *unknown.entry(tenant).or_default() += 1;
            }
        }
        self.filled.notify_one();
        unknown
    }

    /// Whether a run waits or is under way.
    pub fn knows(&self, run: &RunId) -> bool {
        self.queue().knows(run)
    }

    /// How much is going on.
    pub fn load(&self) -> Load {
        let queue = self.queue();
        Load { running: queue.running(), waiting: queue.waiting() }
    }

    /// Drives runs until `stop` resolves, and then waits for those under way. Dropping the future leaves each run
    /// where its journal ends.
    ///
    /// # Errors
    /// A newer engine has the records: this one must end.
    pub async fn work(&self, stop: impl Future<Output = ()>) -> Result<(), RecordsError> {
        let mut stop = pin!(stop);
        let mut stopping = false;
        let mut under_way = JoinSet::new();
        let mut places = HashMap::new();
        let mut looks = self.look_every.map(tokio::time::interval);
        loop {
            while !stopping && let Some((tenant, run)) = self.queue().next() {
                let engine = Arc::clone(&self.engine);
                let place = (tenant, run.clone());
                let task = under_way.spawn(async move { drive(&engine, &run).await });
                places.insert(task.id(), place);
            }
            // In this order, not in any: the same world must be the same story. Filling needs no more than to be woken.
            tokio::select! {
                biased;
                () = &mut stop, if !stopping => stopping = true,
                () = self.filled.notified(), if !stopping => {}
                Some(ended) = under_way.join_next_with_id() => {
                    let (task, ended) = ended.unwrap_or_else(|panicked| {
                        // The run stays where its journal ends, and the others go on.
                        tracing::error!("driving a run broke: {panicked}");
                        (panicked.id(), Ok(Left::Broken))
                    });
                    let (tenant, run) = places.remove(&task).expect("each task has its place");
                    self.queue().ended(&tenant, &run);
                    match ended? {
                        Left::Sleeping { until } => self.wakes().sleeps_until(until),
                        Left::Broken => drop(self.broken().insert(run)),
                        Left::Over => {}
                    }
                }
                () = self.sleepers(), if !stopping => heard(self.resume().await)?,
                () = tick(&mut looks), if !stopping => heard(self.look().await)?,
                else => return Ok(()),
            }
        }
    }

    /// Waits until a run that sleeps is to go on.
    async fn sleepers(&self) {
        let next = self.wakes().next();
        match next {
            Some(next) => drop(clock::sleep_until(|| self.engine.ports.clock.now(), next).await),
            None => pending().await,
        }
    }

    fn wakes(&self) -> MutexGuard<'_, Wakes> {
        self.wakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Puts the run into it that was accepted. A run that is there already stays there once.
    pub fn fill(mut self, run: RunId) {
        if let Some(tenant) = self.tenant.take() {
            self.dispatcher.queue().fill(&tenant, run);
            self.dispatcher.filled.notify_one();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(tenant) = self.tenant.take() {
            self.dispatcher.queue().release(&tenant);
        }
    }
}

async fn tick(looks: &mut Option<tokio::time::Interval>) {
    match looks {
        Some(looks) => drop(looks.tick().await),
        None => pending().await,
    }
}

/// Records that fail are asked again later. Only that they are another engine's is an error.
fn heard<T>(answer: Result<T, RecordsError>) -> Result<(), RecordsError> {
    match answer {
        Err(RecordsError::Fenced) => Err(RecordsError::Fenced),
        Err(error) => {
            tracing::warn!("the records can't be looked through, which is tried again: {error}");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

/// Where a drive has left its run.
enum Left {
    /// At its end, or where a person must say how it goes on.
    Over,
    /// Where it sleeps.
    Sleeping { until: Timestamp },
    /// Where it can't go on.
    Broken,
}

/// Drives one run, again after what passes with time. Only that the records are another engine's is an error.
async fn drive(engine: &Embedded, run: &RunId) -> Result<Left, RecordsError> {
    let mut pause = PAUSE;
    let mut broken = 0;
    loop {
        match engine.drive(run, Park::Anywhere, pending()).await {
            Ok(Driven::Parked(standing)) => {
                return Ok(standing.wake_at().map_or(Left::Over, |until| Left::Sleeping { until }));
            }
            Ok(Driven::Ended(_)) | Err(Error::UnderWay) => return Ok(Left::Over),
            Err(Error::Records(fenced @ RecordsError::Fenced)) => return Err(fenced),
            Err(Error::Records(RecordsError::Unavailable(why))) => {
                tracing::warn!(%run, "the records failed, and the run waits {pause:?}: {why}");
            }
            Err(error @ (Error::Step(_) | Error::Records(_))) => {
                broken += 1;
                tracing::error!(%run, "{error}");
                if broken >= BROKEN_TRIES_MAX {
                    return Ok(Left::Broken);
                }
            }
            Err(damaged @ Error::Journal { .. }) => {
                tracing::error!(%run, "{damaged}");
                return Ok(Left::Broken);
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
