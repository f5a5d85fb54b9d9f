//! Stops the process at a chosen write to the records, for tests that kill it there. Debug builds only.
//!
//! `AFTERCALL_HALT_AT=7` makes the seventh place (from 0) the last: each write has one before it and one
//! after it. The process says `halted at 7: …` on standard error and does nothing more, so that a test can
//! send it a `kill -9` at exactly that place.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aftercall_core::{
    effect::EffectKey,
    forget::{Batch, Forget, Forgotten},
    id::{RunId, Tenant},
    ledger::{Begin, Change, Decision, Entry, Fence},
    ports::{
        Accept, Acceptance, Append, Asked, EffectOf, Forgetting, InterventionNumber, Journal, Ledger, RecordsError,
        RunLine, StoredRun, Unfinished,
    },
    run::Standing,
    time::Timestamp,
};
use async_trait::async_trait;

/// The variable that names the place.
pub const VARIABLE: &str = "AFTERCALL_HALT_AT";

/// The place that the environment names. Release builds never stop.
pub fn asked_for() -> Option<usize> {
    if cfg!(debug_assertions) { std::env::var(VARIABLE).ok()?.parse().ok() } else { None }
}

/// Records that go no further than the chosen place.
pub struct Halting<R> {
    records: Arc<R>,
    at: usize,
    passed: AtomicUsize,
}

impl<R> Halting<R> {
    /// Lets `at` places pass.
    pub fn new(records: Arc<R>, at: usize) -> Self {
        Self { records, at, passed: AtomicUsize::new(0) }
    }

    async fn place(&self, name: impl FnOnce() -> String) {
        let place = self.passed.fetch_add(1, Ordering::SeqCst);
        if place >= self.at {
            eprintln!("halted at {place}: {}", name());
            pending::<()>().await;
        }
    }

    async fn around<T>(&self, name: String, write: impl Future<Output = T>) -> T {
        self.place(|| format!("before {name}")).await;
        let written = write.await;
        self.place(|| format!("after {name}")).await;
        written
    }
}

#[async_trait]
impl<R: Journal> Journal for Halting<R> {
    async fn accept(&self, accept: &Accept) -> Result<Acceptance, RecordsError> {
        self.around("accept".to_owned(), self.records.accept(accept)).await
    }

    async fn read(&self, run: &RunId) -> Result<StoredRun, RecordsError> {
        self.records.read(run).await
    }

    async fn append(&self, fence: Fence, append: &Append<'_>) -> Result<(), RecordsError> {
        self.around(format!("event: {}", append.event.kind.name()), self.records.append(fence, append)).await
    }

    async fn due(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Unfinished>, RecordsError> {
        self.records.due(from, to).await
    }

    async fn next_due(&self, from: Timestamp) -> Result<Option<Timestamp>, RecordsError> {
        self.records.next_due(from).await
    }

    async fn stand(&self, fence: Fence, run: &RunId, standing: Standing) -> Result<(), RecordsError> {
        self.records.stand(fence, run, standing).await
    }

    async fn asked_of(&self) -> Result<Vec<Unfinished>, RecordsError> {
        self.records.asked_of().await
    }

    async fn asked(&self, run: &RunId) -> Result<Vec<Asked>, RecordsError> {
        self.records.asked(run).await
    }

    async fn decline(&self, fence: Fence, number: InterventionNumber) -> Result<(), RecordsError> {
        self.records.decline(fence, number).await
    }

    async fn runs(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<RunLine>, RecordsError> {
        self.records.runs(tenant, most).await
    }
}

#[async_trait]
impl<R: Ledger> Ledger for Halting<R> {
    async fn begin(&self, effect: &EffectOf, begin: &Begin) -> Result<Decision, RecordsError> {
        self.around(format!("begin of {}", effect.tool), self.records.begin(effect, begin)).await
    }

    async fn entry(&self, key: &EffectKey) -> Result<Option<Entry>, RecordsError> {
        self.records.entry(key).await
    }

    async fn change(&self, key: &EffectKey, fence: Fence, change: &Change) -> Result<(), RecordsError> {
        let name = match change {
            Change::WriteLeaves => "the write's leave",
            Change::Ended { .. } => "the attempt's end",
            Change::LeftBehind { .. } => "the finding of an attempt left behind",
            Change::SettledDone(_)
            | Change::SettledOtherwise(_)
            | Change::SettledNot
            | Change::GivenUp
            | Change::Resolved { .. } => "the settling",
        };
        self.around(name.to_owned(), self.records.change(key, fence, change)).await
    }
}

#[async_trait]
impl<R: Forgetting> Forgetting for Halting<R> {
    async fn forget(&self, what: &Forget, at: Timestamp, most: u32) -> Result<Batch, RecordsError> {
        self.around("a part of the deletion".to_owned(), self.records.forget(what, at, most)).await
    }

    async fn count(&self, what: &Forget) -> Result<Forgotten, RecordsError> {
        self.records.count(what).await
    }

    async fn erase(&self) -> Result<bool, RecordsError> {
        self.records.erase().await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, RecordsError> {
        self.records.tenants().await
    }
}
