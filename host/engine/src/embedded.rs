//! The engine that lives in the binary: it drives one run after another, or many at once.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aftercall_core::{
    id::RunId,
    ledger::Fence,
    ports::{Accept, Acceptance, Chance, Clock, DayBudgets, Grants, Journal, Ledger, Model, RecordsError, Tools},
    run::{Ending, Event, IllegalHistory, Run, Standing},
};
use tokio::{sync::Notify, task::JoinError};

use crate::{drive::Drive, schemas::Schemas, trying::Trying};

/// What an engine stands on.
#[derive(Clone)]
pub struct Ports {
    /// The durable journals of runs.
    pub journal: Arc<dyn Journal>,
    /// The durable ledger of effects.
    pub ledger: Arc<dyn Ledger>,
    /// Models, by their pins.
    pub model: Arc<dyn Model>,
    /// Tools, by their digests.
    pub tools: Arc<dyn Tools>,
    /// What tenants' grants say at this moment.
    pub grants: Arc<dyn Grants>,
    /// What tenants may use of models at this moment.
    pub day_budgets: Arc<dyn DayBudgets>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where jitter comes from.
    pub chance: Arc<dyn Chance>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
}

/// Somebody who watches runs go by. It can't change them.
pub trait Observer: Send + Sync {
    /// An event is durable, and this is the run after it.
    fn happened(&self, run: &RunId, event: &Event, state: &Run);

    /// A run's first event is durable. Whoever needs less than the run to tell that spares every call the making of one.
    fn accepted(&self, run: &RunId, first: &Event) {
        if let Ok(state) = Run::replay([first.clone()]) {
            self.happened(run, first, &state);
        }
    }
}

/// Where a run that has to wait leaves memory. One that waits for less than [`PARKED_MS_MIN`](crate::PARKED_MS_MIN) never
/// does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Park {
    /// Wherever it waits: somebody drives it again when it is time.
    Anywhere,
    /// Where it waits for a person.
    ForAPerson,
}

/// How far a run was driven.
#[derive(Debug, Clone, PartialEq)]
pub enum Driven {
    /// To its end.
    Ended(Ending),
    /// To where it waits, for a time or a person, and need not be in memory: it is driven on from its journal.
    Parked(Standing),
}

/// Why a run can't be driven on. It stays where its journal ends, and can be driven again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The records failed, or a newer engine has them.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The journal tells no possible story.
    #[error(
        "the journal of this run does not verify, from entry {entry} on: {why}; the run stops there, the others go on"
    )]
    Journal {
        /// The first entry that can't follow, from 0.
        entry: u64,
        /// Why it can't.
        why: IllegalHistory,
    },
    /// A step panicked: a fault of ours.
    #[error("a step broke: {0}")]
    Step(#[from] JoinError),
    /// It is being driven.
    #[error("this run is being driven already")]
    UnderWay,
}

/// The engine that lives in the binary.
pub struct Embedded {
    pub(crate) ports: Ports,
    pub(crate) fence: Fence,
    pub(crate) trying: Arc<Trying>,
    pub(crate) schemas: Arc<Schemas>,
    /// Runs that are being driven, each with what tells it that somebody asked for something.
    under_way: Mutex<HashMap<RunId, Arc<Notify>>>,
}

impl Embedded {
    /// An engine over these ports, under the fence that the records gave when they were opened.
    pub fn new(ports: Ports, fence: Fence) -> Self {
        Self { ports, fence, trying: Arc::default(), schemas: Arc::default(), under_way: Mutex::default() }
    }

    /// Takes a conversation in, durably. The same conversation again is the same run.
    ///
    /// # Errors
    /// The records failed: nothing is accepted.
    pub async fn accept(&self, accept: &Accept) -> Result<(RunId, Acceptance), RecordsError> {
        let acceptance = self.ports.journal.accept(accept).await?;
        let run = accept.identity.run();
        if acceptance == Acceptance::New {
            self.ports.observer.accepted(&run, &accept.first);
        }
        Ok((run, acceptance))
    }

    /// Drives a run from where its journal ends to its end, or to where it has to wait, as `park` says. When `cancel` resolves,
    /// the run is asked to end with that reason: what is in flight is awaited or settled first. What people asked of it in
    /// the records is done on the way.
    ///
    /// Dropping the future leaves the run where its journal ends.
    ///
    /// # Errors
    /// The run can't be driven on now. Nothing is lost: it can be driven again.
    pub async fn drive(&self, id: &RunId, park: Park, cancel: impl Future<Output = String>) -> Result<Driven, Error> {
        let under_way = self.enter(id)?;
        Drive::load(self, id).await?.go_on(park, &under_way.asked, cancel).await
    }

    /// Tells a run that is being driven that somebody asked for something. False: it isn't being driven.
    pub fn look(&self, run: &RunId) -> bool {
        let under_way = self.under_way();
        let asked = under_way.get(run);
        if let Some(asked) = asked {
            asked.notify_one();
        }
        asked.is_some()
    }

    /// One drives a run at a time: two would try the same things and take each other's places in the journal.
    fn enter<'a>(&'a self, id: &'a RunId) -> Result<UnderWay<'a>, Error> {
        let asked = Arc::new(Notify::new());
        let mut under_way = self.under_way();
        if under_way.contains_key(id) {
            return Err(Error::UnderWay);
        }
        under_way.insert(id.clone(), Arc::clone(&asked));
        Ok(UnderWay { engine: self, id, asked })
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Notify>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that is being driven, until it is dropped.
struct UnderWay<'a> {
    engine: &'a Embedded,
    id: &'a RunId,
    asked: Arc<Notify>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.engine.under_way().remove(self.id);
    }
}
