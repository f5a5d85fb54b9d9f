//! How fast the plugin host is, and how fair: what governs a call against a call that nothing governs, how soon a
//! runaway ends, how soon a host is ready, and what a neighbour can do. Prints the figures as one JSON object, and
//! fails where one is over its bar.
//!
//! `cargo bench -p aftercall-plugin`. It builds the components that it measures, for which the target `wasm32-wasip2`
//! must be there.

mod egress;
mod governed;
mod neighbours;
mod runaway;
mod start;
mod world;

use std::{
    io::{Write as _, stderr, stdout},
    path::Path,
    process::ExitCode,
    thread,
};

use serde::Serialize;
use world::{Guests, millis, ratio};

/// What came of it.
#[derive(Debug, Serialize)]
struct Figures {
    governed_vs_raw: f64,
    governed_ms: f64,
    raw_ms: f64,
    egress_vs_raw: f64,
    egress_from_guest_vs_raw: f64,
    egress_ms: f64,
    kill_overshoot_ms: f64,
    load_cached_ms: f64,
    load_cached_bytes: usize,
    start_1000_s: f64,
    start_1000_mib: f64,
    neighbour_p99_ratio: f64,
    neighbour_p99_alone_ms: f64,
    neighbour_p99_beside_ms: f64,
    calls_per_s: f64,
}

impl Figures {
    /// What may be no larger than what.
    fn bars(&self) -> [(&'static str, f64, f64); 7] {
        [
            ("governed_vs_raw", self.governed_vs_raw, 1.25),
            ("egress_vs_raw", self.egress_vs_raw, 1.15),
            ("kill_overshoot_ms", self.kill_overshoot_ms, 20.0),
            ("load_cached_ms", self.load_cached_ms, 1.0),
            ("start_1000_s", self.start_1000_s, 1.0),
            ("start_1000_mib", self.start_1000_mib, 150.0),
            ("neighbour_p99_ratio", self.neighbour_p99_ratio, 1.5),
        ]
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, folder, ..] = &arguments[..]
        && first == start::HOST
    {
        writeln!(stdout(), "{}", serde_json::to_string(&start::host(Path::new(folder))?)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let figures = measure(world::build_guests()?)?;
    let mut missed = false;
    for (name, value, most) in figures.bars() {
        if value > most {
            missed = true;
            writeln!(stderr(), "missed: {name} is {value}, more than {most}")?;
        }
    }
    writeln!(stdout(), "{}", serde_json::to_string(&figures)?)?;
    Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn measure(guests: Guests) -> anyhow::Result<Figures> {
    let started = start::measure(&guests.adds_up)?;
    // As the binary has it: more workers than components compute at once.
    let workers = thread::available_parallelism()?.get() + 1;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(workers).build()?;
    // In a task, as calls are made: the thread that blocks on it is no worker.
    runtime.block_on(runtime.spawn(async move {
        let (governed, raw) = governed::measure(&guests.adds_up).await?;
        let egress = egress::measure(&guests.asks).await?;
        let kill_overshoot = runaway::measure().await?;
        let load_cached = start::load_cached(&guests.adds_up).await?;
        let (alone, beside) = neighbours::measure(&guests.asks).await?;
        Ok(Figures {
            governed_vs_raw: ratio(governed, raw),
            governed_ms: millis(governed),
            raw_ms: millis(raw),
            egress_vs_raw: ratio(egress.door, egress.raw),
            egress_from_guest_vs_raw: ratio(egress.guest, egress.raw),
            egress_ms: millis(egress.door),
            kill_overshoot_ms: millis(kill_overshoot),
            load_cached_ms: millis(load_cached),
            load_cached_bytes: guests.adds_up.len(),
            start_1000_s: started.seconds,
            start_1000_mib: started.peak_mib,
            neighbour_p99_ratio: ratio(beside, alone),
            neighbour_p99_alone_ms: millis(alone),
            neighbour_p99_beside_ms: millis(beside),
            calls_per_s: governed::throughput(&guests.adds_up).await?,
        })
    }))?
}
