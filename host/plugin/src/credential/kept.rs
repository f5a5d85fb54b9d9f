//! Refresh tokens that are lost when the process ends.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aftercall_core::{
    ports::{RecordsError, RefreshTokenOf, RefreshTokens},
    time::Timestamp,
};

#[derive(Debug, Default)]
pub(super) struct InMemory(Mutex<HashMap<RefreshTokenOf, Row>>);

#[derive(Debug, Default)]
struct Row {
    sealed: Option<Vec<u8>>,
    claimed_until: Option<Timestamp>,
}

impl InMemory {
    #[cfg(test)]
    pub(super) fn is_there(&self) -> bool {
        self.rows().values().any(|row| row.sealed.is_some())
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<RefreshTokenOf, Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl RefreshTokens for InMemory {
    async fn newest(&self, of: &RefreshTokenOf) -> Result<Option<Vec<u8>>, RecordsError> {
        Ok(self.rows().get(of).and_then(|row| row.sealed.clone()))
    }

    async fn keep(&self, of: &RefreshTokenOf, sealed: &[u8]) -> Result<(), RecordsError> {
        self.rows().entry(of.clone()).or_default().sealed = Some(sealed.to_vec());
        Ok(())
    }

    async fn claim(&self, of: &RefreshTokenOf, now: Timestamp, until: Timestamp) -> Result<bool, RecordsError> {
        let mut rows = self.rows();
        let row = rows.entry(of.clone()).or_default();
        let is_free = row.claimed_until.is_none_or(|claimed| claimed <= now);
        if is_free {
            row.claimed_until = Some(until);
        }
        Ok(is_free)
    }

    async fn release(&self, of: &RefreshTokenOf, until: Timestamp) -> Result<(), RecordsError> {
        if let Some(row) = self.rows().get_mut(of)
            && row.claimed_until == Some(until)
        {
            row.claimed_until = None;
        }
        Ok(())
    }
}
