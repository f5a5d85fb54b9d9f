//! The schema's versions, and the epoch: whose the records are.

use std::path::Path;

use aftercall_core::{ledger::Fence, ports::RecordsError};
use rusqlite::{Connection, TransactionBehavior};

use super::{fault::Fault, file::Error};

/// What makes an SQLite file aftercall's: `AfCl` in its header.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"AfCl");

/// The newest version of the schema. An empty file has version 0.
const VERSION: u32 = 7;

/// From each version to the next. One that was released is never edited.
const MIGRATIONS: [(u32, &str); VERSION as usize] = [
    (0, include_str!("v1.sql")),
    (1, include_str!("v2.sql")),
    (2, include_str!("v3.sql")),
    (3, include_str!("v4.sql")),
    (4, include_str!("v5.sql")),
    (5, include_str!("v6.sql")),
    (6, include_str!("v7.sql")),
];

/// Brings the schema up to date and raises the epoch, all or nothing.
pub(super) fn take_over(connection: &mut Connection, path: &Path) -> Result<Fence, Error> {
    let at = |error| Error::database(error, path);
    // Asked before anything is written, so that nobody else's file is touched.
    let found = version(connection, path)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(at)?;
    if mode != "wal" {
        return Err(Error::NoWriteAheadLog { path: path.to_owned() });
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(at)?;
    for (_, migration) in MIGRATIONS.iter().filter(|(from, _)| *from >= found) {
        transaction.execute_batch(migration).map_err(at)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(at)?;
    transaction.pragma_update(None, "user_version", VERSION).map_err(at)?;
    transaction.execute("UPDATE store SET epoch = epoch + 1", []).map_err(at)?;
    let fence = epoch(&transaction).map_err(|fault| fault.at(path))?;
    transaction.commit().map_err(at)?;
    Ok(fence)
}

/// Checks that a file can be read as it is.
pub(super) fn expect_current(connection: &Connection, path: &Path) -> Result<(), Error> {
    match version(connection, path)? {
        VERSION => Ok(()),
        found => Err(Error::Older { path: path.to_owned(), found, known: VERSION }),
    }
}

/// Whose the records are.
pub(super) fn epoch(db: &Connection) -> Result<Fence, Fault> {
    let epoch: i64 = db.prepare_cached("SELECT epoch FROM store")?.query_row([], |row| row.get(0))?;
    let epoch = u64::try_from(epoch).map_err(|_| RecordsError::Unreadable(format!("epoch {epoch} is negative")))?;
    Ok(Fence(epoch))
}

/// The schema's version, which is one that this program knows.
fn version(connection: &Connection, path: &Path) -> Result<u32, Error> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let read = || {
        let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((number("application_id")?, number("user_version")?, tables))
    };
    let found = match read().map_err(|error| Error::database(error, path))? {
        (APPLICATION_ID, version, _) => u32::try_from(version).ok(),
        (0, 0, 0) => Some(0),
        _ => None,
    };
    match found {
        Some(found) if found <= VERSION => Ok(found),
        Some(found) => Err(Error::Newer { path: path.to_owned(), found, known: VERSION }),
        None => Err(Error::Foreign { path: path.to_owned() }),
    }
}
