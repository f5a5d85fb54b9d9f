//! From accepting a call to its first command, beside a million runs that ended and beside none.

use std::{path::Path, sync::Arc, time::Instant};

use aftercall_core::id::Tenant;
use rusqlite::Connection;

use crate::{
    figure::{Figure, median},
    world::{Engine, TENANT, call, counted},
};

/// Runs that ended.
const ENDED: u32 = 1_000_000;

/// How many of them are written at once.
const WRITTEN: u32 = 10_000;

/// Calls that are timed on each store, in turn.
const CALLS: u32 = 600;

pub(crate) async fn measure() -> anyhow::Result<Vec<Figure>> {
    let (full, empty) = (tempfile::tempdir()?, tempfile::tempdir()?);
    fill(full.path()).await?;
    let (full, empty) = (Store::open(full.path())?, Store::open(empty.path())?);
    let (mut beside, mut alone) = (vec![], vec![]);
    for number in 1..=CALLS {
        beside.push(full.first_command(number).await?);
        alone.push(empty.first_command(number).await?);
    }
    let (beside, alone) = (median(&mut beside), median(&mut alone));
    Ok(vec![
        Figure::told("growth", beside / alone).at_most(1.2),
        Figure::told("first_command_ms", beside),
        Figure::told("first_command_empty_ms", alone),
    ])
}

/// A store whose engine is at work.
struct Store {
    engine: Engine,
    working: tokio::task::JoinHandle<()>,
}

impl Store {
    fn open(folder: &Path) -> anyhow::Result<Self> {
        let engine = Engine::open(folder, None, 4)?;
        let dispatcher = Arc::clone(&engine.dispatcher);
        let working = tokio::spawn(async move {
            let stopped = dispatcher.work(std::future::pending()).await;
            panic!("it stopped: {stopped:?}");
        });
        Ok(Self { engine, working })
    }

    /// Milliseconds until the model is asked for the first time. The run ends before the next one begins.
    async fn first_command(&self, number: u32) -> anyhow::Result<f64> {
        let Engine { world, embedded, dispatcher, .. } = &self.engine;
        let tenant: Tenant = TENANT.parse()?;
        let accept = call(number);
        let (asked, ended) = (*world.asked.borrow() + 1, *world.ended.borrow() + 1);
        let begun = Instant::now();
        let place = dispatcher.reserve(&tenant)?;
        let (run, _) = embedded.accept(&accept).await?;
        place.fill(run);
        counted(&world.asked, asked).await;
        let took = begun.elapsed().as_secs_f64() * 1e3;
        counted(&world.ended, ended).await;
        Ok(took)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.working.abort();
    }
}

/// Drives a run to its end, and makes a million of it: all its rows, under other names.
async fn fill(folder: &Path) -> anyhow::Result<()> {
    {
        let engine = Engine::open(folder, None, 1)?;
        engine.accept(0..1).await?;
        engine.work_to_the_end(1).await?;
    }
    let store = Connection::open(folder.join("records.sqlite"))?;
    store.execute_batch(
        "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;
         CREATE TEMP TABLE a_run AS SELECT * FROM runs;
         CREATE TEMP TABLE its_conversation AS SELECT * FROM conversations;
         CREATE TEMP TABLE its_events AS SELECT * FROM events ORDER BY seq;
         CREATE TEMP TABLE its_effects AS SELECT * FROM effects;
         CREATE TEMP TABLE names (number INTEGER PRIMARY KEY, run TEXT NOT NULL)",
    )?;
    for first in (0..ENDED).step_by(usize::try_from(WRITTEN)?) {
        multiply(&store, first)?;
    }
    store.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

/// A run's number: those before it are taken.
const NUMBER: &str = "names.number + 2";

/// Names are digests, and so are these but for their order, in which they are written more quickly.
fn multiply(store: &Connection, first: u32) -> anyhow::Result<()> {
    let last = first + WRITTEN;
    store.execute_batch(&format!(
        "BEGIN;
         DELETE FROM names;
         WITH RECURSIVE number (n) AS (VALUES ({first}) UNION ALL SELECT n + 1 FROM number WHERE n + 1 < {last})
         INSERT INTO names SELECT n, 'run_' || printf('%08x', n * {spread}) || lower(hex(randomblob(8))) FROM number;
         {runs} {conversations} {events} {effects}
         COMMIT",
        spread = u32::MAX / ENDED,
        runs =
            copy(store, "runs", "a_run", &[("number", NUMBER), ("run", "names.run"), ("conversation", "names.run")])?,
        conversations = copy(store, "conversations", "its_conversation", &[("run", NUMBER)])?,
        events = copy(store, "events", "its_events", &[("run", NUMBER)])?,
        effects = copy(
            store,
            "effects",
            "its_effects",
            &[
                ("key", "substr(names.run, 5, 8) || substr(key, 9)"),
                ("run", "names.run"),
                ("conversation", "names.run")
            ]
        )?,
    ))?;
    Ok(())
}

/// A statement that writes rows again under each name, with other values in some columns.
fn copy(store: &Connection, table: &str, from: &str, other: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut columns = store.prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
    let columns = columns.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let value = |column: &String| {
        let other = other.iter().find(|(name, _)| name == column);
        other.map_or_else(|| format!("{from}.{column}"), |(_, value)| (*value).to_owned())
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    Ok(format!(
        "INSERT INTO {table} ({}) SELECT {} FROM names CROSS JOIN {from} ORDER BY names.number;",
        columns.join(", "),
        values.join(", ")
    ))
}
