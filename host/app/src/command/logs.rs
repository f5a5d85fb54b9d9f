//! `aftercall logs RUN`: what happened in a run.

use std::io::Write;

use aftercall_core::{json::Json, run::Run, timeline};
use anyhow::Context as _;

use crate::{
    cli,
    command::runs::{find, reader},
    story,
};

/// Tells what happened in a run.
///
/// # Errors
/// There is no such run, or the records can't be read.
pub async fn logs(arguments: &cli::Logs, out: &mut impl Write) -> anyhow::Result<()> {
    let reader = reader(&arguments.store)?;
    let run = find(&reader, &arguments.run).await?;
    let stored = reader.read(&run).await?;
    if arguments.insights {
        let insights = Run::replay(stored.journal)?.insights().map(Json::value);
        let insights = insights.with_context(|| {
            format!("run {run} has no insights: its assistant asks for none, or `aftercall logs {run}` tells why not")
        })?;
        writeln!(out, "{insights:#}")?;
        return Ok(());
    }
    let limits = if arguments.limits { story::Limits::All } else { story::Limits::Near };
    match arguments.format {
        cli::Format::Text => write!(out, "{}", story::tell(&stored, limits)?)?,
        cli::Format::Json => {
            for moment in timeline::tell(&stored)?.0 {
                writeln!(out, "{}", serde_json::to_string(&moment)?)?;
            }
        }
    }
    Ok(())
}
