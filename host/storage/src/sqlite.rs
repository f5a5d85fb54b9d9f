//! The records in one SQLite file.

mod db;
mod fault;
mod tails;
mod worker;

mod file;
mod schema;

mod beside;
mod reader;

mod consents;
mod effects;
mod erase;
mod forget;
mod inbox;
mod interventions;
mod journal;
mod refresh_tokens;
mod spent;
mod state;

#[cfg(test)]
mod tests;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use aftercall_core::{
    effect::EffectKey,
    id::{RunId, Tenant},
    ledger::{Begin, Change, Decision, Entry, Fence},
    ports::{
        Accept, Acceptance, Append, Asked, EffectOf, InterventionNumber, Journal, Ledger, PluginState, RecordsError,
        RunLine, StoredRun, Unfinished,
    },
    run::Standing,
    state::{Expected, Put, Quota, Space, Value},
    time::Timestamp,
};
use async_trait::async_trait;

pub use beside::Beside;
use fault::Fault;
pub use file::Error;
pub use reader::Reader;
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
