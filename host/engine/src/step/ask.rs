//! Asking the model.

use aftercall_core::{
    claims,
    insights::Answer,
    model::{Finish, Offer, Reply, TurnRequest},
    ports::RecordsError,
    run::{CallEnd, Kind},
    spent::Day,
};

use super::Step;

impl Step {
    pub(super) async fn ask(&self, turn: u32, attempt: u32) -> Result<Kind, RecordsError> {
        let now = self.clock.now();
        if let Some(used_up) = self.ports.day_budgets.used_up(&self.subject.identity.tenant, now).await? {
            let (until, why) = (Day::of(now).ends_at(), used_up.to_string());
            return Ok(Kind::AskPostponed { turn, attempt, until, why });
        }
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
            history: self.run.history(),
            words_only: self.run.is_asking_for_insights(),
        };
        let asked_at = self.clock.now();
        Ok(match self.ports.model.turn(&request).await {
            Ok(reply) => {
                let (unfounded, insights) = (self.unfounded(&reply), self.insights(&reply));
                Kind::Replied { turn, attempt, asked_at, reply: Box::new(reply), unfounded, insights }
            }
            Err(failure) => Kind::AskFailed { turn, attempt, failure, jitter: self.ports.chance.jitter() },
        })
    }

    /// What a reply comes to that was asked for insights.
    fn insights(&self, reply: &Reply) -> Option<Answer> {
        let asked = self.run.pins()?.insights.as_ref().filter(|_| self.run.is_asking_for_insights())?;
        Some(match self.schemas.get(asked.schema()) {
            Ok(schema) => Answer::of(reply, &schema),
            // It was compiled when it was configured: that can only be another version of this program.
            Err(error) => Answer::Wrong(vec![error.to_string()]),
        })
    }

    /// Of a reply that closes the run: tools whose action it claims though no call of them succeeded, here or live.
    fn unfounded(&self, reply: &Reply) -> Vec<String> {
        let (Some(pins), Some(account)) = (self.run.pins(), &reply.text) else { return Vec::new() };
        let closes = reply.calls.is_empty() && reply.finish == Finish::Stop && !self.run.is_asking_for_insights();
        // In a rehearsal nothing is done, whatever the account says.
        if !closes || pins.rehearsal {
            return Vec::new();
        }
        let done_here = |name: &str| {
            self.run.calls().any(|(asked, call)| {
                let done = matches!(call.end(), Some(CallEnd::Done(_) | CallEnd::Known(_) | CallEnd::Conflict(_)));
                done && asked.name == name
            })
        };
        let done_live = |name: &str| pins.seeded.iter().any(|seeded| seeded.tool == name && !seeded.in_doubt);
        let writing = pins.tools.iter().filter(|tool| tool.effect.writes());
        let tools: Vec<claims::Tool<'_>> = writing
            .map(|tool| claims::Tool { name: &tool.name, done: done_here(&tool.name) || done_live(&tool.name) })
            .collect();
        claims::unfounded(account, &tools)
    }
}
