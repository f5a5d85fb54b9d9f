//! What stands under no fence: consents, refresh tokens, what people ask of runs, calls of which no run has begun, deletion.

use std::{fs::File, ops::RangeInclusive, path::PathBuf};

use aftercall_core::{
    consent::Consent,
    forget::{Batch, Forget, Forgotten},
    id::{ConversationIdentity, RunId, Tenant},
    inbox::{Analysis, Arrival, KeptEvent, Received, WaitingCall, WaitingEvents, WaitingNumber},
    ports::{Consents, Forgetting, Inbox, Interventions, RecordsError, RefreshTokenOf, RefreshTokens, Spending},
    run::Intervention,
    spent::{Day, DaySpent},
    time::Timestamp,
};
use async_trait::async_trait;

use super::{consents, erase, forget, inbox, interventions, reader::Reader, refresh_tokens, worker::Worker};

/// The records for what stands under no fence: consents, refresh tokens, what people ask of runs, and deletion, beside a
/// running engine or without one.
#[derive(Debug)]
pub struct Beside {
    pub(super) path: PathBuf,
    pub(super) writer: Worker,
    pub(super) reader: Reader,
    // An engine's. Last, so that it is let go only after the connections are closed.
    pub(super) _lock: Option<File>,
}

#[async_trait]
impl Consents for Beside {
    async fn consents(&self, tenant: &Tenant) -> Result<Vec<Consent>, RecordsError> {
        self.reader.consents(tenant).await
    }

    async fn consent(&self, consents: &[Consent]) -> Result<(), RecordsError> {
        consents::record(&self.writer, consents).await
    }
}

#[async_trait]
impl Interventions for Beside {
    async fn ask(&self, run: &RunId, at: Timestamp, what: &Intervention) -> Result<(), RecordsError> {
        let (run, what) = (run.clone(), what.clone());
        self.writer.run(move |db| interventions::ask(db, &run, at, &what)).await
    }
}

#[async_trait]
impl Forgetting for Beside {
    async fn forget(&self, what: &Forget, at: Timestamp, most: u32) -> Result<Batch, RecordsError> {
        let what = what.clone();
        self.writer.run(move |db| forget::forget(db, &what, at, most)).await
    }

    async fn count(&self, what: &Forget) -> Result<Forgotten, RecordsError> {
        let what = what.clone();
        self.reader.worker.run(move |db| forget::count_of(db, &what)).await
    }

    async fn erase(&self) -> Result<bool, RecordsError> {
        let path = self.path.clone();
        let erased = tokio::task::spawn_blocking(move || erase::truncate_log(&path)).await;
        erased.unwrap_or_else(|broken| Err(RecordsError::Unavailable(broken.to_string())))
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, RecordsError> {
        self.reader.worker.run(|db| forget::tenants(db)).await
    }
}

#[async_trait]
impl Spending for Beside {
    async fn spent(&self, tenant: Option<&Tenant>, days: RangeInclusive<Day>) -> Result<Vec<DaySpent>, RecordsError> {
        self.reader.spent(tenant, days).await
    }
}

#[async_trait]
impl Inbox for Beside {
    async fn receive(&self, arrival: &Arrival, ready_at: Option<Timestamp>) -> Result<Received, RecordsError> {
        let arrival = arrival.clone();
        self.writer.run(move |db| inbox::receive(db, &arrival, ready_at)).await
    }

    async fn ready(&self, now: Timestamp, most: u32) -> Result<Vec<WaitingCall>, RecordsError> {
        self.reader.worker.run(move |db| inbox::ready(db, now, most)).await
    }

    async fn next_ready(&self) -> Result<Option<Timestamp>, RecordsError> {
        self.reader.worker.run(|db| inbox::next_ready(db)).await
    }

    async fn events(&self, number: WaitingNumber) -> Result<Option<WaitingEvents>, RecordsError> {
        self.reader.worker.run(move |db| inbox::events(db, number)).await
    }

    async fn postpone(&self, number: WaitingNumber, until: Timestamp, trouble: &str) -> Result<(), RecordsError> {
        let trouble = trouble.to_owned();
        self.writer.run(move |db| inbox::postpone(db, number, until, &trouble)).await
    }

    async fn begun(&self, number: WaitingNumber, newest: u64) -> Result<(), RecordsError> {
        self.writer.run(move |db| inbox::begun(db, number, newest)).await
    }

    async fn knows(&self, of: &ConversationIdentity) -> Result<bool, RecordsError> {
        let of = of.clone();
        self.reader.worker.run(move |db| inbox::knows(db, &of)).await
    }

    async fn analysed(&self, run: &RunId, analysis: &Analysis) -> Result<bool, RecordsError> {
        let (run, analysis) = (run.clone(), analysis.clone());
        self.writer.run(move |db| inbox::analysed(db, &run, &analysis)).await
    }

    async fn waiting(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<WaitingCall>, RecordsError> {
        self.reader.waiting(tenant, most).await
    }

    async fn kept(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<KeptEvent>, RecordsError> {
        self.reader.kept(tenant, most).await
    }

    async fn expire(&self, before: Timestamp) -> Result<u64, RecordsError> {
        self.writer.run(move |db| inbox::expire(db, before)).await
    }
}

#[async_trait]
impl RefreshTokens for Beside {
    async fn newest(&self, of: &RefreshTokenOf) -> Result<Option<Vec<u8>>, RecordsError> {
        self.reader.newest_refresh_token(of).await
    }

    async fn keep(&self, of: &RefreshTokenOf, sealed: &[u8]) -> Result<(), RecordsError> {
        refresh_tokens::keep(&self.writer, of, sealed).await
    }

    async fn claim(&self, of: &RefreshTokenOf, now: Timestamp, until: Timestamp) -> Result<bool, RecordsError> {
        refresh_tokens::claim(&self.writer, of, now, until).await
    }

    async fn release(&self, of: &RefreshTokenOf, until: Timestamp) -> Result<(), RecordsError> {
        refresh_tokens::release(&self.writer, of, until).await
    }
}
