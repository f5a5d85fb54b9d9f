//! What the engine stands on here: real records, and a model and tools in this process that answer at once.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use aftercall_core::{
    assistant::{Jitter, PostCallSteps},
    conversation::{Content, Conversation, Dialect, Item, Opaque, Role, ToolCall},
    id::{PluginName, RunId, RunIdentity, Sha256Hex, Tenant},
    json::Json,
    ledger::Fence,
    model::{self, Finish, ModelPin, Reply, TurnRequest, Usage},
    ports::{Accept, Chance, Clock, Grants, Model, NoDayBudgets, Tools, WriteRecord},
    run::{Event, Kind, PinnedTool, Pins, Run},
    terms::Terms,
    time::Timestamp,
    tool::{AttemptEnd, Effect, Failure, FailureKind, Finding, Invocation, Outcome, Receipt, WriteAnswer},
};
use aftercall_engine::{Dispatcher, Embedded, Observer, Ports, Room};
use aftercall_storage::Sqlite;
use async_trait::async_trait;
use tokio::{runtime::Runtime, sync::watch};

/// Tool calls of a run, one a turn; with one more turn it closes.
pub(crate) const CALLS: usize = 5;

/// Calls that are accepted side by side.
const SIDE_BY_SIDE: usize = 64;

/// The tenant of all runs.
pub(crate) const TENANT: &str = "acme";

/// Bytes of a transcript's words.
pub(crate) const TRANSCRIPT_BYTES: usize = 2_000;

/// A model that answers at once, up to a turn at which it never does; tools that do; and who counts.
pub(crate) struct World {
    /// The turn, from 0, at which the model goes silent. None: it never does.
    silent_from: Option<usize>,
    /// How many turns the model has been asked for at which it is silent, or at which a run begins.
    pub(crate) asked: watch::Sender<u64>,
    /// How many runs have ended.
    pub(crate) ended: watch::Sender<u64>,
    drawn: AtomicU64,
}

/// An engine with its dispatcher and world.
pub(crate) struct Engine {
    pub(crate) world: Arc<World>,
    pub(crate) embedded: Arc<Embedded>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) records: Arc<Sqlite>,
    pub(crate) fence: Fence,
}

impl Engine {
    /// Takes the records of a folder over.
    pub(crate) fn open(folder: &Path, silent_from: Option<usize>, runs_max: u32) -> anyhow::Result<Self> {
        let (records, fence) = Sqlite::open(folder.join("records.sqlite"))?;
        let records = Arc::new(records);
        let world = Arc::new(World {
            silent_from,
            asked: watch::Sender::default(),
            ended: watch::Sender::default(),
            drawn: AtomicU64::new(0),
        });
        let ports = Ports {
            journal: records.clone(),
            ledger: records.clone(),
            model: world.clone(),
            tools: world.clone(),
            grants: world.clone(),
            day_budgets: Arc::new(NoDayBudgets),
            clock: world.clone(),
            chance: world.clone(),
            observer: world.clone(),
        };
        let embedded = Arc::new(Embedded::new(ports, fence));
        let room = Room { runs_max, waiting_max: u32::MAX, weight: std::num::NonZeroU32::MIN };
        let tenants = [(TENANT.parse()?, room)].into();
        let dispatcher = Arc::new(Dispatcher::new(Arc::clone(&embedded), room, tenants, None));
        Ok(Self { world, embedded, dispatcher, records, fence })
    }

    /// Accepts these calls, about in their order, some side by side, and drives none of them.
    pub(crate) async fn accept(&self, calls: std::ops::Range<u32>) -> anyhow::Result<()> {
        let mut accepting = tokio::task::JoinSet::new();
        for first in 0..SIDE_BY_SIDE {
            let (embedded, calls) = (Arc::clone(&self.embedded), calls.clone());
            accepting.spawn(async move {
                for number in calls.skip(first).step_by(SIDE_BY_SIDE) {
                    embedded.accept(&call(number)).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(accepted) = accepting.join_next().await {
            accepted??;
        }
        Ok(())
    }

    /// Drives what was accepted until so many have ended, which are all.
    pub(crate) async fn work_to_the_end(&self, runs: u32) -> anyhow::Result<()> {
        self.dispatcher.resume().await?;
        Ok(self.dispatcher.work(counted(&self.world.ended, runs.into())).await?)
    }

    /// Drives what was accepted until that comes about, and leaves it there.
    pub(crate) async fn work_until(&self, comes_about: impl Future<Output = ()>) -> anyhow::Result<()> {
        self.dispatcher.resume().await?;
        tokio::select! {
            worked = self.dispatcher.work(std::future::pending()) => anyhow::bail!("it stopped: {worked:?}"),
            () = comes_about => Ok(()),
        }
    }
}

/// Waits until so many are counted.
pub(crate) async fn counted(counter: &watch::Sender<u64>, most: u64) {
    let mut counts = counter.subscribe();
    counts.wait_for(|count| *count >= most).await.expect("the world lives as long as its engine");
}

/// As the binary has it: a worker more than the machine has processors.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    let workers = std::thread::available_parallelism()?.get() + 1;
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(workers).build()?)
}

/// A call as it is accepted.
pub(crate) fn call(number: u32) -> Accept {
    let at = now();
    let identity = RunIdentity {
        tenant: TENANT.parse().expect("a name"),
        platform: "native".parse().expect("a name"),
        conversation: format!("call-{number}"),
        revision: 0,
    };
    let mut conversation = Conversation::new(identity.platform.clone(), &identity.conversation);
    let said = |role, text: String| Item {
        at: None,
        content: Content::Message { role, text, interrupted: false },
        opaque: None,
        continues: false,
    };
    let words = "I would like to come by on Thursday. ".repeat(TRANSCRIPT_BYTES / 74);
    conversation.items = vec![said(Role::User, words.clone()), said(Role::Assistant, words)];
    Accept {
        raw: Vec::new(),
        first: Event { at, kind: Kind::Started(Box::new(pins())) },
        identity,
        at,
        conversation,
        ending: None,
        seeds: Vec::new(),
    }
}

fn pins() -> Pins {
    let schema = Json::parse(r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#);
    let schema = schema.expect("JSON");
    let tool = PinnedTool {
        name: "upsert_lead".to_owned(),
        plugin: "crm".parse().expect("a name"),
        digest: Sha256Hex::of(b"component"),
        description: "Writes the caller down as a lead.".to_owned(),
        offered_schema: schema.clone(),
        schema,
        bindings: Default::default(),
        facts: Vec::new(),
        effect: Effect::Idempotent,
        identity: vec!["n".to_owned()],
        reconcilable: false,
        replaces: Vec::new(),
        instance: None,
    };
    Pins::new(
        Sha256Hex::of(b"configuration"),
        "ann".parse().expect("a name"),
        PostCallSteps::of_instructions("# Post-conversation steps\nWrite down who called and what they want.")
            .expect("steps"),
        ModelPin::new("m", Dialect::OpenaiChat),
        vec![tool],
    )
}

#[async_trait]
impl Model for World {
    async fn turn(&self, request: &TurnRequest<'_>) -> Result<Reply, model::Failure> {
        let turn = request.exchanges.len();
        if turn == self.silent_from.unwrap_or(0) {
            self.asked.send_modify(|count| *count += 1);
        }
        if self.silent_from == Some(turn) {
            std::future::pending::<()>().await;
        }
        let call = ToolCall {
            id: format!("call_{turn}"),
            name: "upsert_lead".to_owned(),
            arguments: format!(r#"{{"n":{turn}}}"#),
        };
        let calls = if turn < CALLS { vec![call] } else { Vec::new() };
        let said = "I write down who called, and what they want, as the steps say.";
        let message = serde_json::json!({ "role": "assistant", "content": said, "turn": turn });
        Ok(Reply {
            text: Some(said.to_owned()),
            calls,
            finish: Finish::Stop,
            usage: Usage { input_tokens: 100, cached_tokens: 0, output_tokens: 20 },
            message: Opaque { dialect: Dialect::OpenaiChat, data: Json::from(&message) },
        })
    }
}

#[async_trait]
impl Tools for World {
    async fn call(&self, invocation: &Invocation, door: Arc<dyn WriteRecord>) -> AttemptEnd {
        if let Err(error) = door.write_leaves().await {
            return AttemptEnd::of(Err(Failure::new(FailureKind::NotRunnable, error.to_string())), &[]);
        }
        let receipt = Receipt { id: invocation.context.key.to_string(), kind: "lead".into(), url: None };
        let outcome = Outcome { text: "written down".into(), data: None, receipts: vec![receipt] };
        AttemptEnd::of(Ok(outcome), &[WriteAnswer::Accepted])
    }

    async fn reconcile(&self, _: &Invocation) -> Result<Finding, Failure> {
        Ok(Finding::DidNotHappen)
    }
}

impl Grants for World {
    fn terms(&self, _: &Tenant, _: &PluginName, _: &str) -> Option<Arc<Terms>> {
        Some(Arc::default())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        now()
    }
}

impl Chance for World {
    fn jitter(&self) -> Jitter {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        Jitter::new(u16::try_from(drawn % 1000).expect("it is small"))
    }
}

impl Observer for World {
    fn happened(&self, _: &RunId, _: &Event, state: &Run) {
        if state.ending().is_some() {
            self.ended.send_modify(|count| *count += 1);
        }
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    Timestamp::from_millis(u64::try_from(since.as_millis()).expect("it is before the year 500 million"))
}

/// This process' resident memory, in bytes.
pub(crate) fn resident_bytes() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 =
        anyhow::Context::context(line, "the system tells no VmRSS")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}
