//! Removing what deleted rows leave behind in files.
//!
//! Each connection that writes overwrites what it deletes with zeros (`secure_delete`). Two things are left: older states of
//! pages, in the write-ahead log, until it is truncated; and gaps in pages between which SQLite has moved rows, until the
//! file is written anew.

use std::{path::Path, time::Duration};

use aftercall_core::ports::RecordsError;

use super::{
    file::{self, Access, Error},
    schema,
};

/// Longest wait for readers of an older state, in milliseconds. Nobody writes meanwhile: protects live runs.
const READERS_MS_MAX: u64 = 200;

/// Takes the write-ahead log into the file, and truncates it. False: somebody reads an older state, or does the same.
pub(super) fn truncate_log(path: &Path) -> Result<bool, RecordsError> {
    let refused = |error| match error {
        Error::Records(error) => error,
        other => RecordsError::Unavailable(other.to_string()),
    };
    let truncated = || {
        let connection = file::connect(path, Access::Write)?;
        let truncate = || {
            connection.busy_timeout(Duration::from_millis(READERS_MS_MAX))?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        };
        let busy: bool = truncate().map_err(|error| Error::database(error, path))?;
        Ok(!busy)
    };
    truncated().map_err(refused)
}

/// Writes the file anew. Whoever calls it has the records' lock.
pub(super) fn compact(path: &Path) -> Result<(), Error> {
    let connection = file::connect(path, Access::Write)?;
    schema::expect_current(&connection, path)?;
    connection.execute_batch("VACUUM").map_err(|error| Error::database(error, path))?;
    drop(connection);
    match truncate_log(path)? {
        true => Ok(()),
        false => Err(Error::Read { path: path.to_owned() }),
    }
}
