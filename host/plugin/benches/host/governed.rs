//! A whole governed call against a bare one, and how many of them all cores make.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aftercall_core::tool::Effect;
use aftercall_plugin::{Limits, PluginHost, bare::Bare};
use anyhow::ensure;

use crate::world::{self, Caller, median};

/// Calls of each kind in one sample: enough for the clock not to matter.
const CALLS: u32 = 20;
/// Samples of each kind, one of the one and one of the other in turn.
const SAMPLES: usize = 400;

/// What one call takes: a governed one, and a bare one.
pub(crate) async fn measure(component: &[u8]) -> anyhow::Result<(Duration, Duration)> {
    let (host, installed) = world::host_of(component, Limits::default(), 1)?;
    let (order, expected) = world::order();
    let caller = Caller::new(&host, "acme", &installed, ("add_up", Effect::Read), &order)?;
    let bare = Bare::of(&host, &"acme".parse()?, &installed.name).await?;
    let bare_call = async || bare.call(caller.invocation()).await.map_err(anyhow::Error::msg);

    let (mut governed, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        let begun = Instant::now();
        for _ in 0..CALLS {
            ensure!(caller.call().await? == expected, "the governed call went wrong");
        }
        governed.push(begun.elapsed() / CALLS);
        let begun = Instant::now();
        for _ in 0..CALLS {
            ensure!(bare_call().await? == expected, "the bare call went wrong");
        }
        raw.push(begun.elapsed() / CALLS);
    }
    Ok((median(&mut governed), median(&mut raw)))
}

/// Tenants that call at once, and how many calls each has under way.
const TENANTS: usize = 8;
const CALLS_OF_A_TENANT: usize = 4;
/// How long they do.
const THROUGHPUT_TIME: Duration = Duration::from_secs(2);

/// How many calls a second the host makes for several tenants at once.
pub(crate) async fn throughput(component: &[u8]) -> anyhow::Result<f64> {
    let host = Arc::new(PluginHost::new(world::host_config(Limits::default(), 1)?)?);
    let installed = host.install(&world::packed(component, "typical")?)?;
    let (order, expected) = world::order();
    let mut tasks = Vec::new();
    let begun = Instant::now();
    for tenant in (0..TENANTS).map(|number| format!("tenant-{number}")) {
        world::grant(&host, &tenant, &installed)?;
        let caller = Caller::new(&host, &tenant, &installed, ("add_up", Effect::Read), &order)?;
        tasks.extend(
            std::iter::repeat_with(|| tokio::spawn(call_until(caller.clone(), begun, expected)))
                .take(CALLS_OF_A_TENANT),
        );
    }
    let mut calls = 0;
    for task in tasks {
        calls += task.await??;
    }
    Ok((f64::from(calls) / begun.elapsed().as_secs_f64()).round())
}

async fn call_until(caller: Caller, begun: Instant, expected: &str) -> anyhow::Result<u32> {
    let mut calls = 0;
    while begun.elapsed() < THROUGHPUT_TIME {
        ensure!(caller.call().await? == expected, "a call among many went wrong");
        calls += 1;
    }
    Ok(calls)
}
