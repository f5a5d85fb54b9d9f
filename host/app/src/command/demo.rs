//! `aftercall demo`: the main job on this machine alone.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::{
    cli,
    demo::{
        CRASH_SCENARIO, PAGES_PASSWORD, Played, Plugins, Scenario, World, build_plugins, crash, project, table, worlds,
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
    let worlds = worlds(&cases, arguments.variants)?;
    let crashing = Scenario::load(&cases.join(CRASH_SCENARIO))?;
    let mut plugins = Plugins::new();
    tokio::task::block_in_place(|| {
        worlds.iter().flatten().try_for_each(|scenario| build_plugins(&scenario.config, &mut plugins))
    })?;
    let began = Instant::now();
    let playing =
        worlds.into_iter().enumerate().map(|(index, scenarios)| World::play(scenarios, &plugins, &store, index));
    let (worlds, crashed) =
        tokio::join!(futures::future::try_join_all(playing), crash(&crashing, &plugins, temporary.path()));
    let (worlds, took) = (worlds?, began.elapsed());
    let crashed = crashed.with_context(|| format!("the crash of {CRASH_SCENARIO} could not be played"))?;
    let played: Vec<&Played> = worlds.iter().flat_map(|world| &world.played).chain([&crashed]).collect();
    match arguments.format {
        cli::Format::Json => as_json(&played, out)?,
        cli::Format::Text => as_text(&played, &worlds, arguments, took, out)?,
    }
    let ended_well = played.iter().all(|one| one.deviations.is_empty());
    if arguments.keep {
        keep(&worlds, out).await?;
    }
    for world in worlds {
        world.stage.end().await?;
    }
    Ok(ended_well)
}

fn as_json(played: &[&Played], out: &mut impl Write) -> anyhow::Result<()> {
    for one in played {
        writeln!(out, "{}", serde_json::to_string(&one.report)?)?;
        one.deviations.iter().for_each(|deviation| eprintln!("{}: {deviation}", one.report.scenario));
    }
    Ok(())
}

fn as_text(
    played: &[&Played],
    worlds: &[World],
    arguments: &cli::Demo,
    took: Duration,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    for one in played {
        writeln!(out, "── {} ──\n\n{}", one.report.scenario, story::tell(&one.run, story::Limits::Near)?)?;
    }
    writeln!(out, "{}", table(played))?;
    writeln!(out, "{} scenarios in {:.1} s after the build.", played.len(), took.as_secs_f64())?;
    if arguments.store.is_some() {
        for World { store, played, .. } in worlds {
            for one in played {
                writeln!(out, "aftercall logs {} --store {}", one.report.run, store.display())?;
            }
        }
    } else if !arguments.keep {
        writeln!(out, "`--keep` goes on serving: the same as pages in a browser.")?;
    }
    Ok(())
}

/// Goes on serving until somebody has seen enough.
async fn keep(worlds: &[World], out: &mut impl Write) -> anyhow::Result<()> {
    for World { stage, played, .. } in worlds {
        let base = format!("http://operator:{PAGES_PASSWORD}@{}/runs", stage.address());
        writeln!(out, "{base}")?;
        for one in played {
            writeln!(out, "{base}/{}  {}", one.report.run, one.report.scenario)?;
        }
    }
    writeln!(out, "Serving; Ctrl-C ends it.")?;
    out.flush()?;
    Ok(tokio::signal::ctrl_c().await?)
}
