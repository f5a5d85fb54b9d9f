//! What a tenant stands on: its grants, its assistants with the tools they offer, its endpoints, its password.

use std::collections::BTreeMap;

use aftercall_core::{
    assistant::{Assistant, ToolChoice},
    binding::{self, Bindings},
    cap::ALL_TOOLS,
    consent::{self, Consent, Request},
    constraint::{self, Constraints},
    id::{AssistantName, EndpointName, Platform, PluginName, Tenant},
    json::Json,
    live::LiveTools,
    ports::Consents,
    run::PinnedTool,
    secret::Secret,
    seed,
    shared::Shared,
    time::Timestamp,
    tool::Tool,
};
use aftercall_intake::{Form, Verifier};
use aftercall_plugin::{Grant, Installed, PluginHost};
use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;

use crate::{
    config::{self, ApiConfig, Config, LostCalls, SecretRef, TenantConfig, nearest},
    inbox::PlatformApi,
    live_tools,
};

/// An assistant whose tools are known.
pub(crate) struct Ready {
    pub(crate) assistant: Assistant,
    pub(crate) tools: Vec<Shared<PinnedTool>>,
    /// The plugin that carries out live tools, where it offers any again.
    pub(crate) live: Option<Installed>,
}

/// An address to which a platform sends a tenant's calls.
pub(crate) struct Endpoint {
    pub(crate) tenant: Tenant,
    pub(crate) platform: Platform,
    pub(crate) form: Form,
    pub(crate) assistant: Option<AssistantName>,
    pub(crate) verifier: Verifier,
    pub(crate) api: Option<PlatformApi>,
    pub(crate) lost_calls: Option<LostCalls>,
    /// Whether calls may bring tools of their own, which take a while to look at.
    pub(crate) has_live_tools: bool,
}

/// A tenant that can work.
pub(crate) struct Working {
    pub(crate) assistants: BTreeMap<AssistantName, Ready>,
    pub(crate) endpoints: BTreeMap<EndpointName, Endpoint>,
    pub(crate) pages_password: Option<Secret>,
    /// What it consents to by its grants, and has not been recorded yet.
    pub(crate) consents: Vec<Consent>,
}

/// What a tenant is made of.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) config: &'a Config,
    pub(crate) plugins: &'a PluginHost,
    pub(crate) installed: &'a BTreeMap<PluginName, Installed>,
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) consents: &'a dyn Consents,
    pub(crate) now: Timestamp,
    /// For platforms' APIs, where an endpoint needs one.
    pub(crate) client: Option<&'a reqwest::Client>,
    pub(crate) tenant: &'a Tenant,
    pub(crate) tenant_config: &'a TenantConfig,
}

impl Setup<'_> {
    /// Grants what the configuration grants, and gathers what the tenant needs to work.
    ///
    /// # Errors
    /// What can't hold, with its place.
    pub(crate) async fn make_ready(self) -> anyhow::Result<Working> {
        let consents = self.grant().await?;
        check_tools(self.tenant, self.tenant_config, self.plugins).await?;
        let password = self.tenant_config.pages_password.as_ref();
        let place = || format!("tenants.{}.pages_password", self.tenant);
        let assistants = self.assistants().await?;
        Ok(Working {
            endpoints: self.endpoints(assistants.values().any(|ready| ready.live.is_some()))?,
            assistants,
            pages_password: password.map(|password| self.resolve(password, place)).transpose()?,
            consents,
        })
    }

    fn endpoints(self, has_live_tools: bool) -> anyhow::Result<BTreeMap<EndpointName, Endpoint>> {
        let one = |(name, endpoint): (&EndpointName, &crate::config::Endpoint)| {
            let verifier = endpoint.verify.resolve(&self.config.folder, self.env);
            let place = || format!("tenants.{}.endpoints.{name}.verify", self.tenant);
            let form = Form::of_platform(endpoint.platform.as_str()).expect("the configuration was checked");
            Ok((
                name.clone(),
                Endpoint {
                    tenant: self.tenant.clone(),
                    platform: endpoint.platform.clone(),
                    form,
                    assistant: endpoint.assistant.clone(),
                    verifier: verifier.map_err(|why| anyhow!("{}: {why}", place()))?,
                    api: endpoint.api.as_ref().map(|api| self.api(name, form, api)).transpose()?,
                    lost_calls: endpoint.lost_calls,
                    has_live_tools,
                },
            ))
        };
        self.tenant_config.endpoints.iter().map(one).collect()
    }

    fn api(self, name: &EndpointName, form: Form, api: &ApiConfig) -> anyhow::Result<PlatformApi> {
        let place = || format!("tenants.{}.endpoints.{name}.api", self.tenant);
        let key = self.resolve(&api.key, || format!("{}.key", place()))?;
        let client = self.client.cloned().expect("there is one where an endpoint has an `api`");
        let known = form.api().expect("the configuration was checked");
        PlatformApi::new(client, &known, api.base_url.as_deref(), key).map_err(|why| anyhow!("{}.{why}", place()))
    }

    fn resolve(self, secret: &SecretRef, place: impl FnOnce() -> String) -> anyhow::Result<Secret> {
        secret.resolve(&self.config.folder, self.env).map_err(|why| anyhow!("{}: {why}", place()))
    }

    async fn assistants(self) -> anyhow::Result<BTreeMap<AssistantName, Ready>> {
        let mut all = BTreeMap::new();
        for name in self.tenant_config.assistants.keys() {
            let place = format!("tenants.{}.assistants.{name}", self.tenant);
            let assistant = self.config.assistant(self.tenant, name).expect("the configuration was checked");
            let mut tools = Vec::new();
            for choice in &assistant.tools {
                let offered = self.plugins.list_tools(self.tenant, &choice.plugin).await;
                let offered = offered.with_context(|| place.clone())?;
                let constraints = self.tenant_config.plugins[&choice.plugin].constrain.get(&choice.tool);
                let pinned = pin(choice, constraints, &offered, &self.installed[&choice.plugin]);
                let pinned = pinned.with_context(|| format!("{place}: tool `{}/{}`", choice.plugin, choice.tool))?;
                check_already(choice, &pinned)
                    .with_context(|| format!("{place}.already.\"{}/{}\"", choice.plugin, choice.tool))?;
                tools.push(pinned.into());
            }
            let live = assistant.live_tools.as_ref().map(|live| self.installed[&live.plugin].clone());
            live.iter().try_for_each(live_tools::check_plugin).with_context(|| format!("{place}.live_tools"))?;
            all.insert(name.clone(), Ready { assistant, tools, live });
        }
        Ok(all)
    }

    /// Lets the tenant use what it grants, if it has consented to what each component asks for. Gives the consents that
    /// are to be recorded. Where one is missing the tenant as a whole can't work: its calls are refused for now and sent
    /// again, and its runs wait. Without that one plugin they would go on, and miss an action.
    async fn grant(self) -> anyhow::Result<Vec<Consent>> {
        let known = self.consents.consents(self.tenant).await?;
        let mut new = Vec::new();
        for (plugin, config) in &self.tenant_config.plugins {
            let place = || format!("tenants.{}.plugins.{plugin}", self.tenant);
            let installed = &self.installed[plugin];
            let known: Vec<Consent> = known.iter().filter(|consent| consent.plugin == *plugin).cloned().collect();
            let decide = |request: &Request| {
                let decided = consent::decide(&known, config.consent.as_ref(), &installed.digest, request);
                decided.map_err(|missing| self.without_consent(installed, &missing)).with_context(place)
            };
            let request = Request::of(&installed.manifest);
            let is_known = decide(&request)?.is_none();
            let grant = self.resolve_grant(installed, config)?;
            self.plugins.grant(self.tenant.clone(), &grant).with_context(place)?;
            if is_known {
                continue;
            }
            // What its tools say of themselves is asked once for each component.
            let tools = self.plugins.list_tools(self.tenant, plugin).await.with_context(place)?;
            let request = request.with_tools(&tools);
            let how = decide(&request).inspect_err(|_| self.plugins.revoke(self.tenant, plugin))?;
            let (tenant, digest) = (self.tenant.clone(), installed.digest.clone());
            let consent = |how| Consent { tenant, plugin: plugin.clone(), digest, request, how, at: self.now };
            new.extend(how.map(consent));
        }
        Ok(new)
    }

    fn without_consent(self, plugin: &Installed, missing: &consent::Missing) -> anyhow::Error {
        let (tenant, Installed { name, digest, .. }) = (self.tenant, plugin);
        anyhow!(
            "{missing}. To allow this, run `aftercall plugin consent --tenant {tenant} {name}` or write \
             `consent = \"{digest}\"` here, and start again; or install the earlier component again"
        )
    }

    fn resolve_grant(self, plugin: &Installed, config: &crate::config::Grant) -> anyhow::Result<Grant> {
        let place = format!("tenants.{}.plugins.{}", self.tenant, plugin.name);
        let mut credentials = BTreeMap::new();
        for (slot, reference) in &config.credentials {
            let supplied = reference.supplied(|secret, part| {
                let part = part.map(|part| format!(".{}", part.name())).unwrap_or_default();
                self.resolve(secret, || format!("{place}.credentials.{slot}{part}"))
            });
            credentials.insert(slot.clone(), supplied?);
        }
        let mut signing = BTreeMap::new();
        for (name, reference) in &config.signing {
            let key = self.resolve(&reference.key, || format!("{place}.signing.{name}.key"))?;
            signing.insert(name.clone(), reference.granted(key));
        }
        Ok(Grant {
            plugin: plugin.name.clone(),
            digest: plugin.digest.clone(),
            settings: config.settings.clone().unwrap_or_default(),
            credentials,
            signing,
            read: config.egress.read.clone(),
            write: config.egress.write.clone(),
            conversation: config.conversation,
            state: config.state,
            limits: config.limits,
        })
    }
}

/// What is said of a tool that isn't there would hold for nothing, and leave its arguments to the model.
async fn check_tools(tenant: &Tenant, config: &TenantConfig, plugins: &PluginHost) -> anyhow::Result<()> {
    for (plugin, grant) in &config.plugins {
        let named =
            [grant.timing.len(), grant.approve.len(), grant.bind.len(), grant.constrain.len(), grant.effects.len()];
        if named.iter().all(|tools| *tools == 0) {
            continue;
        }
        let place = format!("tenants.{tenant}.plugins.{plugin}");
        let offered = plugins.list_tools(tenant, plugin).await.with_context(|| place.clone())?;
        // What is said of a live tool is checked against each call that has it.
        let live: Vec<&LiveTools> = config::live_tools::carried_by(plugin, config).collect();
        let offers = |tool: &str| match find(tool, &offered) {
            Ok(found) => Ok(Some(found)),
            Err(error) if live.is_empty() => Err(error),
            Err(_) if live.iter().any(|live| live.named().any(|name| name == tool)) => Ok(None),
            Err(error) => bail!("{error}; a tool of the live call has to be among `live_tools.only` of an assistant"),
        };
        for (tool, bindings) in &grant.bind {
            let place = || format!("{place}.bind.{tool}");
            let Some(found) = offers(tool).with_context(place)? else { continue };
            binding::offered_schema(&found.input_schema.value(), bindings).with_context(place)?;
        }
        for (tool, constraints) in &grant.constrain {
            let place = || format!("{place}.constrain.{tool}");
            let Some(found) = offers(tool).with_context(place)? else { continue };
            let bindings = grant.bind.get(tool).cloned().unwrap_or_default();
            narrowed(&found.input_schema.value(), &bindings, constraints).with_context(place)?;
        }
        for (tool, timing) in &grant.timing {
            let place = || format!("{place}.timing.{tool}");
            let Some(found) = offers(tool).with_context(place)? else { continue };
            timing.check_argument(&found.input_schema.value()).with_context(place)?;
        }
        for tool in grant.approve.keys() {
            offers(tool).with_context(|| format!("{place}.approve.{tool}"))?;
        }
        for tool in grant.effects.keys().filter(|tool| *tool != ALL_TOOLS) {
            let place = || format!("{place}.effects.{tool}");
            let found = offers(tool).with_context(place)?;
            if found.is_some_and(|found| !found.effect.writes()) {
                return Err(anyhow!("the tool only reads, and has no effects to count").context(place()));
            }
        }
    }
    Ok(())
}

/// All that is wrong with the maps from live tools to a tool, at once.
fn check_already(choice: &ToolChoice, tool: &PinnedTool) -> anyhow::Result<()> {
    let wrong = choice.already.iter().flat_map(|map| seed::check(map, tool).into_iter().map(move |error| (map, error)));
    let wrong: Vec<String> = wrong.map(|(map, error)| format!("`{}`: {error}", map.live)).collect();
    if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("; ")) }
}

/// The schema that the model sees.
fn narrowed(schema: &Value, bindings: &Bindings, constraints: &Constraints) -> anyhow::Result<Value> {
    constraint::narrow(&binding::offered_schema(schema, bindings)?, bindings, constraints).map_err(|error| match &error
    {
        constraint::Error::NoSuchArgument { argument, known } => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let near = nearest(argument, &known).map(|near| format!("; did you mean `{near}`?"));
            anyhow!("{error}{}", near.unwrap_or_default())
        }
        _ => error.into(),
    })
}

fn find<'a>(name: &str, offered: &'a [Tool]) -> anyhow::Result<&'a Tool> {
    offered.iter().find(|tool| tool.name == name).ok_or_else(|| {
        let known: Vec<&str> = offered.iter().map(|tool| tool.name.as_str()).collect();
        let near = nearest(name, &known).map(|near| format!("; did you mean `{near}`?"));
        anyhow!("the plugin has no such tool{}", near.unwrap_or_else(|| format!(": it has {}", known.join(", "))))
    })
}

pub(crate) fn pin(
    choice: &ToolChoice,
    constraints: Option<&Constraints>,
    offered: &[Tool],
    plugin: &Installed,
) -> anyhow::Result<PinnedTool> {
    let tool = find(&choice.tool, offered)?;
    let constraints = constraints.cloned().unwrap_or_default();
    let offered_schema = narrowed(&tool.input_schema.value(), &choice.bindings, &constraints)?;
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
        instance: None,
    })
}
