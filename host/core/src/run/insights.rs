//! What is asked of the model once its work is over: insights, which change nothing of how the run ended.

use crate::{
    insights::Answer,
    json::Json,
    limits::INSIGHTS_TURNS_MAX,
    run::{Budget, Ending, Run, Why},
};

impl Run {
    /// Whether the work is over, and the model is asked for insights alone.
    pub fn is_asking_for_insights(&self) -> bool {
        self.closed.is_some()
    }

    /// What was to be known of the call, as an object of the schema that was asked for. None: not asked for, not there yet,
    /// or never to be.
    pub fn insights(&self) -> Option<&Json> {
        match &self.turns.last()?.insights {
            Some(Answer::Fits(object)) => Some(object),
            _ => None,
        }
    }

    /// Ends the run, once people have settled what only they can, and the model has been asked for the insights that are
    /// wanted.
    pub(super) fn close(&mut self, ending: Ending) {
        if self.unknowable().is_empty() && self.may_be_asked_for_insights(&ending) {
            self.closed = Some(ending);
            self.ask_next();
        } else {
            self.end(ending);
        }
    }

    /// A model that works no more, or can't, has nothing to say; tokens that are used up are not there for this either.
    fn may_be_asked_for_insights(&self, ending: &Ending) -> bool {
        let is_wanted = self.pins().is_some_and(|pins| pins.insights.is_some());
        let can_speak = match ending {
            Ending::Completed { .. } | Ending::Unproven { .. } => true,
            Ending::BudgetExhausted { budget } => matches!(budget, Budget::Turns | Budget::ToolCalls),
            Ending::Failed { why } => matches!(why, Why::Tool { .. } | Why::Abandoned { .. }),
            Ending::Skipped { .. }
            | Ending::Refused { .. }
            | Ending::Cancelled { .. }
            | Ending::CannotContinue { .. } => false,
        };
        is_wanted && can_speak && self.stop.is_none() && self.has_tokens()
    }

    /// What follows an answer: the end, or the question once more.
    pub(super) fn after_insights(&mut self) {
        let asked = self.turns.iter().filter(|turn| turn.insights.is_some()).count();
        let again = self.insights().is_none() && asked < INSIGHTS_TURNS_MAX && self.stop.is_none() && self.has_tokens();
        match self.closed.take() {
            closed @ Some(_) if again => {
                self.closed = closed;
                self.ask_next();
            }
            Some(ending) => self.end(ending),
            None => {}
        }
    }

    /// Ends a run whose model can't be asked any more: as its work ended, if that was over.
    pub(super) fn give_up(&mut self, ending: Ending) {
        let ending = self.closed.take().unwrap_or(ending);
        self.end(ending);
    }
}
