//! `aftercall run CALL.json`: the work after one call.

use std::{io::Write, path::Path, sync::Arc};

use aftercall_core::{conversation::Dialect, ports::Acceptance, run::Ending, run::Run, secret::Secret};
use aftercall_engine::Observer;
use aftercall_llm::Route;
use anyhow::Context as _;

use crate::{
    app::{App, Surroundings},
    cli,
    clock::{SystemChance, SystemClock},
    config::Config,
    halt,
    prepare::Call,
    progress::{Progress, Silence},
    report::Report,
    story,
};

/// The key of a model that is named on the command line.
const KEY_VARIABLE: &str = "OPENAI_API_KEY";

/// Does the work after one call. Says whether it was done.
///
/// # Errors
/// The record or the configuration is broken, or the records failed.
pub async fn run(arguments: &cli::Run, out: &mut impl Write) -> anyhow::Result<bool> {
    let config = Config::read(&arguments.config)?;
    let raw = std::fs::read(&arguments.call)
        .with_context(|| format!("the call's record {} can't be read", arguments.call.display()))?;
    let observer: Arc<dyn Observer> = match arguments.format {
        cli::Format::Text => Arc::new(Progress),
        cli::Format::Json => Arc::new(Silence),
    };
    let around = Surroundings {
        env: &|name| std::env::var(name).ok(),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        observer,
        model: model(arguments),
        halt_at: halt_at(),
    };
    let app = App::build(config, around).await?;
    let call = Call {
        raw: &raw,
        tenant: arguments.tenant.as_ref(),
        assistant: arguments.assistant.as_ref(),
        revision: arguments.revision,
    };
    let accepted = app.accept(&call).await;
    let (run, acceptance) = accepted.with_context(|| arguments.call.display().to_string())?;
    let ending = app.drive(&run, interrupted()).await?;
    let state = Run::replay(app.read(&run).await?.journal)?;
    let report = Report::of(&name_of(&arguments.call), &run, &state);
    match arguments.format {
        cli::Format::Json => writeln!(out, "{}", serde_json::to_string(&report)?)?,
        cli::Format::Text => tell(&report, acceptance, &ending, out)?,
    }
    Ok(matches!(ending, Ending::Completed { .. } | Ending::Skipped { .. }))
}

fn tell(report: &Report, acceptance: Acceptance, ending: &Ending, out: &mut impl Write) -> std::io::Result<()> {
    if acceptance == Acceptance::Known {
        writeln!(
            out,
            "This call was taken in before; what was done is not done again. `--revision` looks at it once more."
        )?;
    }
    writeln!(out, "{}: {}", report.run, ending.as_str())?;
    for effect in &report.effects {
        let receipt = effect.receipt.as_ref().map_or_else(|| "no receipt".to_owned(), story::receipt_in_words);
        writeln!(out, "  {}: {receipt}", effect.tool)?;
    }
    writeln!(out, "`aftercall logs {}` tells the whole story.", report.run)
}

fn model(arguments: &cli::Run) -> Option<Route> {
    let (name, base_url) = (arguments.model.clone()?, arguments.base_url.clone()?);
    let key = std::env::var(KEY_VARIABLE).ok().filter(|key| !key.is_empty());
    Some(Route {
        name,
        base_url,
        model: None,
        dialect: Dialect::OpenaiChat,
        key: key.map(Secret::new),
        timeout_ms: aftercall_llm::TIMEOUT_MS_DEFAULT,
    })
}

/// Debug builds can be told to stop at a write to the records, so that a test can kill them there.
fn halt_at() -> Option<usize> {
    if cfg!(debug_assertions) { std::env::var(halt::VARIABLE).ok()?.parse().ok() } else { None }
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
