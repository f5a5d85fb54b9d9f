//! The world: vendors, a model and records that outlive the server, and the server, which is a process of its own.

use std::{
    path::PathBuf,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use aftercall_app::{
    config::Config,
    demo::{Plugins, Process, Scenario, Webhook, build_plugins, configure, secret, start, together},
};
use aftercall_core::{ports::RunLine, run::Standing};
use aftercall_sandbox::{Credentials, Sandbox};
use aftercall_storage::{Reader, Sqlite};
use tokio::process::Command;

use crate::calls::{Call, Kind, fill_seeds};

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_aftercall");

/// How often it is looked what happens in the other process. Each look takes time from it, so that this is no loop
/// without a pause.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Longest time until all runs have ended. A failure of the server, not a wait for it.
const ENDED_MAX: Duration = Duration::from_secs(180);

/// The last lines of the server's log that a failed test shows.
const LOG_LINES_SHOWN: usize = 40;

/// Vendors, a model, records, and a server now and then.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) config: Config,
    pub(crate) credentials: Credentials,
    scenarios: Vec<Scenario>,
    webhooks: Vec<Webhook>,
    address: Mutex<String>,
    folder: tempfile::TempDir,
}

impl World {
    /// A world for that many calls, with a configuration as it is or changed.
    pub(crate) async fn set(calls: u32, change: impl FnOnce(&mut Config)) -> Self {
        let scenarios: Vec<Scenario> = Kind::ALL.into_iter().map(Kind::scenario).collect();
        let mut whole = together(&scenarios).expect("they go together");
        fill_seeds(&mut whole, calls);
        let (sandbox, credentials) = start(&whole).await.expect("the world starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = configure(&whole, plugins(), &sandbox, &folder.path().join("records.db"));
        let mut config = config.expect("it is configured");
        config.server.listen = "127.0.0.1:0".to_owned();
        change(&mut config);
        let env = |name: &str| secret(&credentials, name);
        let of = |scenario: &Scenario| Webhook::of(&scenario.config, &env).expect("it has an endpoint");
        let webhooks = scenarios.iter().map(of).collect();
        Self { sandbox, config, credentials, scenarios, webhooks, address: Mutex::default(), folder }
    }

    /// Starts the server, and waits until it says where it listens.
    pub(crate) async fn start(&self) -> Process {
        self.start_within("").await
    }

    /// Starts the server behind the words of a shell: `ulimit -f 2048;`.
    pub(crate) async fn start_within(&self, limits: &str) -> Process {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{limits} exec \"$0\" \"$@\" 2>>\"$SERVER_LOG\"")).arg(PROGRAM);
        command.env("SERVER_LOG", self.path("server.log"));
        let process = Process::start_by(command, &self.path("aftercall.toml"), &self.config, &self.credentials).await;
        let process = process.unwrap_or_else(|error| panic!("the server starts: {error:#}\n{}", self.log()));
        self.address.lock().expect("nobody panics").clone_from(&process.address().to_owned());
        process
    }

    /// Where the server listens, or did last.
    pub(crate) fn address(&self) -> String {
        self.address.lock().expect("nobody panics").clone()
    }

    /// A file of this world.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What calls of its kind are.
    pub(crate) fn scenario(&self, call: Call) -> &Scenario {
        &self.scenarios[call.kind() as usize]
    }

    /// How its platform posts it.
    pub(crate) fn webhook(&self, call: Call) -> &Webhook {
        &self.webhooks[call.kind() as usize]
    }

    /// What its platform posts.
    pub(crate) fn body(&self, call: Call) -> String {
        call.fill(std::str::from_utf8(&self.scenario(call).call).expect("it is text"))
    }

    /// Waits until the records have no run that hasn't ended.
    pub(crate) async fn wait_until_ended(&self) {
        let reader = Sqlite::open_reader(self.config.store()).expect("they can be read");
        let ended = async {
            while !unfinished(&reader).await.is_empty() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(ENDED_MAX, ended).await.is_err() {
            let left = unfinished(&reader).await;
            panic!("{} runs did not end in {ENDED_MAX:?}: {left:#?}\n{}", left.len(), self.log());
        }
    }

    /// The end of what the servers said.
    pub(crate) fn log(&self) -> String {
        let log = std::fs::read_to_string(self.path("server.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

/// Runs that have not ended, and that no person is waited for.
async fn unfinished(reader: &Reader) -> Vec<RunLine> {
    let mut runs = reader.runs(None, u32::MAX).await.expect("they can be read");
    runs.retain(|run| run.ending.is_none() && run.standing != Standing::NeedsAttention.as_str());
    runs
}

/// The plugins that calls need, built once.
fn plugins() -> &'static Plugins {
    static PLUGINS: OnceLock<Plugins> = OnceLock::new();
    PLUGINS.get_or_init(|| {
        let mut plugins = Plugins::new();
        for kind in Kind::ALL {
            build_plugins(&kind.scenario().config, &mut plugins).expect("the reference plugins build");
        }
        plugins
    })
}
