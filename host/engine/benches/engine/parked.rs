//! What a run holds that waits for its model, beside its transcript.

use std::{
    io::{Write as _, stdout},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::bail;

use crate::{
    figure::Figure,
    world::{Engine, TRANSCRIPT_BYTES, counted, resident_bytes},
};

/// Runs that wait.
const RUNS: u32 = 10_000;

/// The argument with which this program holds them. What follows is the folder with the records.
pub(crate) const HOST: &str = "holds-runs-that-wait";

/// Resident bytes for each, in a process that does nothing else.
pub(crate) fn measure() -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let mut host = Command::new(std::env::current_exe()?);
    let output = host.arg(HOST).arg(folder.path()).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("the host of {RUNS} runs ended with {}", output.status);
    }
    let bytes = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(vec![Figure::told("parked_run_bytes", bytes).at_most(49_152.0)])
}

/// Accepts them, drives all to their first question, and tells what each holds.
pub(crate) async fn host(folder: &Path) -> anyhow::Result<()> {
    let engine = Engine::open(folder, Some(0), RUNS)?;
    engine.accept(0..RUNS).await?;
    let before = resident_bytes()?;
    let mut after = 0;
    engine
        .work_until(async {
            counted(&engine.world.asked, RUNS.into()).await;
            after = resident_bytes().unwrap_or(u64::MAX);
        })
        .await?;
    #[expect(clippy::cast_precision_loss, reason = "a figure")]
    let bytes = after.saturating_sub(before) as f64 / f64::from(RUNS) - TRANSCRIPT_BYTES as f64;
    writeln!(stdout(), "{bytes:.0}")?;
    Ok(())
}
