//! `aftercall runs`: which runs there are.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use aftercall_core::{id::RunId, ports::RunLine};
use aftercall_storage::{Reader, Sqlite};
use anyhow::{Context as _, bail};
use serde_json::json;

use crate::{cli, command::intervene, config::Config, story};

/// Lists runs, newest first, or takes what somebody wants of one.
///
/// # Errors
/// The records can't be read, or what is wanted can't be done.
pub async fn runs(arguments: &cli::Runs, out: &mut impl Write) -> anyhow::Result<()> {
    if let Some(intervention) = &arguments.intervention {
        return intervene::intervene(intervention, out).await;
    }
    let reader = reader(&arguments.list.store)?;
    let tenant = arguments.list.tenant.as_ref();
    let runs = match arguments.waiting {
        true => reader.runs_for_people(tenant).await?,
        false => reader.runs(tenant, arguments.list.most).await?,
    };
    if arguments.list.format == cli::Format::Json {
        for line in &runs {
            writeln!(out, "{}", to_json(line))?;
        }
        return Ok(());
    }
    if runs.is_empty() {
        let none = if arguments.waiting { "No run waits for a person." } else { "No runs yet." };
        writeln!(out, "{none}")?;
    }
    for line in &runs {
        let identity = &line.identity;
        let revision = if identity.revision > 0 { format!(" (revision {})", identity.revision) } else { String::new() };
        writeln!(
            out,
            "{}  {}  {:<16}  {} · {} · {}{revision}",
            line.run,
            story::date(line.accepted_at),
            line.outcome(),
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
        "standing": line.standing,
    })
}

/// The records that the command line names.
///
/// # Errors
/// The configuration can't be read.
pub(super) fn path(store: &cli::Store) -> anyhow::Result<PathBuf> {
    match &store.store {
        Some(path) => Ok(path.clone()),
        None => Ok(Config::read(&store.config)?.store()),
    }
}

/// Opens the records that the command line names, for reading.
///
/// # Errors
/// The configuration or the records can't be read.
pub(super) fn reader(store: &cli::Store) -> anyhow::Result<Reader> {
    open(&path(store)?)
}

/// Opens records for reading.
///
/// # Errors
/// They can't be read.
pub(super) fn open(path: &Path) -> anyhow::Result<Reader> {
    Sqlite::open_reader(path).with_context(|| format!("the records {} can't be opened", path.display()))
}

/// The run whose identifier begins so, with or without `run_`.
///
/// # Errors
/// There is none, or several.
pub(super) async fn find(reader: &Reader, beginning: &str) -> anyhow::Result<RunId> {
    if beginning.is_empty() {
        bail!("say which run: `aftercall runs` lists those there are");
    }
    let whole = format!("run_{}", beginning.trim_start_matches("run_"));
    let found = reader.runs_beginning(&whole, 2).await?;
    match found.as_slice() {
        [run] => Ok(run.clone()),
        [] => bail!("there is no run `{beginning}`: `aftercall runs` lists those there are"),
        [one, other, ..] => {
            bail!("`{beginning}` fits several runs, {one} and {other} among them: give more of it")
        }
    }
}
