//! The plugin host: what is installed, what is granted, and the calls.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use aftercall_core::{
    egress::Rule,
    id::{PluginName, Sha256Hex, Tenant},
    manifest::{ConversationLevel, Manifest},
    ports::{Clock, PluginState, RefreshTokens, Tools, WriteRecord},
    state::Quota,
    tool::{AttemptEnd, Failure, FailureKind, Finding, Invocation, Tool},
};
use ipnet::IpNet;
use serde_json::Value;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use wasmtime::{Engine, component::Component};

use crate::{
    artifact::{self, Artifact},
    cache::CodeCache,
    call::Attempt,
    capabilities::{Given, log::Log},
    credential::{Around, InMemory},
    describe,
    door::{Addresses, Operator, Reroutes, Resolver, SystemResolver},
    engine,
    grant::{self, Ceiling, Grant, Granted},
    instance::{self, Ready},
    limits::{Limits, TOKEN_MS_MAX},
};

/// Most calls that run at once, unless the operator says otherwise. Each may take its memory limit and a stack.
const RUNNING_MAX: u32 = 64;

/// What an operator says about all plugins.
#[derive(Clone)]
pub struct HostConfig {
    /// What time it is, for deadlines.
    pub clock: Arc<dyn Clock>,
    /// Where compiled components are kept. None: they are compiled at each start.
    pub code_cache: Option<CodeCache>,
    /// The ceiling of each call's limits (`operator.limits`): a grant can't go beyond it.
    pub limits: Limits,
    /// Most calls that run at once. The others wait, until their deadline.
    pub running_max: u32,
    /// The requests that any plugin of any tenant may send at most (`operator.egress_ceiling`). None: no ceiling.
    pub egress_ceiling: Option<Vec<Rule>>,
    /// Address ranges that are open although they are not public (`operator.egress_allow_ranges`).
    pub egress_allow_ranges: Vec<IpNet>,
    /// How much any plugin of any tenant may see of what was said (`operator.conversation_max`).
    pub conversation_max: ConversationLevel,
    /// How much any plugin may keep in one tenant (`operator.state_max`).
    pub state_max: Quota,
    /// Where plugins keep things between calls. None: nowhere.
    pub state: Option<Arc<dyn PluginState>>,
    /// Other places for vendors' hosts (`operator.egress_reroutes`).
    pub egress_reroutes: Reroutes,
    /// Where the refresh tokens are kept that vendors give in the place of granted ones. By default in memory, where
    /// they are lost when the process ends.
    pub refresh_tokens: Arc<dyn RefreshTokens>,
    /// Who finds the addresses of vendors' hosts.
    pub resolver: Arc<dyn Resolver>,
}

impl HostConfig {
    /// The strictest host: no ceiling of rules is needed where no tenant grants anything.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            code_cache: None,
            limits: Limits::default(),
            running_max: RUNNING_MAX,
            egress_ceiling: None,
            egress_allow_ranges: Vec::new(),
            egress_reroutes: Reroutes::new(),
            conversation_max: ConversationLevel::Transcript,
            state_max: Quota::default(),
            state: None,
            refresh_tokens: Arc::new(InMemory::default()),
            resolver: Arc::new(SystemResolver),
        }
    }
}

/// Why the host can't do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine or the configuration doesn't allow an engine.
    #[error("the plugin host can't start: {0}")]
    Engine(String),
    /// A rerouting that leads nowhere.
    #[error(
        "`operator.egress_reroutes` of {host}: `{place}` must be http:// or https:// with a host, and nothing behind it"
    )]
    Reroute {
        /// Of which host.
        host: String,
        /// Where it would lead.
        place: String,
    },
    /// The file is no plugin.
    #[error(transparent)]
    Artifact(#[from] artifact::Error),
    /// The component can't be run.
    #[error("plugin {plugin}: {error}")]
    Component {
        /// Which plugin.
        plugin: PluginName,
        /// Why.
        error: instance::Error,
    },
    /// The grant can't hold.
    #[error(transparent)]
    Grant(#[from] grant::Error),
    /// The tenant hasn't granted it.
    #[error("tenant {tenant} grants no plugin {plugin}: add it to the tenant's plugins")]
    NotGranted {
        /// Which tenant.
        tenant: Tenant,
        /// Which plugin.
        plugin: PluginName,
    },
    /// `list-tools` failed.
    #[error("plugin {plugin} does not describe its tools: {why}")]
    NoDescription {
        /// Which plugin.
        plugin: PluginName,
        /// Why.
        why: String,
    },
    /// `list-tools` answered something unusable.
    #[error("plugin {plugin} describes its tools wrongly: {error}")]
    BadDescription {
        /// Which plugin.
        plugin: PluginName,
        /// What is wrong.
        error: describe::Error,
    },
}

/// A plugin that is ready for grants.
#[derive(Debug, Clone, PartialEq)]
pub struct Installed {
    /// Its name.
    pub name: PluginName,
    /// The digest of its component.
    pub digest: Sha256Hex,
    /// What it says of itself and requests.
    pub manifest: Manifest,
}

/// Runs plugins.
pub struct PluginHost {
    engine: Engine,
    clock: Arc<dyn Clock>,
    code_cache: Option<CodeCache>,
    ceiling: Ceiling,
    operator: Arc<Operator>,
    state: Option<Arc<dyn PluginState>>,
    refresh_tokens: Arc<dyn RefreshTokens>,
    running: Semaphore,
    installed: RwLock<HashMap<Sha256Hex, Arc<Ready>>>,
    granted: RwLock<HashMap<(Tenant, PluginName), Arc<Granted>>>,
}

impl PluginHost {
    /// Starts a host.
    ///
    /// # Errors
    /// The machine doesn't allow the engine, or a rerouting leads nowhere.
    pub fn new(config: HostConfig) -> Result<Self, Error> {
        for (host, place) in &config.egress_reroutes {
            let web = matches!(place.scheme(), "http" | "https") && place.has_host();
            if !web || place.path() != "/" || place.query().is_some() || !place.username().is_empty() {
                return Err(Error::Reroute { host: host.clone(), place: place.to_string() });
            }
        }
        let running_max = config.running_max.max(1);
        // One more in the pool than may run: a slot is given back a little after its call has ended.
        let engine = engine::make(running_max.saturating_add(1), config.limits.memory_bytes_max)
            .map_err(|error| Error::Engine(format!("{error:#}")))?;
        Ok(Self {
            engine,
            clock: config.clock,
            code_cache: config.code_cache,
            ceiling: Ceiling { limits: config.limits, conversation: config.conversation_max, state: config.state_max },
            operator: Arc::new(Operator {
                ceiling: config.egress_ceiling,
                addresses: Arc::new(Addresses::new(config.egress_allow_ranges)),
                resolver: config.resolver,
                reroutes: config.egress_reroutes,
            }),
            state: config.state,
            refresh_tokens: config.refresh_tokens,
            running: Semaphore::new(running_max as usize),
            installed: RwLock::default(),
            granted: RwLock::default(),
        })
    }

    /// Takes a component in. It is compiled unless the code cache has it, which takes a while: call this where
    /// blocking is in order.
    ///
    /// # Errors
    /// Says why the bytes are no plugin, or can't be run by this host.
    pub fn install(&self, component: &[u8]) -> Result<Installed, Error> {
        let artifact = Artifact::read(component)?;
        let (name, digest) = (artifact.manifest.name.clone(), artifact.digest.clone());
        let installed = Installed { name: name.clone(), digest: digest.clone(), manifest: artifact.manifest.clone() };
        let compile = || match &self.code_cache {
            Some(cache) => cache.load(&self.engine, &digest, component),
            None => Component::from_binary(&self.engine, component),
        };
        let ready =
            Ready::new(artifact, &self.engine, compile).map_err(|error| Error::Component { plugin: name, error })?;
        self.installed.write().unwrap_or_else(PoisonError::into_inner).insert(digest, Arc::new(ready));
        Ok(installed)
    }

    /// Lets a tenant use a plugin. A later grant of the same plugin takes its place, for calls that begin then.
    ///
    /// # Errors
    /// The component isn't installed, or settings or credentials don't fit its manifest.
    pub fn grant(&self, tenant: Tenant, grant: &Grant) -> Result<(), Error> {
        let ready = self.ready(&grant.digest, &grant.plugin)?;
        let around = Around {
            tenant: tenant.clone(),
            operator: Arc::clone(&self.operator),
            clock: Arc::clone(&self.clock),
            refresh_tokens: Arc::clone(&self.refresh_tokens),
            token_ms_max: TOKEN_MS_MAX,
        };
        let granted = Granted::new(grant, ready, self.ceiling, &around)?;
        let key = (tenant, grant.plugin.clone());
        self.granted.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::new(granted));
        Ok(())
    }

    /// Takes a plugin back from a tenant. Calls of it that begin then find no grant.
    pub fn revoke(&self, tenant: &Tenant, plugin: &PluginName) {
        let key = (tenant.clone(), plugin.clone());
        self.granted.write().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    /// The tools that a plugin offers in a tenant: asked once for each grant, in an instance that can reach nothing.
    ///
    /// # Errors
    /// There is no grant, the component fails, or what it says of its tools can't be used.
    pub async fn list_tools(&self, tenant: &Tenant, plugin: &PluginName) -> Result<Vec<Tool>, Error> {
        let granted = self
            .find(tenant, plugin)
            .ok_or_else(|| Error::NotGranted { tenant: tenant.clone(), plugin: plugin.clone() })?;
        let describe = || self.describe(&granted.ready, plugin, &granted.settings, granted.limits);
        let tools = granted.tools.get_or_try_init(describe).await?;
        Ok(tools.clone())
    }

    /// The tools that a component describes under these settings, whether or not they fit its manifest: for
    /// looking at a plugin that no tenant has yet.
    ///
    /// # Errors
    /// The component isn't installed, fails, or what it says of its tools can't be used.
    pub async fn inspect(&self, plugin: &Installed, settings: &Value) -> Result<Vec<Tool>, Error> {
        let ready = self.ready(&plugin.digest, &plugin.name)?;
        self.describe(&ready, &plugin.name, &settings.to_string().into(), self.ceiling.limits).await
    }

    fn ready(&self, digest: &Sha256Hex, plugin: &PluginName) -> Result<Arc<Ready>, grant::Error> {
        let ready = self.installed.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        ready.ok_or_else(|| grant::Error::NotInstalled { plugin: plugin.clone(), digest: digest.clone() })
    }

    async fn describe(
        &self,
        ready: &Ready,
        plugin: &PluginName,
        settings: &Arc<str>,
        limits: Limits,
    ) -> Result<Vec<Tool>, Error> {
        let no_description = |why: String| Error::NoDescription { plugin: plugin.clone(), why };
        let _permit = self.running.acquire().await.expect("it is never closed");
        let log = Arc::new(Log::new(&limits));
        let text = settings.to_string();
        let answer = ready
            .run(&limits, &Arc::default(), Given::to_describe(settings, &log), |plugin, store| {
                Box::pin(async move { plugin.aftercall_tool_tools().call_list_tools(store, &text).await })
            })
            .await;
        match answer {
            Ok(Ok(tools)) => {
                describe::tools(tools).map_err(|error| Error::BadDescription { plugin: plugin.clone(), error })
            }
            Ok(Err(why)) => Err(no_description(crate::text::clip_line(&why, crate::limits::MESSAGE_BYTES_MAX))),
            Err(stop) => {
                let last_words = log.take().pop().map(|line| format!(" ({})", line.message)).unwrap_or_default();
                Err(no_description(format!("{stop}{last_words}")))
            }
        }
    }

    fn find(&self, tenant: &Tenant, plugin: &PluginName) -> Option<Arc<Granted>> {
        let granted = self.granted.read().unwrap_or_else(PoisonError::into_inner);
        granted.get(&(tenant.clone(), plugin.clone())).cloned()
    }

    /// The grant that an invocation falls under: the one of the component that its run pinned.
    fn granted(&self, invocation: &Invocation) -> Result<Arc<Granted>, Failure> {
        let Invocation { tenant, plugin, digest, .. } = invocation;
        let not_runnable = |message: String| Failure::new(FailureKind::NotRunnable, message);
        let granted = self.find(tenant, plugin).ok_or_else(|| {
            not_runnable(Error::NotGranted { tenant: tenant.clone(), plugin: plugin.clone() }.to_string())
        })?;
        let found = &granted.ready.artifact.digest;
        if found != digest {
            let (pinned, found) = (digest.short(), found.short());
            return Err(not_runnable(format!(
                "the run began with plugin {plugin} at digest {pinned}, and the tenant now grants {found}: \
                 grant the former until the run has ended"
            )));
        }
        Ok(granted)
    }

    /// Waits for a place among the running calls, at most until the deadline. Also says how long is left then.
    async fn place(&self, invocation: &Invocation) -> Result<(SemaphorePermit<'_>, u64), Failure> {
        let deadline = invocation.context.deadline;
        let left = || deadline.ms_since(self.clock.now());
        let permit = timeout(Duration::from_millis(left()), self.running.acquire()).await;
        let Ok(permit) = permit else {
            return Err(Failure::new(
                FailureKind::Unavailable,
                "all places for running tools were taken until the deadline",
            ));
        };
        match left() {
            0 => Err(Failure::new(FailureKind::Unavailable, "the deadline had passed before the tool could begin")),
            left => Ok((permit.expect("it is never closed"), left)),
        }
    }
}

#[async_trait::async_trait]
impl Tools for PluginHost {
    async fn call(&self, invocation: &Invocation, record: Arc<dyn WriteRecord>) -> AttemptEnd {
        let not_begun = |failure| AttemptEnd::of(Err(failure), &[]);
        let granted = match self.granted(invocation) {
            Ok(granted) => granted,
            Err(failure) => return not_begun(failure),
        };
        let (_permit, left) = match self.place(invocation).await {
            Ok(place) => place,
            Err(failure) => return not_begun(failure),
        };
        Attempt::to_call(&granted, invocation, left, record, self.state.as_ref()).call().await
    }

    async fn reconcile(&self, invocation: &Invocation) -> Result<Finding, Failure> {
        let granted = self.granted(invocation)?;
        let (_permit, left) = self.place(invocation).await?;
        Attempt::to_reconcile(&granted, invocation, left, self.state.as_ref()).reconcile().await
    }
}
