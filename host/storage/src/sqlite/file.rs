//! The database file: creating it, locking it, opening it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use aftercall_core::ports::RecordsError;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::fault::Fault;

/// Longest wait for a lock of SQLite's, in milliseconds. No two engines write, so that only a backup
/// program or a person's shell can hold one: protects the engine from those.
const BUSY_MS_MAX: u64 = 5_000;

/// Most statements that a connection keeps ready: more than there are, since to make one ready takes longer than to
/// run it.
const STATEMENTS_MAX: usize = 128;

/// Most pages that a connection keeps in memory, in KiB: the upper parts of all indexes of a million runs. Protects the
/// host's memory.
const CACHE_KIB_MAX: i32 = 16 * 1024;

/// Why records can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another engine has them.
    #[error("another engine holds the records: `{}` is locked; end that engine, or use other records", lock.display())]
    Held {
        /// The file that is locked.
        lock: PathBuf,
    },
    /// There are none.
    #[error("there are no records at `{}`: check the path, or run an engine on it first", path.display())]
    Missing {
        /// Where.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("`{}` isn't a records database of aftercall: name another file, or move it away", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// A newer aftercall wrote them.
    #[error(
        "the records at `{}` have version {found}, and this aftercall knows versions up to {known}: \
         run the aftercall that wrote them, or a newer one",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that this aftercall knows.
        known: u32,
    },
    /// An older aftercall wrote them, and who only reads can't change that.
    #[error(
        "the records at `{}` have version {found}, and this aftercall reads version {known}: \
         start its engine on them once, which brings them up to date",
        path.display()
    )]
    Older {
        /// Which file.
        path: PathBuf,
        /// Its version; 0 if it is empty.
        found: u32,
        /// The version that this aftercall reads.
        known: u32,
    },
    /// Somebody reads an older state of them.
    #[error(
        "somebody still reads an older state of the records at `{}`, which keeps what was deleted in its write-ahead log: \
         end that program, and do this again",
        path.display()
    )]
    Read {
        /// Which file.
        path: PathBuf,
    },
    /// The file system can't hold a write-ahead log.
    #[error("the file system of `{}` can't hold a write-ahead log: keep the records on a local disk", path.display())]
    NoWriteAheadLog {
        /// Which file.
        path: PathBuf,
    },
    /// The file system says no.
    #[error("can't {what} `{}`: {source}; see that its directory is there and that this user may write to it", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The operating system gives no thread.
    #[error("can't start a thread for the records: {0}")]
    Thread(io::Error),
    /// The database failed.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

impl Error {
    /// What the database said while it was being opened.
    pub(super) fn database(error: rusqlite::Error, path: &Path) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign { path: path.to_owned() },
            _ => Self::Records(Fault::from(error).at(path)),
        }
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reading alone.
    Read,
    /// Reading and writing.
    Write,
}

/// Creates the file if there is none, empty and readable by its owner alone, as SQLite will then make the
/// files beside it. Returns its path without links, so that one database has one lock.
pub(super) fn create(path: &Path) -> Result<PathBuf, Error> {
    // A file that is there isn't opened here: closing it would drop the locks which SQLite holds on it in
    // this process (POSIX locks belong to processes).
    match owners_alone(OpenOptions::new().write(true).create_new(true)).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => return Err(Error::File { what: "create", path: path.to_owned(), source }),
    }
    existing(path)
}

/// The path without links of a file that is there.
pub(super) fn existing(path: &Path) -> Result<PathBuf, Error> {
    let found = fs::canonicalize(path).and_then(|path| Ok((fs::metadata(&path)?.is_file(), path)));
    match found {
        Ok((true, path)) => Ok(path),
        Ok((false, path)) => Err(Error::Foreign { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Missing { path: path.to_owned() }),
        Err(source) => Err(Error::File { what: "find", path: path.to_owned(), source }),
    }
}

/// Locks `<path>.lock`, until the returned file is dropped or this process ends, however it ends.
pub(super) fn lock(path: &Path) -> Result<File, Error> {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let lock = PathBuf::from(lock);
    let opened = owners_alone(OpenOptions::new().write(true).create(true).truncate(false)).open(&lock);
    let file = opened.map_err(|source| Error::File { what: "create", path: lock.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Held { lock }),
        Err(TryLockError::Error(source)) => Err(Error::File { what: "lock", path: lock, source }),
    }
}

/// Opens a connection. What is in the file hasn't been looked at.
pub(super) fn connect(path: &Path, access: Access) -> Result<Connection, Error> {
    let mode = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    // Each connection stays in one thread, which makes SQLite's own mutex superfluous.
    let open = || {
        let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB_MAX)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF")?;
        // What is deleted, or written over, is overwritten with zeros.
        connection.execute_batch("PRAGMA secure_delete = ON")?;
        Ok(connection)
    };
    open().map_err(|error| Error::database(error, path))
}

#[cfg(unix)]
fn owners_alone(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn owners_alone(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
