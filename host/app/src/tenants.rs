//! What a tenant stands on: its grants, its assistants with the tools they offer, its endpoints, its password.

use std::collections::BTreeMap;

use aftercall_core::{
    assistant::{Assistant, ToolChoice},
    binding,
    id::{AssistantName, EndpointName, Platform, PluginName, Tenant},
    json::Json,
    run::PinnedTool,
    secret::Secret,
    tool::Tool,
};
use aftercall_intake::{Form, Verifier};
use aftercall_plugin::{Grant, Installed, PluginHost};
use anyhow::{Context as _, anyhow};

use crate::config::{Config, SecretRef, TenantConfig, nearest};

/// An assistant whose tools are known.
pub(crate) struct Ready {
    pub(crate) assistant: Assistant,
    pub(crate) tools: Vec<PinnedTool>,
}

/// An address to which a platform sends a tenant's calls.
pub(crate) struct Endpoint {
    pub(crate) tenant: Tenant,
    pub(crate) platform: Platform,
    pub(crate) form: Form,
    pub(crate) assistant: Option<AssistantName>,
    pub(crate) verifier: Verifier,
}

/// A tenant that can work.
pub(crate) struct Working {
    pub(crate) assistants: BTreeMap<AssistantName, Ready>,
    pub(crate) endpoints: BTreeMap<EndpointName, Endpoint>,
    pub(crate) pages_password: Option<Secret>,
}

/// What a tenant is made of.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) config: &'a Config,
    pub(crate) plugins: &'a PluginHost,
    pub(crate) installed: &'a BTreeMap<PluginName, Installed>,
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) tenant: &'a Tenant,
    pub(crate) tenant_config: &'a TenantConfig,
}

impl Setup<'_> {
    /// Grants what the configuration grants, and gathers what the tenant needs to work.
    ///
    /// # Errors
    /// What can't hold, with its place.
    pub(crate) async fn make_ready(self) -> anyhow::Result<Working> {
        self.grant()?;
        check_bindings(self.tenant, self.tenant_config, self.plugins).await?;
        let password = self.tenant_config.pages_password.as_ref();
        let place = || format!("tenants.{}.pages_password", self.tenant);
        Ok(Working {
            assistants: self.assistants().await?,
            endpoints: self.endpoints()?,
            pages_password: password.map(|password| self.resolve(password, place)).transpose()?,
        })
    }

    fn endpoints(self) -> anyhow::Result<BTreeMap<EndpointName, Endpoint>> {
        let one = |(name, endpoint): (&EndpointName, &crate::config::Endpoint)| {
            let verifier = endpoint.verify.resolve(&self.config.folder, self.env);
            let place = || format!("tenants.{}.endpoints.{name}.verify", self.tenant);
            Ok((
                name.clone(),
                Endpoint {
                    tenant: self.tenant.clone(),
                    platform: endpoint.platform.clone(),
                    form: Form::of_platform(endpoint.platform.as_str()).expect("the configuration was checked"),
                    assistant: endpoint.assistant.clone(),
                    verifier: verifier.map_err(|why| anyhow!("{}: {why}", place()))?,
                },
            ))
        };
        self.tenant_config.endpoints.iter().map(one).collect()
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
                let pinned = pin(choice, &offered.with_context(|| place.clone())?, &self.installed[&choice.plugin]);
                tools.push(pinned.with_context(|| format!("{place}: tool `{}/{}`", choice.plugin, choice.tool))?);
            }
            all.insert(name.clone(), Ready { assistant, tools });
        }
        Ok(all)
    }

    fn grant(self) -> anyhow::Result<()> {
        for (plugin, grant) in &self.tenant_config.plugins {
            let place = format!("tenants.{}.plugins.{plugin}", self.tenant);
            let mut credentials = BTreeMap::new();
            for (slot, reference) in &grant.credentials {
                let secret = self.resolve(reference, || format!("{place}.credentials.{slot}"))?;
                credentials.insert(slot.clone(), secret);
            }
            let grant = Grant {
                plugin: plugin.clone(),
                digest: self.installed[plugin].digest.clone(),
                settings: grant.settings.clone().unwrap_or_default(),
                credentials,
                read: grant.egress.read.clone(),
                write: grant.egress.write.clone(),
                conversation: grant.conversation,
                state: grant.state,
                limits: grant.limits,
            };
            self.plugins.grant(self.tenant.clone(), &grant).with_context(|| place)?;
        }
        Ok(())
    }
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
