//! The ledger as rows. Each function is one transaction's work: read, let core decide, write.

use aftercall_core::{
    cap::{Cap, DAY_MS, Of, Per},
    effect::EffectKey,
    id::RunIdentity,
    ledger::{self, Begin, Change, Decision, Entry, Fence, Refused, State},
    ports::{EffectOf, RecordsError},
    seed::Seed,
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::{db::Db, fault::Fault, integer};
use crate::stored::Document;

pub(super) fn begin(db: &Db<'_>, effect: &EffectOf, begin: &Begin) -> Result<Decision, Fault> {
    db.expect_epoch(begin.fence)?;
    let known = entry(db, &effect.key)?;
    let counts = known.as_ref().is_some_and(Entry::counts);
    let used_up = if counts { None } else { used_up(db, effect, begin)? };
    let (decision, next) = ledger::begin(known.as_ref(), begin, used_up);
    match (known, next) {
        (None, Some(entry)) => insert(db, effect, begin.at, &entry)?,
        (Some(_), Some(entry)) => begin_again(db, effect, begin.at, counts, &entry)?,
        (_, None) => {}
    }
    Ok(decision)
}

/// The first of an attempt's caps that other effects have used up.
fn used_up(db: &Connection, effect: &EffectOf, begin: &Begin) -> Result<Option<Cap>, Fault> {
    for cap in &begin.caps {
        if others(db, effect, cap, begin.at)? >= cap.most {
            return Ok(Some(*cap));
        }
    }
    Ok(None)
}

/// How many effects beside this one count against a cap.
fn others(db: &Connection, effect: &EffectOf, cap: &Cap, at: Timestamp) -> Result<u32, Fault> {
    let run = effect.call.run();
    let (among, whose, since) = match cap.per {
        Per::Run => ("run", run.as_str(), i64::MIN),
        Per::ContactAndDay => ("contact", effect.contact.as_str(), integer(at.as_millis().saturating_sub(DAY_MS))),
    };
    let (tools, tool) = match cap.of {
        Of::Tool => ("tool = :tool", effect.tool.as_str()),
        Of::Plugin => {
            ("substr(tool, 1, length(:tool)) = :tool", effect.tool.split_inclusive('/').next().unwrap_or_default())
        }
    };
    let count = db
        .prepare_cached(&format!(
            "SELECT count(*) FROM effects
             WHERE tenant = :tenant AND {among} = :whose AND attempted_at > :since AND {tools}
             AND key <> :key AND state <> 'failed'"
        ))?
        .query_row(
            named_params! {
                ":tenant": effect.call.tenant.as_str(),
                ":whose": whose,
                ":since": since,
                ":tool": tool,
                ":key": effect.key.as_str(),
            },
            |row| row.get(0),
        )?;
    Ok(count)
}

pub(super) fn change(db: &Db<'_>, key: &EffectKey, fence: Fence, change: &Change) -> Result<(), Fault> {
    db.expect_epoch(fence)?;
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

fn insert(db: &Connection, effect: &EffectOf, at: Timestamp, entry: &Entry) -> Result<(), Fault> {
    let Document { version, json } = Document::of(entry);
    db.prepare_cached(
        "INSERT INTO effects
             (key, tenant, platform, conversation, tool, state, version, json, run, contact, attempted_at)
         VALUES
             (:key, :tenant, :platform, :conversation, :tool, :state, :version, :json, :run, :contact, :at)",
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
        ":run": effect.call.run().as_str(),
        ":contact": effect.contact.as_str(),
        ":at": integer(at.as_millis()),
    })?;
    Ok(())
}

/// Another attempt begins. An effect that counted before goes on counting where it did.
fn begin_again(db: &Connection, effect: &EffectOf, at: Timestamp, counted: bool, entry: &Entry) -> Result<(), Fault> {
    let Document { version, json } = Document::of(entry);
    db.prepare_cached(
        "UPDATE effects SET state = :state, version = :version, json = :json, attempted_at = :at,
             run = iif(:counted, run, :run), contact = iif(:counted, contact, :contact)
         WHERE key = :key",
    )?
    .execute(named_params! {
        ":key": effect.key.as_str(),
        ":state": word(&entry.state),
        ":version": version,
        ":json": json,
        ":counted": counted,
        ":run": effect.call.run().as_str(),
        ":contact": effect.contact.as_str(),
        ":at": integer(at.as_millis()),
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

/// What the live call did, or may have done. It counts against no cap, since nobody allowed it.
pub(super) fn seed(db: &Connection, call: &RunIdentity, seed: &Seed) -> Result<(), Fault> {
    let Document { version, json } = Document::of(&seed.entry);
    db.prepare_cached(
        "INSERT INTO effects (key, tenant, platform, conversation, tool, state, version, json)
         VALUES (:key, :tenant, :platform, :conversation, :tool, :state, :version, :json)
         ON CONFLICT (key) DO NOTHING",
    )?
    .execute(named_params! {
        ":key": seed.key.as_str(),
        ":tenant": call.tenant.as_str(),
        ":platform": call.platform.as_str(),
        ":conversation": call.conversation,
        ":tool": format!("{}/{}", seed.plugin, seed.tool),
        ":state": word(&seed.entry.state),
        ":version": version,
        ":json": json,
    })?;
    Ok(())
}

const fn word(state: &State) -> &'static str {
    match state {
        State::Open { .. } => "open",
        State::InDoubt => "in-doubt",
        State::Done(_) => "done",
        State::Otherwise(_) => "otherwise",
        State::Failed => "failed",
        State::Unknowable => "unknowable",
    }
}
