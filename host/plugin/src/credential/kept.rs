//! Refresh tokens kept in memory: enough where no vendor rotates them, and for tests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aftercall_core::{
    ports::{RecordsError, RefreshTokenOf, RefreshTokens},
    secret::Secret,
};

/// The newest refresh tokens, until the process ends.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<HashMap<RefreshTokenOf, Secret>>);

#[async_trait::async_trait]
impl RefreshTokens for InMemory {
    async fn newest(&self, of: &RefreshTokenOf) -> Result<Option<Secret>, RecordsError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(of).cloned())
    }

    async fn keep(&self, of: &RefreshTokenOf, token: &Secret) -> Result<(), RecordsError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(of.clone(), token.clone());
        Ok(())
    }
}
