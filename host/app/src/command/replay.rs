//! `aftercall replay RUN`: folds a run's journal again, and compares.

use std::io::Write;

use aftercall_core::{
    id::RunId,
    ports::RunLine,
    run::{Command, Event, Run},
};
use aftercall_storage::Reader;
use anyhow::bail;
use serde_json::json;

use super::runs::{find, reader};
use crate::{cli, report, story};

/// Folds the journal entry by entry, tells what each one leaves to be done, and compares where it arrives with what the
/// records say of the run.
///
/// # Errors
/// There is no such run, an entry can't follow those before it, or the records say otherwise.
pub async fn replay(arguments: &cli::Replay, out: &mut impl Write) -> anyhow::Result<()> {
    let reader = reader(&arguments.store)?;
    let id = find(&reader, &arguments.run).await?;
    let (line, journal) = at_one_instant(&reader, &id).await?;
    let mut run = Run::default();
    for (entry, event) in journal.iter().enumerate() {
        if let Err(why) = run.apply(event.clone()) {
            bail!("the journal of {id} does not verify: entry {entry}: {why}");
        }
        tell(arguments.format, entry, event, &run, out)?;
    }
    let (arrived, recorded) = (report::outcome(&run), recorded(&line));
    if arrived != recorded {
        bail!("the journal of {id} arrives at `{arrived}`, and the records say `{recorded}`");
    }
    if arguments.format == cli::Format::Text {
        writeln!(out, "\n{id}: {arrived}, as the records say.")?;
    }
    Ok(())
}

/// A run's line and its journal, between which nothing happened.
async fn at_one_instant(reader: &Reader, id: &RunId) -> anyhow::Result<(RunLine, Vec<Event>)> {
    loop {
        let before = reader.line(id).await?;
        let journal = reader.read(id).await?.journal;
        if reader.line(id).await? == before && reader.read(id).await?.journal.len() == journal.len() {
            return Ok((before, journal));
        }
    }
}

fn recorded(line: &RunLine) -> &str {
    line.ending.as_ref().unwrap_or(&line.standing)
}

fn tell(format: cli::Format, entry: usize, event: &Event, run: &Run, out: &mut impl Write) -> anyhow::Result<()> {
    let next: Vec<String> = run.next().iter().map(|command: &Command| command.id().to_string()).collect();
    match format {
        cli::Format::Text => {
            let next = if next.is_empty() { "nothing".to_owned() } else { next.join(", ") };
            writeln!(out, "{entry:>4}  {}  {:<28}  then {next}", story::time(event.at), event.kind.name())?;
        }
        cli::Format::Json => {
            let line = json!({ "entry": entry, "event": event, "next": next, "outcome": report::outcome(run) });
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
