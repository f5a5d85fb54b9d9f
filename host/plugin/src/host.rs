//! The plugin host: what is installed, what is granted, and the calls.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    pin::pin,
    sync::{Arc, PoisonError, RwLock},
    task::Poll,
    thread,
    time::Duration,
};

use aftercall_core::{
    egress::Rule,
    id::{PluginName, Sha256Hex, Tenant},
    manifest::{ConversationLevel, Manifest},
    ports::{Clock, PluginState, Tools, WriteRecord},
    state::Quota,
    tool::{AttemptEnd, Failure, FailureKind, Finding, Invocation, Tool},
};
use bytes::Bytes;
use ipnet::IpNet;
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    artifact::{self, Artifact},
    cache::CodeCache,
    call::{Attempt, Start},
    capabilities::{Given, log::Log},
    code::{self, Code, Ready, Shelf, Source},
    compile::Compiler,
    credential::{Around, SealedTokens},
    describe,
    door::{Addresses, AllVendors, Operator, Reroutes, Resolver, SystemResolver},
    engine,
    entrance::{Entrance, Lanes, Sizes},
    grant::{self, Ceiling, Grant, Granted},
    in_use::InUse,
    instance::Run,
    limits::{LOADED_CODE_BYTES_MAX, Limits, RUNNING_MAX, TOKEN_MS_MAX, VENDOR_REQUESTS_MAX},
};

/// What an operator says about all plugins.
#[derive(Clone)]
pub struct HostConfig {
    /// What time it is, for deadlines.
    pub clock: Arc<dyn Clock>,
    /// Where compiled components are kept. None: they are compiled at each start.
    pub code_cache: Option<CodeCache>,
    /// The ceiling of each call's limits (`operator.limits`): a grant can't go beyond it.
    pub limits: Limits,
    /// Who compiles components.
    pub compiler: Compiler,
    /// Most compiled code that is kept in memory, in bytes, beside what calls are running.
    pub loaded_code_bytes_max: usize,
    /// Most calls that run at once. The others wait, until their deadline.
    pub running_max: u32,
    /// Most calls of one tenant that run at once, so that no tenant has all places. None: a quarter of them.
    pub tenant_running_max: Option<u32>,
    /// Most calls of one plugin that run at once, of all tenants together (`operator.plugin_running_max`). None: as many
    /// as run.
    pub plugin_running_max: Option<u32>,
    /// Most requests of one tenant that are under way at once to one vendor (`operator.vendor_requests_max`). The others
    /// wait, as long as their call may.
    pub vendor_requests_max: u32,
    /// Most components that compute at once. None: one less than the machine has cores, and one at least. The runtime in
    /// which calls are made needs more workers than that: those that are left look at sockets and timers, whatever
    /// components do.
    pub computing_max: Option<u32>,
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
    pub refresh_tokens: Arc<SealedTokens>,
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
            compiler: Compiler::default(),
            loaded_code_bytes_max: LOADED_CODE_BYTES_MAX,
            running_max: RUNNING_MAX,
            tenant_running_max: None,
            plugin_running_max: None,
            vendor_requests_max: VENDOR_REQUESTS_MAX,
            computing_max: None,
            egress_ceiling: None,
            egress_allow_ranges: Vec::new(),
            egress_reroutes: Reroutes::new(),
            conversation_max: ConversationLevel::Transcript,
            state_max: Quota::default(),
            state: None,
            refresh_tokens: Arc::new(SealedTokens::in_memory()),
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
    /// The file can't be read.
    #[error("it can't be read: {0}; `aftercall plugin build DIR` makes one")]
    File(io::Error),
    /// The component can't be run.
    #[error("plugin {plugin}: {error}")]
    Component {
        /// Which plugin.
        plugin: PluginName,
        /// Why.
        error: code::Error,
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
    clock: Arc<dyn Clock>,
    ceiling: Ceiling,
    operator: Arc<Operator>,
    state: Option<Arc<dyn PluginState>>,
    refresh_tokens: Arc<SealedTokens>,
    shelf: Arc<Shelf>,
    entrance: Entrance,
    /// For questions that no tenant asks.
    inspecting: Lanes,
    installed: RwLock<HashMap<Sha256Hex, Arc<Ready>>>,
    granted: RwLock<HashMap<Tenant, HashMap<PluginName, Arc<Granted>>>>,
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
        let no_engine = |error: wasmtime::Error| Error::Engine(format!("{error:#}"));
        // One more in the pool than may run: a slot is given back a little after its call has ended.
        let (slots, memory_bytes_max) = (running_max.saturating_add(1), config.limits.memory_bytes_max);
        let entrance = Entrance::new(Sizes {
            running_max,
            tenant_running_max: config.tenant_running_max.unwrap_or(running_max / 4),
            plugin_running_max: config.plugin_running_max,
            computing_max: config.computing_max.unwrap_or_else(cores_but_one),
        });
        let engine = engine::make(slots, memory_bytes_max, entrance.computing().clone()).map_err(no_engine)?;
        let shelf = Shelf::new(engine, config.code_cache, config.compiler, config.loaded_code_bytes_max);
        Ok(Self {
            clock: config.clock,
            ceiling: Ceiling { limits: config.limits, conversation: config.conversation_max, state: config.state_max },
            operator: Arc::new(Operator {
                ceiling: config.egress_ceiling,
                addresses: Arc::new(Addresses::new(config.egress_allow_ranges)),
                resolver: config.resolver,
                reroutes: config.egress_reroutes,
                vendors: AllVendors::new(config.vendor_requests_max),
            }),
            state: config.state,
            refresh_tokens: config.refresh_tokens,
            shelf: Arc::new(shelf.map_err(no_engine)?),
            inspecting: entrance.operators_lanes(),
            entrance,
            installed: RwLock::default(),
            granted: RwLock::default(),
        })
    }

    /// Takes a component in. Its bytes are kept; [`PluginHost::install_file`] keeps none.
    ///
    /// # Errors
    /// Says why the bytes are no plugin, or what they ask for that isn't there. That they can't be compiled turns out
    /// when the plugin's tools are listed, or at its first call.
    pub fn install(&self, component: &[u8]) -> Result<Installed, Error> {
        let bytes = Bytes::copy_from_slice(component);
        self.take_in(&bytes.clone(), Source::Bytes(bytes))
    }

    /// Takes a component in. Its file is read once now, and once more when its code is needed and not in the cache.
    ///
    /// # Errors
    /// The file can't be read; otherwise as [`PluginHost::install`].
    pub fn install_file(&self, path: impl Into<PathBuf>) -> Result<Installed, Error> {
        let source = Source::File(path.into());
        let bytes = source.read().map_err(Error::File)?;
        self.take_in(&bytes, source)
    }

    fn take_in(&self, component: &[u8], source: Source) -> Result<Installed, Error> {
        let artifact = Artifact::read(component)?;
        let Artifact { digest, manifest, .. } = artifact.clone();
        let installed = Installed { name: manifest.name.clone(), digest: digest.clone(), manifest };
        let ready = Ready::new(artifact, source, Arc::clone(&self.shelf))
            .map_err(|error| Error::Component { plugin: installed.name.clone(), error })?;
        self.installed.write().unwrap_or_else(PoisonError::into_inner).insert(digest, Arc::new(ready));
        Ok(installed)
    }

    /// Lets a tenant use a plugin. A later grant of the same plugin takes its place, for calls that begin then.
    ///
    /// # Errors
    /// The component isn't installed, or settings or credentials don't fit its manifest.
    pub fn grant(&self, tenant: Tenant, grant: &Grant) -> Result<(), Error> {
        let ready = self.ready(&grant.digest, &grant.plugin)?;
        let lanes = self.entrance.lanes(&grant.plugin, &tenant);
        let around = Around {
            tenant: tenant.clone(),
            operator: Arc::clone(&self.operator),
            clock: Arc::clone(&self.clock),
            refresh_tokens: Arc::clone(&self.refresh_tokens),
            token_ms_max: TOKEN_MS_MAX,
        };
        let granted = Granted::new(grant, ready, self.ceiling, &around, lanes)?;
        let mut all = self.granted.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(tenant).or_default().insert(grant.plugin.clone(), Arc::new(granted));
        Ok(())
    }

    /// Takes a plugin back from a tenant. Calls of it that begin then find no grant.
    pub fn revoke(&self, tenant: &Tenant, plugin: &PluginName) {
        let mut all = self.granted.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugins) = all.get_mut(tenant) {
            plugins.remove(plugin);
        }
    }

    /// The tools that a plugin offers in a tenant: asked once for all grants with the same settings, in an instance that
    /// can reach nothing.
    ///
    /// # Errors
    /// There is no grant, the component fails, or what it says of its tools can't be used.
    pub async fn list_tools(&self, tenant: &Tenant, plugin: &PluginName) -> Result<Vec<Tool>, Error> {
        let granted = self
            .find(tenant, plugin)
            .ok_or_else(|| Error::NotGranted { tenant: tenant.clone(), plugin: plugin.clone() })?;
        let describe =
            || self.describe(&granted.ready, &granted.lanes, plugin, granted.settings.text(), granted.limits);
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
        let settings = settings.to_string().into();
        self.describe(&ready, &self.inspecting, &plugin.name, &settings, self.ceiling.limits).await
    }

    /// Waits until no vendor is being asked for a new refresh token: what it answers is kept, and one that was given must
    /// not be lost with this process.
    pub async fn settled(&self) {
        self.refresh_tokens.settled().await;
    }

    /// What the calls that run at this moment hold of the host.
    pub fn in_use(&self) -> InUse {
        InUse::of(self.shelf.engine(), self.entrance.running())
    }

    pub(crate) fn ready(&self, digest: &Sha256Hex, plugin: &PluginName) -> Result<Arc<Ready>, grant::Error> {
        let ready = self.installed.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        ready.ok_or_else(|| grant::Error::NotInstalled { plugin: plugin.clone(), digest: digest.clone() })
    }

    async fn describe(
        &self,
        ready: &Arc<Ready>,
        lanes: &Lanes,
        plugin: &PluginName,
        settings: &Arc<str>,
        limits: Limits,
    ) -> Result<Vec<Tool>, Error> {
        let no_description = |why: String| Error::NoDescription { plugin: plugin.clone(), why };
        let code = ready.code().await.map_err(|error| Error::Component { plugin: plugin.clone(), error })?;
        let log = Arc::new(Log::new(&limits));
        let run = Run {
            code,
            limits,
            meter: Arc::default(),
            given: Given::to_describe(settings, &log),
            places: lanes.places().await,
            computing: lanes.computing.clone(),
        };
        let text = settings.to_string();
        let answer = run
            .end(|plugin, store| {
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

    /// What [`crate::bare`] stands on.
    pub(crate) async fn bare(&self, tenant: &Tenant, plugin: &PluginName) -> Result<(Arc<Granted>, Arc<Code>), Error> {
        let granted = self
            .find(tenant, plugin)
            .ok_or_else(|| Error::NotGranted { tenant: tenant.clone(), plugin: plugin.clone() })?;
        let code = granted.ready.code().await;
        Ok((granted, code.map_err(|error| Error::Component { plugin: plugin.clone(), error })?))
    }

    pub(crate) fn find(&self, tenant: &Tenant, plugin: &PluginName) -> Option<Arc<Granted>> {
        let granted = self.granted.read().unwrap_or_else(PoisonError::into_inner);
        granted.get(tenant)?.get(plugin).cloned()
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

    /// Waits for the component's code and then for a place among the running calls, at most until the deadline.
    async fn start(&self, granted: &Granted, invocation: &Invocation) -> Result<Start, Failure> {
        let unavailable = |why: &str| Failure::new(FailureKind::Unavailable, why);
        let left = || until_deadline(invocation, &*self.clock);
        let too_late = || unavailable("the deadline had passed before the tool could begin");
        if left().is_zero() {
            return Err(too_late());
        }
        let settings = match &invocation.settings {
            Some(own) => granted.settings.with(own),
            None => Ok(Arc::clone(granted.settings.text())),
        };
        let settings = settings.map_err(|error| Failure::new(FailureKind::NotRunnable, error.to_string()))?;
        let code = match granted.ready.code_at_once() {
            Some(code) => code,
            None => match timeout(left(), granted.ready.code()).await {
                Ok(code) => code,
                Err(_) => return Err(unavailable("the component was still being compiled at the deadline")),
            },
        };
        let code = code.map_err(|error| {
            let error = Error::Component { plugin: invocation.plugin.clone(), error };
            Failure::new(FailureKind::NotRunnable, error.to_string())
        })?;
        let mut entering = pin!(granted.lanes.places());
        let places = match futures::poll!(entering.as_mut()) {
            Poll::Ready(places) => places,
            Poll::Pending => timeout(left(), entering).await.map_err(|_| {
                unavailable(
                    "all places for running tools, or this tenant's or this plugin's, were taken until the deadline",
                )
            })?,
        };
        match left() {
            Duration::ZERO => Err(too_late()),
            left => {
                let wall_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
                Ok(Start { code, settings, places, wall_ms })
            }
        }
    }
}

/// One core stays with sockets and timers: a thread that wakes up there would wait for a slice of the system's
/// scheduler at each step of a request, where all cores compute.
fn cores_but_one() -> u32 {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(cores).unwrap_or(u32::MAX).saturating_sub(1).max(1)
}

/// How long it is until an invocation's deadline.
fn until_deadline(invocation: &Invocation, clock: &dyn Clock) -> Duration {
    Duration::from_millis(invocation.context.deadline.ms_since(clock.now()))
}

#[async_trait::async_trait]
impl Tools for PluginHost {
    async fn call(&self, invocation: &Invocation, record: Arc<dyn WriteRecord>) -> AttemptEnd {
        let not_begun = |failure| AttemptEnd::of(Err(failure), &[]);
        let granted = match self.granted(invocation) {
            Ok(granted) => granted,
            Err(failure) => return not_begun(failure),
        };
        match self.start(&granted, invocation).await {
            Ok(start) => Attempt::to_call(&granted, invocation, record, self.state.as_ref()).call(start).await,
            Err(failure) => not_begun(failure),
        }
    }

    async fn reconcile(&self, invocation: &Invocation) -> Result<Finding, Failure> {
        let granted = self.granted(invocation)?;
        let start = self.start(&granted, invocation).await?;
        Attempt::to_reconcile(&granted, invocation, self.state.as_ref()).reconcile(start).await
    }
}
