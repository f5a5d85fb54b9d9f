//! Refresh tokens, sealed, as rows. Each function is one transaction's work.

use aftercall_core::{
    ports::{RecordsError, RefreshTokenOf},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension as _};

use super::{fault::Fault, integer, worker::Worker};

pub(super) async fn keep(writer: &Worker, of: &RefreshTokenOf, sealed: &[u8]) -> Result<(), RecordsError> {
    let (of, sealed) = (of.clone(), sealed.to_vec());
    writer.run(move |db| replace(db, &of, &sealed)).await
}

pub(super) async fn claim(
    writer: &Worker,
    of: &RefreshTokenOf,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, RecordsError> {
    let of = of.clone();
    writer.run(move |db| compare_and_claim(db, &of, now, until)).await
}

pub(super) async fn release(writer: &Worker, of: &RefreshTokenOf, until: Timestamp) -> Result<(), RecordsError> {
    let of = of.clone();
    writer.run(move |db| end_claim(db, &of, until)).await
}

/// The first four columns.
fn key(of: &RefreshTokenOf) -> [&str; 4] {
    [of.tenant.as_str(), of.plugin.as_str(), &of.slot, of.granted.as_str()]
}

fn replace(db: &Connection, of: &RefreshTokenOf, sealed: &[u8]) -> Result<(), Fault> {
    let [tenant, plugin, slot, granted] = key(of);
    db.prepare_cached(
        "INSERT INTO refresh_tokens (tenant, plugin, slot, granted, sealed, claimed_until) VALUES (?1, ?2, ?3, ?4, ?5, 0)
         ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
    )?
    .execute((tenant, plugin, slot, granted, sealed))?;
    Ok(())
}

fn compare_and_claim(db: &Connection, of: &RefreshTokenOf, now: Timestamp, until: Timestamp) -> Result<bool, Fault> {
    let [tenant, plugin, slot, granted] = key(of);
    let (now, until) = (integer(now.as_millis()), integer(until.as_millis()));
    let changed = db
        .prepare_cached(
            "INSERT INTO refresh_tokens (tenant, plugin, slot, granted, claimed_until) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET claimed_until = excluded.claimed_until WHERE claimed_until <= ?6",
        )?
        .execute((tenant, plugin, slot, granted, until, now))?;
    Ok(changed == 1)
}

fn end_claim(db: &Connection, of: &RefreshTokenOf, until: Timestamp) -> Result<(), Fault> {
    let [tenant, plugin, slot, granted] = key(of);
    db.prepare_cached(
        "UPDATE refresh_tokens SET claimed_until = 0
         WHERE tenant = ?1 AND plugin = ?2 AND slot = ?3 AND granted = ?4 AND claimed_until = ?5",
    )?
    .execute((tenant, plugin, slot, granted, integer(until.as_millis())))?;
    Ok(())
}

pub(super) fn newest(db: &Connection, of: &RefreshTokenOf) -> Result<Option<Vec<u8>>, Fault> {
    let sealed: Option<Option<Vec<u8>>> = db
        .prepare_cached(
            "SELECT sealed FROM refresh_tokens WHERE tenant = ?1 AND plugin = ?2 AND slot = ?3 AND granted = ?4",
        )?
        .query_row(key(of), |row| row.get(0))
        .optional()?;
    Ok(sealed.flatten())
}
