//! One case on one stage: a sandbox of its own, a clock that stands still between attempts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use aftercall::testing::Fake;
use aftercall::{Effect, Tool};
use aftercall_core::effect::EffectKey;
use aftercall_core::egress::Sends;
use aftercall_core::id::RunIdentity;
use aftercall_sandbox::{Config, Fault, Line, Point, Sandbox, Script};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::door::{Door, Street};
use crate::plugins::{self, Exports, manifest};
use crate::settle::{Host, Stuck};
use aftercall_twice_set::{Call, Case, Set, filled};

/// 2026-03-01T12:00:00Z, a Sunday.
const NOON_MS: u64 = 1_772_366_400_000;

/// How long a vendor lags that may lag, in tests of that.
pub const LAG_MS: u64 = 60_000;
/// No tool writes more often. Ends a search for the last write that would not end.
pub const WRITES_MAX: u32 = 8;

/// What sends to the sandbox. One for all stages: to make one takes longer than most cases.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    // Another crate's test may have installed it; reqwest wants one even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A connection that was closed on purpose must not be taken up again.
    Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client")
});

/// A write that is disturbed.
#[derive(Clone, Copy, Debug)]
pub struct Disturbance {
    /// How.
    pub fault: Fault,
    /// How many writes go by before it.
    pub skip: u32,
}

/// What was there after a case.
#[derive(Debug)]
pub struct Ended {
    /// Whether there was a write to disturb.
    pub disturbed: bool,
    /// The vendors' records, by service and list.
    pub records: Value,
}

/// What one case stands on.
pub(crate) struct Stage {
    pub(crate) exports: Exports,
    pub(crate) tools: Vec<Tool>,
    settings: Value,
    plugin: String,
    pub(crate) street: Arc<Street>,
    pub(crate) sandbox: Sandbox,
    now_ms: Arc<AtomicU64>,
    /// What the plugin keeps, by key, where its manifest asks for that.
    pub(crate) kept: Option<RefCell<BTreeMap<String, Vec<u8>>>>,
}

/// One effect, however often it is attempted.
pub(crate) struct Asked<'a> {
    pub(crate) tool: &'a Tool,
    pub(crate) arguments: Value,
    pub(crate) first_attempt_at: u64,
    pub(crate) key: EffectKey,
}

/// The tools of a set.
///
/// # Panics
/// Where the plugin refuses the settings.
pub fn tools(set: &Set) -> Vec<String> {
    listed(set).into_iter().map(|tool| tool.name).collect()
}

/// Those of them that write.
///
/// # Panics
/// Where the plugin refuses the settings.
pub fn writing_tools(set: &Set) -> Vec<String> {
    listed(set).into_iter().filter(|tool| tool.effect != Effect::Read).map(|tool| tool.name).collect()
}

pub(crate) fn listed(set: &Set) -> Vec<Tool> {
    plugins::tools(&set.plugin, &set.settings).expect("the settings are right")
}

/// Plays a case on a host, and says what came of it.
///
/// # Errors
/// What would have had to be otherwise.
pub fn play(
    set: &Set,
    case: &Case,
    disturbance: Option<Disturbance>,
    host: Host,
    runtime: &Runtime,
) -> Result<Ended, Stuck> {
    let stage = Stage::set(set, runtime);
    let earlier = stage.carry_out_before(&case.before)?;
    let before = stage.sandbox.requests().len();
    if let Some(Disturbance { fault, skip }) = disturbance {
        stage.sandbox.fault(Point::write(set.service).skip(skip), fault, 1);
    }
    let mut asked = stage.asked(&case.tool, filled(&case.arguments, &earlier));
    let settled = stage.carry_out(&mut asked, host);
    let disturbed = stage.sandbox.requests()[before..].iter().any(|request| request.fault.is_some());
    let records = serde_json::to_value(stage.sandbox.state().records).expect("records have string keys");
    runtime.block_on(stage.sandbox.shutdown());
    settled?;
    Ok(Ended { disturbed, records })
}

impl Asked<'_> {
    /// Goes on under a key that the effect never had.
    pub(crate) fn forget_key(&mut self) {
        self.key = EffectKey::from_stored(format!("ac_{:032}", 0));
    }
}

impl Stage {
    pub(crate) fn set(set: &Set, runtime: &Runtime) -> Self {
        let now_ms = Arc::new(AtomicU64::new(NOON_MS));
        let clock = now_ms.clone();
        let mut config = Config::new(Script::of([Line::text("nothing to do")]), move || clock.load(Ordering::Relaxed));
        config.seeds.clone_from(&set.seeds);
        let sandbox = runtime.block_on(Sandbox::start(config)).expect("the sandbox starts");
        let manifest = manifest(&set.plugin);
        let kept = manifest.state.then(RefCell::default);
        let street = Street::new(set, manifest, &sandbox, CLIENT.clone(), runtime.handle().clone());
        let exports = Exports::named(&set.plugin);
        let tools = listed(set);
        let (settings, plugin) = (set.settings.clone(), set.plugin.clone());
        Self { exports, tools, settings, plugin, street: Arc::new(street), sandbox, now_ms, kept }
    }

    /// The calls before a case, which nothing disturbs: what each came to, by its tool.
    pub(crate) fn carry_out_before(&self, calls: &[Call]) -> Result<BTreeMap<String, Value>, Stuck> {
        let mut earlier = BTreeMap::new();
        for call in calls {
            let asked = self.asked(&call.tool, filled(&call.arguments, &earlier));
            let tool = call.tool.clone();
            let outcome = self.attempt(&asked, 1).map_err(|failure| Stuck::Before { tool, failure })?;
            let data: Value =
                outcome.data.as_deref().map_or(Value::Null, |data| serde_json::from_str(data).unwrap_or_default());
            let receipts: Vec<Value> = outcome.receipts.iter().map(|receipt| json!({ "id": receipt.id })).collect();
            earlier.insert(call.tool.clone(), json!({ "data": data, "receipts": receipts }));
            self.wait(1_000);
        }
        Ok(earlier)
    }

    pub(crate) fn asked(&self, tool: &str, arguments: Value) -> Asked<'_> {
        let tool = self.tools.iter().find(|known| known.name == tool).expect("the plugin has the tool");
        let call = RunIdentity {
            tenant: "northwind".parse().expect("a tenant's name"),
            platform: "native".parse().expect("a platform's name"),
            conversation: "call-twice".to_owned(),
            revision: 0,
        };
        let plugin = self.plugin.parse().expect("a plugin's name");
        let fields = arguments.as_object().expect("arguments are an object");
        let key = EffectKey::of(&call, &plugin, &tool.name, &tool.identity, fields);
        Asked { tool, arguments, first_attempt_at: self.now(), key }
    }

    /// Has the plugin do something, with what is outside of it. What it keeps, it finds again the next time.
    pub(crate) fn within<T>(&self, outside: Fake, act: impl FnOnce(&Fake) -> T) -> T {
        let Some(kept) = &self.kept else { return act(&outside) };
        let before = kept.borrow();
        let outside = before.iter().fold(outside.grants_state(), |outside, (key, value)| outside.keeps(key, value));
        drop(before);
        let done = act(&outside);
        kept.replace(outside.kept());
        done
    }

    /// What stands outside of the plugin in one attempt.
    pub(crate) fn outside(&self, asked: &Asked<'_>, attempt: u32, attempt_at: u64, sends: Sends) -> Fake {
        let mut door = Door::new(self.street.clone(), asked.key.clone(), sends);
        let outside = Fake::new()
            .settings(self.settings.clone())
            .key(asked.key.as_str())
            .attempt(attempt)
            .first_attempt_at(asked.first_attempt_at)
            .attempt_at(attempt_at)
            .now(self.now())
            .answers(move |sent| door.answer(sent));
        // Nobody knows what came of the one before.
        if attempt > 1 { outside.doubted() } else { outside }
    }

    pub(crate) fn now(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    pub(crate) fn wait(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }
}
