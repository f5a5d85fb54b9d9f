//! What a run has used of its model.

use crate::{
    price::Price,
    run::{Event, Kind, Run},
    spent::Spent,
};

impl Run {
    /// What its turns have used so far, all together.
    pub fn spent(&self) -> Spent {
        self.turns.iter().map(|turn| Spent::of_turn(turn.reply.usage, self.price())).sum()
    }

    /// What its model costs. None: nobody has said, and its turns are counted without a cost.
    pub fn price(&self) -> Option<&Price> {
        self.pins()?.model.price.as_ref()
    }

    /// What one of its events tells of as used. None: nothing.
    pub fn spent_in(&self, event: &Event) -> Option<Spent> {
        match &event.kind {
            Kind::Replied { reply, .. } => Some(Spent::of_turn(reply.usage, self.price())),
            _ => None,
        }
    }

    /// Whether it may use more of its model.
    pub(super) fn has_tokens(&self) -> bool {
        self.pins().is_some_and(|pins| self.spent().usage.total() < pins.budgets.tokens_max)
    }
}
