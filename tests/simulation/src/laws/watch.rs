//! Laws about the moment in which something leaves the host.

use aftercall_core::{
    run::{Event, Kind},
    time::Timestamp,
    tool::Invocation,
};

use super::Law;
use crate::{
    vendors::Letter,
    workload::Call,
    world::{State, World},
};

impl World {
    /// A model is asked for the turn after so many.
    pub(crate) fn asks(&self, call: &Call, turns: usize) {
        let now = self.now();
        let deadline = deadline(&self.state(), call);
        if deadline.is_none_or(|deadline| now > deadline) {
            self.broken(Law::Budgets, format!("{} asked its model after its time", call.run));
        }
        if turns >= usize::try_from(call.budgets.turns_max).unwrap_or(usize::MAX) {
            self.broken(Law::Budgets, format!("{} asked its model for turn {}", call.run, turns + 1));
        }
    }

    /// A write leaves.
    pub(crate) fn leaves(&self, letter: &Letter, outcome_before: bool) {
        let (now, call) = (self.now(), self.workload.call(&letter.run));
        let over = {
            let state = &mut *self.state();
            let replaced = !state.laws.is_newest(letter.process);
            state.laws.effects.leaves(letter, outcome_before, replaced);
            deadline(state, call).is_none_or(|deadline| now > deadline)
        };
        if over {
            self.broken(Law::Budgets, format!("a write of {} left after its time, for {}", letter.run, letter.key));
        }
    }

    /// A tool is called: by a reply that is in the journal.
    pub(crate) fn reply_is_journaled(&self, invocation: &Invocation) {
        let run = &invocation.context.run;
        let arguments = invocation.arguments.value();
        let asked_for = |event: &Event| match &event.kind {
            Kind::Replied { reply, .. } => reply.calls.iter().any(|call| {
                call.name == invocation.tool
                    && serde_json::from_str::<serde_json::Value>(&call.arguments).is_ok_and(|asked| asked == arguments)
            }),
            _ => false,
        };
        let journaled =
            self.state().records.disk().runs().get(run).is_some_and(|stored| stored.journal.iter().any(asked_for));
        if !journaled {
            self.broken(
                Law::ReplyFirst,
                format!("{} ran, which no journaled reply of {run} asks for", invocation.tool),
            );
        }
    }
}

/// When a run's time is over.
fn deadline(state: &State, call: &Call) -> Option<Timestamp> {
    let stored = state.records.disk().runs().get(&call.run)?;
    Some(stored.journal.first()?.at.plus_ms(call.budgets.wall_ms_max))
}
