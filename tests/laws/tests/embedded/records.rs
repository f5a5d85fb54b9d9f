//! The records in SQLite, whose threads work while the played time stands still; perhaps with a deliberate fault.

use std::{
    future::Future,
    sync::{Arc, Mutex, mpsc},
};

use aftercall_core::{
    effect::EffectKey,
    id::{RunId, Tenant},
    ledger::{Begin, Change, Decision, Entry, Fence},
    ports::{
        Accept, Acceptance, Append, Asked, Clock, EffectOf, InterventionNumber, Journal, Ledger, RecordsError, RunLine,
        StoredRun, Unfinished,
    },
    run::Standing,
    time::Timestamp,
};
use aftercall_storage::Sqlite;
use async_trait::async_trait;

use crate::flaws::{Flaw, Flawed};

/// Awaits what other threads do. A paused runtime takes waiting for them for idleness, and would let its time pass; but not
/// while a blocking task of its own is under way.
pub(crate) async fn while_time_stands_still<T>(work: impl Future<Output = T>) -> T {
    let (done, waits) = mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || waits.recv());
    let result = work.await;
    drop(done);
    result
}

/// Who has the file at this moment.
#[derive(Default)]
pub(crate) struct Newest(Mutex<Option<(Arc<Sqlite>, Fence)>>);

impl Newest {
    pub(crate) fn take_over(&self, sqlite: Arc<Sqlite>, fence: Fence) {
        *self.0.lock().expect("nothing panics while it holds the lock") = Some((sqlite, fence));
    }

    pub(crate) fn sqlite(&self) -> Arc<Sqlite> {
        self.now().0
    }

    fn now(&self) -> (Arc<Sqlite>, Fence) {
        self.0.lock().expect("nothing panics while it holds the lock").clone().expect("a process has started")
    }
}

/// The records of one process.
pub(crate) struct Records {
    own: (Arc<Sqlite>, Fence),
    newest: Arc<Newest>,
    flawed: Flawed,
}

type Answer<T> = Result<T, RecordsError>;

impl Records {
    /// Of the process that has just taken the file over.
    pub(crate) fn new(newest: Arc<Newest>, flaw: Option<Flaw>, clock: &dyn Clock) -> Self {
        Self { own: newest.now(), newest, flawed: Flawed::new(flaw, clock) }
    }

    pub(crate) fn fence(&self) -> Fence {
        self.own.1
    }

    /// The records for a write, and the fence to show. A store that ignores the fence takes each for the newest's.
    fn for_write(&self) -> (Arc<Sqlite>, Fence) {
        if self.flawed.is(Flaw::FenceIgnored) { self.newest.now() } else { self.own.clone() }
    }
}

#[async_trait]
impl Journal for Records {
    async fn accept(&self, accept: &Accept) -> Answer<Acceptance> {
        let accept = self.flawed.accepted(accept);
        while_time_stands_still(self.for_write().0.accept(&accept)).await
    }

    async fn read(&self, run: &RunId) -> Answer<StoredRun> {
        let stored = while_time_stands_still(self.own.0.read(run)).await?;
        Ok(self.flawed.read(stored))
    }

    async fn append(&self, _: Fence, append: &Append<'_>) -> Answer<()> {
        let (sqlite, fence) = self.for_write();
        while_time_stands_still(sqlite.append(fence, append)).await
    }

    async fn due(&self, from: Timestamp, to: Timestamp) -> Answer<Vec<Unfinished>> {
        let (from, to) = self.flawed.due(from, to);
        while_time_stands_still(self.own.0.due(from, to)).await
    }

    async fn next_due(&self, from: Timestamp) -> Answer<Option<Timestamp>> {
        while_time_stands_still(self.own.0.next_due(from)).await
    }

    async fn stand(&self, _: Fence, run: &RunId, standing: Standing) -> Answer<()> {
        let (sqlite, fence) = self.for_write();
        while_time_stands_still(sqlite.stand(fence, run, standing)).await
    }

    async fn asked_of(&self) -> Answer<Vec<Unfinished>> {
        while_time_stands_still(self.own.0.asked_of()).await
    }

    async fn asked(&self, run: &RunId) -> Answer<Vec<Asked>> {
        let asked = while_time_stands_still(self.own.0.asked(run)).await?;
        let asked = self.flawed.asked(asked);
        if !self.flawed.is(Flaw::ApprovalUnbound) {
            return Ok(asked);
        }
        let journal = while_time_stands_still(self.own.0.read(run)).await?.journal;
        Ok(self.flawed.approved(asked, &journal))
    }

    async fn decline(&self, _: Fence, number: InterventionNumber) -> Answer<()> {
        let (sqlite, fence) = self.for_write();
        while_time_stands_still(sqlite.decline(fence, number)).await
    }

    async fn runs(&self, tenant: Option<&Tenant>, most: u32) -> Answer<Vec<RunLine>> {
        while_time_stands_still(self.own.0.runs(tenant, most)).await
    }
}

#[async_trait]
impl Ledger for Records {
    async fn begin(&self, effect: &EffectOf, begin: &Begin) -> Answer<Decision> {
        let (sqlite, fence) = self.for_write();
        let begin = self.flawed.begin(Begin { fence, ..begin.clone() });
        let effect = self.flawed.effect(effect);
        let decision = while_time_stands_still(sqlite.begin(&effect, &begin)).await?;
        let Some(again) = self.flawed.begins_again(&effect, &decision) else {
            return Ok(self.flawed.decided(decision));
        };
        while_time_stands_still(sqlite.begin(&again, &begin)).await
    }

    async fn entry(&self, key: &EffectKey) -> Answer<Option<Entry>> {
        while_time_stands_still(self.own.0.entry(&self.flawed.key(key))).await
    }

    async fn change(&self, key: &EffectKey, _: Fence, change: &Change) -> Answer<()> {
        let Some(change) = self.flawed.change(change) else { return Ok(()) };
        let (sqlite, fence) = self.for_write();
        while_time_stands_still(sqlite.change(&self.flawed.key(key), fence, &change)).await
    }
}
