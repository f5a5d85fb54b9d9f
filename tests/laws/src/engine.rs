//! What the laws ask of an engine under test.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use aftercall_core::{
    id::{RunId, Tenant},
    ports::{Accept, Acceptance, Clock, RecordsError, StoredRun},
    run::Intervention,
};
use async_trait::async_trait;

use crate::world::{Life, World};

/// Engines of one kind.
#[async_trait]
pub trait Engines: Send + Sync {
    /// What time it is for these engines and their world.
    fn time(&self) -> Arc<dyn Time>;

    /// How long a moment is, in milliseconds. Laws count all that takes time in moments: one is long enough for a run to
    /// go on by several steps, and what is to happen at an instant happens within a moment of it.
    fn moment_ms(&self) -> u64;

    /// An engine that has nothing yet: no process, empty records.
    async fn fresh(&self, world: &Arc<World>) -> Arc<dyn Engine>;
}

/// The time in which engines and their world live, whether real or played.
#[async_trait]
pub trait Time: Clock {
    /// Returns after that many milliseconds.
    async fn pass(&self, ms: u64);
}

/// One engine: all of it that outlives its processes.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Starts a process over what those before it left. They may be dead, or linger and wake up later: this one takes
    /// over from them. All that it does outside passes through its `life`.
    ///
    /// It need not be ready when this returns; what was submitted meanwhile waits or isn't taken.
    async fn start(&self, life: &Arc<Life>) -> Box<dyn Process>;

    /// Somebody leaves word of what they want of a run, as they can also while no process lives. Returns once it is
    /// durable and a process that lives has been told; it may be done later.
    async fn say(&self, run: &RunId, what: &Intervention);

    /// Reads a run from the records, also while no process lives.
    async fn read(&self, run: &RunId) -> Result<StoredRun, RecordsError>;
}

/// A process of an engine.
#[async_trait]
pub trait Process: Send + Sync {
    /// Submits a call, as a webhook brings it. Returns once it is accepted, durably.
    async fn submit(&self, call: &Accept) -> Result<Acceptance, NotTaken>;

    /// Ends it at this instant, as `kill -9` does.
    async fn kill(&self);

    /// Asks it to end, and waits until it has: no work begins any more, and what is under way is awaited.
    async fn stop(&self);
}

/// A call wasn't taken: its platform sends it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTaken;

/// How many runs go on at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct House {
    /// Of all tenants together.
    pub runs_max: u32,
    /// Of each tenant. Others have no calls.
    pub tenants: BTreeMap<Tenant, Share>,
}

/// A tenant's part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Its runs that go on at once.
    pub runs_max: u32,
    /// How many turns it has while another of weight 1 has one.
    pub weight: NonZeroU32,
}
