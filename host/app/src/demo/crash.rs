//! The crash: a server of its own, killed with `kill -9` while a vendor's answer is on its way, and started again.

use std::{path::Path, time::Duration};

use aftercall_core::id::RunId;
use aftercall_sandbox::{Point, Sandbox, Service, When};
use aftercall_storage::Sqlite;

use super::{
    CRASH, Played, Plugins, Process, Scenario, Webhook, client, configure, post, process::in_time, secret, start,
};
use crate::config::Config;

/// How often it is looked whether the run has ended: it happens in another process.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Plays a scenario through a crash: the text message has left and its answer is on the way when the server is
/// killed; a second one finds the run where its journal ends.
///
/// # Errors
/// It could not be played.
pub async fn crash(scenario: &Scenario, plugins: &Plugins, folder: &Path) -> anyhow::Result<Played> {
    let (sandbox, credentials) = start(scenario).await?;
    let mut config = configure(scenario, plugins, &sandbox, &folder.join("crash.db"))?;
    config.server.listen = "127.0.0.1:0".to_owned();
    let file = folder.join("crash.toml");
    let program = std::env::current_exe()?;
    let env = |name: &str| secret(&credentials, name);
    let webhook = Webhook::of(&config, &env)?;

    let answer = sandbox.hold(Point::write(Service::Twilio), When::After);
    let mut first = Process::start(&program, &file, &config, &credentials).await?;
    let client = client()?;
    let run = post(&client, first.address(), &webhook, &scenario.call).await?;
    in_time("the text message", answer.arrived()).await?;
    first.kill().await?;
    answer.discard().await;

    let second = Process::start(&program, &file, &config, &credentials).await?;
    let played = in_time("the run's end", ended(&config, &run, scenario, &sandbox)).await??;
    second.stop().await?;
    sandbox.shutdown().await;
    Ok(played)
}

/// Waits until the records say that the run has ended.
async fn ended(config: &Config, run: &RunId, scenario: &Scenario, sandbox: &Sandbox) -> anyhow::Result<Played> {
    let reader = Sqlite::open_reader(config.store())?;
    loop {
        let stored = reader.read(run).await?;
        let played = Played::of(CRASH, stored, &scenario.expected, sandbox)?;
        if played.report.outcome != "under-way" {
            return Ok(played);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
