//! The demo: the real host and the real plugins, in a world that is played on loopback.

mod scenario;
mod table;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use aftercall_core::{
    id::PluginName,
    ports::{Clock as _, StoredRun},
    run::Run,
};
use aftercall_engine::Observer;
use aftercall_sandbox::{Config as SandboxConfig, Credentials, Sandbox, Service};
use anyhow::bail;

pub use scenario::{Expected, Scenario};
pub use table::table;

use crate::{
    app::{App, Surroundings},
    build::{self, Built},
    clock::{SystemChance, SystemClock},
    config::Config,
    prepare::Call,
    report::Report,
};

/// The scenarios that the demo plays, in order.
pub const SCENARIOS: &[&str] = &["sales-qualification"];

/// The plugins that were built, by name.
pub type Plugins = BTreeMap<PluginName, Built>;

/// What came of a scenario.
#[derive(Debug)]
pub struct Played {
    /// What came of its run.
    pub report: Report,
    /// The run itself.
    pub run: StoredRun,
    /// Where it ended otherwise than the scenario says. Empty: nowhere.
    pub deviations: Vec<String>,
}

/// The project's own folder, where the plugins' sources and the scenarios are.
///
/// # Errors
/// The binary was moved away from its sources.
pub fn project() -> anyhow::Result<&'static Path> {
    let project = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    if !project.join("plugins").is_dir() {
        bail!("the demo builds the reference plugins from their sources, which are no longer in {}", project.display());
    }
    Ok(project)
}

/// Builds the reference plugins that a configuration names.
///
/// # Errors
/// Says what is missing for building.
pub fn build_plugins(config: &Config, plugins: &mut Plugins) -> anyhow::Result<()> {
    let folder = project()?.join("plugins");
    for name in config.plugins.keys() {
        if !plugins.contains_key(name) {
            plugins.insert(name.clone(), build::build(&folder.join(name.as_str()), None)?);
        }
    }
    Ok(())
}

/// Plays a scenario: a world of its own, the host over it, one call, and a look at what the vendors hold.
///
/// # Errors
/// It could not be played.
pub async fn play(
    scenario: &Scenario,
    plugins: &Plugins,
    store: &Path,
    observer: Arc<dyn Observer>,
) -> anyhow::Result<Played> {
    let (sandbox, credentials) = start(scenario).await?;
    let around = Surroundings {
        env: &|name| secret(&credentials, name),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        observer,
        model: None,
        halt_at: None,
    };
    let app = App::build(configure(scenario, plugins, &sandbox, store)?, around).await?;
    let call = Call { raw: &scenario.call, tenant: None, assistant: None, revision: 0 };
    let (id, _) = app.accept(&call).await?;
    app.drive(&id, std::future::pending()).await?;
    let run = app.read(&id).await?;
    let report = Report::of(&scenario.name, &id, &Run::replay(run.journal.clone())?);
    let deviations = scenario.expected.deviations(&report, &sandbox.state());
    sandbox.shutdown().await;
    Ok(Played { report, run, deviations })
}

/// Starts a scenario's world. The credentials are those that its services accept.
///
/// # Errors
/// The scenario's script can't be played.
pub async fn start(scenario: &Scenario) -> anyhow::Result<(Sandbox, Credentials)> {
    let credentials = Credentials { model_key: Some("sandbox-model-key".to_owned()), ..Credentials::default() };
    let config = SandboxConfig {
        credentials: credentials.clone(),
        ..SandboxConfig::new(scenario.script.clone(), || SystemClock.now().as_millis())
    };
    let sandbox = Sandbox::start(config).await?;
    for rule in &scenario.faults {
        sandbox.fault(rule.point.clone(), rule.fault, rule.times);
    }
    Ok((sandbox, credentials))
}

/// A scenario's configuration, with its vendors and its model on loopback.
///
/// # Errors
/// A path of this machine can't be told.
pub fn configure(scenario: &Scenario, plugins: &Plugins, sandbox: &Sandbox, store: &Path) -> anyhow::Result<Config> {
    let mut config = scenario.config.clone();
    config.operator.store = Some(std::path::absolute(store)?);
    for service in Service::ALL {
        let url = sandbox.service_url(service).parse().expect("a URL of the sandbox's own");
        config.operator.egress_reroutes.insert(service.host().to_owned(), url);
    }
    for model in config.models.values_mut() {
        model.base_url = sandbox.model_url();
    }
    for (name, plugin) in &mut config.plugins {
        if let Some(built) = plugins.get(name) {
            plugin.component = std::path::absolute(&built.file)?;
            config.operator.cache = built.file.parent().map(|folder| folder.join("cache"));
        }
    }
    Ok(config)
}

/// The environment of the played world: the secrets that the scenarios' configurations name.
pub fn secret(credentials: &Credentials, name: &str) -> Option<String> {
    match name {
        "OPENAI_API_KEY" => credentials.model_key.clone(),
        "MERIDIAN_HUBSPOT_TOKEN" => Some(credentials.hubspot_token.clone()),
        "MERIDIAN_TWILIO_KEY" => Some(format!("{}:{}", credentials.twilio_account, credentials.twilio_token)),
        _ => None,
    }
}
