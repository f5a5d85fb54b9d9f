//! `aftercall logs RUN`: what happened in a run.

use std::io::Write;

use aftercall_core::{id::RunId, timeline};
use aftercall_storage::Reader;
use anyhow::bail;

use crate::{cli, command::runs::reader, story};

/// Runs among which the beginning of an identifier is looked for.
const RUNS_SEARCHED_MAX: u32 = 10_000;

/// Tells what happened in a run.
///
/// # Errors
/// There is no such run, or the records can't be read.
pub async fn logs(arguments: &cli::Logs, out: &mut impl Write) -> anyhow::Result<()> {
    let reader = reader(&arguments.store)?;
    let run = find(&reader, &arguments.run).await?;
    let stored = reader.read(&run).await?;
    let limits = if arguments.limits { story::Limits::All } else { story::Limits::Near };
    match arguments.format {
        cli::Format::Text => write!(out, "{}", story::tell(&stored, limits)?)?,
        cli::Format::Json => {
            for moment in timeline::tell(&stored)? {
                writeln!(out, "{}", serde_json::to_string(&moment)?)?;
            }
        }
    }
    Ok(())
}

async fn find(reader: &Reader, beginning: &str) -> anyhow::Result<RunId> {
    let runs = reader.runs(None, RUNS_SEARCHED_MAX).await?;
    let mut fitting = runs.into_iter().map(|line| line.run).filter(|run| fits(run.as_str(), beginning));
    match (fitting.next(), fitting.next()) {
        (Some(run), None) => Ok(run),
        (None, _) => bail!("there is no run `{beginning}`: `aftercall runs` lists those there are"),
        (Some(one), Some(other)) => {
            bail!("`{beginning}` fits several runs, {one} and {other} among them: give more of it")
        }
    }
}

/// `run_3f2a…` can be named by any beginning of it, with or without `run_`.
fn fits(run: &str, beginning: &str) -> bool {
    let bare = run.trim_start_matches("run_");
    !beginning.is_empty() && (run.starts_with(beginning) || bare.starts_with(beginning))
}
