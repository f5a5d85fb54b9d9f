//! What `run` and `rehearse` share: one call, taken in and driven to its end.

use std::{path::Path, sync::Arc};

use aftercall_core::{
    conversation::Dialect,
    id::RunId,
    ports::{Acceptance, StoredRun},
    run::{Ending, Run},
    secret::Secret,
};
use aftercall_engine::{self as engine, Observer};
use aftercall_llm::Route;
use anyhow::{Context as _, bail};

use crate::{
    app::{App, Surroundings},
    cli,
    config::Config,
    halt,
    prepare::Call,
    progress::{Progress, Silence},
    report::Report,
};

/// A run that was driven to its end, or to where it waits for a person.
pub struct Driven {
    /// Which run.
    pub run: RunId,
    /// Whether its call was new.
    pub acceptance: Acceptance,
    /// Whether it came to its end by itself.
    pub is_well: bool,
    /// As the records have it.
    pub stored: StoredRun,
    /// What came of it.
    pub report: Report,
}

/// Takes a call in and drives its run.
///
/// # Errors
/// The record or the configuration is broken, or the records failed.
pub async fn drive(call: &cli::OneCall, revision: u32, rehearsal: bool) -> anyhow::Result<Driven> {
    let config = Config::read(&call.config)?;
    let record = || call.call.display().to_string();
    let raw = std::fs::read(&call.call)
        .with_context(|| format!("the call's record {} can't be read", call.call.display()))?;
    let parsed = aftercall_intake::parse(&raw).with_context(record)?;
    let observer: Arc<dyn Observer> = match call.format {
        cli::Format::Text => Arc::new(Progress),
        cli::Format::Json => Arc::new(Silence),
    };
    let env = |name: &str| std::env::var(name).ok();
    let around =
        Surroundings { model: model(call), rehearsal, halt_at: halt::asked_for(), ..Surroundings::new(&env, observer) };
    let app = App::build(config, around).await?;
    let (tenant, assistant) = (call.tenant.as_ref(), call.assistant.as_ref());
    let accept = app.prepare(Call { raw: &raw, parsed, tenant, assistant, revision }).with_context(record)?;
    let accepted = app.accept(&accept).await?;
    if accepted.acceptance == Acceptance::Forgotten {
        bail!("{}: this conversation was deleted here, and nothing begins of it again", record());
    }
    let driven = app.drive(&accepted.run, interrupted()).await;
    app.settled().await;
    let is_well = matches!(driven?, engine::Driven::Ended(Ending::Completed { .. } | Ending::Skipped { .. }));
    let stored = app.read(&accepted.run).await?;
    let report = Report::of(&name_of(&call.call), &accepted.run, &Run::replay(stored.journal.clone())?);
    Ok(Driven { run: accepted.run, acceptance: accepted.acceptance, is_well, stored, report })
}

fn model(call: &cli::OneCall) -> Option<Route> {
    let (name, base_url) = (call.model.clone()?, call.base_url.clone()?);
    let key = std::env::var(key_variable(call.dialect)).ok().filter(|key| !key.is_empty());
    Some(Route {
        name,
        base_url,
        model: None,
        dialect: call.dialect,
        server: aftercall_llm::Server::default(),
        key: key.map(Secret::new),
        timeout_ms: aftercall_llm::TIMEOUT_MS_DEFAULT,
        idle_ms_max: aftercall_llm::IDLE_MS_DEFAULT,
        // Which server it is isn't said, nor what it streams to whom: each makes whole replies.
        stream: matches!(call.dialect, Dialect::OpenaiChat | Dialect::OpenaiResponses).then_some(false),
        context_tokens: None,
        background: false,
    })
}

/// Where the key of a model is that is named on the command line.
const fn key_variable(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiResponses => "OPENAI_API_KEY",
        Dialect::Anthropic => "ANTHROPIC_API_KEY",
        Dialect::Gemini => "GEMINI_API_KEY",
    }
}

/// Ctrl-C asks the run to end; what is in flight is awaited.
async fn interrupted() -> String {
    match tokio::signal::ctrl_c().await {
        Ok(()) => "interrupted from the keyboard".to_owned(),
        Err(_) => std::future::pending().await,
    }
}

fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
