//! How many whole runs get through, each of six turns and five effects, durable at every step.

use std::time::Instant;

use crate::{
    figure::Figure,
    world::{CALLS, Engine},
};

/// Runs that are timed.
const RUNS: u32 = 2_000;

/// How many go on side by side.
const SIDE_BY_SIDE: u32 = 64;

/// Steps are model turns and tool attempts.
pub(crate) async fn measure() -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let engine = Engine::open(folder.path(), None, SIDE_BY_SIDE)?;
    engine.accept(0..RUNS).await?;
    let begun = Instant::now();
    engine.work_to_the_end(RUNS).await?;
    let runs_per_s = f64::from(RUNS) / begun.elapsed().as_secs_f64();
    let steps = u32::try_from(2 * CALLS + 1)?;
    Ok(vec![
        Figure::told("runs_per_s", runs_per_s.round()),
        Figure::told("steps_per_s", (runs_per_s * f64::from(steps)).round()),
    ])
}
