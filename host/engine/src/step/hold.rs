//! What keeps a tool that may be used from acting now: the hour, or a person who has to approve.

use aftercall_core::{
    effect::{Arguments, EffectKey},
    json::Json,
    ledger::{Entry, State},
    ports::RecordsError,
    run::{ApprovalAsk, CallId, PinnedTool},
    terms::Terms,
    timing::{Later, Refused},
    tool::{Effect, Failure, FailureKind},
};
use serde_json::{Map, Value};

use super::Step;

/// Whether an attempt may begin now.
pub(super) enum Gate {
    /// It may.
    Open,
    /// It has to wait first.
    Closed(Hold),
    /// It may never, as it is.
    Refused(Failure),
}

/// What an attempt waits for before it may begin.
pub(super) enum Hold {
    /// A time.
    Later(Later),
    /// A person.
    Approval(Box<ApprovalAsk>),
}

impl Step {
    /// Whether the attempt has to wait. A rehearsal waits for nothing, nor does an attempt that sends nothing: at an effect
    /// that was done, or of which only remains to be found out whether it was.
    pub(super) async fn hold(
        &self,
        call: CallId,
        tool: &PinnedTool,
        terms: &Terms,
        key: &EffectKey,
        arguments: &Map<String, Value>,
    ) -> Result<Gate, RecordsError> {
        let rehearsal = self.run.pins().is_some_and(|pins| pins.rehearsal);
        if rehearsal || (terms.timing().is_none() && terms.approval().is_none()) {
            return Ok(Gate::Open);
        }
        let known = if tool.effect.writes() { self.ports.ledger.entry(key).await? } else { None };
        if known.is_some_and(|entry| sends_nothing(&entry, tool.effect, arguments)) {
            return Ok(Gate::Open);
        }
        Ok(match self.later(terms, arguments) {
            Err(failure) => Gate::Refused(failure),
            Ok(Some(later)) => Gate::Closed(Hold::Later(later)),
            Ok(None) => match self.unapproved(call, tool, terms, arguments) {
                Some(ask) => Gate::Closed(Hold::Approval(Box::new(ask))),
                None => Gate::Open,
            },
        })
    }

    fn later(&self, terms: &Terms, arguments: &Map<String, Value>) -> Result<Option<Later>, Failure> {
        let Some(timing) = terms.timing() else { return Ok(None) };
        let began_at = self.run.began_at().expect("a run that calls tools has begun");
        let later = timing.not_before(&self.subject.conversation, arguments, began_at, self.clock.now());
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
        Some(ApprovalAsk { component, arguments, expires_at: self.clock.now().plus_ms(within_ms) })
    }
}

/// Whether an attempt at an effect that stands so sends nothing: see the table of [`aftercall_core::ledger::begin`].
fn sends_nothing(entry: &Entry, effect: Effect, arguments: &Map<String, Value>) -> bool {
    match entry.state {
        State::Done(_) | State::Otherwise(_) | State::Unknowable => true,
        State::Failed => false,
        State::InDoubt | State::Open { .. } => entry.is_settled_before(effect, &Arguments::of(arguments)),
    }
}
