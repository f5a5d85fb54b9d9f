//! The durable records: accepted conversations, journals of runs, the ledger of effects, consents, what plugins keep,
//! and refresh tokens.
//!
//! [`Sqlite`] is the storage of the embedded engine: one file, one writer, every answer given after the
//! commit is on the disk. [`Reader`] looks on beside a running engine, and [`Beside`], which an engine has too, writes
//! what stands under no fence. Between them they implement core's ports of records.
//!
//! What this crate refuses: to decide anything about a run or an effect (the rows hold what core decided),
//! to write for an engine that another one has replaced, and to guess at data of a version that it
//! doesn't know.

mod stored;

mod sqlite;

#[cfg(test)]
mod laws;

pub use sqlite::{Beside, Error, Reader, Sqlite};
