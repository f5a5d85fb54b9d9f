//! The records in one SQLite file.

mod db;
mod fault;
mod tails;
mod worker;

mod file;
mod schema;

mod consents;
mod effects;
mod erase;
mod forget;
mod inbox;
mod interventions;
mod journal;
mod refresh_tokens;
mod state;

#[cfg(test)]
mod tests;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use aftercall_core::{
    consent::Consent,
    effect::EffectKey,
    forget::{Batch, Forget, Forgotten},
    id::{ConversationIdentity, Platform, RunId, Tenant},
    inbox::{Analysis, Arrival, KeptEvent, Received, WaitingCall, WaitingEvents, WaitingNumber},
    ledger::{Begin, Change, Decision, Entry, Fence},
    ports::{
        Accept, Acceptance, Append, Asked, Consents, EffectOf, Forgetting, Inbox, InterventionNumber, Interventions,
        Journal, Ledger, PluginState, RecordsError, RefreshTokenOf, RefreshTokens, RunLine, StoredRun, Unfinished,
    },
    run::{Intervention, Standing},
    state::{Expected, Put, Quota, Space, Value},
    time::Timestamp,
};
use async_trait::async_trait;

use fault::Fault;
pub use file::Error;
use worker::Worker;

/// The records of one engine. While it lives, no other engine on this machine gets them.
///
/// Two threads do the work, one that writes and one that reads, so that no method blocks its caller's
/// thread. What was asked is done even if the asking future is dropped. Dropping the handle waits until
/// both threads are done, which takes as long as the commits that are still queued.
#[derive(Debug)]
pub struct Sqlite {
    fence: Fence,
    beside: Arc<Beside>,
}

/// The records for looking on, beside a running engine or without one.
#[derive(Debug)]
pub struct Reader {
    worker: Worker,
}

/// The records for what stands under no fence: consents, refresh tokens, what people ask of runs, and deletion, beside a
/// running engine or without one.
#[derive(Debug)]
pub struct Beside {
    path: PathBuf,
    writer: Worker,
    reader: Reader,
    // An engine's. Last, so that it is let go only after the connections are closed.
    _lock: Option<File>,
}

impl Sqlite {
    /// Takes the records over for an engine: creates the file if there is none (readable by its owner
    /// alone), locks `<path>.lock`, brings the schema up to date, and raises the epoch, which is the
    /// [`Fence`] that the engine shows with each write. Blocks.
    ///
    /// # Errors
    /// Another engine has the records, the file isn't aftercall's or is a newer version's, or the file
    /// system says no. At most the schema's version and the epoch have changed then.
    pub fn open(path: impl AsRef<Path>) -> Result<(Self, Fence), Error> {
        let path = file::create(path.as_ref())?;
        let lock = file::lock(&path)?;
        Self::take_over(path, lock)
    }

    /// Opens the records for looking on. Neither locks, creates nor changes anything. Blocks.
    ///
    /// # Errors
    /// There is no such file, it isn't aftercall's, or it is of another version.
    pub fn open_reader(path: impl AsRef<Path>) -> Result<Reader, Error> {
        let path = file::existing(path.as_ref())?;
        let connection = file::connect(&path, file::Access::Read)?;
        schema::expect_current(&connection, &path)?;
        Ok(Reader { worker: Worker::reader(connection, &path)? })
    }

    /// Opens the records for what stands under no fence. Neither locks nor creates anything, and changes nothing by
    /// itself. Blocks.
    ///
    /// # Errors
    /// There is no such file, it isn't aftercall's, or it is of another version.
    pub fn open_beside(path: impl AsRef<Path>) -> Result<Beside, Error> {
        let path = file::existing(path.as_ref())?;
        let connection = file::connect(&path, file::Access::Write)?;
        schema::expect_current(&connection, &path)?;
        let reader = Self::open_reader(&path)?;
        Ok(Beside { writer: Worker::writer(connection, &path)?, path, reader, _lock: None })
    }

    /// Writes the file of the records anew, so that nothing of what was deleted is left in gaps of it. It takes as long as
    /// the file is large, and once more the space. Blocks.
    ///
    /// # Errors
    /// An engine has the records, somebody reads them, there are none, or the file system says no.
    pub fn compact(path: impl AsRef<Path>) -> Result<(), Error> {
        let path = file::existing(path.as_ref())?;
        let _lock = file::lock(&path)?;
        erase::compact(&path)
    }

    fn take_over(path: PathBuf, lock: File) -> Result<(Self, Fence), Error> {
        let mut connection = file::connect(&path, file::Access::Write)?;
        let fence = schema::take_over(&mut connection, &path)?;
        let reader = Self::open_reader(&path)?;
        let writer = Worker::writer(connection, &path)?;
        Ok((Self { fence, beside: Arc::new(Beside { path, writer, reader, _lock: Some(lock) }) }, fence))
    }

    /// Transactions that this engine's writer has committed: many writes share one.
    pub fn commits(&self) -> u64 {
        self.beside.writer.commits()
    }

    /// What stands under no fence. Whoever has it keeps the records from other engines.
    pub fn beside(&self) -> Arc<Beside> {
        Arc::clone(&self.beside)
    }
}

impl Reader {
    /// As [`Journal::read`].
    ///
    /// # Errors
    /// As [`Journal::read`].
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

    /// As [`Journal::runs`].
    ///
    /// # Errors
    /// As [`Journal::runs`].
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

    /// As [`Inbox::waiting`].
    ///
    /// # Errors
    /// The records failed.
    pub async fn waiting(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<WaitingCall>, RecordsError> {
        let tenant = tenant.cloned();
        self.worker.run(move |db| inbox::waiting(db, tenant.as_ref(), most)).await
    }

    /// As [`Inbox::kept`].
    ///
    /// # Errors
    /// The records failed.
    pub async fn kept(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<KeptEvent>, RecordsError> {
        let tenant = tenant.cloned();
        self.worker.run(move |db| inbox::kept(db, tenant.as_ref(), most)).await
    }

    async fn newest_refresh_token(&self, of: &RefreshTokenOf) -> Result<Option<Vec<u8>>, RecordsError> {
        let of = of.clone();
        self.worker.run(move |db| refresh_tokens::newest(db, &of)).await
    }
}

#[async_trait]
impl Journal for Sqlite {
    async fn accept(&self, accept: &Accept) -> Result<Acceptance, RecordsError> {
        let accepted = journal::Accepted::of(accept);
        let fence = self.fence;
        self.beside.writer.run(move |db| journal::accept(db, fence, &accepted)).await
    }

    async fn read(&self, run: &RunId) -> Result<StoredRun, RecordsError> {
        self.beside.reader.read(run).await
    }

    async fn append(&self, fence: Fence, append: &Append<'_>) -> Result<(), RecordsError> {
        let line = journal::Line::of(append);
        self.beside.writer.run(move |db| journal::append(db, fence, &line)).await
    }

    async fn due(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Unfinished>, RecordsError> {
        self.beside.reader.worker.run(move |db| journal::due(db, from, to)).await
    }

    async fn next_due(&self, from: Timestamp) -> Result<Option<Timestamp>, RecordsError> {
        self.beside.reader.worker.run(move |db| journal::next_due(db, from)).await
    }

    async fn stand(&self, fence: Fence, run: &RunId, standing: Standing) -> Result<(), RecordsError> {
        let run = run.clone();
        self.beside.writer.run(move |db| journal::stand(db, fence, &run, standing)).await
    }

    async fn asked_of(&self) -> Result<Vec<Unfinished>, RecordsError> {
        self.beside.reader.worker.run(|db| interventions::asked_of(db)).await
    }

    async fn asked(&self, run: &RunId) -> Result<Vec<Asked>, RecordsError> {
        let run = run.clone();
        self.beside.reader.worker.run(move |db| interventions::asked(db, &run)).await
    }

    async fn decline(&self, fence: Fence, number: InterventionNumber) -> Result<(), RecordsError> {
        self.beside.writer.run(move |db| interventions::decline(db, fence, number)).await
    }

    async fn runs(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<RunLine>, RecordsError> {
        self.beside.reader.runs(tenant, most).await
    }
}

#[async_trait]
impl Ledger for Sqlite {
    async fn begin(&self, effect: &EffectOf, begin: &Begin) -> Result<Decision, RecordsError> {
        let (effect, begin) = (effect.clone(), begin.clone());
        self.beside.writer.run(move |db| effects::begin(db, &effect, &begin)).await
    }

    async fn entry(&self, key: &EffectKey) -> Result<Option<Entry>, RecordsError> {
        let key = key.clone();
        self.beside.reader.worker.run(move |db| effects::entry(db, &key)).await
    }

    async fn change(&self, key: &EffectKey, fence: Fence, change: &Change) -> Result<(), RecordsError> {
        let (key, change) = (key.clone(), change.clone());
        self.beside.writer.run(move |db| effects::change(db, &key, fence, &change)).await
    }
}

#[async_trait]
impl PluginState for Sqlite {
    async fn get(&self, space: &Space, key: &str) -> Result<Option<Value>, RecordsError> {
        self.beside.reader.get(space, key).await
    }

    async fn put(
        &self,
        space: &Space,
        key: &str,
        bytes: &[u8],
        expected: Expected,
        quota: Quota,
    ) -> Result<Put, RecordsError> {
        let (fence, space, key, bytes) = (self.fence, space.clone(), key.to_owned(), bytes.to_vec());
        self.beside.writer.run(move |db| state::put(db, fence, &space, (&key, &bytes), expected, quota)).await
    }

    async fn delete(&self, space: &Space, key: &str) -> Result<(), RecordsError> {
        let (fence, space, key) = (self.fence, space.clone(), key.to_owned());
        self.beside.writer.run(move |db| state::delete(db, fence, &space, &key)).await
    }

    async fn keys(
        &self,
        space: &Space,
        prefix: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<String>, RecordsError> {
        self.beside.reader.keys(space, prefix, after, most).await
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

/// SQLite's integers have 63 bits without the sign, which is enough for 292 million years: what is beyond
/// was no number of ours.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An instant read back; `what` happened then, for errors.
fn timestamp(millis: i64, what: &str) -> Result<Timestamp, Fault> {
    let millis =
        u64::try_from(millis).map_err(|_| RecordsError::Unreadable(format!("{what} at {millis} ms, before 1970")))?;
    Ok(Timestamp::from_millis(millis))
}
