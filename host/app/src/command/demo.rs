//! `aftercall demo`: the main job on this machine alone.

use std::{io::Write, sync::Arc};

use aftercall_engine::Observer;
use anyhow::Context as _;

use crate::{
    cli,
    demo::{Plugins, SCENARIOS, Scenario, build_plugins, play, project, table},
    progress::{Progress, Silence},
};

/// Plays all scenarios. Says whether all ended as they should.
///
/// # Errors
/// One could not be played.
pub async fn demo(arguments: &cli::Demo, out: &mut impl Write) -> anyhow::Result<bool> {
    let text = arguments.format == cli::Format::Text;
    let observer: Arc<dyn Observer> = if text { Arc::new(Progress) } else { Arc::new(Silence) };
    let temporary = tempfile::tempdir().context("no temporary folder can be made")?;
    let store = arguments.store.clone().unwrap_or_else(|| temporary.path().join("demo.db"));
    let mut plugins = Plugins::new();
    let mut played = Vec::new();
    for name in SCENARIOS {
        let scenario = Scenario::load(&project()?.join("tests/cases").join(name))?;
        tokio::task::block_in_place(|| build_plugins(&scenario.config, &mut plugins))?;
        if text {
            eprintln!("\n{name}\n");
        }
        let one = play(&scenario, &plugins, &store, Arc::clone(&observer)).await;
        let one = one.with_context(|| format!("the scenario {name} could not be played"))?;
        if !text {
            writeln!(out, "{}", serde_json::to_string(&one.report)?)?;
            one.deviations.iter().for_each(|deviation| eprintln!("{name}: {deviation}"));
        }
        played.push(one);
    }
    if text {
        writeln!(out, "\n{}", table(&played))?;
        if let Some(store) = &arguments.store {
            for one in &played {
                writeln!(out, "aftercall logs {} --store {}", one.report.run, store.display())?;
            }
        }
    }
    Ok(played.iter().all(|one| one.deviations.is_empty()))
}
