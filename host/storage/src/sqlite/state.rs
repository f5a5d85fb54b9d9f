//! What plugins keep, as rows. Each function is one transaction's work.

use aftercall_core::{
    ledger::Fence,
    ports::RecordsError,
    state::{Expected, Put, Quota, Space, Value},
};
use rusqlite::{Connection, OptionalExtension as _};

use super::{db::Db, fault::Fault};

pub(super) fn get(db: &Connection, space: &Space, key: &str) -> Result<Option<Value>, Fault> {
    let found = db
        .prepare_cached("SELECT value, version FROM plugin_state WHERE tenant = ?1 AND plugin = ?2 AND key = ?3")?
        .query_row((space.tenant.as_str(), space.plugin.as_str(), key), |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    found.map(|(bytes, number)| Ok(Value { bytes, version: version(number)? })).transpose()
}

pub(super) fn put(
    db: &Db<'_>,
    fence: Fence,
    space: &Space,
    (key, bytes): (&str, &[u8]),
    expected: Expected,
    quota: Quota,
) -> Result<Put, Fault> {
    db.expect_epoch(fence)?;
    let found = get(db, space, key)?;
    if !expected.meets(found.as_ref().map(|value| value.version)) {
        return Ok(Put::Stale);
    }
    let (keys, held) = size(db, space)?;
    let length = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    let (replaced_keys, replaced) = found.map_or((0, 0), |value| (1, length(key.len() + value.bytes.len())));
    let (keys, held) = (keys - replaced_keys + 1, held - replaced + length(key.len() + bytes.len()));
    if !quota.holds(keys, held) {
        return Ok(Put::Full);
    }
    remove(db, space, key)?;
    db.prepare_cached("INSERT INTO plugin_state (tenant, plugin, key, value) VALUES (?1, ?2, ?3, ?4)")?.execute((
        space.tenant.as_str(),
        space.plugin.as_str(),
        key,
        bytes,
    ))?;
    Ok(Put::Done(version(db.last_insert_rowid())?))
}

pub(super) fn delete(db: &Db<'_>, fence: Fence, space: &Space, key: &str) -> Result<(), Fault> {
    db.expect_epoch(fence)?;
    remove(db, space, key)
}

pub(super) fn keys(
    db: &Connection,
    space: &Space,
    prefix: &str,
    after: Option<&str>,
    most: u32,
) -> Result<Vec<String>, Fault> {
    // Keys are compared as bytes, here and in the index: what has the prefix stands in one piece.
    let mut statement = db.prepare_cached(
        "SELECT key FROM plugin_state
         WHERE tenant = ?1 AND plugin = ?2 AND key >= ?3 AND substr(key, 1, length(?3)) = ?3 AND (?4 IS NULL OR key > ?4)
         ORDER BY key LIMIT ?5",
    )?;
    let rows =
        statement.query_map((space.tenant.as_str(), space.plugin.as_str(), prefix, after, most), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn remove(db: &Connection, space: &Space, key: &str) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM plugin_state WHERE tenant = ?1 AND plugin = ?2 AND key = ?3")?.execute((
        space.tenant.as_str(),
        space.plugin.as_str(),
        key,
    ))?;
    Ok(())
}

/// How many keys a space holds, and how many bytes.
fn size(db: &Connection, space: &Space) -> Result<(u64, u64), Fault> {
    let (keys, bytes): (u32, i64) = db
        .prepare_cached(
            "SELECT count(*), coalesce(sum(octet_length(key) + length(value)), 0)
             FROM plugin_state WHERE tenant = ?1 AND plugin = ?2",
        )?
        .query_row((space.tenant.as_str(), space.plugin.as_str()), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((u64::from(keys), u64::try_from(bytes).unwrap_or(0)))
}

fn version(number: i64) -> Result<u64, RecordsError> {
    u64::try_from(number).map_err(|_| RecordsError::Unreadable(format!("the version {number} is negative")))
}
