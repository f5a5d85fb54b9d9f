//! How long it takes after a kill until all that was in flight is loaded and goes on.

use std::{
    io::{BufRead as _, BufReader, Write as _, stdout},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::bail;
use tokio::runtime::Runtime;

use crate::{
    figure::Figure,
    world::{Engine, counted},
};

/// Runs in flight.
const RUNS: u32 = 10_000;

/// The turn, from 0, at which each is when it happens.
const TURN: usize = 2;

/// The argument with which this program is killed. What follows is the folder with the records.
pub(crate) const HOST: &str = "is-killed";

/// Seconds from opening the records to the first command of each.
pub(crate) fn measure(runtime: &Runtime) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let mut host = Command::new(std::env::current_exe()?);
    let mut host = host.arg(HOST).arg(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(host.stdout.take().expect("it is piped")).read_line(&mut line)?;
    host.kill()?;
    host.wait()?;
    if line.trim() != RUNS.to_string() {
        bail!("the host was to have {RUNS} runs in flight, and says {line:?}");
    }
    let begun = Instant::now();
    let engine = Engine::open(folder.path(), Some(TURN), RUNS)?;
    runtime.block_on(engine.work_until(counted(&engine.world.asked, RUNS.into())))?;
    Ok(vec![Figure::told("recovery_s", begun.elapsed().as_secs_f64()).at_most(2.0)])
}

/// Accepts them, drives all up to that turn, and waits for its end.
pub(crate) async fn host(folder: &Path) -> anyhow::Result<()> {
    let engine = Engine::open(folder, Some(TURN), RUNS)?;
    engine.accept(0..RUNS).await?;
    engine
        .work_until(async {
            counted(&engine.world.asked, RUNS.into()).await;
            let told = writeln!(stdout(), "{RUNS}");
            told.expect("somebody listens");
            std::future::pending::<()>().await;
        })
        .await
}
