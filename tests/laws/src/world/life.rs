//! One process's life, as the world sees it: all that it does outside passes here, and can be its last.

use std::{future::pending, sync::Arc};

use aftercall_core::{
    assistant::Jitter,
    id::{PluginName, Tenant},
    ports::{Chance, Clock, Grants, Journal, Ledger},
    terms::Terms,
    time::Timestamp,
};
use tokio::sync::watch;

use super::{World, records::Watched};

/// The life of one process. To it, this is its model, its tools, its grants, its clock and its chance.
pub struct Life {
    pub(super) world: Arc<World>,
    /// In the order of their beginnings, from 1.
    pub(super) number: u64,
    condition: watch::Sender<Condition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Alive,
    /// It stands still, and knows nothing of it.
    Frozen,
    Dead,
}

impl Life {
    /// A life that begins now.
    pub(crate) fn begin(world: &Arc<World>) -> Arc<Self> {
        let number = {
            let mut state = world.state();
            state.lives += 1;
            state.lives
        };
        let (condition, _) = watch::channel(Condition::Alive);
        Arc::new(Self { world: Arc::clone(world), number, condition })
    }

    /// A journal as this process reaches it. For engines that have one behind core's port.
    pub fn journal(self: &Arc<Self>, journal: Arc<dyn Journal>) -> Arc<dyn Journal> {
        Arc::new(Watched { life: Arc::clone(self), inner: journal })
    }

    /// The ledger as this process reaches it.
    pub fn ledger(self: &Arc<Self>, ledger: Arc<dyn Ledger>) -> Arc<dyn Ledger> {
        Arc::new(Watched { life: Arc::clone(self), inner: ledger })
    }

    /// The engine tells that an event of a run is durable.
    pub fn happened(&self) {
        if !self.is_dead() {
            self.world.state().events += 1;
            self.pass_point();
        }
    }

    /// It dies: nothing that it was about to do happens any more.
    pub(crate) fn die(&self) {
        self.condition.send_replace(Condition::Dead);
    }

    /// It goes on from where it stands still.
    pub(crate) fn thaw(&self) {
        self.condition.send_if_modified(|condition| {
            let frozen = *condition == Condition::Frozen;
            if frozen {
                *condition = Condition::Alive;
            }
            frozen
        });
    }

    /// Whether another process has taken over from it.
    pub(super) fn is_replaced(&self) -> bool {
        self.world.state().lives > self.number
    }

    fn is_dead(&self) -> bool {
        *self.condition.borrow() == Condition::Dead
    }

    /// A point at which the process can stop.
    pub(super) async fn point(&self) {
        // One that stands still comes to no further point.
        self.live().await;
        self.pass_point();
        self.live().await;
    }

    fn pass_point(&self) {
        let stops = {
            let mut state = self.world.state();
            let stops = state.stop_at == Some(state.points);
            state.points += 1;
            stops
        };
        if stops {
            self.condition.send_replace(Condition::Frozen);
            self.world.reached.notify_one();
        }
    }

    /// Goes on if the process lives, once it does, or never.
    pub(super) async fn live(&self) {
        if self.condition.subscribe().wait_for(|condition| *condition == Condition::Alive).await.is_err() {
            pending::<()>().await;
        }
    }
}

impl Clock for Life {
    fn now(&self) -> Timestamp {
        self.world.now()
    }
}

impl Chance for Life {
    fn jitter(&self) -> Jitter {
        Jitter::new(500)
    }
}

impl Grants for Life {
    fn terms(&self, _: &Tenant, _: &PluginName, tool: &str) -> Option<Arc<Terms>> {
        Some(Arc::new(self.world.state().terms.get(tool).cloned().unwrap_or_default()))
    }
}
