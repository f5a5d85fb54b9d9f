//! One command, carried out: what it takes and what it has to tell.

mod ask;
mod attempt;
mod hold;
mod settle;
mod steps;
mod terms;

use std::sync::Arc;

use aftercall_core::{
    conversation::Conversation,
    effect::EffectKey,
    id::RunIdentity,
    json::Json,
    ledger::Fence,
    ports::RecordsError,
    run::{CallId, Command, Event, Kind, PinnedTool, Run},
    time::Timestamp,
    timing::Later,
    tool::{CallContext, Invocation},
};

use attempt::Tried;
use hold::Hold;
pub(crate) use steps::Steps;

use crate::{Ports, clock::RunClock, schemas::Schemas, trying::Trying};

/// What a run is about.
pub(crate) struct Subject {
    pub(crate) identity: RunIdentity,
    pub(crate) conversation: Arc<Conversation>,
}

/// A command, with all that carrying it out takes.
pub(crate) struct Step {
    pub(crate) ports: Ports,
    pub(crate) fence: Fence,
    pub(crate) trying: Arc<Trying>,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) subject: Arc<Subject>,
    pub(crate) run: Arc<Run>,
    pub(crate) clock: RunClock,
    pub(crate) command: Command,
}

impl Step {
    /// Carries the command out. Safe to do again after a crash at any point of it.
    pub(crate) async fn run(&self) -> Result<Event, RecordsError> {
        let kind = match self.command {
            Command::Ask { turn, attempt } => self.ask(turn, attempt).await?,
            Command::Attempt { call, attempt } => match self.attempt(call).await? {
                Tried::Ended(outcome) => Kind::Attempted { call, attempt, outcome: Box::new(outcome) },
                Tried::Held(Hold::Later(Later { until, why })) => {
                    Kind::Postponed { call, attempt, until, why: why.to_string() }
                }
                Tried::Held(Hold::Approval(ask)) => Kind::ApprovalAsked { call, attempt, ask },
            },
            Command::Settle { call, round, last } => {
                let found = self.settle(call, last).await?;
                Kind::Settled { call, round, found, jitter: self.ports.chance.jitter() }
            }
            Command::Wait { .. } => unreachable!("waiting is nothing to be started"),
        };
        Ok(Event { at: self.clock.now(), kind })
    }

    /// The tool of a call, and the arguments as the model wrote them.
    fn called(&self, call: CallId) -> (&PinnedTool, &str) {
        let (_, _, tool) = self.run.call(call).expect("the machine names calls that are there");
        let asked = self.run.asked(call).expect("the model made it");
        (tool.expect("the machine attempts only tools that were offered"), &asked.arguments)
    }

    /// When an attempt must have ended: with the run.
    fn deadline(&self) -> Timestamp {
        self.run.deadline().expect("a run that calls tools has begun")
    }

    fn invocation(&self, tool: &PinnedTool, arguments: Json, effect: EffectSoFar) -> Invocation {
        let facts = tool.facts.iter().map(|fact| {
            let value = fact.of(&self.subject.conversation).unwrap_or_default();
            (fact.name().to_owned(), Json::from(&value))
        });
        let instance = tool.instance.as_ref();
        Invocation {
            tenant: self.subject.identity.tenant.clone(),
            plugin: tool.plugin.clone(),
            digest: tool.digest.clone(),
            tool: instance.map_or(&tool.name, |instance| &instance.tool).clone(),
            settings: instance.map(|instance| instance.settings.clone()),
            effect: tool.effect,
            arguments,
            conversation: Arc::clone(&self.subject.conversation),
            context: CallContext {
                conversation: self.subject.identity.opaque_conversation(),
                run: self.subject.identity.run(),
                key: effect.key,
                attempt: effect.attempt,
                first_attempt_at: effect.first_attempt_at,
                attempt_at: effect.attempt_at,
                doubted: !matches!(effect.doubt, Doubt::None),
                quiet_since: effect.doubt.quiet_since(),
                deadline: self.clock.on_the_clock(effect.deadline),
                facts: facts.collect(),
                dry_run: self.run.pins().is_some_and(|pins| pins.rehearsal),
            },
        }
    }
}

/// What the ledger says of the effect that is tried.
struct EffectSoFar {
    key: EffectKey,
    attempt: u32,
    first_attempt_at: Timestamp,
    attempt_at: Timestamp,
    doubt: Doubt,
    deadline: Timestamp,
}

/// Whether an attempt may have made it happen.
#[derive(Clone, Copy)]
enum Doubt {
    /// None did.
    None,
    /// An earlier one than this may have.
    Earlier,
    /// One may have, and is asked about.
    Asked {
        /// Since when nothing of it can have left.
        quiet_since: Timestamp,
    },
}

impl Doubt {
    const fn quiet_since(self) -> Option<Timestamp> {
        match self {
            Self::Asked { quiet_since } => Some(quiet_since),
            Self::None | Self::Earlier => None,
        }
    }
}
