//! How long after its limit a component is ended that does not end by itself.

use std::time::{Duration, Instant};

use aftercall_core::{
    tool::{Effect, FailureKind},
    usage::Limit,
};
use aftercall_plugin::Limits;
use anyhow::ensure;
use serde_json::json;

use crate::world::{self, Caller};

/// What it may use, in milliseconds.
const LIMIT_MS: u64 = 50;
/// Runaways of each kind.
const SAMPLES: usize = 20;

/// The longest time that any of them went on for.
pub(crate) async fn measure() -> anyhow::Result<Duration> {
    let cpu = Limits { cpu_ms_max: LIMIT_MS, ..Limits::default() };
    let wall = Limits { wall_ms_max: LIMIT_MS, ..Limits::default() };
    let mut worst = Duration::ZERO;
    for (guest, limits, reached) in
        [("spins", cpu, Limit::CpuTime), ("spins", wall, Limit::WallTime), ("parks", wall, Limit::WallTime)]
    {
        let (host, installed) = world::host_of(aftercall_guests::component(guest), limits, 1)?;
        let caller = Caller::new(&host, "acme", &installed, ("greet", Effect::Read), &json!({}))?;
        for sample in 0..=SAMPLES {
            let begun = Instant::now();
            let failure = caller.end().await.result.err().map(|failure| failure.kind);
            let over = begun.elapsed().saturating_sub(Duration::from_millis(LIMIT_MS));
            ensure!(failure == Some(FailureKind::LimitReached(reached)), "{guest} ended with {failure:?}");
            // The first one has its code compiled.
            if sample > 0 {
                worst = worst.max(over);
            }
        }
    }
    Ok(worst)
}
