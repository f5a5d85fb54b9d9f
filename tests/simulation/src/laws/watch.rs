//! Laws about the moment in which something leaves the host.

use aftercall_core::{
    conversation::ToolCall,
    id::RunId,
    run::{CallId, Event, Kind, Said},
    time::Timestamp,
    timing::Timing,
    tool::Invocation,
};

use super::Law;
use crate::{
    process::ProcessId,
    vendors::Letter,
    workload::Call,
    world::{State, World},
};

/// How long after its gate has let it through an attempt may begin, in milliseconds: it is recorded first.
const BEGINS_MS_MAX: u64 = 10_000;

impl World {
    /// What time it is for a run that a process drives.
    fn own_time(&self, process: ProcessId, run: &RunId) -> Timestamp {
        self.state().laws.own_time.of(process, run, self.wall(), self.now())
    }

    /// A model is asked for the turn after so many.
    pub(crate) fn asks(&self, process: ProcessId, call: &Call, turns: usize) {
        let now = self.own_time(process, &call.run);
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
        let (now, call) = (self.own_time(letter.process, &letter.run), self.workload.call(&letter.run));
        let over = {
            let state = &mut *self.state();
            let replaced = !state.laws.is_newest(letter.process);
            state.laws.effects.leaves(letter, outcome_before, replaced);
            // Where clocks are stepped in the middle of an attempt, it goes on as if they weren't.
            let stepped = self.workload.clocks.are_stepped();
            let began = state.laws.own_time.began(letter.process, &letter.key).filter(|_| stepped);
            deadline(state, call).is_none_or(|deadline| began.unwrap_or(now) > deadline)
        };
        if over {
            self.broken(Law::Budgets, format!("a write of {} left after its time, for {}", letter.run, letter.key));
        }
    }

    /// A tool is called: if its grant lets it.
    pub(crate) fn grant_lets(&self, process: ProcessId, invocation: &Invocation) {
        let (run, tool) = (&invocation.context.run, &invocation.tool);
        let now = self.own_time(process, run);
        self.state().laws.own_time.begins(process, &invocation.context.key, now);
        let Some(terms) = self.workload.terms.get(&(invocation.tenant.clone(), tool.clone())) else { return };
        if terms.approval().is_some() {
            let state = &*self.state();
            let journal = state.records.disk().runs().get(run).map(|stored| stored.journal.as_slice());
            let calls = places(journal.unwrap_or_default(), invocation);
            let approved = state.laws.people.approved(run, &calls, &invocation.digest, &invocation.arguments);
            if !approved {
                state.laws.broken(Law::Approved, format!("{tool} of {run} began, and nobody approved it"));
            }
        }
        if terms.timing().is_some_and(|timing| !self.is_in_time(timing, invocation, now)) {
            self.broken(Law::Hours, format!("{tool} of {run} began before it might"));
        }
    }

    /// Whether an attempt may begin by that time, or might have just before.
    fn is_in_time(&self, timing: &Timing, invocation: &Invocation, now: Timestamp) -> bool {
        let arguments = invocation.arguments.value();
        let (Some(arguments), Some(began)) = (arguments.as_object(), self.began_at(&invocation.context.run)) else {
            return false;
        };
        (0..=BEGINS_MS_MAX / 1_000).any(|seconds| {
            let at = Timestamp::from_millis(now.as_millis().saturating_sub(seconds * 1_000));
            timing.not_before(&invocation.conversation, arguments, began, at) == Ok(None)
        })
    }

    fn began_at(&self, run: &RunId) -> Option<Timestamp> {
        Some(self.state().records.disk().runs().get(run)?.journal.first()?.at)
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

/// The places of the calls that ask for just that.
fn places(journal: &[Event], invocation: &Invocation) -> Vec<CallId> {
    let arguments = invocation.arguments.value();
    let asks_for_it = |call: &ToolCall| {
        call.name == invocation.tool
            && serde_json::from_str::<serde_json::Value>(&call.arguments).is_ok_and(|asked| asked == arguments)
    };
    let mut places = Vec::new();
    for event in journal {
        if let Kind::Replied { turn, reply, .. } = &event.kind {
            let calls = (0..).zip(&reply.calls).filter(|(_, call)| asks_for_it(call));
            places.extend(calls.map(|(index, _)| CallId { turn: *turn, index }));
        }
    }
    places
}

/// When a run's time is over: what it waits for an hour or a person is not of it.
fn deadline(state: &State, call: &Call) -> Option<Timestamp> {
    let journal = &state.records.disk().runs().get(&call.run)?.journal;
    let began = journal.first()?.at;
    let (mut deadline, mut given_until) = (began.plus_ms(call.budgets.wall_ms_max), began);
    let mut give = |deadline: &mut Timestamp, from: Timestamp, until: Timestamp| {
        *deadline = deadline.plus_ms(until.ms_since(from.max(given_until)));
        given_until = given_until.max(until);
    };
    for event in journal {
        match &event.kind {
            Kind::Postponed { until, .. } | Kind::AskPostponed { until, .. } => give(&mut deadline, event.at, *until),
            Kind::ApprovalAsked { ask, .. } => give(&mut deadline, event.at, ask.expires_at),
            Kind::Decided { said, .. } if matches!(**said, Said::Resolve(_)) => {
                deadline = deadline.max(event.at.plus_ms(call.budgets.wall_ms_max));
            }
            _ => {}
        }
    }
    Some(deadline)
}
