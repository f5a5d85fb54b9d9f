//! The embedded engine, as an engine under test.

use std::{
    fs, io,
    num::NonZeroU32,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aftercall_core::{
    id::{RunId, Tenant},
    ports::{
        Accept, Acceptance, Clock, Grants, Interventions as _, Journal as _, NoDayBudgets, RecordsError, StoredRun,
    },
    run::{Event, Intervention, Run},
    time::Timestamp,
};
use aftercall_engine::{Dispatcher, Observer, Ports, Room};
use aftercall_laws::{Engine, Engines, Life, NotTaken, Process, Share, Time, World};
use aftercall_storage::Sqlite;
use async_trait::async_trait;
use tempfile::TempDir;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::Instant,
};

use crate::{
    flaws::{Flaw, FlawedClock, FlawedGrants},
    records::{Newest, Records, while_time_stands_still},
};

/// How long a moment is, in milliseconds: runs that wait for a part of one leave memory already.
const MOMENT_MS: u64 = 20_000;

/// How often a process looks for what people asked for, in milliseconds.
const LOOK_MS: u64 = MOMENT_MS / 2;

/// Calls that may wait for their run.
const WAITING_MAX: u32 = 10_000;

/// Embedded engines, perhaps with one deliberate fault.
pub(crate) struct Embedded {
    time: Arc<PlayedTime>,
    flaw: Option<Flaw>,
}

/// The runtime's time, which is paused: it passes where all wait for it.
struct PlayedTime {
    began: Instant,
}

/// An engine: a file, and who has it.
struct OnFile {
    folder: TempDir,
    world: Arc<World>,
    time: Arc<PlayedTime>,
    flaw: Option<Flaw>,
    newest: Arc<Newest>,
    dispatcher: Mutex<Option<Arc<Dispatcher>>>,
}

/// A process: the tasks that it consists of.
struct Tasks {
    engine: Arc<aftercall_engine::Embedded>,
    dispatcher: Arc<Dispatcher>,
    /// In whose queue calls wait, if all wait in one.
    queue: Option<Tenant>,
    ready: watch::Receiver<bool>,
    stop: Arc<Notify>,
    work: Mutex<Option<JoinHandle<()>>>,
}

/// Tells a life of events.
struct Watching(Arc<Life>);

impl Embedded {
    pub(crate) fn new(flaw: Option<Flaw>) -> Self {
        Self { time: Arc::new(PlayedTime { began: Instant::now() }), flaw }
    }
}

#[async_trait]
impl Engines for Embedded {
    fn time(&self) -> Arc<dyn Time> {
        self.time.clone()
    }

    fn moment_ms(&self) -> u64 {
        MOMENT_MS
    }

    async fn fresh(&self, world: &Arc<World>) -> Arc<dyn Engine> {
        Arc::new(OnFile {
            folder: folder().expect("a folder"),
            world: Arc::clone(world),
            time: Arc::clone(&self.time),
            flaw: self.flaw,
            newest: Arc::default(),
            dispatcher: Mutex::default(),
        })
    }
}

impl Clock for PlayedTime {
    fn now(&self) -> Timestamp {
        let passed = u64::try_from(self.began.elapsed().as_millis()).expect("a test is short");
        Timestamp::from_millis(1_700_000_000_000 + passed)
    }
}

#[async_trait]
impl Time for PlayedTime {
    async fn pass(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

impl Observer for Watching {
    fn happened(&self, _: &RunId, _: &Event, _: &Run) {
        self.0.happened();
    }
}

/// A folder in memory, where the machine has one: processes die here, and the machine doesn't.
fn folder() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}

impl OnFile {
    fn dispatcher(&self) -> MutexGuard<'_, Option<Arc<Dispatcher>>> {
        self.dispatcher.lock().expect("nothing panics while it holds the lock")
    }

    /// Takes the file over. Who had it before may not know that it is dead: the kernel would have dropped its lock.
    fn take_over(&self) -> Records {
        let path = self.folder.path().join("records.db");
        drop(fs::remove_file(path.with_extension("db.lock")));
        let (sqlite, fence) = Sqlite::open(path).expect("the records open");
        self.newest.take_over(Arc::new(sqlite), fence);
        Records::new(Arc::clone(&self.newest), self.flaw, &*self.time)
    }

    fn rooms(&self) -> (Room, impl Iterator<Item = (Tenant, Room)>) {
        let house = self.world.house();
        let extra = u32::from(self.flaw == Some(Flaw::RoomIgnored));
        let even = self.flaw == Some(Flaw::WeightsIgnored);
        let room = move |share: &Share| Room {
            runs_max: share.runs_max + extra,
            waiting_max: WAITING_MAX,
            weight: if even { NonZeroU32::MIN } else { share.weight },
        };
        let all = Share { runs_max: house.runs_max, weight: NonZeroU32::MIN };
        (room(&all), house.tenants.iter().map(move |(tenant, share)| (tenant.clone(), room(share))))
    }
}

#[async_trait]
impl Engine for OnFile {
    async fn start(&self, life: &Arc<Life>) -> Box<dyn Process> {
        let records = self.take_over();
        let fence = records.fence();
        let records = Arc::new(records);
        let grants: Arc<dyn Grants> = Arc::new(FlawedGrants { grants: life.clone(), flaw: self.flaw });
        let ports = Ports {
            journal: life.journal(records.clone()),
            ledger: life.ledger(records),
            model: life.clone(),
            tools: life.clone(),
            grants,
            day_budgets: Arc::new(NoDayBudgets),
            clock: Arc::new(FlawedClock::new(life.clone(), self.flaw)),
            chance: life.clone(),
            observer: Arc::new(Watching(life.clone())),
        };
        let engine = Arc::new(aftercall_engine::Embedded::new(ports, fence));
        let (host, tenants) = self.rooms();
        let look_every = Some(Duration::from_millis(LOOK_MS));
        let dispatcher = Arc::new(Dispatcher::new(Arc::clone(&engine), host, tenants.collect(), look_every));
        *self.dispatcher() = Some(Arc::clone(&dispatcher));
        let (is_ready, ready) = watch::channel(false);
        let stop = Arc::new(Notify::new());
        let work = tokio::spawn(work(Arc::clone(&dispatcher), Arc::clone(&stop), is_ready));
        let one_queue = self.flaw == Some(Flaw::OneQueueForAll);
        let queue = self.world.house().tenants.keys().next().filter(|_| one_queue).cloned();
        Box::new(Tasks { engine, dispatcher, queue, ready, stop, work: Mutex::new(Some(work)) })
    }

    async fn say(&self, run: &RunId, what: &Intervention) {
        let beside = self.newest.sqlite().beside();
        match while_time_stands_still(beside.ask(run, self.time.now(), what)).await {
            Ok(()) | Err(RecordsError::Ended(_)) => {}
            Err(error) => panic!("nobody can leave word: {error}"),
        }
        let dispatcher = self.dispatcher().clone();
        if let Some(dispatcher) = dispatcher {
            dispatcher.look().await.expect("the records are read");
        }
    }

    async fn read(&self, run: &RunId) -> Result<StoredRun, RecordsError> {
        let sqlite = self.newest.sqlite();
        while_time_stands_still(sqlite.read(run)).await
    }
}

async fn work(dispatcher: Arc<Dispatcher>, stop: Arc<Notify>, is_ready: watch::Sender<bool>) {
    dispatcher.resume().await.expect("the records are read");
    is_ready.send_replace(true);
    // It ends when another has taken over.
    drop(dispatcher.work(stop.notified()).await);
}

impl Drop for Tasks {
    /// A law is done with its world: nothing of it goes on into the time of the next.
    fn drop(&mut self) {
        if let Some(work) = self.take_work() {
            work.abort();
        }
    }
}

impl Tasks {
    fn take_work(&self) -> Option<JoinHandle<()>> {
        self.work.lock().expect("nothing panics while it holds the lock").take()
    }
}

#[async_trait]
impl Process for Tasks {
    async fn submit(&self, call: &Accept) -> Result<Acceptance, NotTaken> {
        self.ready.clone().wait_for(|ready| *ready).await.map_err(|_| NotTaken)?;
        let tenant = self.queue.as_ref().unwrap_or(&call.identity.tenant);
        let place = self.dispatcher.reserve(tenant).map_err(|_| NotTaken)?;
        let (run, acceptance) = self.engine.accept(call).await.map_err(|_| NotTaken)?;
        place.fill(run);
        Ok(acceptance)
    }

    async fn kill(&self) {
        if let Some(work) = self.take_work() {
            work.abort();
            drop(work.await);
        }
    }

    async fn stop(&self) {
        self.stop.notify_one();
        if let Some(work) = self.take_work() {
            work.await.expect("it ends in good order");
        }
    }
}
