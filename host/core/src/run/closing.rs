//! How a run comes to its end: what follows once nothing is left to be done in a turn.

use crate::{
    effect::EffectKey,
    model::{Finish, Reply},
    run::{Budget, Call, CallEnd, CallId, Ending, Refusal, Run, Turn, Why, machine::Phase},
    tool::{Blame, Failure},
};

impl Run {
    /// Moves on once all that was outstanding has ended.
    pub(super) fn advance(&mut self) {
        match &self.phase {
            Phase::Calling if self.newest_calls().iter().any(Call::is_open) => {}
            Phase::Calling => self.after_turn(),
            Phase::Asking { .. } => {
                if let Some(stop) = self.stop.clone() {
                    self.give_up(stop.into());
                }
            }
            Phase::Attending(ending) if self.calls().all(|(_, call)| !call.is_open()) => self.close(ending.clone()),
            Phase::New | Phase::Attending(_) | Phase::Ended(_) => {}
        }
    }

    fn after_turn(&mut self) {
        let Some(turn) = self.turns.last() else { return };
        if self.is_asking_for_insights() {
            self.after_insights();
            return;
        }
        let closes = turn.reply.calls.is_empty();
        if closes && self.is_to_be_nudged(turn) {
            self.nudged_after = Some(self.current_turn());
            self.ask_next();
            return;
        }
        let ending = match (&self.stop, closes) {
            (_, true) => Some(closing(turn)),
            (Some(stop), false) => Some(stop.clone().into()),
            (None, false) => self.exhausted().map(|budget| Ending::BudgetExhausted { budget }),
        };
        match ending {
            Some(ending) => self.close(ending),
            None => self.ask_next(),
        }
    }

    /// Whether the model is told, once, that its account claims what no tool call did.
    fn is_to_be_nudged(&self, turn: &Turn) -> bool {
        let honest = turn.unfounded.is_empty() || turn.reply.finish != Finish::Stop;
        !honest
            && self.nudged_after.is_none()
            && self.stop.is_none()
            && self.exhausted().is_none()
            && self.undone().is_none()
    }

    /// Ends the run, or waits for a person where only one can settle an effect. What was left undone is no success.
    pub(super) fn end(&mut self, ending: Ending) {
        if !self.unknowable().is_empty() {
            self.phase = Phase::Attending(ending);
            return;
        }
        let success = matches!(ending, Ending::Completed { .. } | Ending::Unproven { .. });
        let undone = self.undone().filter(|_| success).map(|why| Ending::Failed { why });
        self.phase = Phase::Ended(undone.unwrap_or(ending));
    }

    /// Calls whose effects may or may not have happened, which only a person can settle.
    pub fn unknowable(&self) -> Vec<CallId> {
        let calls = self.numbered_calls().filter(|(_, call)| call.end() == Some(&CallEnd::Unknowable));
        calls.map(|(id, _)| id).collect()
    }

    /// The first effect that failed and was not made up for: by the same effect later, or, where the arguments
    /// were at fault, by any later success of the same tool.
    fn undone(&self) -> Option<Why> {
        let mut open: Vec<(&str, Option<&EffectKey>, &Failure)> = Vec::new();
        for (asked, call) in self.calls() {
            match call.end() {
                Some(CallEnd::Abandoned) => return Some(Why::Abandoned { tool: asked.name.clone() }),
                Some(_) if !call.effect.writes() => {}
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

    fn exhausted(&self) -> Option<Budget> {
        let budgets = self.pins()?.budgets;
        let refused_for_it = self.refused().iter().any(|(_, refusal)| **refusal == Refusal::BudgetExhausted);
        [
            (refused_for_it, Budget::ToolCalls),
            (self.current_turn() >= budgets.turns_max, Budget::Turns),
            (!self.has_tokens(), Budget::Tokens),
        ]
        .into_iter()
        .find_map(|(over, budget)| over.then_some(budget))
    }
}

/// How a run ends whose model calls no further tool, all that it tried to do being done.
fn closing(turn: &Turn) -> Ending {
    let Reply { text, finish, .. } = &*turn.reply;
    match finish {
        Finish::Refusal => Ending::Refused { words: text.clone() },
        Finish::Length => Ending::Failed { why: Why::CutOff },
        Finish::Stop if turn.unfounded.is_empty() => Ending::Completed { account: text.clone() },
        Finish::Stop => Ending::Unproven { tools: turn.unfounded.clone(), account: text.clone() },
    }
}
