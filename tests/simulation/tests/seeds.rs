//! Ten thousand seeds, or as many as `AFTERCALL_SEEDS` says; one of them again; and deliberate faults, each caught.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use aftercall_simulation::{Mutation, Report, simulate};

/// Seeds that are tried unless the environment asks for another number.
const SEEDS: u64 = 10_000;

/// Seeds within which each deliberate fault is caught.
const SEEDS_TO_CATCH_MAX: u64 = 1_000;

/// What that many seeds reach, each many times: laws that nothing could break would prove nothing.
const REACHED: [&str; 29] = [
    "a clock was stepped",
    "a person said something",
    "a tool waited for its hour",
    "a word was declined",
    "a tool waited for a person",
    "a replaced engine was refused",
    "a run went on",
    "budget-exhausted",
    "cancelled",
    "cannot-continue",
    "completed",
    "conflict",
    "died at a point",
    "died between two points",
    "failed",
    "fresh",
    "fresh in doubt",
    "full",
    "in doubt",
    "known",
    "needs-attention",
    "over cap",
    "refused",
    "settled: it happened",
    "settled: it happened otherwise",
    "settled: it did not happen",
    "settled: never to be known",
    "the records failed",
    "unknowable",
];

fn asked_for(name: &str) -> Option<u64> {
    env::var(name).ok().map(|number| number.parse().unwrap_or_else(|_| panic!("{name} is a number, not `{number}`")))
}

/// What replays a seed, with all that happens in it.
fn replay(seed: u64, mutation: Option<Mutation>) -> String {
    let mutation = mutation.map(|mutation| format!("AFTERCALL_MUTATION={} ", mutation.name())).unwrap_or_default();
    format!("AFTERCALL_SEED={seed} {mutation}cargo test -p aftercall-simulation -- one_seed --nocapture")
}

fn say(report: &Report) -> String {
    let mut said = String::new();
    for broken in &report.broken {
        writeln!(said, "  {}: {}", broken.law, broken.words).expect("a string takes all");
    }
    said
}

/// Tries seeds on all processors. Each is `done` with its report, until one says that it has seen enough.
fn try_seeds(seeds: u64, done: impl Fn(u64, Report) -> bool + Sync) {
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    if done(seed, simulate(seed, None, false)) {
                        next.store(seeds, Ordering::Relaxed);
                    }
                }
            });
        }
    });
}

#[test]
fn no_seed_breaks_a_law() {
    let seeds = asked_for("AFTERCALL_SEEDS").unwrap_or(SEEDS);
    let failures = Mutex::new(BTreeMap::new());
    let reached: Mutex<BTreeMap<&str, u64>> = Mutex::default();
    try_seeds(seeds, |seed, report| {
        let mut reached = reached.lock().expect("no thread panics here");
        for (what, times) in &report.reached {
            *reached.entry(what).or_default() += times;
        }
        let mut failures = failures.lock().expect("no thread panics here");
        if !report.broken.is_empty() {
            failures.insert(seed, say(&report));
        }
        failures.len() >= 10
    });
    let failures = failures.into_inner().expect("no thread panics here");
    let mut said = String::new();
    for (seed, words) in &failures {
        writeln!(said, "seed {seed} breaks laws; to see it happen: {}\n{words}", replay(*seed, None))
            .expect("a string");
    }
    assert!(failures.is_empty(), "{said}");
    let reached = reached.into_inner().expect("no thread panics here");
    if seeds >= SEEDS {
        let seldom = REACHED.iter().filter(|what| reached.get(**what).is_none_or(|times| *times < 100));
        assert_eq!(seldom.collect::<Vec<_>>(), Vec::<&&str>::new(), "{reached:#?}");
    }
}

/// Replays the seed that `AFTERCALL_SEED` names, with the deliberate fault that `AFTERCALL_MUTATION` names, if any.
#[test]
fn one_seed() {
    let seed = asked_for("AFTERCALL_SEED").unwrap_or_default();
    let mutation = env::var("AFTERCALL_MUTATION").ok();
    let mutation = mutation.map(|name| Mutation::named(&name).unwrap_or_else(|| panic!("there is no mutation {name}")));
    let report = simulate(seed, mutation, true);
    for line in &report.trace {
        eprintln!("{line}");
    }
    assert!(report.broken.is_empty(), "seed {seed} breaks laws:\n{}", say(&report));
}

#[test]
fn a_seed_is_the_same_story_each_time() {
    for seed in 0..50 {
        let [first, second] = [0, 1].map(|_| simulate(seed, None, true).trace);
        let differs = first.iter().zip(&second).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

#[test]
fn every_deliberate_fault_is_caught() {
    let mut uncaught = BTreeSet::new();
    for (mutation, law) in Mutation::ALL {
        let caught = (0..SEEDS_TO_CATCH_MAX)
            .find(|seed| simulate(*seed, Some(mutation), false).broken.iter().any(|broken| broken.law == law));
        match caught {
            Some(seed) => eprintln!("{mutation:?}: {law}, seed {seed}"),
            None => {
                eprintln!("{mutation:?}: not caught by {law}");
                uncaught.insert(mutation);
            }
        }
    }
    assert!(uncaught.is_empty(), "not caught within {SEEDS_TO_CATCH_MAX} seeds: {uncaught:?}");
}
