//! The process that an engine lives in: it can die at every port.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use aftercall_core::{
    assistant::Jitter,
    id::{PluginName, RunId, Tenant},
    ledger::Fence,
    ports::{Chance, Clock, Grants},
    run::{Event, Run, Standing},
    terms::Terms,
    time::Timestamp,
};
use aftercall_engine::Observer;
use tokio::sync::Notify;

use crate::{mutations::Mutation, world::World};

/// Which process, in the order of their beginnings, from 1.
pub(crate) type ProcessId = u64;

/// A process, as the ports of its engine know it.
pub(crate) struct Process {
    pub(crate) id: ProcessId,
    /// What the records gave it.
    pub(crate) fence: Fence,
    pub(crate) world: Arc<World>,
    dead: AtomicBool,
    points: AtomicU64,
    /// The point at which its end begins.
    last: u64,
    pub(crate) at_last: Notify,
    /// Whether reaching that point kills it.
    fatal: bool,
}

impl Process {
    /// A process that lives until its point number `last`, and dies there if that is `fatal`.
    pub(crate) fn new(world: &Arc<World>, id: ProcessId, fence: Fence, last: u64, fatal: bool) -> Arc<Self> {
        let (dead, points, at_last) = (AtomicBool::new(false), AtomicU64::new(0), Notify::new());
        Arc::new(Self { id, fence, world: Arc::clone(world), dead, points, last, at_last, fatal })
    }

    /// Dies: nothing that it was about to do happens any more.
    pub(crate) fn die(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// A place where the process can die.
    pub(crate) async fn point(&self) {
        if self.points.fetch_add(1, Ordering::Relaxed) + 1 == self.last {
            self.at_last.notify_one();
            if self.fatal {
                self.die();
            }
        }
        self.live().await;
    }

    /// Something takes its time.
    pub(crate) async fn pause(&self, ms: u64) {
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        self.live().await;
    }

    /// Goes no further if it is dead.
    async fn live(&self) {
        if self.is_dead() {
            pending::<()>().await;
        }
    }
}

impl Clock for Process {
    fn now(&self) -> Timestamp {
        self.world.wall()
    }
}

impl Chance for Process {
    fn jitter(&self) -> Jitter {
        Jitter::new(u16::try_from(self.world.state().dice.between(0..=1000)).expect("it is small"))
    }
}

impl Grants for Process {
    fn terms(&self, tenant: &Tenant, _: &PluginName, tool: &str) -> Option<Arc<Terms>> {
        let workload = &self.world.workload;
        let taken_back = workload.taken_back.as_ref();
        if taken_back.is_some_and(|(whose, at)| whose == tenant && *at <= self.world.now().as_millis()) {
            return None;
        }
        let terms = workload.terms.get(&(tenant.clone(), tool.to_owned())).cloned().unwrap_or_default();
        let (timing, approval) = (terms.timing().cloned(), terms.approval());
        Some(Arc::new(match self.world.mutation {
            Some(Mutation::HoursForgotten) => terms.held_by(None, approval),
            Some(Mutation::ApprovalForgotten) => terms.held_by(timing, None),
            _ => terms,
        }))
    }
}

impl Observer for Process {
    fn happened(&self, run: &RunId, event: &Event, state: &Run) {
        if self.is_dead() {
            return;
        }
        self.world.tell(|| format!("{} {}: {}", self.id, short(run), event.kind.name()));
        if state.standing() == Standing::NeedsAttention {
            self.world.reached(Standing::NeedsAttention.as_str());
        }
        if let Some(ending) = state.ending() {
            self.world.reached(ending.as_str());
            self.world.tell(|| format!("{} {}: ended, {ending:?}", self.id, short(run)));
            self.world.state().laws.lanes(self.id).ended(run, self.world.now());
        }
    }
}

/// Enough of a name to tell it from the others of its world.
pub(crate) fn short(name: &impl ToString) -> String {
    name.to_string().chars().take(10).collect()
}
