//! Many rounds of all guests and all hostile files, in one process: nothing that one of them took stays taken.
//!
//! After a few rounds, in which caches fill, the process has a size, so many open files and so many pool slots in
//! use (none). After all rounds it has the same, and what became of each guest in the first round became of it in
//! each.

#[expect(dead_code, reason = "the crate's own tests use more of it")]
#[path = "../src/testing.rs"]
mod testing;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use aftercall_core::{
    id::{PluginName, Sha256Hex},
    json::Json,
    manifest::ConversationLevel,
    ports::Tools as _,
    secret::Secret,
    state::Quota,
    tool::Failure,
};
use aftercall_guests::files;
use aftercall_plugin::{Grant, HostConfig, InUse, Limits, PluginHost, Reroutes, credential::Supplied, embed};
use futures::{StreamExt as _, stream};
use serde_json::json;
use testing::{Events, Kept, NOW, Records, Stopped, Vendor, http, invocation, tenant};

/// Rounds that are measured, unless this variable asks for others: a thousand take minutes.
const ROUNDS: (&str, usize) = ("AFTERCALL_ROUNDS", 20);
/// Fewest rounds before anything is measured, in which caches fill.
const WARM_UP: usize = 20;
/// How many more connections to the vendor may be kept than before: a plugin keeps one or two, as its calls met.
const KEPT_CONNECTIONS: usize = 8;
/// Calls that run at once, as on a host.
const AT_ONCE: usize = 4;
/// How much the process may grow over all measured rounds, in bytes.
const GROWTH_MAX: usize = 8 << 20;

/// Tight: who computes without end does so until the engine's clock ticks.
fn limits(guest: &str) -> Limits {
    let spins = ["spins", "copies", "fills", "polls"].iter().any(|start| guest.starts_with(start));
    let cpu_ms_max = if spins { 1 } else { 20 };
    Limits { memory_bytes_max: 33 << 20, cpu_ms_max, requests_max: 4, ..Limits::default() }
}

/// How long a call may wait, in milliseconds: who only waits is given less, since nothing else ends it.
fn patience(guest: &str) -> u64 {
    if guest.starts_with("parks") || guest == "begins-a-body" { 15 } else { 10_000 }
}

enum Ask {
    ListTools,
    Call,
    Reconcile,
}

fn misbehaves_in(guest: &str) -> Ask {
    let theme = aftercall_guests::ALL.iter().find(|other| other.name == guest).expect("a guest").theme;
    match guest {
        _ if theme == "tools" || guest.ends_with("-describes") => Ask::ListTools,
        _ if guest.starts_with("finds-") || guest.ends_with("-reconciles") || guest == "never-knows" => Ask::Reconcile,
        _ => Ask::Call,
    }
}

/// Whether a file is refused before anything is compiled.
fn is_cheap(file: &str) -> bool {
    file.starts_with("is-") || file.starts_with("lies-") || file.contains("manifest") && !file.contains("thousand")
}

/// Files that are odd, and plugins: what a host has loaded of them is what it keeps, up to `loaded_code_bytes_max`. Here they
/// would be loaded, dropped and loaded again, tens of megabytes at a time.
const PLUGINS: [&str; 4] = [
    "has-a-million-types",
    "has-components-in-components",
    "has-a-deep-function",
    "has-a-function-of-fifty-thousand-locals",
];

/// A host with all guests, each as a plugin of its own name.
struct World {
    host: PluginHost,
    plugins: Vec<(PluginName, Grant)>,
    /// Files that are refused at once, and files that a compiler sees.
    cheap: Vec<Vec<u8>>,
    costly: Vec<Vec<u8>>,
    /// What became of each guest, but for what time decides on a machine that has other things to do: that it ran out of
    /// it, or that no place or vendor was free in it.
    ends: std::sync::Mutex<BTreeMap<PluginName, BTreeSet<String>>>,
}

impl World {
    fn new(vendor: &Vendor) -> Self {
        let place = format!("http://127.0.0.1:{}", vendor.port).parse().expect("a URL");
        let config = HostConfig {
            limits: limits("any"),
            running_max: 4,
            state: Some(Arc::new(Kept::default())),
            egress_reroutes: Reroutes::from([("vendor.test".to_owned(), place)]),
            ..HostConfig::new(Arc::new(Stopped(NOW)))
        };
        let host = PluginHost::new(config).expect("a host");
        let mut plugins = Vec::new();
        for guest in aftercall_guests::ALL {
            // Some are refused, here as in each round.
            if let Ok(installed) = host.install(&packed(guest.name)) {
                let grant = grant(&installed.name, installed.digest);
                host.grant(tenant(), &grant).expect("grants");
                plugins.push((installed.name, grant));
            }
        }
        let plugin = packed("behaves");
        let made = |cheap: bool| {
            let refused = files::ALL.iter().filter(|file| !PLUGINS.contains(&file.name));
            let of_kind = refused.filter(move |file| is_cheap(file.name) == cheap);
            of_kind.map(|file| (file.make)(&plugin)).collect::<Vec<_>>()
        };
        let (cheap, costly) = (made(true), made(false));
        Self { host, plugins, cheap, costly, ends: std::sync::Mutex::default() }
    }

    async fn round(self: &Arc<Self>, number: usize) {
        for file in &self.cheap {
            self.host.install(file).expect_err("is no plugin");
        }
        // A compiler takes its time, most of all where it isn't optimised: the files that get to it take turns.
        if number.is_multiple_of(10) {
            self.look_at(&self.costly[number / 10 % self.costly.len()]).await;
        }
        let refused = aftercall_guests::ALL.iter().filter(|guest| guest.theme == "imports");
        let refused: Vec<_> = refused.collect();
        self.look_at(&packed(refused[number % refused.len()].name)).await;
        self.host.grant(tenant(), &self.plugins[number % self.plugins.len()].1).expect("grants");

        let calls = stream::iter(0..self.plugins.len()).map(|index| {
            let world = Arc::clone(self);
            tokio::spawn(async move { world.ask(index).await })
        });
        calls.buffer_unordered(AT_ONCE).for_each(|ended| async { ended.expect("no call panics") }).await;
    }

    /// Takes a component in and has it compiled, as far as that goes.
    async fn look_at(&self, component: &[u8]) {
        if let Ok(installed) = self.host.install(component) {
            drop(self.host.inspect(&installed, &json!({})).await);
        }
    }

    /// Asks a guest for that in which it misbehaves.
    async fn ask(&self, index: usize) {
        let (name, grant) = &self.plugins[index];
        let mut invocation = invocation(name, &grant.digest, Json::from(&json!("vendor.test")));
        invocation.context.deadline = NOW.plus_ms(patience(name.as_str()));
        let says = |kind: Result<(), Failure>| kind.map_or_else(|failure| failure.kind.to_string(), |()| "done".into());
        let end = match misbehaves_in(name.as_str()) {
            Ask::ListTools => match self.host.list_tools(&tenant(), name).await {
                Ok(_) => "described".to_owned(),
                Err(error) => error.to_string().chars().take(100).collect(),
            },
            Ask::Reconcile => says(self.host.reconcile(&invocation).await.map(drop)),
            Ask::Call => says(self.host.call(&invocation, Records::working(&Events::default())).await.result.map(drop)),
        };
        if !["cpu", "wall-time", "unavailable"].iter().any(|by_time| end.contains(by_time)) {
            self.ends.lock().expect("not poisoned").entry(name.clone()).or_default().insert(end);
        }
    }
}

fn packed(guest: &str) -> Vec<u8> {
    let placement = json!({"header": {"name": "x-api-key", "prefix": "Token "}});
    let manifest = serde_json::from_value(json!({
        "name": guest, "version": "1.0.0", "description": "A guest.", "state": true,
        "credentials": {"api": {"description": "a key", "placement": placement}},
        "egress": [
            {"rule": "GET https://vendor.test/things", "access": "read", "credential": "api"},
            {"rule": "POST https://vendor.test/things", "access": "write", "credential": "api"},
        ],
    }))
    .expect("a manifest");
    embed(aftercall_guests::component(guest), &manifest).expect("embeds")
}

fn grant(plugin: &PluginName, digest: Sha256Hex) -> Grant {
    Grant {
        plugin: plugin.clone(),
        digest,
        settings: json!({}),
        credentials: BTreeMap::from([("api".to_owned(), Supplied::Secret(Secret::new("a-key-of-the-tenant".into())))]),
        signing: BTreeMap::new(),
        read: vec!["GET https://vendor.test/things".parse().expect("a rule")],
        write: vec!["POST https://vendor.test/things".parse().expect("a rule")],
        conversation: ConversationLevel::None,
        state: Some(Quota::default()),
        limits: limits(plugin.as_str()),
    }
}

/// Resident memory of this process, in bytes (proc(5), `statm`: the second number, in pages).
fn resident() -> usize {
    const PAGE: usize = 4096;
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number") * PAGE
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").expect("Linux").count()
}

/// Waits until the connections that calls left behind are closed on both sides.
async fn settled(files: usize) -> usize {
    let begun = Instant::now();
    while open_files() > files && begun.elapsed() < Duration::from_secs(5) {
        tokio::task::yield_now().await;
    }
    open_files()
}

/// glibc's allocator keeps an arena for each thread, and what one thread frees of another's arena stays there: with more than
/// one, that is what would be measured. It is told so when a process starts (mallopt(3)).
const ARENAS: (&str, &str) = ("MALLOC_ARENA_MAX", "1");

#[test]
fn nothing_that_a_guest_took_stays_taken() {
    if std::env::var(ARENAS.0).as_deref() != Ok(ARENAS.1) {
        let this = std::env::current_exe().expect("it has a name");
        let again = Command::new(this).arg("--nocapture").env(ARENAS.0, ARENAS.1).status().expect("it starts");
        assert!(again.success(), "see above");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(rounds());
}

async fn rounds() {
    let files_before = open_files();
    let vendor = Vendor::answering(http("201 Created", &[], "made")).await;
    let world = Arc::new(World::new(&vendor));
    let files_of_the_host = open_files().max(files_before);
    let rounds = std::env::var(ROUNDS.0).map_or(ROUNDS.1, |text| text.parse().expect("a number of rounds"));
    for number in 0..WARM_UP.max(rounds / 5) {
        world.round(number).await;
    }
    vendor.requests.clear();
    settled(files_of_the_host).await;
    let (before, files_before) = (resident(), open_files());

    let begun = Instant::now();
    for number in 0..rounds {
        world.round(number).await;
        // The vendor's own memory isn't what is measured.
        vendor.requests.clear();
    }
    let took = begun.elapsed();
    let files = settled(files_before + KEPT_CONNECTIONS).await;
    let (after, growth) = (resident(), resident().saturating_sub(before));
    eprintln!(
        "{rounds} rounds of {} guests and {} files in {took:.0?}: resident {} KiB, then {} KiB; open files {files_before}, \
         then {files}",
        world.plugins.len(),
        world.cheap.len() + 1,
        before >> 10,
        after >> 10,
    );
    assert_eq!(world.host.in_use(), InUse::default());
    let most = files_before + KEPT_CONNECTIONS;
    assert!(files <= most, "{files} open files, and {files_before} before");
    assert!(growth <= GROWTH_MAX, "grew by {growth} bytes");
    let ends = world.ends.lock().expect("not poisoned");
    let unsteady: Vec<_> = ends.iter().filter(|(_, ends)| ends.len() > 1).collect();
    assert!(unsteady.is_empty(), "what became of them was not always the same: {unsteady:?}");
}
