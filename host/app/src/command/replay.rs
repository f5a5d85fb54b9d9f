//! `aftercall replay RUN`: folds a run's journal again, and compares.

use std::io::Write;

use aftercall_core::run::{Command, Event, Run};
use anyhow::bail;
use serde_json::json;

use super::runs::{find, reader};
use crate::{cli, story};

/// Folds the journal entry by entry, tells what each one leaves to be done, and compares where it arrives with what the
/// records say of the run.
///
/// # Errors
/// There is no such run, an entry can't follow those before it, or the records say otherwise.
pub async fn replay(arguments: &cli::Replay, out: &mut impl Write) -> anyhow::Result<()> {
    let reader = reader(&arguments.store)?;
    let id = find(&reader, &arguments.run).await?;
    let (stored, line) = reader.read_with_line(&id).await?;
    let mut run = Run::default();
    for (entry, event) in stored.journal.iter().enumerate() {
        if let Err(why) = run.apply(event.clone()) {
            bail!("the journal of {id} does not verify: entry {entry}: {why}");
        }
        tell(arguments.format, entry, event, &run, out)?;
    }
    let (arrived, recorded) = (run.outcome(), line.outcome());
    if arrived != recorded {
        bail!("the journal of {id} arrives at `{arrived}`, and the records say `{recorded}`");
    }
    if arguments.format == cli::Format::Text {
        writeln!(out, "\n{id}: {arrived}, as the records say.")?;
    }
    Ok(())
}

fn tell(format: cli::Format, entry: usize, event: &Event, run: &Run, out: &mut impl Write) -> anyhow::Result<()> {
    let next: Vec<String> = run.next().iter().map(|command: &Command| command.id().to_string()).collect();
    match format {
        cli::Format::Text => {
            let next = if next.is_empty() { "nothing".to_owned() } else { next.join(", ") };
            writeln!(out, "{entry:>4}  {}  {:<28}  then {next}", story::time(event.at), event.kind.name())?;
        }
        cli::Format::Json => {
            let line = json!({ "entry": entry, "event": event, "next": next, "outcome": run.outcome() });
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
