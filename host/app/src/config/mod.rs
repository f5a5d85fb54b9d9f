//! One TOML file says everything: operator, models, plugins, tenants with their grants and assistants.
//!
//! Secrets are named, never written: `{ env = "NAME" }` or `{ file = "path" }`. An unknown key is an error
//! that names the nearest known one; whatever is wrong is told with its place, before anything starts.

mod check;
mod credential;
mod insights;
pub(crate) mod live_tools;
mod nearest;
mod price;
mod read;
mod secret;
mod server;
mod verify;

use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroU64},
    path::{Path, PathBuf},
};

use aftercall_core::{
    assistant::{Budgets, Retries, Start},
    binding::Bindings,
    cap::Caps,
    constraint::Constraints,
    conversation::Dialect,
    egress::Rule,
    facts::Fact,
    gate::Gates,
    id::{AssistantName, EndpointName, PluginName, Sha256Hex, Tenant},
    live::LiveTools,
    manifest::ConversationLevel,
    model::Reasoning,
    seed::Already,
    state::Quota,
    terms::Approval,
    timing::Timing,
};
use aftercall_plugin::Limits;
use serde::{Deserialize, Serialize};

pub use check::Problems;
pub use credential::{CredentialRef, HostSecretRef, PartRefs, SigningRef};
pub use insights::InsightsConfig;
pub(crate) use nearest::nearest;
pub use price::PriceConfig;
pub use read::Error;
pub use secret::SecretRef;
pub use server::{
    ApiConfig, Endpoint, LostCalls, OPERATOR, Server, TENANT_RUNS_MAX, TENANT_WAITING_MAX, TENANT_WEIGHT_MAX,
};
pub use verify::{Algorithm, Hmac, Verify, Written};

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What the operator decides for all tenants.
    pub operator: Operator,
    /// The server that `aftercall serve` runs.
    pub server: Server,
    /// Routes to models, by the name that platforms call a model.
    pub models: BTreeMap<String, Model>,
    /// Installed plugins.
    pub plugins: BTreeMap<PluginName, Plugin>,
    /// Tenants.
    pub tenants: BTreeMap<Tenant, TenantConfig>,
    /// Where relative paths start: the folder of the file.
    #[serde(skip)]
    pub folder: PathBuf,
    /// Tenants that were left out, by what stands where their name would, and what is wrong with each: only where the
    /// file was read tolerantly.
    #[serde(skip)]
    pub broken: BTreeMap<String, String>,
}

/// What the operator decides for all tenants.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Operator {
    /// The records database. Default: `aftercall.db` beside the file.
    pub store: Option<PathBuf>,
    /// Where compiled components are kept. Default: `.aftercall-cache` beside the file.
    pub cache: Option<PathBuf>,
    /// The host's key, readable by its owner alone: compiled components are kept under it, and refresh tokens in the
    /// records are sealed with it. Default: the store's path, with the extension `.key`.
    pub key: Option<PathBuf>,
    /// A folder with more tenants: `NAME.toml` says of tenant NAME what `[tenants.NAME]` would. Relative paths in
    /// it start where this file's do.
    pub tenants_folder: Option<PathBuf>,
    /// Most tool calls that run at once; the others wait for their turn. Default: 64.
    pub running_max: Option<u32>,
    /// Most of them that are one tenant's. Default: a quarter.
    pub tenant_running_max: Option<u32>,
    /// Most of them that are one plugin's, of all tenants together. Default: as many as run.
    pub plugin_running_max: Option<u32>,
    /// Most requests of one tenant that are under way at once to one vendor (scheme, host and port); the others wait for
    /// their turn, as long as their call may. Default: 16.
    pub vendor_requests_max: Option<u32>,
    /// Requests that any plugin may send at most. Absent: whatever author and tenant agree on.
    pub egress_ceiling: Option<Vec<Rule>>,
    /// Address ranges that requests may reach although they are loopback, private or link-local.
    pub egress_allow_ranges: Vec<aftercall_plugin::IpNet>,
    /// The most that any plugin may see of what was said on a call: `none`, `summary` or `transcript`, which is the default.
    pub conversation_max: Option<ConversationLevel>,
    /// The most that any plugin may keep in one tenant.
    pub state_max: Quota,
    /// Longest that conversations are kept after their last run ended, in days, of every tenant: of those that say nothing, and
    /// of those that aren't configured any more. Absent: as long as each tenant says.
    pub retention_days_max: Option<NonZeroU32>,
    /// Most tokens of models that any tenant uses in a day of UTC; what is beyond waits for the next day. Absent: as many
    /// as each tenant says.
    pub tenant_tokens_per_day_max: Option<NonZeroU64>,
    /// The currency that prices are in, for people: `USD`. Absent: costs are shown without one.
    pub currency: Option<String>,
    /// The most that a tenant may let one call use. What isn't named here is at its default, which is what calls get
    /// that no tenant says anything of.
    pub limits: Limits,
    /// Vendor hosts that are connected elsewhere: a test double, a proxy. `"api.example.com" = "http://127.0.0.1:8080"`.
    /// Rules and grants go on speaking of the vendor's own name.
    pub egress_reroutes: BTreeMap<String, aftercall_plugin::Url>,
}

/// A route to a model.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Where the provider's API begins: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The wire format.
    #[serde(default = "openai_chat")]
    pub dialect: Dialect,
    /// Who speaks it there, in the dialect `openai-chat` alone, since servers differ in what they take: `azure`, `vllm`,
    /// `ollama`, `groq`, `openrouter`, `telnyx`, `deepseek`, or `other` for one that isn't known here. Default: `openai`.
    #[serde(default)]
    pub server: aftercall_llm::Server,
    /// The name on the wire. Default: the route's own.
    #[serde(default)]
    pub model: Option<String>,
    /// The provider's key.
    #[serde(default)]
    pub key: Option<SecretRef>,
    /// Longest time for one turn, in milliseconds.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Longest time that nothing comes of a reply that is streamed, in milliseconds, before it is given up and asked for
    /// again. Default: five minutes.
    #[serde(default)]
    pub idle_ms_max: Option<u64>,
    /// Whether replies are streamed, which keeps the connection alive while a model thinks. Default: yes, but for servers
    /// of `openai-chat` that are known to lose something by it, or of which it isn't known: `ollama`, `telnyx`, `other`;
    /// and not with `background`.
    #[serde(default)]
    pub stream: Option<bool>,
    /// How many tokens a request and its reply may have together. Where it is said, a history that is too long goes without
    /// recordings and without old results of tools.
    #[serde(default)]
    pub context_tokens: Option<NonZeroU64>,
    /// Whether replies are made in the background and asked for until they are there, for models that think for minutes:
    /// in the dialect `openai-responses` alone. The provider then keeps the call and the replies, as long as its terms
    /// have it; otherwise it is told to store nothing. Default: no.
    #[serde(default)]
    pub background: bool,
    /// What it costs for a million tokens, in the operator's currency: `{ input = 2.5, output = 10.0, cached_input = 1.25 }`.
    /// Absent: its turns cost nothing that is known.
    #[serde(default)]
    pub price: Option<PriceConfig>,
}

const fn openai_chat() -> Dialect {
    Dialect::OpenaiChat
}

/// An installed plugin.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    /// Its component, as `aftercall plugin build` made it.
    pub component: PathBuf,
    /// The digest that the component must have (SHA-256, hexadecimal).
    #[serde(default)]
    pub digest: Option<Sha256Hex>,
}

/// A tenant.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantConfig {
    /// What each plugin may do here.
    pub plugins: BTreeMap<PluginName, Grant>,
    /// The tenant's assistants.
    pub assistants: BTreeMap<AssistantName, AssistantConfig>,
    /// Where platforms send the tenant's calls: `POST /v1/intake/{platform}/{endpoint}`. A name belongs to one tenant.
    pub endpoints: BTreeMap<EndpointName, Endpoint>,
    /// The password with which the tenant, by its name as the user, sees its runs in a browser. Absent: nobody does.
    pub pages_password: Option<SecretRef>,
    /// Runs of the tenant side by side. Default: [`TENANT_RUNS_MAX`].
    pub runs_max: Option<u32>,
    /// Calls of the tenant that may wait for their run. Default: [`TENANT_WAITING_MAX`]. More are answered 429.
    pub waiting_max: Option<u32>,
    /// How many of its runs begin while one does of a tenant of weight 1, where both have some waiting. Default: 1.
    pub weight: Option<NonZeroU32>,
    /// Most tokens of models, in and out, that its runs use in a day of UTC: once they have, turns wait for the next day.
    /// Absent: as many as the operator allows.
    pub tokens_per_day_max: Option<NonZeroU64>,
    /// Most that they cost in a day of UTC, in the operator's currency, of models whose `price` is known. Absent: whatever
    /// they cost.
    pub cost_per_day_max: Option<f64>,
    /// How long a conversation is kept after its last run ended, in days: then it is deleted, with its runs and its part of
    /// the ledger. Absent: as long as the operator allows, or for ever.
    pub retention_days: Option<NonZeroU32>,
}

/// A tenant's consent to a plugin.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grant {
    /// The plugin's settings, as its manifest's schema has them.
    pub settings: Option<serde_json::Value>,
    /// The credentials that its manifest asks for.
    pub credentials: BTreeMap<String, CredentialRef>,
    /// The keys to sign with that its manifest asks for.
    pub signing: BTreeMap<String, SigningRef>,
    /// The requests that it may send.
    pub egress: Egress,
    /// Facts of the call that it may see.
    pub facts: Vec<Fact>,
    /// Arguments that the host fills, by tool.
    pub bind: BTreeMap<String, Bindings>,
    /// What the model may write into arguments, by tool: `constrain.send_sms.text = { max_length = 320 }`.
    pub constrain: BTreeMap<String, Constraints>,
    /// How many effects each tool may have, and `"*"` all of them together: `effects.send_sms.per_run_max = 1`.
    pub effects: BTreeMap<String, Caps>,
    /// When tools may act: `timing.send_sms.quiet = { from = "20:00", to = "09:00" }`.
    pub timing: BTreeMap<String, Timing>,
    /// Tools of which a person must approve each call: `approve.send_sms = {}`.
    pub approve: BTreeMap<String, Approval>,
    /// The digest of a component to which the tenant consents by hand, whatever it asks for.
    pub consent: Option<Sha256Hex>,
    /// How much it may see of what was said on the call: `none` (the default), `summary` or `transcript`.
    pub conversation: ConversationLevel,
    /// How much it may keep between calls: `{}` for what is usual. Absent: nothing.
    pub state: Option<Quota>,
    /// What each call of it may use, below the operator's ceiling.
    pub limits: Limits,
}

/// Requests that a plugin may send.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Egress {
    /// Requests that change nothing.
    pub read: Vec<Rule>,
    /// Requests that may change something.
    pub write: Vec<Rule>,
}

/// An assistant.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssistantConfig {
    /// Its instructions (Markdown), with the section `Post-conversation steps`.
    pub instructions: Option<String>,
    /// The same in a file of its own.
    pub instructions_file: Option<PathBuf>,
    /// Names or identifiers by which platforms call it.
    pub platform_ids: Vec<String>,
    /// The tools that it may use after a call, as `plugin/tool`, in the order in which they are offered.
    pub tools: Vec<String>,
    /// Tools of the live call that it may use again after it, where the record says how they are called:
    /// `{ plugin = "http-request" }`. Absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_tools: Option<LiveTools>,
    /// The model that goes on, by its name under `models`. Absent: the one that took the call. To be said where the
    /// platform doesn't tell which that was, and where another one is to do this work: the call's own sampling parameters
    /// are not for it.
    pub model: Option<String>,
    /// How much the model thinks before it speaks: `{ effort = "high" }`, or `{ tokens = 16000 }` of a turn. Absent: as on the
    /// call.
    pub reasoning: Option<Reasoning>,
    /// Live tools that a post-call tool stands in for: `{ "book_demo" = "calendar/book" }`.
    pub replaces: BTreeMap<String, String>,
    /// What live tools did already of what a post-call tool does, so that it is not done again:
    /// `already."calendar/book" = [{ live = "book_slot", arguments = { start = "arguments/start" } }]`.
    pub already: BTreeMap<String, Vec<Already>>,
    /// When the work after a call begins: `start.delay_ms = 600_000`.
    pub start: Start,
    /// Which calls have nothing to be done after them.
    pub gates: Gates,
    /// When a run stops, done or not.
    pub budgets: Budgets,
    /// How failed attempts are repeated.
    pub retries: Retries,
    /// What is to be known of each call once the work is done: `insights.schema_file = "insights.json"`.
    pub insights: Option<InsightsConfig>,
}

impl Config {
    /// Where the records are.
    pub fn store(&self) -> PathBuf {
        self.path(self.operator.store.as_deref().unwrap_or(Path::new("aftercall.db")))
    }

    /// Where compiled components are kept.
    pub fn cache(&self) -> PathBuf {
        self.path(self.operator.cache.as_deref().unwrap_or(Path::new(".aftercall-cache")))
    }

    /// Where the host's key is.
    pub fn host_key(&self) -> PathBuf {
        match &self.operator.key {
            Some(path) => self.path(path),
            None => self.store().with_extension("key"),
        }
    }

    /// A path of the file: relative ones start at its folder.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The digest that stands for this configuration in the journals: of all that it says, as it was read.
    pub fn digest(&self) -> Sha256Hex {
        Sha256Hex::of(&serde_json::to_vec(self).expect("the configuration serialises: its maps have text keys"))
    }
}
