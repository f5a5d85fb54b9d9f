//! The steps of a run that are under way.

use std::collections::BTreeMap;

use aftercall_core::{
    ports::RecordsError,
    run::{Command, CommandId, Event, Run},
};
use tokio::task::{AbortHandle, JoinSet};

use super::Step;
use crate::Error;

/// The steps under way.
#[derive(Default)]
pub(crate) struct Steps {
    tasks: JoinSet<(CommandId, Result<Event, RecordsError>)>,
    /// In the order of their places, so that the same journal starts the same steps in the same order.
    running: BTreeMap<CommandId, AbortHandle>,
}

impl Steps {
    /// Starts what is outstanding and not under way, and ends what is no longer outstanding: a question to the model of a
    /// run that stops. Waiting is nothing to be started.
    pub(crate) fn align(&mut self, run: &Run, step: impl Fn(Command) -> Step) {
        let commands = run.next().into_iter().filter(|command| !matches!(command, Command::Wait { .. }));
        let mut outstanding: BTreeMap<CommandId, Command> = commands.map(|command| (command.id(), command)).collect();
        self.running.retain(|id, task| {
            let wanted = outstanding.remove(id).is_some();
            if !wanted {
                task.abort();
            }
            wanted
        });
        for (id, command) in outstanding {
            let step = step(command);
            let named = id.clone();
            let task = self.tasks.spawn(async move { (named, step.run().await) });
            self.running.insert(id, task);
        }
    }

    /// Whether none is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// What the next step that ends has to tell.
    pub(crate) async fn join(&mut self) -> Result<Event, Error> {
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
