//! What the tenant's grant says of a call today, whatever it said when the run began.

use std::sync::Arc;

use aftercall_core::{
    constraint::{self, Refused},
    effect::{Arguments, EffectKey},
    ledger::State,
    ports::RecordsError,
    run::{AttemptResult, PinnedTool},
    terms::Terms,
    tool::{Failure, FailureKind},
};
use serde_json::{Map, Value};

use super::Step;

impl Step {
    /// The terms on which the tool may be used, which these arguments keep to.
    pub(super) fn terms(&self, tool: &PinnedTool, arguments: &Map<String, Value>) -> Result<Arc<Terms>, Failure> {
        let not_runnable = |words: String| Failure::new(FailureKind::NotRunnable, words);
        let tenant = &self.subject.identity.tenant;
        let terms = self.ports.grants.terms(tenant, &tool.plugin, &tool.name).ok_or_else(|| {
            let plugin = &tool.plugin;
            not_runnable(format!("tenant {tenant} grants no plugin {plugin}: add it to the tenant's plugins"))
        })?;
        let enforced = terms.enforced().map(|schema| self.schemas.get(schema)).transpose();
        let enforced =
            enforced.map_err(|error| not_runnable(format!("the grant's constraints can't be used: {error}")))?;
        match constraint::hold(terms.constraints(), enforced.as_deref(), arguments, &self.subject.conversation) {
            Ok(()) => Ok(terms),
            Err(refused @ Refused::Arguments(_)) => {
                Err(Failure::new(FailureKind::InvalidArguments, refused.to_string()))
            }
            Err(refused @ Refused::FactMissing { .. }) => Err(not_runnable(refused.to_string())),
        }
    }

    /// What comes of an attempt that the terms don't allow, and attempts so far. What was begun before they were
    /// narrowed has happened or may have, whatever they say now.
    pub(super) async fn refused(
        &self,
        key: &EffectKey,
        arguments: &Map<String, Value>,
        failure: Failure,
    ) -> Result<(AttemptResult, u32), RecordsError> {
        let Some(entry) = self.ports.ledger.entry(key).await? else { return Ok((AttemptResult::Failed(failure), 0)) };
        let is_the_same = entry.is_asked_for_by(&Arguments::of(arguments));
        let result = match entry.state {
            State::Done(outcome) if is_the_same => AttemptResult::Known(outcome),
            State::Done(outcome) | State::Otherwise(outcome) => AttemptResult::Conflict(outcome),
            State::Unknowable => AttemptResult::Unknowable,
            State::Failed | State::Open { write_left: false, doubted: false, .. } => AttemptResult::Failed(failure),
            State::Open { .. } | State::InDoubt => AttemptResult::InDoubt(failure),
        };
        Ok((result, entry.attempts))
    }
}
