//! The machine itself: what an event does to a run, and what a run wants done.

use std::sync::Arc;

use crate::{
    assistant::Jitter,
    conversation::ToolCall,
    effect::EffectKey,
    insights,
    model::{Failure, FailureKind, History, Reply},
    run::{
        Call, CallEnd, CallId, Command, Decline, Ending, Event, Kind, PinnedTool, Pins, Refusal, Step, Stop, Timer,
        Wait, Why,
        call::{Open, Rules, SETTLE_ROUNDS_MAX},
    },
    time::Timestamp,
    tool::Receipt,
};

/// The post-call processing of one conversation, as its journal tells it. A clone shares what doesn't change any more.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    pub(super) footing: Option<Footing>,
    pub(super) turns: Vec<Turn>,
    pub(super) phase: Phase,
    /// How the work ended, while its model is asked for insights.
    pub(super) closed: Option<Ending>,
    pub(super) stop: Option<Stop>,
    pub(super) calls_made: u32,
    pub(super) nudged_after: Option<u32>,
    pub(super) history: History,
}

/// What the first event said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Footing {
    pins: Arc<Pins>,
    began_at: Timestamp,
    pub(super) deadline: Timestamp,
    /// Until when waiting was not counted.
    pub(super) given_until: Timestamp,
}

/// One model reply and its tool calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The reply.
    pub reply: Arc<Reply>,
    /// Its calls, in order.
    pub calls: Vec<Call>,
    /// Where it closes: tools whose action it claims though no call of them succeeded.
    pub unfounded: Vec<String>,
    /// Where it answers the question for insights: what that comes to.
    pub insights: Option<insights::Answer>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Phase {
    /// Nothing has happened.
    #[default]
    New,
    /// The model is to be asked.
    Asking { attempt: u32, not_before: Option<Timestamp> },
    /// The newest reply's calls are under way.
    Calling,
    /// It would be over in that way, but for what a person must settle first.
    Attending(Ending),
    /// It is over.
    Ended(Ending),
}

/// An attempt at a model turn that failed.
struct Asked {
    turn: u32,
    attempt: u32,
    at: Timestamp,
}

/// An event that can't have happened after the ones before it: the journal is damaged, or an engine is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot follow here: {why}")]
pub struct IllegalHistory {
    /// The event.
    pub event: String,
    /// Why it can't follow.
    pub why: &'static str,
}

/// An effect that came about, with the vendor's proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneEffect<'a> {
    /// The tool.
    pub tool: &'a str,
    /// Its key.
    pub key: &'a EffectKey,
    /// Attempts at it, as the ledger counts.
    pub tries: u32,
    /// The vendor's proof.
    pub receipts: &'a [Receipt],
}

impl Run {
    /// The run that a journal tells.
    ///
    /// # Errors
    /// The journal's events can't have happened in this order.
    pub fn replay(journal: impl IntoIterator<Item = Event>) -> Result<Self, IllegalHistory> {
        let mut run = Self::default();
        for event in journal {
            run.apply(event)?;
        }
        Ok(run)
    }

    /// Takes in what happened. An event that can't have happened changes nothing.
    ///
    /// # Errors
    /// The event can't follow the ones before it.
    pub fn apply(&mut self, event: Event) -> Result<(), IllegalHistory> {
        let name = event.kind.name();
        let applied = match event.kind {
            Kind::Started(pins) => self.start(pins, event.at),
            Kind::Declined(decline) => self.decline(decline),
            Kind::Replied { turn, attempt, reply, unfounded, insights, .. } => {
                self.reply(turn, attempt, reply, unfounded, insights)
            }
            Kind::AskFailed { turn, attempt, failure, jitter } => {
                let asked = Asked { turn, attempt, at: event.at };
                self.ask_failed(&asked, failure, jitter)
            }
            Kind::AskPostponed { turn, attempt, until, .. } => self.ask_later(turn, attempt, event.at, until),
            Kind::Attempted { call, attempt, outcome } => self.on_call(
                call,
                |step| step == Step::Attempt(attempt),
                |call, rules| call.attempted(attempt, &outcome, event.at, rules),
            ),
            Kind::Postponed { call, attempt, until, .. } => self.set_aside(call, attempt, event.at, Wait::Later(until)),
            Kind::ApprovalAsked { call, attempt, ask } => self.set_aside(call, attempt, event.at, Wait::Approval(*ask)),
            Kind::Decided { call, said, .. } => self.decide(call, *said, event.at),
            Kind::Settled { call, round, found, jitter } => self.on_call(
                call,
                |step| matches!(step, Step::Settle { round: current, .. } if current == round),
                |call, rules| call.settled(round, &found, jitter, event.at, rules),
            ),
            Kind::Woke { timer } => self.wake(timer, event.at),
            Kind::CancelRequested { reason } => self.stop(Stop::Cancel(reason)),
        };
        applied.map_err(|why| IllegalHistory { event: name, why })
    }

    /// Everything that is outstanding. Empty once the run has ended, and while only a person can say how it goes on.
    pub fn next(&self) -> Vec<Command> {
        let Some(footing) = &self.footing else { return Vec::new() };
        let mut commands = match &self.phase {
            Phase::New | Phase::Ended(_) => return Vec::new(),
            Phase::Attending(_) => return self.call_commands(),
            Phase::Asking { attempt, not_before } => {
                let (turn, attempt) = (self.current_turn() + 1, *attempt);
                vec![match *not_before {
                    None => Command::Ask { turn, attempt },
                    Some(until) => Command::Wait { timer: Timer::Ask { turn, attempt }, until },
                }]
            }
            Phase::Calling => self.call_commands(),
        };
        if self.stop.is_none() {
            commands.push(Command::Wait { timer: Timer::Deadline, until: footing.deadline });
        }
        commands
    }

    fn call_commands(&self) -> Vec<Command> {
        self.callable().into_iter().filter_map(|(id, call)| Some(command_of(id, call.as_open()?))).collect()
    }

    /// In which form the history goes to the model: as it was written, until its provider refuses that.
    pub fn history(&self) -> History {
        self.history
    }

    /// How it ended, if it has.
    pub fn ending(&self) -> Option<&Ending> {
        match &self.phase {
            Phase::Ended(ending) => Some(ending),
            _ => None,
        }
    }

    /// How it ended, or where it stands, in one word.
    pub fn outcome(&self) -> &'static str {
        self.ending().map_or_else(|| self.standing().as_str(), Ending::as_str)
    }

    /// How it would end, but for what a person must settle first.
    pub fn attending(&self) -> Option<&Ending> {
        match &self.phase {
            Phase::Attending(ending) => Some(ending),
            _ => None,
        }
    }

    /// What it stands on. None before the first event, and in a run that was declined.
    pub fn pins(&self) -> Option<&Pins> {
        self.footing.as_ref().map(|footing| footing.pins.as_ref())
    }

    /// When it began.
    pub fn began_at(&self) -> Option<Timestamp> {
        self.footing.as_ref().map(|footing| footing.began_at)
    }

    /// Whether nothing new begins any more.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_some() && self.attending().is_none()
    }

    /// When its wall time is over.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.footing.as_ref().map(|footing| footing.deadline)
    }

    /// The turns so far.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// A call, and the tool that it names if that was offered.
    pub fn call(&self, id: CallId) -> Option<(&Turn, &Call, Option<&PinnedTool>)> {
        let turn = self.turns.get(usize::try_from(id.turn.checked_sub(1)?).ok()?)?;
        let index = usize::try_from(id.index).ok()?;
        let name = &turn.reply.calls.get(index)?.name;
        let tool = self.pins()?.tools.iter().find(|tool| tool.name == *name);
        Some((turn, turn.calls.get(index)?, tool.map(|tool| &**tool)))
    }

    /// A call as the model made it.
    pub fn asked(&self, id: CallId) -> Option<&ToolCall> {
        self.call(id)?.0.reply.calls.get(usize::try_from(id.index).ok()?)
    }

    /// The turn after which the model was told that its account claims what no tool call did, if it was.
    pub fn nudged_after(&self) -> Option<u32> {
        self.nudged_after
    }

    /// The effects that came about in this run, in order.
    pub fn effects(&self) -> Vec<DoneEffect<'_>> {
        self.calls()
            .filter_map(|(asked, call)| match (call.end(), &call.key) {
                (Some(CallEnd::Done(outcome) | CallEnd::Known(outcome)), Some(key)) => {
                    Some(DoneEffect { tool: &asked.name, key, tries: call.tries, receipts: &outcome.receipts })
                }
                _ => None,
            })
            .collect()
    }

    /// Every call of every turn, as the model made it and as it stands.
    pub fn calls(&self) -> impl Iterator<Item = (&ToolCall, &Call)> {
        self.turns.iter().flat_map(|turn| turn.reply.calls.iter().zip(&turn.calls))
    }

    /// The same, each with its place.
    pub(super) fn numbered_calls(&self) -> impl Iterator<Item = (CallId, &Call)> {
        let turns = (1..).zip(&self.turns);
        turns.flat_map(|(turn, of)| (0..).zip(&of.calls).map(move |(index, call)| (CallId { turn, index }, call)))
    }

    /// The places of all calls, in order.
    pub fn places(&self) -> impl Iterator<Item = CallId> {
        self.numbered_calls().map(|(id, _)| id)
    }

    pub(super) fn newest_calls(&self) -> &[Call] {
        self.turns.last().map_or(&[], |turn| &turn.calls)
    }

    /// Calls that were refused before anything ran: the tool's name and why.
    pub fn refused(&self) -> Vec<(&str, &Refusal)> {
        self.calls()
            .filter_map(|(asked, call)| match call.end() {
                Some(CallEnd::Refused(refusal)) => Some((asked.name.as_str(), refusal)),
                _ => None,
            })
            .collect()
    }

    pub(super) fn current_turn(&self) -> u32 {
        u32::try_from(self.turns.len()).unwrap_or(u32::MAX)
    }

    fn start(&mut self, pins: Box<Pins>, at: Timestamp) -> Result<(), &'static str> {
        if self.phase != Phase::New {
            return Err("the run has begun already");
        }
        let deadline = at.plus_ms(pins.budgets.wall_ms_max);
        self.footing = Some(Footing { pins: Arc::from(pins), began_at: at, deadline, given_until: at });
        self.ask_next();
        Ok(())
    }

    pub(super) fn ask_next(&mut self) {
        self.phase = Phase::Asking { attempt: 1, not_before: None };
    }

    fn decline(&mut self, decline: Decline) -> Result<(), &'static str> {
        if self.phase != Phase::New {
            return Err("the run has begun already");
        }
        self.phase = Phase::Ended(decline.into());
        Ok(())
    }

    pub(super) fn expect_ask(&self, turn: u32, attempt: u32) -> Result<&Footing, &'static str> {
        let Phase::Asking { attempt: current, not_before: None } = self.phase else {
            return Err("the model isn't being asked");
        };
        if turn != self.current_turn() + 1 || attempt != current {
            return Err("another attempt at another turn is outstanding");
        }
        self.footing.as_ref().ok_or("the run hasn't begun")
    }

    fn reply(
        &mut self,
        turn: u32,
        attempt: u32,
        reply: Box<Reply>,
        unfounded: Vec<String>,
        insights: Option<insights::Answer>,
    ) -> Result<(), &'static str> {
        let pins = &self.expect_ask(turn, attempt)?.pins;
        if insights.is_some() != self.closed.is_some() {
            return Err("insights are judged where they were asked for, and nowhere else");
        }
        let mut made = self.calls_made;
        let mut calls = Vec::with_capacity(reply.calls.len());
        for (index, asked) in reply.calls.iter().enumerate() {
            let tool = pins.tools.iter().find(|tool| tool.name == asked.name);
            calls.push(match (Refusal::of(asked, index, made, pins), tool) {
                _ if self.closed.is_some() => Call::refused(Refusal::WorkIsOver),
                (None, Some(tool)) => Call::open(tool.effect),
                (refusal, _) => Call::refused(refusal.unwrap_or(Refusal::NotOffered)),
            });
            made = made.saturating_add(1);
        }
        self.calls_made = made;
        self.turns.push(Turn { reply: Arc::from(reply), calls, unfounded, insights });
        self.phase = Phase::Calling;
        self.advance();
        Ok(())
    }

    fn ask_failed(&mut self, asked: &Asked, failure: Failure, jitter: Jitter) -> Result<(), &'static str> {
        let Pins { retries, own_bytes, .. } = *self.expect_ask(asked.turn, asked.attempt)?.pins;
        if failure.kind == FailureKind::Rejected && own_bytes && self.history == History::AsWritten {
            self.history = History::Rewritten;
            self.phase = Phase::Asking { attempt: asked.attempt + 1, not_before: None };
            self.advance();
            return Ok(());
        }
        if !failure.kind.passes_with_time() {
            self.give_up(Ending::CannotContinue { reason: failure.to_string() });
            return Ok(());
        }
        match retries.pause_after(asked.attempt, jitter, failure.retry_after_ms) {
            Some(pause) => {
                let not_before = Some(asked.at.plus_ms(pause));
                self.phase = Phase::Asking { attempt: asked.attempt + 1, not_before };
            }
            None => self.give_up(Ending::Failed { why: Why::Model(failure) }),
        }
        Ok(())
    }

    pub(super) fn on_call(
        &mut self,
        id: CallId,
        expected: impl FnOnce(Step) -> bool,
        change: impl FnOnce(&mut Call, Rules<'_>),
    ) -> Result<(), &'static str> {
        let callable = self.callable();
        let called = callable.iter().find(|(callable, _)| *callable == id).and_then(|(_, call)| call.as_open());
        let Some(Open { step, wait: None, .. }) = called else {
            return Err("this call isn't being attempted");
        };
        if !expected(*step) {
            return Err("another step of this call is outstanding");
        }
        let retries = self.footing.as_ref().ok_or("the run hasn't begun")?.pins.retries;
        let rules = Rules { retries: &retries, stopping: self.is_stopping() };
        change(self.call_mut(id)?, rules);
        self.advance();
        Ok(())
    }

    pub(super) fn call_mut(&mut self, id: CallId) -> Result<&mut Call, &'static str> {
        let turn = id.turn.checked_sub(1).and_then(|turn| usize::try_from(turn).ok());
        let turn = turn.and_then(|turn| self.turns.get_mut(turn));
        let index = usize::try_from(id.index).ok();
        index.and_then(|index| turn?.calls.get_mut(index)).ok_or("there is no such call")
    }

    pub(super) fn stop(&mut self, stop: Stop) -> Result<(), &'static str> {
        if !matches!(self.phase, Phase::Asking { .. } | Phase::Calling) {
            return Err("the run isn't under way");
        }
        if self.stop.is_some() {
            return Err("the run is stopping already");
        }
        // What `next` names at this moment may be in flight; nobody can tell here whether it is.
        let in_flight: Vec<CallId> = self
            .next()
            .into_iter()
            .filter_map(|command| match command {
                Command::Attempt { call, .. } => Some(call),
                _ => None,
            })
            .collect();
        self.stop = Some(stop);
        let turn = self.current_turn();
        for (index, call) in (0..).zip(self.turns.last_mut().into_iter().flat_map(|turn| &mut turn.calls)) {
            call.stop(in_flight.contains(&CallId { turn, index }));
        }
        self.advance();
        Ok(())
    }

    /// Calls whose turn it is, and those that wait where others overtake them.
    ///
    /// In a turn, reads go side by side, and a write once all before it have ended and with nothing after it begun. One
    /// that others overtook comes after them all, whatever its place in the reply: it must not stop what has begun.
    fn callable(&self) -> Vec<(CallId, &Call)> {
        match self.phase {
            Phase::New | Phase::Asking { .. } | Phase::Ended(_) => return Vec::new(),
            Phase::Attending(_) => return self.attended(),
            Phase::Calling => {}
        }
        let turn = self.current_turn();
        let calls = (0..).zip(self.newest_calls()).map(|(index, call)| (CallId { turn, index }, call));
        let (aside, mut in_order): (Vec<_>, Vec<_>) = calls
            .filter(|(_, call)| call.is_open())
            .partition(|(_, call)| call.as_open().is_some_and(Open::is_set_aside));
        in_order.sort_by_key(|(_, call)| call.as_open().and_then(|open| open.late));
        let (mut reads_before, mut write_before) = (false, false);
        in_order.retain(|(_, call)| {
            let free = if call.effect.writes() { !reads_before && !write_before } else { !write_before };
            reads_before |= !call.effect.writes();
            write_before |= call.effect.writes();
            free
        });
        in_order.extend(aside);
        in_order
    }

    /// The same once the model's work is over. What people say is taken side by side; what is to be tried again is tried
    /// once all that they said something of before has ended.
    fn attended(&self) -> Vec<(CallId, &Call)> {
        let calls = self.numbered_calls().filter_map(|(id, call)| Some((id, call, call.as_open()?)));
        let mut open: Vec<_> = calls.collect();
        open.sort_by_key(|(_, _, open)| open.late);
        let mut one_before = false;
        open.retain(|(_, _, open)| {
            let free = matches!(open.step, Step::Settle { .. }) || open.is_set_aside() || !one_before;
            one_before |= !open.is_set_aside();
            free
        });
        open.into_iter().map(|(id, call, _)| (id, call)).collect()
    }
}

fn command_of(call: CallId, open: &Open) -> Command {
    match (open.step, &open.wait) {
        (Step::Attempt(attempt), None) => Command::Attempt { call, attempt },
        (Step::Attempt(attempt), Some(wait)) => {
            let timer = match wait {
                Wait::Approval(_) => Timer::Approval { call, attempt },
                Wait::Pause(_) | Wait::Later(_) => Timer::Attempt { call, attempt },
            };
            Command::Wait { timer, until: wait.until() }
        }
        (Step::Settle { round, .. }, None) => Command::Settle { call, round, last: round >= SETTLE_ROUNDS_MAX },
        (Step::Settle { round, .. }, Some(wait)) => {
            Command::Wait { timer: Timer::Settle { call, round }, until: wait.until() }
        }
    }
}
