//! Calls that wait, for a pause, an hour or a person, turns that wait for another day, and how they go on.

use crate::{
    run::{Call, CallId, Command, Resolution, Run, Said, Step, Stop, Timer, Wait, call::Rules, machine::Phase},
    time::Timestamp,
};

impl Run {
    /// A call waits for a time or a person. The run is given the time that it may wait.
    pub(super) fn set_aside(
        &mut self,
        id: CallId,
        attempt: u32,
        at: Timestamp,
        wait: Wait,
    ) -> Result<(), &'static str> {
        let until = wait.until();
        let set_aside = |call: &mut Call, rules: Rules<'_>| match rules.stopping {
            // A run that ends waits for nobody: what has not begun does not begin.
            true => call.stop(false),
            false => call.set_aside(wait),
        };
        self.on_call(id, |step| step == Step::Attempt(attempt), set_aside)?;
        self.give_time(at, until);
        Ok(())
    }

    /// The model is to be asked later, by the same attempt. The run is given the time until then.
    pub(super) fn ask_later(
        &mut self,
        turn: u32,
        attempt: u32,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<(), &'static str> {
        self.expect_ask(turn, attempt)?;
        self.phase = Phase::Asking { attempt, not_before: Some(until) };
        self.give_time(at, until);
        Ok(())
    }

    /// Nothing of the run's wall time passes from one instant to another. What several calls wait for is given once.
    fn give_time(&mut self, from: Timestamp, to: Timestamp) {
        if let Some(footing) = &mut self.footing {
            let from = from.max(footing.given_until);
            footing.deadline = footing.deadline.plus_ms(to.ms_since(from));
            footing.given_until = to.max(footing.given_until);
        }
    }

    pub(super) fn decide(&mut self, id: CallId, said: Said, at: Timestamp) -> Result<(), &'static str> {
        if let Said::Resolve(resolution) = said {
            return self.resolve(id, resolution, at);
        }
        let late = self.overtaken();
        let call = self.call_mut(id)?;
        let Some(Wait::Approval(asked)) = call.as_open().and_then(|open| open.wait.as_ref()) else {
            return Err("nobody is asked about this call");
        };
        match said {
            Said::Approve(ask) if ask != *asked => return Err("something else is asked about this call by now"),
            Said::Approve(ask) => call.approve(ask, late),
            Said::Refuse { reason } => call.refuse(&reason),
            Said::Resolve(_) => {}
        }
        self.advance();
        Ok(())
    }

    /// A person settles an effect, which may need the run's wall time once more.
    fn resolve(&mut self, id: CallId, resolution: Resolution, at: Timestamp) -> Result<(), &'static str> {
        if self.attending().is_none() || !self.unknowable().contains(&id) {
            return Err("this call isn't left to a person");
        }
        let wall_ms = self.pins().map_or(0, |pins| pins.budgets.wall_ms_max);
        let late = self.overtaken();
        self.call_mut(id)?.resolve(resolution, late);
        if let Some(footing) = &mut self.footing {
            footing.deadline = footing.deadline.max(at.plus_ms(wall_ms));
        }
        Ok(())
    }

    pub(super) fn wake(&mut self, timer: Timer, at: Timestamp) -> Result<(), &'static str> {
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
            Timer::Attempt { call, .. } | Timer::Approval { call, .. } | Timer::Settle { call, .. } => {
                let late = self.overtaken();
                self.call_mut(call)?.wake(late);
                self.advance();
            }
        }
        Ok(())
    }

    /// The place of the next call that goes on after others overtook it, or because a person said something of it.
    fn overtaken(&self) -> u32 {
        let late = self.numbered_calls().filter_map(|(_, call)| call.as_open()?.late).max();
        late.map_or(0, |last| last + 1)
    }
}
