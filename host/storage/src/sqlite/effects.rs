//! The ledger as rows. Each function is one transaction's work: read, let core decide, write.

use aftercall_core::{
    effect::EffectKey,
    ledger::{self, Begin, Change, Decision, Entry, Fence, Refused, State},
    ports::{EffectOf, RecordsError},
};
use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::{fault::Fault, schema::expect_epoch};
use crate::stored::Document;

pub(super) fn begin(db: &Connection, effect: &EffectOf, begin: &Begin) -> Result<Decision, Fault> {
    expect_epoch(db, begin.fence)?;
    let known = entry(db, &effect.key)?;
    let (decision, next) = ledger::begin(known.as_ref(), begin);
    match (known, next) {
        (None, Some(entry)) => insert(db, effect, &entry)?,
        (Some(_), Some(entry)) => update(db, &effect.key, &entry)?,
        (_, None) => {}
    }
    Ok(decision)
}

pub(super) fn change(db: &Connection, key: &EffectKey, fence: Fence, change: &Change) -> Result<(), Fault> {
    expect_epoch(db, fence)?;
    let refused = |why| RecordsError::Ledger { key: key.clone(), why };
    // Where nothing began, no change can follow.
    let known = entry(db, key)?.ok_or_else(|| refused(Refused::OutOfOrder))?;
    let next = ledger::change(&known, fence, change).map_err(refused)?;
    update(db, key, &next)
}

pub(super) fn entry(db: &Connection, key: &EffectKey) -> Result<Option<Entry>, Fault> {
    let document = db
        .prepare_cached("SELECT version, json FROM effects WHERE key = ?1")?
        .query_row([key.as_str()], |row| Ok(Document { version: row.get(0)?, json: row.get(1)? }))
        .optional()?;
    Ok(document.map(|document| document.read(|| format!("ledger entry {key}"))).transpose()?)
}

fn insert(db: &Connection, effect: &EffectOf, entry: &Entry) -> Result<(), Fault> {
    let Document { version, json } = Document::of(entry);
    db.prepare_cached(
        "INSERT INTO effects (key, tenant, platform, conversation, tool, state, version, json)
         VALUES (:key, :tenant, :platform, :conversation, :tool, :state, :version, :json)",
    )?
    .execute(named_params! {
        ":key": effect.key.as_str(),
        ":tenant": effect.call.tenant.as_str(),
        ":platform": effect.call.platform.as_str(),
        ":conversation": effect.call.conversation,
        ":tool": effect.tool,
        ":state": word(&entry.state),
        ":version": version,
        ":json": json,
    })?;
    Ok(())
}

fn update(db: &Connection, key: &EffectKey, entry: &Entry) -> Result<(), Fault> {
    let Document { version, json } = Document::of(entry);
    db.prepare_cached("UPDATE effects SET state = ?2, version = ?3, json = ?4 WHERE key = ?1")?.execute((
        key.as_str(),
        word(&entry.state),
        version,
        json,
    ))?;
    Ok(())
}

const fn word(state: &State) -> &'static str {
    match state {
        State::Open { .. } => "open",
        State::InDoubt => "in-doubt",
        State::Done(_) => "done",
        State::Failed => "failed",
        State::Unknowable => "unknowable",
    }
}
