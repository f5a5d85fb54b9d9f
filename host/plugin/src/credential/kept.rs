//! Refresh tokens that are lost when the process ends.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aftercall_core::ports::{RecordsError, RefreshTokenOf, RefreshTokens};

#[derive(Debug, Default)]
pub(super) struct InMemory(Mutex<HashMap<RefreshTokenOf, Vec<u8>>>);

#[async_trait::async_trait]
impl RefreshTokens for InMemory {
    async fn newest(&self, of: &RefreshTokenOf) -> Result<Option<Vec<u8>>, RecordsError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(of).cloned())
    }

    async fn keep(&self, of: &RefreshTokenOf, sealed: &[u8]) -> Result<(), RecordsError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(of.clone(), sealed.to_vec());
        Ok(())
    }
}
