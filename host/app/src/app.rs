//! The one place where everything is built, in order, by name.

use std::{collections::BTreeMap, sync::Arc};

use aftercall_core::{
    assistant::{Assistant, ToolChoice},
    binding,
    id::{AssistantName, PluginName, RunId, Tenant},
    json::Json,
    ports::{Acceptance, Chance, Clock, Journal, Ledger, StoredRun},
    run::{Ending, PinnedTool},
    tool::Tool,
};
use aftercall_engine::{Embedded, Observer, Ports};
use aftercall_llm::{Models, Route};
use aftercall_plugin::{CodeCache, Grant, HostConfig, Installed, PluginHost};
use aftercall_storage::Sqlite;
use anyhow::{Context as _, anyhow, bail};

use crate::{
    code_key,
    config::{self, Config, TenantConfig, nearest},
    halt::Halting,
    prepare::{self, Call},
};

/// What the program gives the app: the world outside of the configuration.
pub struct Surroundings<'a> {
    /// How the environment is read.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where jitter comes from.
    pub chance: Arc<dyn Chance>,
    /// Who watches runs go by.
    pub observer: Arc<dyn Observer>,
    /// A model that goes on with every call, whatever the calls say.
    pub model: Option<Route>,
    /// For tests that kill the process: the write to the records at which it stops.
    pub halt_at: Option<usize>,
}

/// Everything, built.
pub struct App {
    pub(crate) config: Config,
    pub(crate) models: Arc<Models>,
    pub(crate) assistants: BTreeMap<(Tenant, AssistantName), Ready>,
    pub(crate) clock: Arc<dyn Clock>,
    journal: Arc<dyn Journal>,
    engine: Embedded,
}

/// An assistant whose tools are known.
pub(crate) struct Ready {
    pub(crate) assistant: Assistant,
    pub(crate) tools: Vec<PinnedTool>,
}

impl App {
    /// Builds everything: models, plugins, grants, assistants, records, engine.
    ///
    /// # Errors
    /// Whatever in the configuration can't hold, with its place. Nothing has begun then.
    pub async fn build(config: Config, around: Surroundings<'_>) -> anyhow::Result<Self> {
        let models = Arc::new(models(&config, &around)?);
        let plugins = Arc::new(PluginHost::new(host_config(&config, &around)?)?);
        let installed = install(&config, &plugins)?;
        grant(&config, &plugins, &installed, around.env)?;
        let assistants = assistants(&config, &plugins, &installed).await?;
        let (records, fence) = Sqlite::open(config.store())?;
        let (journal, ledger) = halting(Arc::new(records), around.halt_at);
        let ports = Ports {
            journal: Arc::clone(&journal),
            ledger,
            model: models.clone(),
            tools: plugins,
            clock: Arc::clone(&around.clock),
            chance: around.chance,
            observer: around.observer,
        };
        let engine = Embedded::new(ports, fence);
        Ok(Self { config, models, assistants, clock: around.clock, journal, engine })
    }

    /// Takes a call in, durably. The same call again is the same run.
    ///
    /// # Errors
    /// The record can't be read, nobody here took the call, or the records failed. Nothing is accepted then.
    pub async fn accept(&self, call: &Call<'_>) -> anyhow::Result<(RunId, Acceptance)> {
        let accept = prepare::accept(self, call)?;
        Ok(self.engine.accept(&accept).await?)
    }

    /// Drives a run to its end; `cancel` resolves with a reason when somebody wants it to end.
    ///
    /// # Errors
    /// It can't be driven on now; it can be driven again.
    pub async fn drive(&self, run: &RunId, cancel: impl Future<Output = String>) -> anyhow::Result<Ending> {
        Ok(self.engine.drive(run, cancel).await?)
    }

    /// Reads a run.
    ///
    /// # Errors
    /// The records failed.
    pub async fn read(&self, run: &RunId) -> anyhow::Result<StoredRun> {
        Ok(self.journal.read(run).await?)
    }
}

fn models(config: &Config, around: &Surroundings<'_>) -> anyhow::Result<Models> {
    let mut routes = Vec::new();
    for (name, model) in &config.models {
        let place = || format!("models.\"{name}\".key");
        let resolve = |key: &config::SecretRef| {
            key.resolve(&config.folder, around.env).map_err(|why| anyhow!("{}: {why}", place()))
        };
        // Where every turn goes elsewhere, the keys of the routes aren't needed.
        let key = model.key.as_ref().filter(|_| around.model.is_none()).map(resolve).transpose()?;
        routes.push(Route {
            name: name.clone(),
            base_url: model.base_url.clone(),
            model: model.model.clone(),
            dialect: model.dialect,
            key,
            timeout_ms: model.timeout_ms.unwrap_or(aftercall_llm::TIMEOUT_MS_DEFAULT),
        });
    }
    Ok(Models::new(routes, around.model.clone())?)
}

fn host_config(config: &Config, around: &Surroundings<'_>) -> anyhow::Result<HostConfig> {
    let key = code_key::read_or_make(&config.store().with_extension("key"))?;
    let operator = &config.operator;
    Ok(HostConfig {
        code_cache: Some(CodeCache::new(config.cache(), &key)),
        egress_ceiling: operator.egress_ceiling.clone(),
        egress_allow_ranges: operator.egress_allow_ranges.clone(),
        egress_reroutes: operator.egress_reroutes.clone(),
        ..HostConfig::new(Arc::clone(&around.clock))
    })
}

fn install(config: &Config, plugins: &PluginHost) -> anyhow::Result<BTreeMap<PluginName, Installed>> {
    let mut all = BTreeMap::new();
    for (name, plugin) in &config.plugins {
        let path = config.path(&plugin.component);
        let place = || format!("plugins.{name}: component {}", path.display());
        let bytes = std::fs::read(&path)
            .with_context(|| format!("{} can't be read; `aftercall plugin build DIR` makes one", place()))?;
        let installed = plugins.install(&bytes).with_context(place)?;
        if installed.name != *name {
            bail!("{} calls itself `{}`: install it under that name", place(), installed.name);
        }
        if let Some(digest) = plugin.digest.as_ref().filter(|digest| **digest != installed.digest) {
            bail!("{} has digest {}, not {digest}: it is not the component that was meant", place(), installed.digest);
        }
        all.insert(name.clone(), installed);
    }
    Ok(all)
}

fn grant(
    config: &Config,
    plugins: &PluginHost,
    installed: &BTreeMap<PluginName, Installed>,
    env: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<()> {
    for (tenant, tenant_config) in &config.tenants {
        for (plugin, grant) in &tenant_config.plugins {
            let place = format!("tenants.{tenant}.plugins.{plugin}");
            let mut credentials = BTreeMap::new();
            for (slot, reference) in &grant.credentials {
                let secret = reference.resolve(&config.folder, env);
                let secret = secret.map_err(|why| anyhow!("{place}.credentials.{slot}: {why}"))?;
                credentials.insert(slot.clone(), secret);
            }
            let grant = Grant {
                plugin: plugin.clone(),
                digest: installed[plugin].digest.clone(),
                settings: grant.settings.clone().unwrap_or_default(),
                credentials,
                read: grant.egress.read.clone(),
                write: grant.egress.write.clone(),
                limits: None,
            };
            plugins.grant(tenant.clone(), &grant).with_context(|| place)?;
        }
    }
    Ok(())
}

async fn assistants(
    config: &Config,
    plugins: &PluginHost,
    installed: &BTreeMap<PluginName, Installed>,
) -> anyhow::Result<BTreeMap<(Tenant, AssistantName), Ready>> {
    let mut ready = BTreeMap::new();
    for (tenant, tenant_config) in &config.tenants {
        check_bindings(tenant, tenant_config, plugins).await?;
        for name in tenant_config.assistants.keys() {
            let place = format!("tenants.{tenant}.assistants.{name}");
            let assistant = config.assistant(tenant, name).expect("the configuration was checked");
            let mut tools = Vec::new();
            for choice in &assistant.tools {
                let offered = plugins.list_tools(tenant, &choice.plugin).await.with_context(|| place.clone())?;
                let pinned = pin(choice, &offered, &installed[&choice.plugin]);
                tools.push(pinned.with_context(|| format!("{place}: tool `{}/{}`", choice.plugin, choice.tool))?);
            }
            ready.insert((tenant.clone(), name.clone()), Ready { assistant, tools });
        }
    }
    Ok(ready)
}

/// A binding of a tool that isn't there would bind nothing, and leave the argument to the model.
async fn check_bindings(tenant: &Tenant, config: &TenantConfig, plugins: &PluginHost) -> anyhow::Result<()> {
    for (plugin, grant) in config.plugins.iter().filter(|(_, grant)| !grant.bind.is_empty()) {
        let place = format!("tenants.{tenant}.plugins.{plugin}");
        let offered = plugins.list_tools(tenant, plugin).await.with_context(|| place.clone())?;
        for (tool, bindings) in &grant.bind {
            let place = || format!("{place}.bind.{tool}");
            let found = find(tool, &offered).with_context(place)?;
            binding::offered_schema(&found.input_schema.value(), bindings).with_context(place)?;
        }
    }
    Ok(())
}

fn find<'a>(name: &str, offered: &'a [Tool]) -> anyhow::Result<&'a Tool> {
    offered.iter().find(|tool| tool.name == name).ok_or_else(|| {
        let known: Vec<&str> = offered.iter().map(|tool| tool.name.as_str()).collect();
        let near = nearest(name, &known).map(|near| format!("; did you mean `{near}`?"));
        anyhow!("the plugin has no such tool{}", near.unwrap_or_else(|| format!(": it has {}", known.join(", "))))
    })
}

fn pin(choice: &ToolChoice, offered: &[Tool], plugin: &Installed) -> anyhow::Result<PinnedTool> {
    let tool = find(&choice.tool, offered)?;
    let offered_schema = binding::offered_schema(&tool.input_schema.value(), &choice.bindings)?;
    let facts = choice.facts.iter().copied().filter(|fact| plugin.manifest.facts.contains(fact));
    Ok(PinnedTool {
        name: tool.name.clone(),
        plugin: plugin.name.clone(),
        digest: plugin.digest.clone(),
        description: tool.description.clone(),
        schema: tool.input_schema.clone(),
        offered_schema: Json::from(&offered_schema),
        bindings: choice.bindings.clone(),
        facts: facts.collect(),
        effect: tool.effect,
        identity: tool.identity.clone(),
        reconcilable: tool.reconcilable,
        replaces: choice.replaces.clone(),
    })
}

fn halting(records: Arc<Sqlite>, at: Option<usize>) -> (Arc<dyn Journal>, Arc<dyn Ledger>) {
    match at {
        None => (records.clone(), records),
        Some(at) => {
            let halting = Arc::new(Halting::new(records, at));
            (halting.clone(), halting)
        }
    }
}
