//! The machine itself: what an event does to a run, and what a run wants done.

use crate::{
    assistant::Jitter,
    conversation::ToolCall,
    effect::EffectKey,
    model::{Failure, Finish, Reply},
    run::{
        Budget, Call, CallEnd, CallId, Command, Decline, Ending, Event, Kind, PinnedTool, Pins, Refusal, Step, Stop,
        Timer, Why,
        call::{Rules, Status},
    },
    time::Timestamp,
    tool::{Blame, Failure as ToolFailure, Receipt},
};

/// The post-call processing of one conversation, as its journal tells it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    footing: Option<Footing>,
    turns: Vec<Turn>,
    phase: Phase,
    stop: Option<Stop>,
    calls_made: u32,
    tokens: u64,
}

/// What the first event said.
#[derive(Debug, Clone, PartialEq)]
struct Footing {
    pins: Box<Pins>,
    deadline: Timestamp,
}

/// One model reply and its tool calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The reply.
    pub reply: Box<Reply>,
    /// Its calls, in order.
    pub calls: Vec<Call>,
}

#[derive(Debug, Clone, PartialEq, Default)]
enum Phase {
    /// Nothing has happened.
    #[default]
    New,
    /// The model is to be asked.
    Asking { attempt: u32, not_before: Option<Timestamp> },
    /// The newest reply's calls are under way.
    Calling,
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
            Kind::Replied { turn, attempt, reply, .. } => self.reply(turn, attempt, reply),
            Kind::AskFailed { turn, attempt, failure, jitter } => {
                let asked = Asked { turn, attempt, at: event.at };
                self.ask_failed(&asked, failure, jitter)
            }
            Kind::Attempted { call, attempt, outcome } => self.on_call(
                call,
                |step| step == Step::Attempt(attempt),
                |call, rules| call.attempted(attempt, &outcome, event.at, rules),
            ),
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

    /// Everything that is outstanding. Empty once the run has ended.
    pub fn next(&self) -> Vec<Command> {
        let Some(footing) = &self.footing else { return Vec::new() };
        let mut commands = match &self.phase {
            Phase::New | Phase::Ended(_) => return Vec::new(),
            Phase::Asking { attempt, not_before } => {
                let (turn, attempt) = (self.current_turn() + 1, *attempt);
                vec![match *not_before {
                    None => Command::Ask { turn, attempt },
                    Some(until) => Command::Wait { timer: Timer::Ask { turn, attempt }, until },
                }]
            }
            Phase::Calling => self.callable().filter_map(|(id, call)| command_of(id, call)).collect(),
        };
        if self.stop.is_none() {
            commands.push(Command::Wait { timer: Timer::Deadline, until: footing.deadline });
        }
        commands
    }

    /// How it ended, if it has.
    pub fn ending(&self) -> Option<&Ending> {
        match &self.phase {
            Phase::Ended(ending) => Some(ending),
            _ => None,
        }
    }

    /// What it stands on. None before the first event, and in a run that was declined.
    pub fn pins(&self) -> Option<&Pins> {
        self.footing.as_ref().map(|footing| footing.pins.as_ref())
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
        Some((turn, turn.calls.get(index)?, tool))
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

    /// Calls that were refused before anything ran: the tool's name and why.
    pub fn refused(&self) -> Vec<(&str, &Refusal)> {
        self.calls()
            .filter_map(|(asked, call)| match call.end() {
                Some(CallEnd::Refused(refusal)) => Some((asked.name.as_str(), refusal)),
                _ => None,
            })
            .collect()
    }

    fn current_turn(&self) -> u32 {
        u32::try_from(self.turns.len()).unwrap_or(u32::MAX)
    }

    fn start(&mut self, pins: Box<Pins>, at: Timestamp) -> Result<(), &'static str> {
        if self.phase != Phase::New {
            return Err("the run has begun already");
        }
        let deadline = at.plus_ms(pins.budgets.wall_ms_max);
        self.footing = Some(Footing { pins, deadline });
        self.phase = Phase::Asking { attempt: 1, not_before: None };
        Ok(())
    }

    fn decline(&mut self, decline: Decline) -> Result<(), &'static str> {
        if self.phase != Phase::New {
            return Err("the run has begun already");
        }
        self.phase = Phase::Ended(decline.into());
        Ok(())
    }

    fn expect_ask(&self, turn: u32, attempt: u32) -> Result<&Footing, &'static str> {
        let Phase::Asking { attempt: current, not_before: None } = self.phase else {
            return Err("the model isn't being asked");
        };
        if turn != self.current_turn() + 1 || attempt != current {
            return Err("another attempt at another turn is outstanding");
        }
        self.footing.as_ref().ok_or("the run hasn't begun")
    }

    fn reply(&mut self, turn: u32, attempt: u32, reply: Box<Reply>) -> Result<(), &'static str> {
        let pins = &self.expect_ask(turn, attempt)?.pins;
        let mut made = self.calls_made;
        let mut calls = Vec::with_capacity(reply.calls.len());
        for (index, asked) in reply.calls.iter().enumerate() {
            let tool = pins.tools.iter().find(|tool| tool.name == asked.name);
            calls.push(match (Refusal::of(asked, index, made, pins), tool) {
                (None, Some(tool)) => Call::open(tool.effect),
                (refusal, _) => Call::refused(refusal.unwrap_or(Refusal::NotOffered)),
            });
            made = made.saturating_add(1);
        }
        self.calls_made = made;
        self.tokens = self.tokens.saturating_add(reply.usage.total());
        self.turns.push(Turn { reply, calls });
        self.phase = Phase::Calling;
        self.advance();
        Ok(())
    }

    fn ask_failed(&mut self, asked: &Asked, failure: Failure, jitter: Jitter) -> Result<(), &'static str> {
        let retries = self.expect_ask(asked.turn, asked.attempt)?.pins.retries;
        if !failure.kind.passes_with_time() {
            self.end(Ending::CannotContinue { reason: failure.to_string() });
            return Ok(());
        }
        match retries.pause_after(asked.attempt, jitter, failure.retry_after_ms) {
            Some(pause) => {
                let not_before = Some(asked.at.plus_ms(pause));
                self.phase = Phase::Asking { attempt: asked.attempt + 1, not_before };
            }
            None => self.end(Ending::Failed { why: Why::Model(failure) }),
        }
        Ok(())
    }

    fn on_call(
        &mut self,
        id: CallId,
        expected: impl FnOnce(Step) -> bool,
        change: impl FnOnce(&mut Call, Rules<'_>),
    ) -> Result<(), &'static str> {
        let called = self.callable().find(|(callable, _)| *callable == id).map(|(_, call)| &call.status);
        let Some(Status::Open { step, not_before: None, .. }) = called else {
            return Err("this call isn't being attempted");
        };
        if !expected(*step) {
            return Err("another step of this call is outstanding");
        }
        let footing = self.footing.as_ref().ok_or("the run hasn't begun")?;
        let rules = Rules { retries: &footing.pins.retries, stopping: self.stop.is_some() };
        let index = usize::try_from(id.index).map_err(|_| "there is no such call")?;
        let calls = self.turns.last_mut().map(|turn| &mut turn.calls);
        let call = calls.and_then(|calls| calls.get_mut(index)).ok_or("there is no such call")?;
        change(call, rules);
        self.advance();
        Ok(())
    }

    fn wake(&mut self, timer: Timer, at: Timestamp) -> Result<(), &'static str> {
        let waiting = self.next().into_iter().find_map(|command| match command {
            Command::Wait { timer: outstanding, until } if outstanding == timer => Some(until),
            _ => None,
        });
        if at < waiting.ok_or("no such timer is set")? {
            return Err("the timer rang too early");
        }
        match timer {
            Timer::Deadline => return self.stop(Stop::Deadline),
            Timer::Ask { .. } => {
                if let Phase::Asking { not_before, .. } = &mut self.phase {
                    *not_before = None;
                }
            }
            Timer::Attempt { call, .. } | Timer::Settle { call, .. } => {
                let index = usize::try_from(call.index).map_err(|_| "there is no such call")?;
                if let Some(call) = self.turns.last_mut().and_then(|turn| turn.calls.get_mut(index)) {
                    call.wake();
                }
            }
        }
        Ok(())
    }

    fn stop(&mut self, stop: Stop) -> Result<(), &'static str> {
        if self.footing.is_none() || self.ending().is_some() {
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

    /// Calls of the newest turn whose turn it is: reads side by side, a write once all before it have ended
    /// and with nothing after it begun.
    fn callable(&self) -> impl Iterator<Item = (CallId, &Call)> {
        let turn = self.current_turn();
        let calls = match self.phase {
            Phase::Calling => self.turns.last().map_or(&[][..], |turn| &turn.calls),
            _ => &[],
        };
        let mut reads_before = false;
        let mut write_before = false;
        (0..).zip(calls).filter_map(move |(index, call)| {
            if !call.is_open() {
                return None;
            }
            let free = if call.effect.writes() { !reads_before && !write_before } else { !write_before };
            reads_before |= !call.effect.writes();
            write_before |= call.effect.writes();
            free.then_some((CallId { turn, index }, call))
        })
    }

    /// Moves on once the newest turn's calls have all ended, or the run is stopping and waits for nothing.
    fn advance(&mut self) {
        let calling = match &self.phase {
            Phase::Calling => self.turns.last(),
            Phase::Asking { .. } if self.stop.is_some() => None,
            _ => return,
        };
        if calling.is_some_and(|turn| turn.calls.iter().any(Call::is_open)) {
            return;
        }
        let finished = calling.filter(|turn| turn.reply.calls.is_empty()).map(|turn| self.closing(&turn.reply));
        let ending = match (&self.stop, finished) {
            (_, Some(ending)) => Some(ending),
            (Some(stop), None) => Some(stop.clone().into()),
            (None, None) => self.exhausted().map(|budget| Ending::BudgetExhausted { budget }),
        };
        match ending {
            Some(ending) => self.end(ending),
            None => self.phase = Phase::Asking { attempt: 1, not_before: None },
        }
    }

    /// Ends the run. An effect that only a person can settle outweighs every other end.
    fn end(&mut self, ending: Ending) {
        self.phase = Phase::Ended(self.needs_attention().unwrap_or(ending));
    }

    /// How a run ends whose model calls no further tool.
    fn closing(&self, reply: &Reply) -> Ending {
        match reply.finish {
            Finish::Refusal => Ending::Refused { words: reply.text.clone() },
            Finish::Length => Ending::Failed { why: Why::CutOff },
            Finish::Stop => match self.undone() {
                Some(why) => Ending::Failed { why },
                None => Ending::Completed { account: reply.text.clone() },
            },
        }
    }

    /// The first effect that failed and was not made up for: by the same effect later, or, where the arguments
    /// were at fault, by any later success of the same tool.
    fn undone(&self) -> Option<Why> {
        let mut open: Vec<(&str, Option<&EffectKey>, &ToolFailure)> = Vec::new();
        for (asked, call) in self.calls().filter(|(_, call)| call.effect.writes()) {
            match call.end() {
                Some(CallEnd::Failed(failure)) => open.push((&asked.name, call.key.as_ref(), failure)),
                Some(CallEnd::Done(_) | CallEnd::Known(_) | CallEnd::Conflict(_)) => {
                    open.retain(|(tool, key, failure)| {
                        let corrected = key.is_none() || failure.kind.blame() == Blame::Model;
                        *tool != asked.name || !(corrected || *key == call.key.as_ref())
                    })
                }
                _ => {}
            }
        }
        let (tool, _, failure) = open.first()?;
        Some(Why::Tool { tool: (*tool).to_owned(), failure: (*failure).clone() })
    }

    fn needs_attention(&self) -> Option<Ending> {
        let tools: Vec<String> = self
            .calls()
            .filter(|(_, call)| call.end() == Some(&CallEnd::Unknowable))
            .map(|(asked, _)| asked.name.clone())
            .collect();
        (!tools.is_empty()).then_some(Ending::NeedsAttention { tools })
    }

    fn exhausted(&self) -> Option<Budget> {
        let budgets = self.pins()?.budgets;
        let refused_for_it = self.refused().iter().any(|(_, refusal)| **refusal == Refusal::BudgetExhausted);
        [
            (refused_for_it, Budget::ToolCalls),
            (self.current_turn() >= budgets.turns_max, Budget::Turns),
            (self.tokens >= budgets.tokens_max, Budget::Tokens),
        ]
        .into_iter()
        .find_map(|(over, budget)| over.then_some(budget))
    }
}

fn command_of(id: CallId, call: &Call) -> Option<Command> {
    let Status::Open { step, not_before, .. } = &call.status else { return None };
    Some(match (*step, *not_before) {
        (Step::Attempt(attempt), None) => Command::Attempt { call: id, attempt },
        (Step::Attempt(attempt), Some(until)) => Command::Wait { timer: Timer::Attempt { call: id, attempt }, until },
        (Step::Settle { round, .. }, None) => {
            Command::Settle { call: id, round, last: round >= super::call::SETTLE_ROUNDS_MAX }
        }
        (Step::Settle { round, .. }, Some(until)) => Command::Wait { timer: Timer::Settle { call: id, round }, until },
    })
}
