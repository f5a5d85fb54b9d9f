//! What keeps a tool that may be used from acting now: the hour, or a person who has to approve.

use aftercall_core::{
    effect::EffectKey,
    json::Json,
    ledger::Entry,
    ports::RecordsError,
    run::{ApprovalAsk, CallId, PinnedTool},
    terms::Terms,
    timing::{Later, Refused},
    tool::{Failure, FailureKind},
};
use serde_json::{Map, Value};

use super::Step;

/// What an attempt waits for before it may begin.
pub(super) enum Hold {
    /// A time.
    Later(Later),
    /// A person.
    Approval(Box<ApprovalAsk>),
}

impl Step {
    /// What the attempt has to wait for. A rehearsal waits for nothing, nor does an effect that was begun before: it has
    /// happened or may have, so that what is left is to find out.
    pub(super) async fn hold(
        &self,
        call: CallId,
        tool: &PinnedTool,
        terms: &Terms,
        (key, arguments): (&EffectKey, &Map<String, Value>),
    ) -> Result<Result<Option<Hold>, Failure>, RecordsError> {
        let rehearsal = self.run.pins().is_some_and(|pins| pins.rehearsal);
        if rehearsal || (terms.timing().is_none() && terms.approval().is_none()) {
            return Ok(Ok(None));
        }
        let known = if tool.effect.writes() { self.ports.ledger.entry(key).await? } else { None };
        if known.as_ref().is_some_and(Entry::counts) {
            return Ok(Ok(None));
        }
        Ok(self.later(terms, arguments).map(|later| {
            later
                .map(Hold::Later)
                .or_else(|| Some(Hold::Approval(Box::new(self.unapproved(call, tool, terms, arguments)?))))
        }))
    }

    fn later(&self, terms: &Terms, arguments: &Map<String, Value>) -> Result<Option<Later>, Failure> {
        let Some(timing) = terms.timing() else { return Ok(None) };
        let began_at = self.run.began_at().expect("a run that calls tools has begun");
        let later = timing.not_before(&self.subject.conversation, arguments, began_at, self.ports.clock.now());
        later.map_err(|refused| {
            let kind = match refused {
                Refused::NoInstant { .. } | Refused::TooFar { .. } => FailureKind::InvalidArguments,
                Refused::NoZone | Refused::UnknownZone(_) => FailureKind::NotRunnable,
            };
            Failure::new(kind, refused.to_string())
        })
    }

    /// What a person has yet to approve: this component with these arguments, if they haven't approved exactly that.
    fn unapproved(
        &self,
        call: CallId,
        tool: &PinnedTool,
        terms: &Terms,
        arguments: &Map<String, Value>,
    ) -> Option<ApprovalAsk> {
        let within_ms = terms.approval()?.within_ms;
        let (component, arguments) = (tool.digest.clone(), Json::of(arguments));
        let approved = self.run.call(call).and_then(|(_, call, _)| call.as_open()?.approved.as_ref());
        if approved.is_some_and(|approved| approved.component == component && approved.arguments == arguments) {
            return None;
        }
        Some(ApprovalAsk { component, arguments, expires_at: self.ports.clock.now().plus_ms(within_ms) })
    }
}
