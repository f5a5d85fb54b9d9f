//! Records as a process reaches them: each write has a point before it is durable, and one after.

use std::{future::Future, sync::Arc};

use aftercall_core::{
    effect::EffectKey,
    id::{RunId, Tenant},
    ledger::{Begin, Change, Decision, Entry, Fence},
    ports::{
        Accept, Acceptance, Append, Asked, EffectOf, InterventionNumber, Journal, Ledger, RecordsError, RunLine,
        StoredRun, Unfinished,
    },
    run::Standing,
    time::Timestamp,
};
use async_trait::async_trait;

use super::Life;

type Answer<T> = Result<T, RecordsError>;

/// Records, watched.
pub(super) struct Watched<T: ?Sized> {
    pub(super) life: Arc<Life>,
    pub(super) inner: Arc<T>,
}

impl<T: ?Sized> Watched<T> {
    /// A write. `changes` tells whether an answer says that anything was written.
    async fn write<R>(
        &self,
        what: &str,
        write: impl Future<Output = Answer<R>>,
        changes: impl FnOnce(&R) -> bool,
    ) -> Answer<R> {
        self.life.point().await;
        let replaced = self.life.is_replaced();
        let written = write.await;
        if replaced && written.as_ref().is_ok_and(changes) {
            let number = self.life.number;
            let words = format!("the records took {what} of process {number}, which another had replaced");
            self.life.world.state().break_law(words);
        }
        self.life.point().await;
        written
    }
}

#[async_trait]
impl Journal for Watched<dyn Journal> {
    async fn accept(&self, accept: &Accept) -> Answer<Acceptance> {
        let is_new = |acceptance: &Acceptance| *acceptance == Acceptance::New;
        self.write("a call", self.inner.accept(accept), is_new).await
    }

    async fn read(&self, run: &RunId) -> Answer<StoredRun> {
        self.life.point().await;
        self.inner.read(run).await
    }

    async fn append(&self, fence: Fence, append: &Append<'_>) -> Answer<()> {
        self.write("an event", self.inner.append(fence, append), |()| true).await
    }

    async fn due(&self, from: Timestamp, to: Timestamp) -> Answer<Vec<Unfinished>> {
        self.life.live().await;
        self.inner.due(from, to).await
    }

    async fn next_due(&self, from: Timestamp) -> Answer<Option<Timestamp>> {
        self.life.live().await;
        self.inner.next_due(from).await
    }

    async fn stand(&self, fence: Fence, run: &RunId, standing: Standing) -> Answer<()> {
        self.write("a standing", self.inner.stand(fence, run, standing), |()| true).await
    }

    async fn asked_of(&self) -> Answer<Vec<Unfinished>> {
        self.inner.asked_of().await
    }

    async fn asked(&self, run: &RunId) -> Answer<Vec<Asked>> {
        self.life.point().await;
        self.inner.asked(run).await
    }

    async fn decline(&self, fence: Fence, number: InterventionNumber) -> Answer<()> {
        self.write("a word declined", self.inner.decline(fence, number), |()| true).await
    }

    async fn runs(&self, tenant: Option<&Tenant>, most: u32) -> Answer<Vec<RunLine>> {
        self.life.live().await;
        self.inner.runs(tenant, most).await
    }
}

#[async_trait]
impl Ledger for Watched<dyn Ledger> {
    async fn begin(&self, effect: &EffectOf, begin: &Begin) -> Answer<Decision> {
        let changes = |decision: &Decision| matches!(decision, Decision::Fresh { .. } | Decision::InDoubt { .. });
        self.write("the beginning of an effect", self.inner.begin(effect, begin), changes).await
    }

    async fn entry(&self, key: &EffectKey) -> Answer<Option<Entry>> {
        self.life.point().await;
        self.inner.entry(key).await
    }

    async fn change(&self, key: &EffectKey, fence: Fence, change: &Change) -> Answer<()> {
        self.write("a change of an effect", self.inner.change(key, fence, change), |()| true).await
    }
}
