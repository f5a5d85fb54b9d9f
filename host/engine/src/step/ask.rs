//! Asking the model.

use aftercall_core::{
    model::{Offer, TurnRequest},
    run::Kind,
};

use super::Step;

impl Step {
    pub(super) async fn ask(&self, turn: u32, attempt: u32) -> Kind {
        let pins = self.run.pins().expect("a run that asks has begun");
        let tools: Vec<Offer<'_>> = pins
            .tools
            .iter()
            .map(|tool| Offer { name: &tool.name, description: &tool.description, schema: &tool.offered_schema })
            .collect();
        let request = TurnRequest {
            model: &pins.model,
            conversation: &self.subject.conversation,
            instruction: &pins.steps.instruction(),
            tools: &tools,
            exchanges: &self.run.exchanges(),
        };
        let asked_at = self.ports.clock.now();
        match self.ports.model.turn(&request).await {
            Ok(reply) => Kind::Replied { turn, attempt, asked_at, reply: Box::new(reply) },
            Err(failure) => Kind::AskFailed { turn, attempt, failure, jitter: self.ports.chance.jitter() },
        }
    }
}
