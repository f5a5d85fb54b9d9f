//! `aftercall runs`: which runs there are.

use std::{io::Write, path::PathBuf};

use aftercall_core::ports::RunLine;
use aftercall_storage::{Reader, Sqlite};
use anyhow::Context as _;
use serde_json::json;

use crate::{cli, config::Config, story};

/// Lists runs, newest first.
///
/// # Errors
/// The records can't be read.
pub async fn runs(arguments: &cli::Runs, out: &mut impl Write) -> anyhow::Result<()> {
    let reader = reader(&arguments.store)?;
    let runs = reader.runs(arguments.tenant.as_ref(), arguments.most).await?;
    if arguments.format == cli::Format::Json {
        for line in &runs {
            writeln!(out, "{}", to_json(line))?;
        }
        return Ok(());
    }
    if runs.is_empty() {
        writeln!(out, "No runs yet.")?;
    }
    for line in &runs {
        let ending = line.ending.as_deref().unwrap_or("under way");
        let identity = &line.identity;
        let revision = if identity.revision > 0 { format!(" (revision {})", identity.revision) } else { String::new() };
        writeln!(
            out,
            "{}  {}  {ending:<16}  {} · {} · {}{revision}",
            line.run,
            story::date(line.accepted_at),
            identity.tenant,
            identity.platform,
            identity.conversation,
        )?;
    }
    Ok(())
}

fn to_json(line: &RunLine) -> serde_json::Value {
    json!({
        "run": line.run,
        "tenant": line.identity.tenant,
        "platform": line.identity.platform,
        "conversation": line.identity.conversation,
        "revision": line.identity.revision,
        "accepted_at": line.accepted_at,
        "outcome": line.ending,
    })
}

/// Opens the records that the command line names, for reading.
///
/// # Errors
/// The configuration or the records can't be read.
pub fn reader(store: &cli::Store) -> anyhow::Result<Reader> {
    let path: PathBuf = match &store.store {
        Some(path) => path.clone(),
        None => Config::read(&store.config)?.store(),
    };
    Sqlite::open_reader(&path).with_context(|| format!("the records {} can't be opened", path.display()))
}
