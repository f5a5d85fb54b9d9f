//! Refresh tokens, sealed, as rows. Each function is one transaction's work.

use aftercall_core::ports::{RecordsError, RefreshTokenOf};
use rusqlite::{Connection, OptionalExtension as _};

use super::{fault::Fault, worker::Worker};

pub(super) async fn keep(writer: &Worker, of: &RefreshTokenOf, sealed: &[u8]) -> Result<(), RecordsError> {
    let (of, sealed) = (of.clone(), sealed.to_vec());
    writer.run(move |db| replace(db, &of, &sealed)).await
}

fn replace(db: &Connection, of: &RefreshTokenOf, sealed: &[u8]) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO refresh_tokens (tenant, plugin, slot, granted, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((of.tenant.as_str(), of.plugin.as_str(), &of.slot, of.granted.as_str(), sealed))?;
    Ok(())
}

pub(super) fn newest(db: &Connection, of: &RefreshTokenOf) -> Result<Option<Vec<u8>>, Fault> {
    let sealed = db
        .prepare_cached(
            "SELECT sealed FROM refresh_tokens WHERE tenant = ?1 AND plugin = ?2 AND slot = ?3 AND granted = ?4",
        )?
        .query_row((of.tenant.as_str(), of.plugin.as_str(), &of.slot, of.granted.as_str()), |row| row.get(0))
        .optional()?;
    Ok(sealed)
}
