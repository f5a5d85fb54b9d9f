//! What a tenant's calls take while another tenant's components do their worst.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aftercall_core::tool::Effect;
use aftercall_plugin::{Limits, PluginHost};
use anyhow::ensure;
use serde_json::json;

use crate::world::{self, ANSWER, Caller, percentile};

/// How long the vendor takes.
const VENDOR: Duration = Duration::from_millis(20);
/// Calls, alone and beside the neighbour, in rounds that follow each other.
const CALLS: usize = 100;
const ROUNDS: usize = 3;
/// What the neighbour's components do, and how many calls of each want to run at once.
const NUISANCES: [&str; 3] = ["spins", "floods-the-log", "grows"];
const CALLS_OF_A_NUISANCE: usize = 16;

/// The slowest call in a hundred, alone and beside the neighbour.
pub(crate) async fn measure(component: &[u8]) -> anyhow::Result<(Duration, Duration)> {
    let host = Arc::new(PluginHost::new(world::host_config(Limits::default(), world::vendor(VENDOR)?)?)?);
    let installed = host.install(&world::packed(component, "typical")?)?;
    world::grant(&host, "good", &installed)?;
    let caller = Caller::new(&host, "good", &installed, ("ask", Effect::Read), &json!({"path": "stock"}))?;
    let mut nuisances = Vec::new();
    for guest in NUISANCES {
        let installed = host.install(&world::packed(aftercall_guests::component(guest), guest)?)?;
        world::grant(&host, "bad", &installed)?;
        let nuisance = Caller::new(&host, "bad", &installed, ("greet", Effect::Read), &json!({}))?;
        nuisance.end().await;
        nuisances.push(nuisance);
    }
    ensure!(caller.call().await? == ANSWER, "the call went wrong");

    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        call(&caller, &mut alone).await?;
        let all = nuisances.iter().flat_map(|nuisance| std::iter::repeat_n(nuisance, CALLS_OF_A_NUISANCE));
        let calls: Vec<_> = all.cloned().map(|nuisance| tokio::spawn(forever(nuisance))).collect();
        call(&caller, &mut beside).await?;
        for call in calls {
            ensure!(!call.is_finished(), "the neighbour went to sleep");
            call.abort();
        }
    }
    Ok((percentile(&mut alone, 99), percentile(&mut beside, 99)))
}

async fn call(caller: &Caller, times: &mut Vec<Duration>) -> anyhow::Result<()> {
    for _ in 0..CALLS {
        let begun = Instant::now();
        ensure!(caller.call().await? == ANSWER, "the call went wrong");
        times.push(begun.elapsed());
    }
    Ok(())
}

async fn forever(nuisance: Caller) {
    loop {
        nuisance.end().await;
    }
}
