//! Runs and their journals as rows. Each function is one transaction's work.

use std::cmp::Ordering;

use aftercall_core::{
    id::{InvalidName, Platform, RunId, RunIdentity, Sha256Hex, Tenant},
    ledger::Fence,
    ports::{Accept, Acceptance, Append, InterventionNumber, RecordsError, RunLine, StoredRun, Unfinished},
    run::{Ending, Event, Standing},
    seed::Seed,
    spent::{Day, Spent},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::{db::Db, effects, fault::Fault, forget, integer, interventions, spent, tails::Tail, timestamp};
use crate::stored::Document;

/// A conversation on its way into the records, written down already.
#[derive(Debug)]
pub(super) struct Accepted {
    identity: RunIdentity,
    /// Of the conversation, as it would be known if it was deleted.
    digest: Sha256Hex,
    at: Timestamp,
    raw: Vec<u8>,
    conversation: Document,
    first: Line,
    seeds: Vec<Seed>,
}

/// An event on its way into a journal, written down already.
#[derive(Debug)]
pub(super) struct Line {
    run: RunId,
    seq: u64,
    at: Timestamp,
    event: Document,
    standing: Standing,
    ending: Option<&'static str>,
    does: Option<InterventionNumber>,
    spent: Option<Spent>,
}

/// A run as it is written down.
#[derive(Debug)]
pub(super) struct Written {
    identity: RunIdentity,
    accepted_at: Timestamp,
    conversation: Document,
    /// Each with its place.
    journal: Vec<(u32, Document)>,
}

impl Written {
    /// Reads what is written. It takes longer than to find it, and so is nothing for the thread that all wait for.
    pub(super) fn read(self, run: &RunId) -> Result<StoredRun, RecordsError> {
        let Self { identity, accepted_at, conversation, journal } = self;
        let conversation = conversation.read(|| format!("the conversation of {run}"))?;
        let event = |(seq, event): (u32, Document)| event.read(|| format!("event {seq} of {run}"));
        let journal = journal.into_iter().map(event).collect::<Result<Vec<Event>, _>>()?;
        Ok(StoredRun { identity, accepted_at, conversation, journal })
    }
}

impl Accepted {
    pub(super) fn of(accept: &Accept) -> Self {
        let run = accept.identity.run();
        let standing = if accept.ending.is_some() { Standing::Ended } else { Standing::Working };
        let ending = accept.ending.as_ref();
        let first = Append { run: &run, seq: 0, event: &accept.first, standing, ending, does: None, spent: None };
        Self {
            identity: accept.identity.clone(),
            digest: accept.identity.of_conversation().digest(),
            at: accept.at,
            raw: accept.raw.clone(),
            conversation: Document::of(&accept.conversation),
            first: Line::of(&first),
            seeds: accept.seeds.clone(),
        }
    }
}

impl Line {
    pub(super) fn of(append: &Append<'_>) -> Self {
        Self {
            run: append.run.clone(),
            seq: append.seq,
            at: append.event.at,
            event: Document::of(append.event),
            standing: append.standing,
            ending: append.ending.map(Ending::as_str),
            does: append.does,
            spent: append.spent,
        }
    }

    fn ended_at(&self) -> Option<i64> {
        self.ending.map(|_| integer(self.at.as_millis()))
    }
}

pub(super) fn accept(db: &Db<'_>, fence: Fence, accepted: &Accepted) -> Result<Acceptance, Fault> {
    db.expect_epoch(fence)?;
    let Accepted { identity, digest, at, raw, conversation, first, seeds } = accepted;
    if forget::is_forgotten(db, digest)? {
        return Ok(Acceptance::Forgotten);
    }
    let inserted = db
        .prepare_cached(
            "INSERT INTO runs (run, tenant, platform, conversation, revision, accepted_at, fence, standing, wake_at, ending,
                 ended_at)
             VALUES (:run, :tenant, :platform, :conversation, :revision, :at, :fence, :standing, :wake_at, :ending,
                 :ended_at)
             ON CONFLICT (tenant, platform, conversation, revision) DO NOTHING",
        )?
        .execute(named_params! {
            ":run": first.run.as_str(),
            ":tenant": identity.tenant.as_str(),
            ":platform": identity.platform.as_str(),
            ":conversation": identity.conversation,
            ":revision": identity.revision,
            ":at": integer(at.as_millis()),
            ":fence": integer(fence.0),
            ":standing": first.standing.as_str(),
            ":wake_at": wake_at(first.standing),
            ":ending": first.ending,
            ":ended_at": first.ended_at(),
        })?;
    if inserted == 0 {
        return Ok(Acceptance::Known);
    }
    let number = db.last_insert_rowid();
    db.prepare_cached("INSERT INTO conversations (run, version, json, raw) VALUES (?1, ?2, ?3, ?4)")?.execute((
        number,
        conversation.version,
        &conversation.json,
        raw,
    ))?;
    insert(db, number, first)?;
    seeds.iter().try_for_each(|seed| effects::seed(db, identity, seed))?;
    Ok(Acceptance::New)
}

pub(super) fn append(db: &Db<'_>, fence: Fence, line: &Line) -> Result<(), Fault> {
    db.expect_epoch(fence)?;
    let known = db.tails().get(&line.run).filter(|tail| tail.next == line.seq);
    let (number, was_working) = match known {
        Some(tail) => (tail.number, true),
        None => find_end(db, line)?,
    };
    insert(db, number, line)?;
    if let Some(spent) = &line.spent {
        spent::add(db, number, Day::of(line.at), spent)?;
    }
    // Nearly all events find a run under way and leave it so.
    let is_working = line.standing == Standing::Working;
    if !was_working || !is_working {
        set_standing(db, &line.run, line.standing, line.ending.zip(line.ended_at()))?;
    }
    if is_working {
        db.tails().set(&line.run, Tail { number, next: line.seq + 1 });
    } else {
        db.tails().remove(&line.run);
    }
    line.does.map_or(Ok(()), |number| interventions::remove(db, number))
}

/// The run's number, and whether it is under way, if the event comes next in its journal.
fn find_end(db: &Connection, line: &Line) -> Result<(i64, bool), Fault> {
    let (number, stood, ended, next): (i64, String, bool, u32) = db
        .prepare_cached(
            "SELECT number, standing, ending IS NOT NULL,
                 (SELECT ifnull(max(seq) + 1, 0) FROM events WHERE run = runs.number)
             FROM runs WHERE run = ?1",
        )?
        .query_row([line.run.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?
        .ok_or_else(|| RecordsError::NoSuchRun(line.run.to_string()))?;
    let (run, seq, next) = (line.run.clone(), line.seq, u64::from(next));
    match seq.cmp(&next) {
        Ordering::Less => Err(RecordsError::Taken { run, seq }.into()),
        _ if ended => Err(RecordsError::Ended(run).into()),
        Ordering::Greater => Err(RecordsError::Gap { run, seq, next }.into()),
        Ordering::Equal => Ok((number, stood == Standing::Working.as_str())),
    }
}

pub(super) fn read(db: &Connection, run: &RunId) -> Result<Written, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT number, tenant, platform, conversation, revision, accepted_at, version, json
         FROM runs JOIN conversations ON conversations.run = number WHERE runs.run = ?1",
    )?;
    let mut rows = statement.query([run.as_str()])?;
    let row = rows.next()?.ok_or_else(|| RecordsError::NoSuchRun(run.to_string()))?;
    Ok(Written {
        identity: identity(row)?,
        accepted_at: accepted_at(row)?,
        conversation: document(row)?,
        journal: events(db, row.get("number")?)?,
    })
}

pub(super) fn due(db: &Connection, from: Timestamp, to: Timestamp) -> Result<Vec<Unfinished>, Fault> {
    let (from, to) = (integer(from.as_millis()), integer(to.as_millis()).min(NEVER - 1));
    db.prepare_cached(
        "SELECT run, tenant FROM runs WHERE ending IS NULL AND wake_at BETWEEN ?1 AND ?2 ORDER BY wake_at, number",
    )?
    .query_and_then([from, to], unfinished)?
    .collect()
}

pub(super) fn next_due(db: &Connection, from: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let first: Option<i64> = db
        .prepare_cached("SELECT min(wake_at) FROM runs WHERE ending IS NULL AND wake_at BETWEEN ?1 AND ?2")?
        .query_row([integer(from.as_millis()), NEVER - 1], |row| row.get(0))?;
    first.map(|millis| timestamp(millis, "a run is to go on")).transpose()
}

pub(super) fn unfinished(row: &Row<'_>) -> Result<Unfinished, Fault> {
    let tenant = row.get::<_, String>("tenant")?.try_into().map_err(unreadable)?;
    Ok(Unfinished { run: RunId::from_stored(row.get("run")?), tenant })
}

pub(super) fn runs(db: &Connection, tenant: Option<&Tenant>, most: u32) -> Result<Vec<RunLine>, Fault> {
    // Two statements rather than one with an `OR`, so that each has its index.
    let of_tenant = if tenant.is_some() { "WHERE tenant = :tenant" } else { "WHERE :tenant IS NULL" };
    db.prepare_cached(&format!(
        "SELECT run, tenant, platform, conversation, revision, accepted_at, ending, standing FROM runs
         {of_tenant}
         ORDER BY accepted_at DESC, number DESC LIMIT :most"
    ))?
    .query_and_then(named_params! { ":tenant": tenant.map(Tenant::as_str), ":most": most }, run_line)?
    .collect()
}

pub(super) fn runs_beginning(db: &Connection, beginning: &str, most: u32) -> Result<Vec<RunId>, Fault> {
    // What comes after all that begins so, in the order of the index: bytes.
    let end = format!("{beginning}\u{10ffff}");
    db.prepare_cached("SELECT run FROM runs WHERE run >= ?1 AND run < ?2 ORDER BY run LIMIT ?3")?
        .query_and_then((beginning, end, most), |row| Ok(RunId::from_stored(row.get(0)?)))?
        .collect()
}

pub(super) fn runs_for_people(db: &Connection, tenant: Option<&Tenant>) -> Result<Vec<RunLine>, Fault> {
    let for_a_person =
        [Standing::AwaitsApproval { until: Timestamp::default() }, Standing::NeedsAttention].map(Standing::as_str);
    db.prepare_cached(
        "SELECT run, tenant, platform, conversation, revision, accepted_at, ending, standing FROM runs
         WHERE ending IS NULL AND wake_at > 0 AND standing IN (?1, ?2) AND (?3 IS NULL OR tenant = ?3)
         ORDER BY accepted_at, number",
    )?
    .query_and_then((for_a_person[0], for_a_person[1], tenant.map(Tenant::as_str)), run_line)?
    .collect()
}

pub(super) fn line(db: &Connection, run: &RunId) -> Result<RunLine, Fault> {
    let mut statement = db.prepare_cached(
        "SELECT run, tenant, platform, conversation, revision, accepted_at, ending, standing FROM runs WHERE run = ?1",
    )?;
    let mut rows = statement.query([run.as_str()])?;
    run_line(rows.next()?.ok_or_else(|| RecordsError::NoSuchRun(run.to_string()))?)
}

pub(super) fn platforms_of(db: &Connection, tenant: &Tenant, conversation: &str) -> Result<Vec<Platform>, Fault> {
    let sql = "SELECT platform FROM runs WHERE tenant = ?1 AND conversation = ?2
               UNION SELECT platform FROM waiting WHERE tenant = ?1 AND conversation = ?2 ORDER BY platform";
    db.prepare_cached(sql)?
        .query_and_then((tenant.as_str(), conversation), |row| {
            Ok(row.get::<_, String>(0)?.try_into().map_err(unreadable)?)
        })?
        .collect()
}

fn run_line(row: &Row<'_>) -> Result<RunLine, Fault> {
    Ok(RunLine {
        run: RunId::from_stored(row.get("run")?),
        identity: identity(row)?,
        accepted_at: accepted_at(row)?,
        ending: row.get("ending")?,
        standing: row.get("standing")?,
    })
}

/// Writes an event down in the journal of the run of that number.
fn insert(db: &Connection, number: i64, line: &Line) -> Result<(), Fault> {
    db.prepare_cached("INSERT INTO events (run, seq, at, version, json) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute((
        number,
        integer(line.seq),
        integer(line.at.as_millis()),
        line.event.version,
        &line.event.json,
    ))?;
    Ok(())
}

pub(super) fn stand(db: &Db<'_>, fence: Fence, run: &RunId, standing: Standing) -> Result<(), Fault> {
    db.expect_epoch(fence)?;
    db.tails().remove(run);
    set_standing(db, run, standing, None)
}

/// `end`: how it has ended, and when.
fn set_standing(db: &Connection, run: &RunId, standing: Standing, end: Option<(&str, i64)>) -> Result<(), Fault> {
    let (ending, ended_at) = end.unzip();
    db.prepare_cached(
        "UPDATE runs SET standing = ?2, wake_at = ?3, ending = ?4, ended_at = ?5 WHERE run = ?1 AND ending IS NULL",
    )?
    .execute((run.as_str(), standing.as_str(), wake_at(standing), ending, ended_at))?;
    Ok(())
}

/// When nothing is to be done for a run any more, or only a person knows when.
const NEVER: i64 = i64::MAX;

fn wake_at(standing: Standing) -> i64 {
    standing.wake_at().map_or(NEVER, |at| integer(at.as_millis()).min(NEVER - 1))
}

fn events(db: &Connection, number: i64) -> Result<Vec<(u32, Document)>, Fault> {
    db.prepare_cached("SELECT seq, version, json FROM events WHERE run = ?1 ORDER BY seq")?
        .query_and_then([number], |row| Ok((row.get("seq")?, document(row)?)))?
        .collect()
}

fn identity(row: &Row<'_>) -> Result<RunIdentity, Fault> {
    let name = |column| row.get::<_, String>(column);
    Ok(RunIdentity {
        tenant: name("tenant")?.try_into().map_err(unreadable)?,
        platform: name("platform")?.try_into().map_err(unreadable)?,
        conversation: name("conversation")?,
        revision: row.get("revision")?,
    })
}

pub(super) fn unreadable(error: InvalidName) -> RecordsError {
    RecordsError::Unreadable(format!("a run's identity: {error}"))
}

fn accepted_at(row: &Row<'_>) -> Result<Timestamp, Fault> {
    timestamp(row.get("accepted_at")?, "a run was accepted")
}

pub(super) fn document(row: &Row<'_>) -> Result<Document, Fault> {
    Ok(Document { version: row.get("version")?, json: row.get("json")? })
}
