//! The demo: the real server and the real plugins, in a world that is played on loopback.

mod crash;
mod ends;
mod process;
mod scenario;
mod stage;
mod table;
mod webhook;
mod worlds;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use aftercall_core::{
    id::{PluginName, RunId},
    ports::{Clock as _, StoredRun},
    run::Run,
};
use aftercall_engine::Observer;
use aftercall_sandbox::{Config as SandboxConfig, Credentials, Sandbox, Service};
use anyhow::bail;
use base64::{Engine as _, prelude::BASE64_STANDARD};

pub use crash::crash;
pub use process::Process;
pub use scenario::{Expected, Scenario};
pub use stage::{Stage, together};
pub use table::table;
pub use webhook::{Webhook, client, post};
pub use worlds::{World, worlds};

use crate::{
    app::{App, Surroundings},
    build::{self, Built},
    clock::SystemClock,
    config::Config,
    prepare::Call,
    report::Report,
};

/// The scenarios that one server plays side by side, each of its own tenant.
pub const SCENARIOS: &[&str] =
    &["healthcare-scheduling", "sales-qualification", "support-critical", "support-mild", "collections", "voicemail"];

/// The scenario whose server is killed in the middle.
pub const CRASH_SCENARIO: &str = "sales-qualification";

/// What that is called.
pub const CRASH: &str = "crash";

/// The password of the demo's pages.
pub const PAGES_PASSWORD: &str = "demo";

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

impl Played {
    fn of(name: &str, run: StoredRun, expected: &Expected, sandbox: &Sandbox) -> anyhow::Result<Self> {
        let report = Report::of(name, &run.identity.run(), &Run::replay(run.journal.clone())?);
        let deviations = expected.deviations(&report, &sandbox.state());
        Ok(Self { report, run, deviations })
    }
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
            plugins.insert(name.clone(), build::make(&folder.join(name.as_str()))?.write(None)?);
        }
    }
    Ok(())
}

/// Plays a scenario by itself: a world of its own, the host over it, its call, and a look at what the vendors hold.
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
    let config = configure(scenario, plugins, &sandbox, store)?;
    let app = App::build(config, Surroundings::new(&|name| secret(&credentials, name), observer)).await?;
    if let Some(earlier) = &scenario.earlier {
        run(&app, earlier).await?;
    }
    let id = run(&app, &scenario.call).await?;
    let played = Played::of(&scenario.name, app.read(&id).await?, &scenario.expected, &sandbox)?;
    sandbox.shutdown().await;
    Ok(played)
}

/// Runs what comes after one call, to its end.
async fn run(app: &App, record: &[u8]) -> anyhow::Result<RunId> {
    let parsed = aftercall_intake::parse(record)?;
    let call = Call { raw: record, parsed, tenant: None, assistant: None, revision: 0 };
    let id = app.accept(&app.prepare(call)?).await?.run;
    app.drive(&id, std::future::pending()).await?;
    Ok(id)
}

/// Starts a scenario's world. The credentials are those that its services accept.
///
/// # Errors
/// The scenario's script can't be played.
pub async fn start(scenario: &Scenario) -> anyhow::Result<(Sandbox, Credentials)> {
    let credentials = Credentials { model_key: Some("sandbox-model-key".to_owned()), ..Credentials::default() };
    let config = SandboxConfig {
        credentials: credentials.clone(),
        seeds: scenario.seeds.clone(),
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
            config.operator.key = built.file.parent().map(|folder| folder.join("host.key"));
        }
    }
    Ok(config)
}

/// The environment of the played world: the secrets that the scenarios' configurations name, each
/// `TENANT_WHAT`.
pub fn secret(credentials: &Credentials, name: &str) -> Option<String> {
    if name == "OPENAI_API_KEY" {
        return credentials.model_key.clone();
    }
    let (_, what) = name.split_once('_')?;
    Some(match what {
        "HUBSPOT_TOKEN" => credentials.hubspot_token.clone(),
        "TWILIO_KEY" => format!("{}:{}", credentials.twilio_account, credentials.twilio_token),
        "CALDAV_LOGIN" => format!("{}:{}", credentials.caldav_user, credentials.caldav_password),
        "SENDGRID_KEY" => credentials.sendgrid_key.clone(),
        "PAGERDUTY_KEY" => credentials.pagerduty_routing_key.clone(),
        "ZENDESK_KEY" => format!("{}/token:{}", credentials.zendesk_agent, credentials.zendesk_token),
        "BUSINESS_TOKEN" => credentials.business_token.clone(),
        "TELNYX_KEY" => credentials.telnyx_key.clone(),
        "JIRA_KEY" => format!("{}:{}", credentials.jira_account, credentials.jira_token),
        "SALESFORCE_KEY" | "GOOGLE_KEY" | "FHIR_KEY" => signing_key()?,
        "SLACK_TOKEN" => credentials.slack_token.clone(),
        "WEBHOOK_KEY" => format!("whsec_{}", BASE64_STANDARD.encode("the demo's own webhook key")),
        "VAPI_SECRET" => "the-demo's-own-vapi-secret".to_owned(),
        "PAGES_PASSWORD" => PAGES_PASSWORD.to_owned(),
        _ => return None,
    })
}

/// A private key for assertions. In the played world nobody looks at what it signs.
fn signing_key() -> Option<String> {
    std::fs::read_to_string(project().ok()?.join("host/plugin/src/credential/testdata/rsa.pem")).ok()
}
