//! Asking whether an effect in doubt happened.

use aftercall_core::{
    effect::EffectKey,
    json::Json,
    ledger::{Change, State},
    ports::RecordsError,
    run::{CallId, Found},
    tool::Finding,
};

use super::{EffectSoFar, Step};

impl Step {
    pub(super) async fn settle(&self, call: CallId, last: bool) -> Result<Found, RecordsError> {
        let (tool, written) = self.called(call);
        // These arguments have passed before: an attempt was made with them.
        let Ok(arguments) = self.arguments(tool, written) else { return Ok(Found::Never) };
        let key = EffectKey::of(&self.subject.identity, &tool.plugin, &tool.name, &tool.identity, &arguments);
        let Some(entry) = self.ports.ledger.entry(&key).await? else { return Ok(Found::DidNotHappen) };
        match entry.state {
            State::InDoubt | State::Open { .. } => {}
            // Settled just before a crash that the journal knows nothing of.
            State::Done(outcome) => return Ok(Found::Happened(outcome)),
            State::Failed => return Ok(Found::DidNotHappen),
            State::Unknowable => return Ok(Found::Never),
        }
        let found = if tool.reconcilable {
            let so_far = EffectSoFar {
                key: key.clone(),
                attempt: entry.attempts,
                first_attempt_at: entry.first_attempt_at,
                attempt_at: entry.last_attempt_at,
            };
            let invocation = self.invocation(tool, Json::of(&arguments), so_far);
            match self.ports.tools.reconcile(&invocation).await {
                Ok(Finding::Happened(outcome)) => Found::Happened(outcome),
                Ok(Finding::DidNotHappen) => Found::DidNotHappen,
                Ok(Finding::Unknown { ask_again_ms: Some(pause) }) => Found::NotYet { ask_again_ms: Some(pause) },
                Ok(Finding::Unknown { ask_again_ms: None }) => Found::Never,
                Err(failure) => {
                    tracing::warn!(tool = tool.name, kind = %failure.kind, "reconcile failed: {}", failure.message);
                    Found::NotYet { ask_again_ms: failure.retry_after_ms }
                }
            }
        } else {
            Found::Never
        };
        let found = match found {
            Found::NotYet { .. } if last => Found::Never,
            found => found,
        };
        self.record(&key, &found).await?;
        Ok(found)
    }

    async fn record(&self, key: &EffectKey, found: &Found) -> Result<(), RecordsError> {
        let change = match found {
            Found::Happened(outcome) => Change::SettledDone(outcome.clone()),
            Found::DidNotHappen => Change::SettledNot,
            Found::Never => Change::GivenUp,
            Found::NotYet { .. } => return Ok(()),
        };
        self.ports.ledger.change(key, self.fence, &change).await
    }
}
