//! Appending to journals, side by side with SQLite alone that is given the same rows, in the same order and in groups of
//! the same size: into the same table, which is the limit, and for comparison into one that keeps no index, in which
//! nothing could be found again.

use std::{path::Path, sync::Arc, time::Instant};

use aftercall_core::{
    id::RunId,
    ports::{Append, Journal as _},
    run::Event,
};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::task::JoinSet;

use crate::{
    figure::{Figure, median},
    world::{Engine, call},
};

/// Appends in flight.
const IN_FLIGHT: usize = 32;

/// Runs of a round, each with a whole journal.
const RUNS: u32 = 1_000;

/// Rounds, ours and the bare ones in turn.
const ROUNDS: u32 = 15;

pub(crate) async fn measure() -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let events = Arc::new(story(folder.path()).await?);
    let engine = Engine::open(folder.path(), None, 1)?;
    let mut bare = Bare::open(folder.path())?;
    let (mut ratios, mut heaps, mut ours, mut limits, mut groups) = (vec![], vec![], vec![], vec![], vec![]);
    let appends = f64::from(RUNS) * f64::from(u32::try_from(events.len())?);
    for round in 0..ROUNDS {
        let runs = accepted(&engine, round).await?;
        let commits = engine.records.commits();
        let begun = Instant::now();
        append_all(&engine, &runs, &events).await?;
        let took = begun.elapsed().as_secs_f64();
        let commits = u32::try_from(engine.records.commits() - commits)?;
        let per_commit = appends / f64::from(commits);
        let rows = bare.follow()?;
        let limit = bare.commit("events", &rows, commits)?;
        ratios.push(limit / took);
        heaps.push(bare.commit("heap", &rows, commits)? / took);
        ours.push(appends / took);
        limits.push(appends / limit);
        groups.push(per_commit);
    }
    Ok(vec![
        Figure::told("append_vs_limit", median(&mut ratios)).at_least(0.8),
        Figure::told("append_vs_heap", median(&mut heaps)),
        Figure::told("appends_per_s", median(&mut ours).round()),
        Figure::told("bare_appends_per_s", median(&mut limits).round()),
        Figure::told("appends_per_commit", median(&mut groups)),
    ])
}

/// The journal of a whole run, but for its first event: what runs append.
async fn story(folder: &Path) -> anyhow::Result<Vec<Event>> {
    let engine = Engine::open(folder, None, 1)?;
    engine.accept(0..1).await?;
    engine.work_to_the_end(1).await?;
    Ok(engine.records.read(&call(0).identity.run()).await?.journal.split_off(1))
}

async fn accepted(engine: &Engine, round: u32) -> anyhow::Result<Vec<RunId>> {
    let calls = 1 + round * RUNS..1 + (round + 1) * RUNS;
    engine.accept(calls.clone()).await?;
    Ok(calls.map(|number| call(number).identity.run()).collect())
}

async fn append_all(engine: &Engine, runs: &[RunId], events: &Arc<Vec<Event>>) -> anyhow::Result<()> {
    let mut appending = JoinSet::new();
    // As a dispatcher has them: those that were accepted first are under way first.
    for first in 0..IN_FLIGHT {
        let (records, fence) = (Arc::clone(&engine.records), engine.fence);
        let runs: Vec<RunId> = runs.iter().skip(first).step_by(IN_FLIGHT).cloned().collect();
        let events = Arc::clone(events);
        appending.spawn(async move {
            for run in &runs {
                for (seq, event) in (1..).zip(&*events) {
                    let append = Append::new(run, seq, event);
                    records.append(fence, &append).await?;
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(appended) = appending.join_next().await {
        appended??;
    }
    Ok(())
}

/// A row of a journal, as the records have it.
type Row = (i64, i64, i64, i64, String);

/// SQLite alone: a database of its own, set as ours is, with the same table.
struct Bare {
    connection: Connection,
    /// Ours, to read the same rows from.
    ours: Connection,
    /// The newest row that was read.
    read: i64,
}

impl Bare {
    fn open(folder: &Path) -> anyhow::Result<Self> {
        let ours = Connection::open_with_flags(folder.join("records.sqlite"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let connection = Connection::open(folder.join("bare.sqlite"))?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF")?;
        let mut tables = ours.prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = 'events' AND sql IS NOT NULL")?;
        for sql in tables.query_map([], |row| row.get::<_, String>(0))? {
            connection.execute_batch(&sql?)?;
        }
        connection.execute_batch(
            "CREATE TABLE heap (run INTEGER, seq INTEGER, at INTEGER, version INTEGER, json TEXT) STRICT",
        )?;
        drop(tables);
        let mut bare = Self { connection, ours, read: 0 };
        bare.follow()?;
        Ok(bare)
    }

    /// Reads the rows that ours has in addition, in the order in which they came, and keeps the first ones of runs,
    /// which nobody appends.
    fn follow(&mut self) -> anyhow::Result<Vec<Row>> {
        let rows = {
            let mut rows = self.ours.prepare_cached("SELECT rowid, * FROM events WHERE rowid > ?1 ORDER BY rowid")?;
            let rows = rows.query_map([self.read], |row| {
                Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))
            })?;
            rows.collect::<Result<Vec<(i64, Row)>, _>>()?
        };
        self.read = rows.last().map_or(self.read, |(rowid, _)| *rowid);
        let (first, appended): (Vec<Row>, Vec<Row>) = rows.into_iter().map(|(_, row)| row).partition(|row| row.1 == 0);
        self.commit("events", &first, 1)?;
        Ok(appended)
    }

    /// The seconds that these rows take in so many commits.
    fn commit(&mut self, table: &str, rows: &[Row], commits: u32) -> anyhow::Result<f64> {
        let group = rows.len().div_ceil(usize::try_from(commits)?).max(1);
        let begun = Instant::now();
        for rows in rows.chunks(group) {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut insert =
                    transaction.prepare_cached(&format!("INSERT INTO {table} VALUES (?1, ?2, ?3, ?4, ?5)"))?;
                for (run, seq, at, version, json) in rows {
                    insert.execute((run, seq, at, version, json))?;
                }
            }
            transaction.commit()?;
        }
        Ok(begun.elapsed().as_secs_f64())
    }
}
