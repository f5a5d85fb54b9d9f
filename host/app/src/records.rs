//! Which records a run's surroundings are in: those that last, also where the run itself is a rehearsal.

use std::{path::PathBuf, sync::Arc};

use aftercall_core::{
    ports::{Consents, PluginState, RecordsError, RefreshTokenOf, RefreshTokens},
    time::Timestamp,
};
use aftercall_storage::Sqlite;
use async_trait::async_trait;

use crate::config::Config;

/// What outlives a rehearsal too, and so is never in its own records.
pub(crate) struct RealRecords {
    pub(crate) state: Arc<dyn PluginState>,
    pub(crate) consents: Arc<dyn Consents>,
    pub(crate) refresh_tokens: Arc<dyn RefreshTokens>,
}

impl RealRecords {
    /// A rehearsal sees what is in the real records, and changes nothing in them, but for refresh tokens: a vendor that
    /// was asked for a token in a rehearsal may have forgotten the one before.
    ///
    /// # Errors
    /// The real records can't be opened.
    pub(crate) fn of(config: &Config, rehearsal: bool, records: &Arc<Sqlite>) -> anyhow::Result<Self> {
        let real = config.store();
        if rehearsal && real.exists() {
            let reader = Arc::new(Sqlite::open_reader(&real)?);
            let beside = Arc::new(Sqlite::open_beside(real)?);
            return Ok(Self { state: reader.clone(), consents: reader, refresh_tokens: beside });
        }
        let refresh_tokens: Arc<dyn RefreshTokens> =
            if rehearsal { Arc::new(NoRecords { path: real }) } else { records.beside() };
        Ok(Self { state: records.clone(), consents: records.beside(), refresh_tokens })
    }
}

/// Records that aren't there yet.
struct NoRecords {
    path: PathBuf,
}

impl NoRecords {
    fn error(&self) -> RecordsError {
        RecordsError::Unavailable(format!(
            "there are none at {} yet, and a rehearsal makes none: the vendor may give a new refresh token, which would \
             be lost; start the host once",
            self.path.display()
        ))
    }
}

#[async_trait]
impl RefreshTokens for NoRecords {
    async fn newest(&self, _: &RefreshTokenOf) -> Result<Option<Vec<u8>>, RecordsError> {
        Err(self.error())
    }

    async fn keep(&self, _: &RefreshTokenOf, _: &[u8]) -> Result<(), RecordsError> {
        Err(self.error())
    }

    async fn claim(&self, _: &RefreshTokenOf, _: Timestamp, _: Timestamp) -> Result<bool, RecordsError> {
        Err(self.error())
    }

    async fn release(&self, _: &RefreshTokenOf, _: Timestamp) -> Result<(), RecordsError> {
        Err(self.error())
    }
}
