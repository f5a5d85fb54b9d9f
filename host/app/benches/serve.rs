//! How much one server takes: calls posted at once over HTTP, with models and vendors that answer at once. Prints
//! what came of it as one JSON object, and fails where a call was not taken, a run did not complete, an effect is
//! missing or there twice, or the server took more memory than it may.
//!
//! `cargo bench -p aftercall --bench serve`; `AFTERCALL_BENCH_CALLS` says how many calls.

use std::{
    collections::BTreeSet,
    fmt::Display,
    io::{Write as _, stderr, stdout},
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use aftercall_app::{
    config::{Config, OPERATOR, SecretRef},
    demo::{
        PAGES_PASSWORD, Plugins, Process, Scenario, Webhook, build_plugins, client, configure, post, secret, start,
    },
    report::Report,
};
use aftercall_core::run::Run;
use aftercall_sandbox::{Sandbox, Service, State};
use aftercall_storage::Sqlite;
use anyhow::{Context as _, bail};
use futures::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::Value;

/// Calls that are posted, unless the environment says otherwise.
const CALLS: usize = 1_000;

/// Connections over which they are posted, so that the descriptors of a plain machine are enough.
const CONNECTIONS_MAX: usize = 128;

/// What stands in the call's record for the number that makes each call another one.
const NUMBER: &str = "NUMBER";

/// How often the server is asked how much goes on.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Longest time for all runs together. A failure of the server, not a wait for it.
const ENDED_MAX: Duration = Duration::from_secs(600);

/// Most memory that the server may have had resident, in MiB.
const RSS_MIB_MAX: u64 = 200;

/// The lists in which vendors keep what the runs do, and what tells the effects of two calls apart there.
const EFFECTS: &[(Service, &str, &str)] = &[
    (Service::Hubspot, "/contacts", "/properties/email"),
    (Service::Hubspot, "/notes", "/contacts"),
    (Service::Twilio, "/messages", "/to"),
];

/// What came of it.
#[derive(Debug, Serialize)]
struct Figures {
    calls: usize,
    accepted: usize,
    completed: usize,
    effects: usize,
    effects_expected: usize,
    accepted_per_s: f64,
    runs_per_s: f64,
    peak_rss_mib: u64,
    rss_mib_max: u64,
}

/// The figures, and where they fall short. No words: nowhere.
struct Measured {
    figures: Figures,
    shortfalls: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let calls = match std::env::var("AFTERCALL_BENCH_CALLS") {
        Ok(text) => text.parse().context("AFTERCALL_BENCH_CALLS is no number")?,
        Err(_) => CALLS,
    };
    let scenario = Scenario::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/serve"))?;
    let mut plugins = Plugins::new();
    build_plugins(&scenario.config, &mut plugins)?;
    let folder = tempfile::tempdir()?;
    let measured = measure(&scenario, &plugins, folder.path(), calls).await?;
    for shortfall in &measured.shortfalls {
        writeln!(stderr(), "missed: {shortfall}")?;
    }
    writeln!(stdout(), "{}", serde_json::to_string(&measured.figures)?)?;
    Ok(if measured.shortfalls.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(scenario: &Scenario, plugins: &Plugins, folder: &Path, calls: usize) -> anyhow::Result<Measured> {
    let (sandbox, credentials) = start(scenario).await?;
    let mut config = configure(scenario, plugins, &sandbox, &folder.join("bench.db"))?;
    config.server.listen = "127.0.0.1:0".to_owned();
    config.server.operator_password = Some(SecretRef::Env("BENCH_PAGES_PASSWORD".to_owned()));
    let webhooks = Webhook::all(&config, &|name| secret(&credentials, name))?;
    let program = Path::new(env!("CARGO_BIN_EXE_aftercall"));
    let server = Process::start(program, &folder.join("bench.toml"), &config, &credentials).await?;
    let client = client()?;

    let begun = Instant::now();
    let posted = post_all(&client, server.address(), &webhooks, &scenario.call, calls).await?;
    let accepting = begun.elapsed();
    tokio::time::timeout(ENDED_MAX, idle(&client, server.address()))
        .await
        .context("the runs did not end in time")??;
    let running = begun.elapsed();
    let peak_rss_mib = peak_rss_mib(server.id()?)?;

    let (completed, deviations) = completed(&config, scenario, calls).await?;
    let (effects, twins) = effects(&sandbox, calls);
    server.stop().await?;
    sandbox.shutdown().await;

    let figures = Figures {
        calls,
        accepted: posted.iter().filter(|posted| posted.is_ok()).count(),
        completed,
        effects,
        effects_expected: calls * EFFECTS.len(),
        accepted_per_s: per_second(calls, accepting),
        runs_per_s: per_second(calls, running),
        peak_rss_mib,
        rss_mib_max: RSS_MIB_MAX,
    };
    let refused = posted.into_iter().filter_map(Result::err).map(|error| format!("{error:#}"));
    let mut shortfalls = first("calls were not taken", refused.collect());
    shortfalls.extend(first("runs did not end as they should", deviations));
    shortfalls.extend(twins);
    if figures.peak_rss_mib > RSS_MIB_MAX {
        shortfalls.push(format!("the server had {peak_rss_mib} MiB resident, more than {RSS_MIB_MAX}"));
    }
    Ok(Measured { figures, shortfalls })
}

/// Posts all calls, as many at once as there are connections, and none a second time.
async fn post_all(
    client: &reqwest::Client,
    base: &str,
    webhooks: &[Webhook],
    template: &[u8],
    calls: usize,
) -> anyhow::Result<Vec<anyhow::Result<()>>> {
    let template = std::str::from_utf8(template).context("the call is no text")?;
    let posts = (0..calls).zip(webhooks.iter().cycle()).map(|(number, webhook)| {
        let call = template.replace(NUMBER, &format!("{number:06}"));
        async move { post(client, base, webhook, call.as_bytes()).await.map(drop) }
    });
    Ok(stream::iter(posts).buffer_unordered(CONNECTIONS_MAX).collect().await)
}

/// Waits until nothing waits and nothing is under way.
async fn idle(client: &reqwest::Client, base: &str) -> anyhow::Result<()> {
    loop {
        let request = client.get(format!("{base}/metrics")).basic_auth(OPERATOR, Some(PAGES_PASSWORD));
        let metrics = request.send().await?.error_for_status()?.text().await?;
        let gauge = |name: &str| -> anyhow::Result<u64> {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)).context("a gauge is missing")?;
            Ok(line.trim().parse()?)
        };
        if gauge("aftercall_runs_under_way ")? + gauge("aftercall_runs_waiting ")? == 0 {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// How many runs the records have that ended as the scenario says, and what is wrong with the others.
async fn completed(config: &Config, scenario: &Scenario, calls: usize) -> anyhow::Result<(usize, Vec<String>)> {
    // What vendors hold is looked at for all runs together.
    let nothing = State { records: Default::default(), requests: Vec::new(), rules: Default::default() };
    let reader = Sqlite::open_reader(config.store())?;
    let runs = reader.runs(None, u32::try_from(calls)?.saturating_add(1)).await?;
    let mut deviations = Vec::new();
    for line in &runs {
        let run = Run::replay(reader.read(&line.run).await?.journal)?;
        let report = Report::of(&scenario.name, &line.run, &run);
        let differences = scenario.expected.deviations(&report, &nothing);
        if !differences.is_empty() {
            deviations.push(format!("{}: {}", line.run, differences.join("; ")));
        }
    }
    let completed = runs.len() - deviations.len();
    if runs.len() != calls {
        deviations.push(format!("the records have {} runs of {calls} calls", runs.len()));
    }
    Ok((completed, deviations))
}

/// How many effects the vendors hold, and in which lists they are not one of each call.
fn effects(sandbox: &Sandbox, calls: usize) -> (usize, Vec<String>) {
    let mut total = 0;
    let mut twins = Vec::new();
    for (service, list, identity) in EFFECTS {
        let records = sandbox.records(*service);
        let held = records.pointer(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let distinct: BTreeSet<String> =
            held.iter().filter_map(|record| record.pointer(identity)).map(Value::to_string).collect();
        total += held.len();
        if (held.len(), distinct.len()) != (calls, calls) {
            let (held, distinct) = (held.len(), distinct.len());
            twins.push(format!("{service:?} holds {held} in {list}, of {distinct} calls, instead of one of each call"));
        }
    }
    (total, twins)
}

/// The most memory that a process had resident at any time, in MiB, rounded up.
fn peak_rss_mib(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the system tells no VmHWM")?;
    let Some(kib) = line.trim().strip_suffix("kB") else { bail!("VmHWM is {line}") };
    Ok(kib.trim().parse::<u64>()?.div_ceil(1024))
}

/// To one decimal.
fn per_second(count: usize, time: Duration) -> f64 {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    (f64::from(count) / time.as_secs_f64() * 10.0).round() / 10.0
}

/// How many there are and what the first says, if there is one.
fn first(what: &str, all: Vec<impl Display>) -> Vec<String> {
    all.first().map(|one| format!("{} {what}; the first: {one}", all.len())).into_iter().collect()
}
