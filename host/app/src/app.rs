//! The one place where everything is built, in order, by name.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    num::{NonZeroU32, NonZeroU64},
    sync::Arc,
    time::Duration,
};

use aftercall_core::{
    assistant::Assistant,
    consent::Consent,
    id::{AssistantName, EndpointName, PluginName, RunId, Sha256Hex, Tenant},
    manifest::ConversationLevel,
    ports::{
        Accept, Acceptance, Chance, Clock, DayBudgets, Forgetting, Inbox, Journal, Ledger, NoDayBudgets, RecordsError,
        RunLine, Spending, StoredRun, Unfinished,
    },
    price::{Amount, Price},
    run::{Ending, Kind},
    secret::Secret,
    spent::{Day, Spent},
    time::Timestamp,
};
use aftercall_engine::{Dispatcher, Driven, Embedded, Observer, Park, Ports, Room};
use aftercall_llm::{Models, Route};
use aftercall_plugin::{CodeCache, HostConfig, Installed, PluginHost, credential::SealedTokens};
use aftercall_storage::Sqlite;
use anyhow::{Context as _, anyhow, bail};
use tokio::sync::Notify;

use crate::{
    clock::{SystemChance, SystemClock},
    compiler,
    config::{self, Config, OPERATOR, TENANT_RUNS_MAX, TENANT_WAITING_MAX, TenantConfig},
    day_budgets::LiveDayBudgets,
    grants::LiveGrants,
    halt::Halting,
    host_key, inbox,
    prepare::{self, Call},
    records::RealRecords,
    story,
    tenants::{Endpoint, Ready, Setup, Working},
};

/// How often the records are looked through for what people asked of runs.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why an endpoint is nobody's.
const TWO_TENANTS: &str = "two tenants have an endpoint of this name: calls to it are refused until one is renamed";

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
    /// Whether a tenant whose configuration can't be used is left out, instead of stopping everything.
    pub leave_out_broken: bool,
    /// Whether everything is a rehearsal: writes are captured, and the records are gone afterwards.
    pub rehearsal: bool,
    /// For tests that kill the process: the write to the records at which it stops.
    pub halt_at: Option<usize>,
}

impl<'a> Surroundings<'a> {
    /// The real time and chance, and otherwise what is usual: all tenants or none, live.
    pub fn new(env: &'a dyn Fn(&str) -> Option<String>, observer: Arc<dyn Observer>) -> Self {
        Self {
            env,
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            observer,
            model: None,
            leave_out_broken: false,
            rehearsal: false,
            halt_at: None,
        }
    }
}

/// Everything, built.
pub struct App {
    pub(crate) config: Config,
    /// Of the configuration, for the journals.
    pub(crate) digest: Sha256Hex,
    pub(crate) models: Arc<Models>,
    /// What the turns of each route cost, where that is known.
    pub(crate) prices: BTreeMap<String, Price>,
    pub(crate) assistants: BTreeMap<(Tenant, AssistantName), Ready>,
    /// What was left out, a tenant or an endpoint, and why.
    pub(crate) broken: BTreeMap<String, String>,
    pub(crate) endpoints: BTreeMap<EndpointName, Arc<Endpoint>>,
    /// Who may see pages, by user: a tenant's name, or [`OPERATOR`].
    pub(crate) passwords: BTreeMap<String, Secret>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The one way in which many runs are driven at once.
    pub(crate) dispatcher: Dispatcher,
    pub(crate) rehearsal: bool,
    pub(crate) forgetting: Arc<dyn Forgetting>,
    /// What tenants have used of models.
    pub(crate) spending: Arc<dyn Spending>,
    /// Calls of which no run has begun.
    pub(crate) inbox: Arc<dyn Inbox>,
    /// That one more waits.
    pub(crate) inbox_filled: Notify,
    pub(crate) plugins: Arc<PluginHost>,
    journal: Arc<dyn Journal>,
    engine: Arc<Embedded>,
    /// Where a rehearsal's records are.
    _folder: Option<tempfile::TempDir>,
}

/// A call that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its run.
    pub run: RunId,
    /// Whether it is a new one.
    pub acceptance: Acceptance,
    /// How the run ended, where there is nothing to be done.
    pub ending: Option<Ending>,
}

impl App {
    /// Builds everything: models, plugins, grants, assistants, records, engine.
    ///
    /// # Errors
    /// Whatever in the configuration can't hold, with its place. Nothing has begun then.
    pub async fn build(config: Config, around: Surroundings<'_>) -> anyhow::Result<Self> {
        let models = Arc::new(models(&config, &around)?);
        // What another model costs, whatever its name, nobody has said.
        let prices = if around.model.is_none() { config.prices() } else { BTreeMap::new() };
        let folder = around.rehearsal.then(tempfile::tempdir).transpose().context("no temporary folder can be made")?;
        let store = folder.as_ref().map_or_else(|| config.store(), |folder| folder.path().join("rehearsal.db"));
        let (records, fence) = Sqlite::open(store)?;
        let records = Arc::new(records);
        let real = RealRecords::of(&config, around.rehearsal, &records)?;
        let consents = Arc::clone(&real.consents);
        let plugins = Arc::new(PluginHost::new(host_config(&config, &around, real)?)?);
        let installed = install(&config, &plugins)?;
        let mut endpoints = config.tenants.values().flat_map(|tenant| tenant.endpoints.values());
        let client = endpoints.any(|endpoint| endpoint.api.is_some()).then(inbox::client).transpose()?;
        let mut tenants = Tenants { broken: config.broken.clone(), ..Tenants::default() };
        tenants.passwords = operator_password(&config, &around)?;
        for (tenant, tenant_config) in &config.tenants {
            let (config, plugins, installed, env) = (&config, &*plugins, &installed, around.env);
            let (consents, now) = (&*consents, around.clock.now());
            let client = client.as_ref();
            let setup = Setup { config, plugins, installed, env, consents, now, client, tenant, tenant_config };
            match setup.make_ready().await {
                Ok(working) => tenants.take(tenant, tenant_config, working),
                Err(why) if around.leave_out_broken => tenants.leave_out(tenant, &why),
                Err(why) => return Err(why),
            }
        }
        if !around.rehearsal {
            consents.consent(&tenants.consents).await?;
        }
        let (forgetting, inbox, spending) = (records.beside(), records.beside(), records.beside());
        let day_budgets: Arc<dyn DayBudgets> = match around.rehearsal {
            // Its records know nothing of what was used.
            true => Arc::new(NoDayBudgets),
            false => Arc::new(LiveDayBudgets::new(&config, spending.clone())),
        };
        let (journal, ledger) = halting(records, around.halt_at);
        let ports = Ports {
            journal: Arc::clone(&journal),
            ledger,
            model: models.clone(),
            tools: plugins.clone(),
            grants: Arc::new(tenants.grants),
            day_budgets,
            clock: Arc::clone(&around.clock),
            chance: around.chance,
            observer: around.observer,
        };
        let engine = Arc::new(Embedded::new(ports, fence));
        let weight = NonZeroU32::MIN;
        let room = Room { runs_max: config.server.runs_max, waiting_max: config.server.waiting_max, weight };
        let dispatcher = Dispatcher::new(Arc::clone(&engine), room, tenants.rooms, Some(LOOK_EVERY));
        let (clock, rehearsal) = (around.clock, around.rehearsal);
        Ok(Self {
            digest: config.digest(),
            config,
            models,
            prices,
            assistants: tenants.assistants,
            broken: tenants.broken,
            endpoints: tenants.endpoints.into_iter().filter_map(|(name, open)| Some((name, open?))).collect(),
            passwords: tenants.passwords,
            clock,
            dispatcher,
            rehearsal,
            forgetting,
            spending,
            inbox,
            inbox_filled: Notify::new(),
            plugins,
            journal,
            engine,
            _folder: folder,
        })
    }

    /// Finds out who took a call, and what its run stands on. Takes as long as its history is large.
    ///
    /// # Errors
    /// Nobody here took the call.
    pub fn prepare(&self, call: Call<'_>) -> Result<Accept, prepare::Error> {
        prepare::accept(self, call)
    }

    /// Takes a call in, durably. The same call again is the same run.
    ///
    /// # Errors
    /// The records failed. Nothing is accepted then.
    pub async fn accept(&self, accept: &Accept) -> Result<Accepted, RecordsError> {
        let (run, acceptance) = self.engine.accept(accept).await?;
        Ok(Accepted { run, acceptance, ending: accept.ending.clone() })
    }

    /// The assistant that goes on after a call. None: nothing is to be done after it.
    pub(crate) fn assistant_of(&self, accept: &Accept) -> Option<&Assistant> {
        let Kind::Started(pins) = &accept.first.kind else { return None };
        let of = (accept.identity.tenant.clone(), pins.assistant.clone());
        Some(&self.assistants.get(&of)?.assistant)
    }

    /// Runs that have not ended, but for those that wait for a person.
    ///
    /// # Errors
    /// The records failed.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, RecordsError> {
        self.journal.due(Timestamp::default(), Timestamp::from_millis(u64::MAX)).await
    }

    /// Drives a run to its end, or to where it waits for a person; `cancel` resolves with a reason when somebody wants it
    /// to end.
    ///
    /// # Errors
    /// It can't be driven on now; it can be driven again.
    pub async fn drive(&self, run: &RunId, cancel: impl Future<Output = String>) -> anyhow::Result<Driven> {
        Ok(self.engine.drive(run, Park::ForAPerson, cancel).await?)
    }

    /// Waits for what goes on though nobody asks for it any more, before the process ends.
    pub async fn settled(&self) {
        self.plugins.settled().await;
    }

    /// Reads a run.
    ///
    /// # Errors
    /// There is none of that name, or the records failed.
    pub async fn read(&self, run: &RunId) -> Result<StoredRun, RecordsError> {
        self.journal.read(run).await
    }

    /// What a tenant (none: all of them) has used of models today, in words. None: nothing.
    ///
    /// # Errors
    /// The records failed.
    pub(crate) async fn used_today(&self, tenant: Option<&Tenant>) -> Result<Option<String>, RecordsError> {
        let today = Day::of(self.clock.now());
        let days = self.spending.spent(tenant, today..=today).await?;
        let spent: Spent = days.iter().map(|day| day.spent).sum();
        let is_priced = spent.cost > Amount::default();
        let cost = is_priced.then(|| story::cost_in_words(spent.cost, self.config.operator.currency.as_deref()));
        Ok((spent.turns > 0).then(|| story::turns_in_words(&spent, cost)))
    }

    /// The newest runs of a tenant (none: of all), newest first.
    ///
    /// # Errors
    /// The records failed.
    pub async fn runs(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<RunLine>, RecordsError> {
        self.journal.runs(tenant, most).await
    }
}

/// What all tenants together are made of.
#[derive(Default)]
struct Tenants {
    assistants: BTreeMap<(Tenant, AssistantName), Ready>,
    /// None: two tenants have one of that name.
    endpoints: BTreeMap<EndpointName, Option<Arc<Endpoint>>>,
    passwords: BTreeMap<String, Secret>,
    rooms: BTreeMap<Tenant, Room>,
    grants: LiveGrants,
    consents: Vec<Consent>,
    broken: BTreeMap<String, String>,
}

impl Tenants {
    fn take(&mut self, tenant: &Tenant, config: &TenantConfig, working: Working) {
        let Working { assistants, endpoints, pages_password, consents } = working;
        self.assistants.extend(assistants.into_iter().map(|(name, ready)| ((tenant.clone(), name), ready)));
        for (name, endpoint) in endpoints {
            match self.endpoints.entry(name) {
                Entry::Vacant(free) => drop(free.insert(Some(Arc::new(endpoint)))),
                Entry::Occupied(mut taken) => {
                    self.broken.insert(format!("endpoint {}", taken.key()), TWO_TENANTS.to_owned());
                    taken.insert(None);
                }
            }
        }
        self.passwords.extend(pages_password.map(|password| (tenant.to_string(), password)));
        let runs_max = config.runs_max.unwrap_or(TENANT_RUNS_MAX);
        let waiting_max = config.waiting_max.unwrap_or(TENANT_WAITING_MAX);
        let weight = config.weight.unwrap_or(NonZeroU32::MIN);
        self.rooms.insert(tenant.clone(), Room { runs_max, waiting_max, weight });
        self.grants.insert(tenant.clone(), &config.plugins);
        self.consents.extend(consents);
    }

    /// A tenant that can't work: its calls are refused for now, and its runs wait.
    fn leave_out(&mut self, tenant: &Tenant, why: &anyhow::Error) {
        self.broken.insert(tenant.to_string(), format!("{why:#}"));
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
            server: model.server,
            key,
            timeout_ms: model.timeout_ms.unwrap_or(aftercall_llm::TIMEOUT_MS_DEFAULT),
            idle_ms_max: model.idle_ms_max.unwrap_or(aftercall_llm::IDLE_MS_DEFAULT),
            stream: model.stream,
            context_tokens: model.context_tokens.map(NonZeroU64::get),
            background: model.background,
        });
    }
    Ok(Models::new(routes, around.model.clone())?)
}

fn operator_password(config: &Config, around: &Surroundings<'_>) -> anyhow::Result<BTreeMap<String, Secret>> {
    let Some(password) = &config.server.operator_password else { return Ok(BTreeMap::new()) };
    let password = password.resolve(&config.folder, around.env);
    let password = password.map_err(|why| anyhow!("server.operator_password: {why}"))?;
    Ok(BTreeMap::from([(OPERATOR.to_owned(), password)]))
}

fn host_config(config: &Config, around: &Surroundings<'_>, real: RealRecords) -> anyhow::Result<HostConfig> {
    let key = host_key::read_or_make(&config.host_key())?;
    let operator = &config.operator;
    Ok(HostConfig {
        code_cache: Some(CodeCache::new(config.cache(), &key)),
        compiler: compiler::compiler(),
        running_max: operator.running_max.unwrap_or(aftercall_plugin::limits::RUNNING_MAX),
        tenant_running_max: operator.tenant_running_max,
        plugin_running_max: operator.plugin_running_max,
        vendor_requests_max: operator.vendor_requests_max.unwrap_or(aftercall_plugin::limits::VENDOR_REQUESTS_MAX),
        egress_ceiling: operator.egress_ceiling.clone(),
        egress_allow_ranges: operator.egress_allow_ranges.clone(),
        egress_reroutes: operator.egress_reroutes.clone(),
        limits: operator.limits,
        conversation_max: operator.conversation_max.unwrap_or(ConversationLevel::Transcript),
        state_max: operator.state_max,
        state: Some(real.state),
        refresh_tokens: Arc::new(SealedTokens::new(real.refresh_tokens, &key)),
        ..HostConfig::new(Arc::clone(&around.clock))
    })
}

fn install(config: &Config, plugins: &PluginHost) -> anyhow::Result<BTreeMap<PluginName, Installed>> {
    let mut all = BTreeMap::new();
    for (name, plugin) in &config.plugins {
        let path = config.path(&plugin.component);
        let place = || format!("plugins.{name}: component {}", path.display());
        let installed = plugins.install_file(&path).with_context(place)?;
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

fn halting(records: Arc<Sqlite>, at: Option<usize>) -> (Arc<dyn Journal>, Arc<dyn Ledger>) {
    match at {
        None => (records.clone(), records),
        Some(at) => {
            let halting = Arc::new(Halting::new(records, at));
            (halting.clone(), halting)
        }
    }
}
