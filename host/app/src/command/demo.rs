//! `aftercall demo`: the main job on this machine alone.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::{
    cli,
    demo::{
        CRASH, CRASH_SCENARIO, PAGES_PASSWORD, Played, Plugins, SCENARIOS, Scenario, Stage, build_plugins, crash,
        project, table,
    },
    story,
};

/// Plays all scenarios. Says whether all ended as they should.
///
/// # Errors
/// One could not be played.
pub async fn demo(arguments: &cli::Demo, out: &mut impl Write) -> anyhow::Result<bool> {
    let temporary = tempfile::tempdir().context("no temporary folder can be made")?;
    let store = arguments.store.clone().unwrap_or_else(|| temporary.path().join("demo.db"));
    let cases = project()?.join("tests/cases");
    let load = |name: &&str| Scenario::load(&cases.join(name));
    let scenarios: Vec<Scenario> = SCENARIOS.iter().map(load).collect::<Result<_, _>>()?;
    let mut plugins = Plugins::new();
    tokio::task::block_in_place(|| {
        scenarios.iter().try_for_each(|scenario| build_plugins(&scenario.config, &mut plugins))
    })?;
    let crashing = load(&CRASH_SCENARIO)?;
    let began = Instant::now();
    let (stage, crashed) = tokio::join!(
        async {
            let mut stage = Stage::boot(scenarios, &plugins, &store).await?;
            let played = stage.play().await?;
            anyhow::Ok((stage, played))
        },
        crash(&crashing, &plugins, temporary.path()),
    );
    let (stage, mut played) = stage?;
    let took = began.elapsed();
    played.push(crashed.with_context(|| format!("the crash of {CRASH_SCENARIO} could not be played"))?);
    match arguments.format {
        cli::Format::Json => as_json(&played, out)?,
        cli::Format::Text => as_text(&played, arguments, took, out)?,
    }
    if arguments.keep {
        keep(&stage, &played, out).await?;
    }
    stage.end().await?;
    Ok(played.iter().all(|one| one.deviations.is_empty()))
}

fn as_json(played: &[Played], out: &mut impl Write) -> anyhow::Result<()> {
    for one in played {
        writeln!(out, "{}", serde_json::to_string(&one.report)?)?;
        one.deviations.iter().for_each(|deviation| eprintln!("{}: {deviation}", one.report.scenario));
    }
    Ok(())
}

fn as_text(played: &[Played], arguments: &cli::Demo, took: Duration, out: &mut impl Write) -> anyhow::Result<()> {
    for one in played {
        writeln!(out, "── {} ──\n\n{}", one.report.scenario, story::tell(&one.run, story::Limits::Near)?)?;
    }
    writeln!(out, "{}", table(played))?;
    writeln!(out, "{} scenarios in {:.1} s after the build.", played.len(), took.as_secs_f64())?;
    match &arguments.store {
        Some(store) => {
            for one in played.iter().filter(|one| one.report.scenario != CRASH) {
                writeln!(out, "aftercall logs {} --store {}", one.report.run, store.display())?;
            }
        }
        None if !arguments.keep => writeln!(out, "`--keep` goes on serving: the same as pages in a browser.")?,
        None => {}
    }
    Ok(())
}

/// Goes on serving until somebody has seen enough.
async fn keep(stage: &Stage, played: &[Played], out: &mut impl Write) -> anyhow::Result<()> {
    let base = format!("http://operator:{PAGES_PASSWORD}@{}/runs", stage.address());
    writeln!(out, "{base}")?;
    for one in played.iter().filter(|one| one.report.scenario != CRASH) {
        writeln!(out, "{base}/{}  {}", one.report.run, one.report.scenario)?;
    }
    writeln!(out, "Serving; Ctrl-C ends it.")?;
    out.flush()?;
    Ok(tokio::signal::ctrl_c().await?)
}
