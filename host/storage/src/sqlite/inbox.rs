//! Calls of which no run has begun, and events, in rows. Each function is one transaction's work.

use aftercall_core::{
    conversation::Conversation,
    id::{ConversationIdentity, RunId, Tenant},
    inbox::{Analysis, Arrival, KeptEvent, Received, WaitingCall, WaitingEvents, WaitingNumber},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::{fault::Fault, forget, integer, journal::unreadable, timestamp};
use crate::stored::Document;

/// Events of one kind at one endpoint that are kept though they are of no call: protects the disk from platforms that tell
/// of each word.
const KEPT_OF_A_KIND_MAX: u32 = 10;

pub(super) fn receive(db: &Connection, arrival: &Arrival, ready_at: Option<Timestamp>) -> Result<Received, Fault> {
    if let Some(of) = identity(arrival)
        && forget::is_forgotten(db, &of.digest())?
    {
        return Ok(Received::Forgotten);
    }
    let waiting = match (&arrival.conversation, ready_at) {
        (Some(conversation), Some(ready_at)) => Some(wait(db, arrival, conversation, ready_at)?),
        _ => find(db, arrival)?,
    };
    db.prepare_cached(
        "INSERT INTO arrivals (waiting, tenant, platform, endpoint, call, event, at, raw)
         VALUES (:waiting, :tenant, :platform, :endpoint, :call, :event, :at, :raw)",
    )?
    .execute(named_params! {
        ":waiting": waiting,
        ":tenant": arrival.tenant.as_str(),
        ":platform": arrival.platform.as_str(),
        ":endpoint": arrival.endpoint.as_str(),
        ":call": arrival.call,
        ":event": arrival.event,
        ":at": integer(arrival.at.as_millis()),
        ":raw": arrival.raw,
    })?;
    let Some(waiting) = waiting else {
        trim(db, arrival)?;
        return Ok(Received::Kept);
    };
    let Some(ready_at) = ready_at else { return Ok(Received::Waiting) };
    adopt(db, arrival, waiting)?;
    db.prepare_cached("UPDATE waiting SET ready_at = min(ready_at, ?2) WHERE number = ?1")?
        .execute((waiting, integer(ready_at.as_millis())))?;
    Ok(Received::Waiting)
}

fn identity(arrival: &Arrival) -> Option<ConversationIdentity> {
    let Arrival { tenant, platform, conversation, .. } = arrival;
    let conversation = conversation.clone()?;
    Some(ConversationIdentity { tenant: tenant.clone(), platform: platform.clone(), conversation })
}

/// The number of the call's row, which is made if there is none.
fn wait(db: &Connection, arrival: &Arrival, conversation: &str, ready_at: Timestamp) -> Result<i64, Fault> {
    let number = db
        .prepare_cached(
            "INSERT INTO waiting (tenant, platform, conversation, call, endpoint, since, ready_at)
             VALUES (:tenant, :platform, :conversation, :call, :endpoint, :at, :ready_at)
             ON CONFLICT (tenant, platform, conversation) DO UPDATE SET call = ifnull(call, excluded.call)
             RETURNING number",
        )?
        .query_row(
            named_params! {
                ":tenant": arrival.tenant.as_str(),
                ":platform": arrival.platform.as_str(),
                ":conversation": conversation,
                ":call": arrival.call,
                ":endpoint": arrival.endpoint.as_str(),
                ":at": integer(arrival.at.as_millis()),
                ":ready_at": integer(ready_at.as_millis()),
            },
            |row| row.get(0),
        )?;
    Ok(number)
}

/// The call that waits and that an event is of, by either name.
fn find(db: &Connection, arrival: &Arrival) -> Result<Option<i64>, Fault> {
    let found = db
        .prepare_cached(
            "SELECT number FROM waiting WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3
             UNION ALL SELECT number FROM waiting WHERE tenant = ?1 AND platform = ?2 AND call = ?4
             LIMIT 1",
        )?
        .query_row((arrival.tenant.as_str(), arrival.platform.as_str(), &arrival.conversation, &arrival.call), |row| {
            row.get(0)
        })
        .optional()?;
    Ok(found)
}

/// Gives a call the events that came before it and named it by the name that its events share.
fn adopt(db: &Connection, arrival: &Arrival, waiting: i64) -> Result<(), Fault> {
    if arrival.call.is_some() {
        db.prepare_cached(
            "UPDATE arrivals SET waiting = ?4 WHERE waiting IS NULL AND tenant = ?1 AND platform = ?2 AND call = ?3",
        )?
        .execute((arrival.tenant.as_str(), arrival.platform.as_str(), &arrival.call, waiting))?;
    }
    Ok(())
}

/// Removes events of a kind that nobody can need any more, since newer ones are there to look at.
fn trim(db: &Connection, arrival: &Arrival) -> Result<(), Fault> {
    if arrival.call.is_none() {
        db.prepare_cached(
            "DELETE FROM arrivals WHERE number IN (
                 SELECT number FROM arrivals
                 WHERE waiting IS NULL AND call IS NULL AND tenant = ?1 AND endpoint = ?2 AND event = ?3
                 ORDER BY number DESC LIMIT -1 OFFSET ?4)",
        )?
        .execute((arrival.tenant.as_str(), arrival.endpoint.as_str(), &arrival.event, KEPT_OF_A_KIND_MAX))?;
    }
    Ok(())
}

pub(super) fn ready(db: &Connection, now: Timestamp, most: u32) -> Result<Vec<WaitingCall>, Fault> {
    db.prepare_cached("SELECT * FROM waiting WHERE ready_at <= ?1 ORDER BY ready_at, number LIMIT ?2")?
        .query_and_then((integer(now.as_millis()), most), call)?
        .collect()
}

pub(super) fn waiting(db: &Connection, tenant: Option<&Tenant>, most: u32) -> Result<Vec<WaitingCall>, Fault> {
    db.prepare_cached("SELECT * FROM waiting WHERE ?1 IS NULL OR tenant = ?1 ORDER BY ready_at, number LIMIT ?2")?
        .query_and_then((tenant.map(Tenant::as_str), most), call)?
        .collect()
}

fn call(row: &Row<'_>) -> Result<WaitingCall, Fault> {
    let number: i64 = row.get("number")?;
    Ok(WaitingCall {
        number: WaitingNumber(u64::try_from(number).unwrap_or(0)),
        of: ConversationIdentity {
            tenant: row.get::<_, String>("tenant")?.try_into().map_err(unreadable)?,
            platform: row.get::<_, String>("platform")?.try_into().map_err(unreadable)?,
            conversation: row.get("conversation")?,
        },
        endpoint: row.get::<_, String>("endpoint")?.try_into().map_err(unreadable)?,
        since: timestamp(row.get("since")?, "a call was told of")?,
        ready_at: timestamp(row.get("ready_at")?, "a call is ready")?,
        tries: row.get("tries")?,
        trouble: row.get("trouble")?,
    })
}

pub(super) fn next_ready(db: &Connection) -> Result<Option<Timestamp>, Fault> {
    let at: Option<i64> = db.prepare_cached("SELECT min(ready_at) FROM waiting")?.query_row([], |row| row.get(0))?;
    at.map(|at| timestamp(at, "a call is ready")).transpose()
}

pub(super) fn events(db: &Connection, number: WaitingNumber) -> Result<Option<WaitingEvents>, Fault> {
    let mut newest = 0;
    let raw = db
        .prepare_cached("SELECT number, raw FROM arrivals WHERE waiting = ?1 ORDER BY number")?
        .query_map([integer(number.0)], |row| {
            newest = row.get::<_, i64>(0)?;
            row.get(1)
        })?
        .collect::<Result<Vec<Vec<u8>>, _>>()?;
    Ok((!raw.is_empty()).then(|| WaitingEvents { raw, newest: u64::try_from(newest).unwrap_or(0) }))
}

pub(super) fn postpone(db: &Connection, number: WaitingNumber, until: Timestamp, trouble: &str) -> Result<(), Fault> {
    db.prepare_cached("UPDATE waiting SET ready_at = ?2, tries = tries + 1, trouble = ?3 WHERE number = ?1")?
        .execute((integer(number.0), integer(until.as_millis()), trouble))?;
    Ok(())
}

pub(super) fn begun(db: &Connection, number: WaitingNumber, newest: u64) -> Result<(), Fault> {
    let number = integer(number.0);
    db.prepare_cached("DELETE FROM arrivals WHERE waiting = ?1 AND number <= ?2")?
        .execute((number, integer(newest)))?;
    db.prepare_cached(
        "DELETE FROM waiting WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM arrivals WHERE waiting = ?1)",
    )?
    .execute([number])?;
    Ok(())
}

pub(super) fn knows(db: &Connection, of: &ConversationIdentity) -> Result<bool, Fault> {
    let is_known = db
        .prepare_cached(
            "SELECT 1 FROM runs WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3
             UNION ALL SELECT 1 FROM waiting WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3",
        )?
        .exists((of.tenant.as_str(), of.platform.as_str(), &of.conversation))?;
    Ok(is_known || forget::is_forgotten(db, &of.digest())?)
}

pub(super) fn analysed(db: &Connection, run: &RunId, analysis: &Analysis) -> Result<bool, Fault> {
    let found = db
        .prepare_cached(
            "SELECT runs.number, version, json FROM conversations JOIN runs ON runs.number = conversations.run
             WHERE runs.run = ?1",
        )?
        .query_row([run.as_str()], |row| {
            Ok((row.get::<_, i64>(0)?, Document { version: row.get(1)?, json: row.get(2)? }))
        })
        .optional()?;
    let Some((number, document)) = found else { return Ok(false) };
    let mut conversation: Conversation = document.read(|| format!("the conversation of {run}"))?;
    if !analysis.adds_to(&conversation) {
        return Ok(false);
    }
    analysis.add_to(&mut conversation);
    let Document { version, json } = Document::of(&conversation);
    db.prepare_cached("UPDATE conversations SET version = ?2, json = ?3, raw = ?4 WHERE run = ?1")?.execute((
        number,
        version,
        json,
        &analysis.raw,
    ))?;
    Ok(true)
}

pub(super) fn kept(db: &Connection, tenant: Option<&Tenant>, most: u32) -> Result<Vec<KeptEvent>, Fault> {
    db.prepare_cached(
        "SELECT tenant, endpoint, platform, event, at, length(raw) AS bytes FROM arrivals
         WHERE waiting IS NULL AND (?1 IS NULL OR tenant = ?1) ORDER BY at DESC, number DESC LIMIT ?2",
    )?
    .query_and_then((tenant.map(Tenant::as_str), most), |row| {
        Ok(KeptEvent {
            tenant: row.get::<_, String>("tenant")?.try_into().map_err(unreadable)?,
            endpoint: row.get::<_, String>("endpoint")?.try_into().map_err(unreadable)?,
            platform: row.get::<_, String>("platform")?.try_into().map_err(unreadable)?,
            event: row.get("event")?,
            at: timestamp(row.get("at")?, "an event came")?,
            bytes: u64::try_from(row.get::<_, i64>("bytes")?).unwrap_or(0),
        })
    })?
    .collect()
}

pub(super) fn expire(db: &Connection, before: Timestamp) -> Result<u64, Fault> {
    let gone = db
        .prepare_cached("DELETE FROM arrivals WHERE waiting IS NULL AND at < ?1")?
        .execute([integer(before.as_millis())])?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}

/// Removes what waits of one conversation.
pub(super) fn remove(db: &Connection, of: &ConversationIdentity) -> Result<(), Fault> {
    let key = [of.tenant.as_str(), of.platform.as_str(), of.conversation.as_str()];
    db.prepare_cached(
        "DELETE FROM arrivals WHERE waiting IN
             (SELECT number FROM waiting WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3)",
    )?
    .execute(key)?;
    db.prepare_cached("DELETE FROM waiting WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3")?.execute(key)?;
    Ok(())
}

/// How many events of a tenant are of no call that waits.
pub(super) fn count_kept(db: &Connection, tenant: &Tenant) -> Result<u64, Fault> {
    let kept: u32 = db
        .prepare_cached("SELECT count(*) FROM arrivals WHERE waiting IS NULL AND tenant = ?1")?
        .query_row([tenant.as_str()], |row| row.get(0))?;
    Ok(u64::from(kept))
}
