//! The records for looking on: beside a running engine or without one.

use std::ops::RangeInclusive;

use aftercall_core::{
    consent::Consent,
    id::{Platform, RunId, Tenant},
    inbox::{KeptEvent, WaitingCall},
    ports::{Consents, PluginState, RecordsError, RefreshTokenOf, RunLine, Spending, StoredRun},
    spent::{Day, DaySpent},
    state::{Expected, Put, Quota, Space, Value},
};
use async_trait::async_trait;

use super::{consents, inbox, journal, refresh_tokens, spent, state, worker::Worker};

/// The records for looking on, beside a running engine or without one.
#[derive(Debug)]
pub struct Reader {
    pub(super) worker: Worker,
}

impl Reader {
    /// As [`Journal::read`](aftercall_core::ports::Journal::read).
    ///
    /// # Errors
    /// As [`Journal::read`](aftercall_core::ports::Journal::read).
    pub async fn read(&self, run: &RunId) -> Result<StoredRun, RecordsError> {
        let of = run.clone();
        self.worker.run(move |db| journal::read(db, &of)).await?.read(run)
    }

    /// Runs whose identifiers begin so, at most so many.
    ///
    /// # Errors
    /// The records failed.
    pub async fn runs_beginning(&self, beginning: &str, most: u32) -> Result<Vec<RunId>, RecordsError> {
        let beginning = beginning.to_owned();
        self.worker.run(move |db| journal::runs_beginning(db, &beginning, most)).await
    }

    /// Runs that wait for a person, oldest first.
    ///
    /// # Errors
    /// The records failed.
    pub async fn runs_for_people(&self, tenant: Option<&Tenant>) -> Result<Vec<RunLine>, RecordsError> {
        let tenant = tenant.cloned();
        self.worker.run(move |db| journal::runs_for_people(db, tenant.as_ref())).await
    }

    /// A run, and the line that it has in a list at the same instant.
    ///
    /// # Errors
    /// There is no such run, or the records failed.
    pub async fn read_with_line(&self, run: &RunId) -> Result<(StoredRun, RunLine), RecordsError> {
        let of = run.clone();
        let (written, line) = self.worker.run(move |db| Ok((journal::read(db, &of)?, journal::line(db, &of)?))).await?;
        Ok((written.read(run)?, line))
    }

    /// As [`Journal::runs`](aftercall_core::ports::Journal::runs).
    ///
    /// # Errors
    /// As [`Journal::runs`](aftercall_core::ports::Journal::runs).
    pub async fn runs(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<RunLine>, RecordsError> {
        let tenant = tenant.cloned();
        self.worker.run(move |db| journal::runs(db, tenant.as_ref(), most)).await
    }

    /// A run's line in a list.
    ///
    /// # Errors
    /// There is no such run, or the records failed.
    pub async fn line(&self, run: &RunId) -> Result<RunLine, RecordsError> {
        let run = run.clone();
        self.worker.run(move |db| journal::line(db, &run)).await
    }

    /// The platforms that have named a conversation of that tenant so.
    ///
    /// # Errors
    /// The records failed.
    pub async fn platforms_of(&self, tenant: &Tenant, conversation: &str) -> Result<Vec<Platform>, RecordsError> {
        let (tenant, conversation) = (tenant.clone(), conversation.to_owned());
        self.worker.run(move |db| journal::platforms_of(db, &tenant, &conversation)).await
    }

    /// As [`Inbox::waiting`](aftercall_core::ports::Inbox::waiting).
    ///
    /// # Errors
    /// The records failed.
    pub async fn waiting(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<WaitingCall>, RecordsError> {
        let tenant = tenant.cloned();
        self.worker.run(move |db| inbox::waiting(db, tenant.as_ref(), most)).await
    }

    /// As [`Inbox::kept`](aftercall_core::ports::Inbox::kept).
    ///
    /// # Errors
    /// The records failed.
    pub async fn kept(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<KeptEvent>, RecordsError> {
        let tenant = tenant.cloned();
        self.worker.run(move |db| inbox::kept(db, tenant.as_ref(), most)).await
    }

    pub(super) async fn newest_refresh_token(&self, of: &RefreshTokenOf) -> Result<Option<Vec<u8>>, RecordsError> {
        let of = of.clone();
        self.worker.run(move |db| refresh_tokens::newest(db, &of)).await
    }
}

#[async_trait]
impl Spending for Reader {
    async fn spent(&self, tenant: Option<&Tenant>, days: RangeInclusive<Day>) -> Result<Vec<DaySpent>, RecordsError> {
        let tenant = tenant.cloned();
        self.worker.run(move |db| spent::of_days(db, tenant.as_ref(), &days)).await
    }
}

/// What is kept, for looking on: a write is refused.
#[async_trait]
impl PluginState for Reader {
    async fn get(&self, space: &Space, key: &str) -> Result<Option<Value>, RecordsError> {
        let (space, key) = (space.clone(), key.to_owned());
        self.worker.run(move |db| state::get(db, &space, &key)).await
    }

    async fn put(&self, _: &Space, _: &str, _: &[u8], _: Expected, _: Quota) -> Result<Put, RecordsError> {
        Err(looked_at())
    }

    async fn delete(&self, _: &Space, _: &str) -> Result<(), RecordsError> {
        Err(looked_at())
    }

    async fn keys(
        &self,
        space: &Space,
        prefix: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<String>, RecordsError> {
        let (space, prefix, after) = (space.clone(), prefix.to_owned(), after.map(str::to_owned));
        self.worker.run(move |db| state::keys(db, &space, &prefix, after.as_deref(), most)).await
    }
}

fn looked_at() -> RecordsError {
    RecordsError::Unavailable("these records are looked at, not written to".to_owned())
}

/// What was consented to, for looking on: a consent is refused.
#[async_trait]
impl Consents for Reader {
    async fn consents(&self, tenant: &Tenant) -> Result<Vec<Consent>, RecordsError> {
        let tenant = tenant.clone();
        self.worker.run(move |db| consents::of_tenant(db, &tenant)).await
    }

    async fn consent(&self, _: &[Consent]) -> Result<(), RecordsError> {
        Err(looked_at())
    }
}
