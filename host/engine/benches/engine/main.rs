//! How fast the engine is over its real records: what journaling costs beside SQLite alone, how many runs get through,
//! what a run costs that waits, and how soon all is there again after a kill. Prints the figures as one JSON object, and
//! fails where one misses its bar.
//!
//! `cargo bench -p aftercall-engine`, or some of it: `cargo bench -p aftercall-engine -- journal recovery`. `growth`
//! fills a store with a million runs that ended, which takes some minutes and some 10 GB of the disk.

mod figure;
mod growth;
mod journal;
mod parked;
mod recovery;
mod runs;
mod world;

use std::{
    io::{Write as _, stderr, stdout},
    path::Path,
    process::ExitCode,
};

use figure::Figure;
use tokio::runtime::Runtime;

/// How something is measured.
type Measure = fn(&Runtime) -> anyhow::Result<Vec<Figure>>;

/// What is measured, and how.
const PARTS: [(&str, Measure); 5] = [
    ("parked", |_| parked::measure()),
    ("recovery", recovery::measure),
    ("journal", |runtime| runtime.block_on(journal::measure())),
    ("runs", |runtime| runtime.block_on(runs::measure())),
    ("growth", |runtime| runtime.block_on(growth::measure())),
];

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = world::runtime()?;
    if let [role, folder] = &arguments[..] {
        let folder = Path::new(folder);
        match role.as_str() {
            parked::HOST => return runtime.block_on(parked::host(folder)).map(|()| ExitCode::SUCCESS),
            recovery::HOST => return runtime.block_on(recovery::host(folder)).map(|()| ExitCode::SUCCESS),
            _ => {}
        }
    }
    if let Some(unknown) = arguments.iter().find(|argument| PARTS.iter().all(|(name, _)| name != argument)) {
        anyhow::bail!("there is no part `{unknown}`: the parts are {}", PARTS.map(|(name, _)| name).join(", "));
    }
    let chosen = PARTS.iter().filter(|(name, _)| arguments.is_empty() || arguments.iter().any(|part| part == name));
    let mut figures = Vec::new();
    for (_, measure) in chosen {
        figures.extend(measure(&runtime)?);
    }
    let mut outcome = ExitCode::SUCCESS;
    for missed in figures.iter().filter_map(Figure::missed) {
        writeln!(stderr(), "missed: {missed}")?;
        outcome = ExitCode::FAILURE;
    }
    let figures: serde_json::Map<_, _> =
        figures.iter().map(|figure| (figure.name.to_owned(), figure.value.into())).collect();
    writeln!(stdout(), "{}", serde_json::Value::Object(figures))?;
    Ok(outcome)
}
