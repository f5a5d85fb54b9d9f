//! The database within one transaction.

use std::{
    cell::{Cell, RefCell, RefMut},
    ops::Deref,
};

use aftercall_core::{ledger::Fence, ports::RecordsError};
use rusqlite::Connection;

use super::{fault::Fault, schema, tails::Tails};

/// What a job works on. What it reads of the epoch holds until the transaction ends.
pub(super) struct Db<'a> {
    connection: &'a Connection,
    tails: &'a RefCell<Tails>,
    epoch: Cell<Option<Fence>>,
}

impl<'a> Db<'a> {
    /// Within a transaction of that connection. The tails are those of the thread that writes.
    pub(super) fn new(connection: &'a Connection, tails: &'a RefCell<Tails>) -> Self {
        Self { connection, tails, epoch: Cell::default() }
    }

    /// Checks, before a write, that nobody has taken the records over since.
    pub(super) fn expect_epoch(&self, fence: Fence) -> Result<(), Fault> {
        let epoch = match self.epoch.get() {
            Some(epoch) => epoch,
            None => schema::epoch(self.connection)?,
        };
        self.epoch.set(Some(epoch));
        if epoch == fence { Ok(()) } else { Err(RecordsError::Fenced.into()) }
    }

    /// Where journals end that are being written.
    pub(super) fn tails(&self) -> RefMut<'_, Tails> {
        self.tails.borrow_mut()
    }
}

impl Deref for Db<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}
