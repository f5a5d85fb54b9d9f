//! What people asked of runs and the engine has not done. Each function is one transaction's work.

use aftercall_core::{
    id::RunId,
    ledger::Fence,
    ports::{Asked, InterventionNumber, RecordsError, Unfinished},
    run::Intervention,
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension as _};

use super::{db::Db, fault::Fault, integer, journal, timestamp};
use crate::stored::Document;

pub(super) fn ask(db: &Connection, run: &RunId, at: Timestamp, what: &Intervention) -> Result<(), Fault> {
    let (number, ended): (i64, bool) = db
        .prepare_cached("SELECT number, ending IS NOT NULL FROM runs WHERE run = ?1")?
        .query_row([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or_else(|| RecordsError::NoSuchRun(run.to_string()))?;
    if ended {
        return Err(RecordsError::Ended(run.clone()).into());
    }
    let Document { version, json } = Document::of(what);
    // By the time of the run, which may be ahead of the clock: what is asked comes after all that has happened.
    db.prepare_cached(
        "INSERT INTO interventions (run, at, version, json)
         VALUES (?1, max(?2, (SELECT ifnull(max(at), 0) FROM events WHERE run = ?5)), ?3, ?4)",
    )?
    .execute((run.as_str(), integer(at.as_millis()), version, json, number))?;
    Ok(())
}

pub(super) fn asked_of(db: &Connection) -> Result<Vec<Unfinished>, Fault> {
    db.prepare_cached("SELECT run, tenant FROM runs WHERE run IN (SELECT run FROM interventions) ORDER BY number")?
        .query_and_then([], journal::unfinished)?
        .collect()
}

pub(super) fn asked(db: &Connection, run: &RunId) -> Result<Vec<Asked>, Fault> {
    db.prepare_cached("SELECT number, at, version, json FROM interventions WHERE run = ?1 ORDER BY number")?
        .query_and_then([run.as_str()], |row| {
            let number: u32 = row.get("number")?;
            Ok(Asked {
                number: InterventionNumber(number.into()),
                at: timestamp(row.get("at")?, "somebody asked for something")?,
                what: journal::document(row)?.read(|| format!("what was asked of {run}"))?,
            })
        })?
        .collect()
}

pub(super) fn decline(db: &Db<'_>, fence: Fence, number: InterventionNumber) -> Result<(), Fault> {
    db.expect_epoch(fence)?;
    remove(db, number)
}

pub(super) fn remove(db: &Connection, number: InterventionNumber) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM interventions WHERE number = ?1")?.execute([integer(number.0)])?;
    Ok(())
}
