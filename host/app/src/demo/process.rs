//! A server in a process of its own, over a played world.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use aftercall_sandbox::Credentials;
use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::secret;
use crate::config::Config;

/// Longest time for a step of the other process. A failure of the demo, not a wait of it.
const STEP_MAX: Duration = Duration::from_secs(60);

/// A server in a process of its own. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: String,
    // Kept, so that the process can go on writing.
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Writes a configuration to `file`, and starts `program` on it, with the secrets that it names.
    ///
    /// # Errors
    /// It can't be started, or does not say where it listens.
    pub async fn start(
        program: &Path,
        file: &Path,
        config: &Config,
        credentials: &Credentials,
    ) -> anyhow::Result<Self> {
        Self::start_by(Command::new(program), file, config, credentials).await
    }

    /// As [`Process::start`], by a command that takes the program's arguments after its own, such as a shell that limits
    /// what the program may have.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub async fn start_by(
        mut command: Command,
        file: &Path,
        config: &Config,
        credentials: &Credentials,
    ) -> anyhow::Result<Self> {
        std::fs::write(file, toml::to_string(config)?).context("the configuration can't be written")?;
        command.arg("serve").arg("--config").arg(file).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        for name in secrets(config) {
            if let Some(value) = secret(credentials, &name) {
                command.env(name, value);
            }
        }
        let mut child = command.spawn().context("the server can't be started")?;
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let line = in_time("the server", lines.next_line()).await??;
        let address = line.as_deref().and_then(|line| line.rsplit_once(' ')).map(|(_, address)| address.to_owned());
        let Some(address) = address.filter(|address| address.starts_with("http://")) else {
            bail!("the server did not say where it listens, but {line:?}");
        };
        Ok(Self { child, address, _lines: lines })
    }

    /// Where it listens: `http://` and the rest.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The system's number of the process.
    ///
    /// # Errors
    /// It has ended.
    pub fn id(&self) -> anyhow::Result<u32> {
        self.child.id().context("the server ended by itself")
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// The system says no.
    pub async fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        self.child.start_kill()?;
        Ok(self.child.wait().await?)
    }

    /// `kill`, which lets it end by itself.
    ///
    /// # Errors
    /// It had ended before, or does not end well.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.id()?;
        let asked = Command::new("kill").arg(id.to_string()).status().await.context("`kill` can't be started")?;
        let status = in_time("the server's end", self.child.wait()).await??;
        if !asked.success() || !status.success() {
            bail!("the server was asked to stop and ended with {status}");
        }
        Ok(())
    }
}

/// Waits for what another process does, and not for ever.
pub(super) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(STEP_MAX, future).await.with_context(|| format!("{what} did not come in time"))
}

/// The names of the environment's secrets that a configuration names.
fn secrets(config: &Config) -> Vec<String> {
    let tree = serde_json::to_value(config).expect("the configuration serialises");
    let mut names = Vec::new();
    collect(&tree, &mut names);
    names
}

fn collect(tree: &serde_json::Value, names: &mut Vec<String>) {
    match tree {
        serde_json::Value::Object(object) => {
            if let (1, Some(serde_json::Value::String(name))) = (object.len(), object.get("env")) {
                names.push(name.clone());
            }
            object.values().for_each(|value| collect(value, names));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
        _ => {}
    }
}
