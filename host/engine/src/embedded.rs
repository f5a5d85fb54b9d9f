//! The engine that lives in the binary: one task a run, one task a step.

use std::{collections::BTreeMap, future::Future, pin::pin, sync::Arc};

use aftercall_core::{
    id::RunId,
    ledger::Fence,
    ports::{
        Accept, Acceptance, Append, Chance, Clock, Grants, Journal, Ledger, Model, RecordsError, Tools, Unfinished,
    },
    run::{Command, CommandId, Ending, Event, IllegalHistory, Kind, Run, Timer},
    time::Timestamp,
};
use tokio::task::{AbortHandle, JoinError, JoinSet};

use crate::{
    schemas::Schemas,
    step::{Step, Subject},
    trying::Trying,
};

/// What an engine stands on.
#[derive(Clone)]
pub struct Ports {
    /// The durable journals of runs.
    pub journal: Arc<dyn Journal>,
    /// The durable ledger of effects.
    pub ledger: Arc<dyn Ledger>,
    /// Models, by their pins.
    pub model: Arc<dyn Model>,
    /// Tools, by their digests.
    pub tools: Arc<dyn Tools>,
    /// What tenants' grants say at this moment.
    pub grants: Arc<dyn Grants>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where jitter comes from.
    pub chance: Arc<dyn Chance>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
}

/// Somebody who watches runs go by. It can't change them.
pub trait Observer: Send + Sync {
    /// An event is durable, and this is the run after it.
    fn happened(&self, run: &RunId, event: &Event, state: &Run);
}

/// Why a run can't be driven on. It stays where its journal ends, and can be driven again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The records failed, or a newer engine has them.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The journal tells no possible story.
    #[error("the journal of this run is damaged: {0}")]
    Journal(#[from] IllegalHistory),
    /// A step panicked: a fault of ours.
    #[error("a step broke: {0}")]
    Step(#[from] JoinError),
}

/// The engine that lives in the binary.
pub struct Embedded {
    ports: Ports,
    fence: Fence,
    trying: Arc<Trying>,
    schemas: Arc<Schemas>,
}

impl Embedded {
    /// An engine over these ports, under the fence that the records gave when they were opened.
    pub fn new(ports: Ports, fence: Fence) -> Self {
        Self { ports, fence, trying: Arc::default(), schemas: Arc::default() }
    }

    /// Takes a conversation in, durably. The same conversation again is the same run.
    ///
    /// # Errors
    /// The records failed: nothing is accepted.
    pub async fn accept(&self, accept: &Accept) -> Result<(RunId, Acceptance), RecordsError> {
        let acceptance = self.ports.journal.accept(accept).await?;
        let run = accept.identity.run();
        if acceptance == Acceptance::New
            && let Ok(state) = Run::replay([accept.first.clone()])
        {
            self.ports.observer.happened(&run, &accept.first, &state);
        }
        Ok((run, acceptance))
    }

    /// Drives a run from where its journal ends to its end. When `cancel` resolves, the run is asked to end
    /// with that reason: what is in flight is awaited or settled first.
    ///
    /// Dropping the future leaves the run where its journal ends.
    ///
    /// # Errors
    /// The run can't be driven on now. Nothing is lost: it can be driven again.
    pub async fn drive(&self, id: &RunId, cancel: impl Future<Output = String>) -> Result<Ending, Error> {
        let stored = self.ports.journal.read(id).await?;
        let mut seq = u64::try_from(stored.journal.len()).expect("a length fits 64 bits");
        let mut since = stored.journal.last().map_or(self.ports.clock.now(), |last| last.at);
        let mut run = Arc::new(Run::replay(stored.journal)?);
        let subject = Arc::new(Subject { identity: stored.identity, conversation: Arc::new(stored.conversation) });
        let mut steps = Steps::default();
        let mut cancel = pin!(cancel);
        let mut cancellable = true;
        loop {
            if let Some(ending) = run.ending() {
                return Ok(ending.clone());
            }
            steps.align(&run, self.ports.clock.now(), |command| Step {
                ports: self.ports.clone(),
                fence: self.fence,
                trying: Arc::clone(&self.trying),
                schemas: Arc::clone(&self.schemas),
                subject: Arc::clone(&subject),
                run: Arc::clone(&run),
                since,
                command,
            });
            // In this order, not in any: the same world must be the same story.
            let event = tokio::select! {
                biased;
                reason = &mut cancel, if cancellable => {
                    cancellable = false;
                    Event { at: self.ports.clock.now(), kind: Kind::CancelRequested { reason } }
                }
                event = steps.join() => event?,
            };
            let mut after = Run::clone(&run);
            match after.apply(event.clone()) {
                Ok(()) => {}
                // A run that stops already takes no second reason to.
                Err(_) if matches!(event.kind, Kind::CancelRequested { .. }) => continue,
                Err(illegal) => return Err(illegal.into()),
            }
            let append = Append { run: id, seq, event: &event, ending: after.ending() };
            self.ports.journal.append(self.fence, &append).await?;
            (seq, since) = (seq + 1, event.at);
            self.ports.observer.happened(id, &event, &after);
            run = Arc::new(after);
        }
    }

    /// Runs that a crash, or a stop, left without an end, oldest first.
    ///
    /// # Errors
    /// The records failed.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, RecordsError> {
        self.ports.journal.unfinished().await
    }
}

/// The steps under way.
#[derive(Default)]
struct Steps {
    tasks: JoinSet<(CommandId, Result<Event, RecordsError>)>,
    /// In the order of their places, so that the same journal starts the same steps in the same order.
    running: BTreeMap<CommandId, AbortHandle>,
}

impl Steps {
    /// Starts what is outstanding and not under way, and ends what is no longer outstanding: a timer that
    /// nobody waits for, a question to the model of a run that stops.
    fn align(&mut self, run: &Run, now: Timestamp, step: impl Fn(Command) -> Step) {
        let mut outstanding: BTreeMap<CommandId, Command> =
            run.next().into_iter().map(|command| (command.id(), command)).collect();
        let over = outstanding.values().find(|command| is_over(command, now)).copied();
        self.running.retain(|id, task| {
            let wanted = outstanding.remove(id).is_some();
            if !wanted {
                task.abort();
            }
            wanted
        });
        // Once the run's time is over, nothing else begins before the journal says so.
        for (id, command) in outstanding.into_iter().filter(|(_, command)| over.is_none_or(|over| over == *command)) {
            let step = step(command);
            let named = id.clone();
            let task = self.tasks.spawn(async move { (named, step.run().await) });
            self.running.insert(id, task);
        }
    }

    /// What the next step that ends has to tell.
    async fn join(&mut self) -> Result<Event, Error> {
        loop {
            let Some(joined) = self.tasks.join_next().await else { return std::future::pending().await };
            match joined {
                Ok((id, told)) => {
                    // One that ended just before it was withdrawn has nothing to tell any more.
                    if self.running.remove(&id).is_some() {
                        return Ok(told?);
                    }
                }
                Err(aborted) if aborted.is_cancelled() => {}
                Err(broken) => return Err(broken.into()),
            }
        }
    }
}

/// Whether it is the timer of a run's wall time, and that is over.
fn is_over(command: &Command, now: Timestamp) -> bool {
    matches!(command, Command::Wait { timer: Timer::Deadline, until } if *until <= now)
}
