//! One command, carried out: what it takes and what it has to tell.

mod ask;
mod attempt;
mod settle;
mod terms;

use std::{sync::Arc, time::Duration};

use aftercall_core::{
    conversation::Conversation,
    effect::EffectKey,
    id::RunIdentity,
    json::Json,
    ledger::Fence,
    ports::RecordsError,
    run::{CallId, Command, Event, Kind, PinnedTool, Run},
    time::Timestamp,
    tool::{CallContext, Invocation},
};

use tokio::time::Instant;

use crate::{Ports, schemas::Schemas, trying::Trying};

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
    /// When the last thing happened that the run knows of, by the clock of then.
    pub(crate) since: Timestamp,
    pub(crate) command: Command,
}

impl Step {
    /// Carries the command out. Safe to do again after a crash at any point of it.
    pub(crate) async fn run(&self) -> Result<Event, RecordsError> {
        let kind = match self.command {
            Command::Ask { turn, attempt } => self.ask(turn, attempt).await,
            Command::Attempt { call, attempt } => {
                let outcome = Box::new(self.attempt(call).await?);
                Kind::Attempted { call, attempt, outcome }
            }
            Command::Settle { call, round, last } => {
                let found = self.settle(call, last).await?;
                Kind::Settled { call, round, found, jitter: self.ports.chance.jitter() }
            }
            Command::Wait { timer, until } => {
                let at = self.wait(until).await;
                return Ok(Event { at, kind: Kind::Woke { timer } });
            }
        };
        Ok(Event { at: self.ports.clock.now(), kind })
    }

    /// Waits, also where the clock is stepped meanwhile: back, which happened where it is before the run's last event, makes
    /// a wait no longer. Gives the instant at which it saw that it was time.
    async fn wait(&self, until: Timestamp) -> Timestamp {
        let (from, begun) = (self.ports.clock.now().max(self.since), Instant::now());
        loop {
            let passed = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let now = self.ports.clock.now().max(from.plus_ms(passed));
            match until.ms_since(now) {
                0 => return now,
                left => tokio::time::sleep(Duration::from_millis(left)).await,
            }
        }
    }

    /// The tool of a call, and the arguments as the model wrote them.
    fn called(&self, call: CallId) -> (&PinnedTool, &str) {
        let (turn, _, tool) = self.run.call(call).expect("the machine names calls that are there");
        let index = usize::try_from(call.index).expect("it is an index");
        (tool.expect("the machine attempts only tools that were offered"), &turn.reply.calls[index].arguments)
    }

    /// When an attempt must have ended: with the run.
    fn deadline(&self) -> Timestamp {
        self.run.deadline().expect("a run that calls tools has begun")
    }

    fn invocation(&self, tool: &PinnedTool, arguments: Json, effect: EffectSoFar) -> Invocation {
        let facts = tool.facts.iter().filter_map(|fact| {
            let value = fact.of(&self.subject.conversation)?;
            Some((fact.name().to_owned(), Json::from(&value)))
        });
        Invocation {
            tenant: self.subject.identity.tenant.clone(),
            plugin: tool.plugin.clone(),
            digest: tool.digest.clone(),
            tool: tool.name.clone(),
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
                deadline: effect.deadline,
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
    deadline: Timestamp,
}
