//! Asking whether an effect in doubt happened.

use aftercall_core::{
    effect::{Arguments, EffectKey},
    ledger::{Change, Entry, Refused, State},
    ports::RecordsError,
    run::{CallId, Found, PinnedTool, Resolution},
    tool::{Finding, Outcome},
};

use super::{Doubt, EffectSoFar, Step};

/// Longest time for asking once about an effect in doubt, in milliseconds. A doubt is settled also after the
/// run's own time is over, since nobody else would.
const SETTLE_MS_MAX: u64 = 60_000;

impl Step {
    pub(super) async fn settle(&self, call: CallId, last: bool) -> Result<Found, RecordsError> {
        let (tool, written) = self.called(call);
        // These arguments have passed before: an attempt was made with them.
        let Ok(arguments) = self.arguments(tool, written) else { return Ok(Found::Never) };
        let key = EffectKey::of(&self.subject.identity, &tool.plugin, &tool.name, &tool.identity, &arguments);
        let asked = Arguments::of(&arguments);
        // While another run of this conversation tries the same, or asks about it, what is found here may be true of an
        // attempt before the one that it would be recorded of.
        let Some(_turn) = self.trying.enter(&key) else { return Ok(Found::NotYet { ask_again_ms: None }) };
        let (_, settled, _) = self.run.call(call).expect("the machine names calls that are there");
        if let Some(resolution) = settled.as_open().and_then(|open| open.resolution.clone())
            && let Some(found) = self.take_word(&key, &asked, settled.tries, resolution).await?
        {
            return Ok(found);
        }
        loop {
            let Some(entry) = self.ports.ledger.entry(&key).await? else { return Ok(Found::DidNotHappen) };
            match &entry.state {
                State::InDoubt => {}
                // Whoever made that attempt is gone, and when it ended nobody knows.
                State::Open { .. } => {
                    self.leave_behind(&key).await?;
                    continue;
                }
                // Settled meanwhile, or just before a crash that the journal knows nothing of.
                State::Done(outcome) => return Ok(happened(&entry, &asked, outcome.clone())),
                State::Otherwise(outcome) => return Ok(Found::Otherwise(outcome.clone())),
                State::Failed => return Ok(Found::DidNotHappen),
                State::Unknowable => return Ok(Found::Never),
            }
            let found = match self.ask_vendor(tool, &asked, &key, &entry).await {
                Found::NotYet { .. } if last => Found::Never,
                found => found,
            };
            match self.record(&key, &found).await {
                // Somebody else changed the entry while the vendor was asked: what it says now holds.
                Err(RecordsError::Ledger { why: Refused::OutOfOrder, .. }) => continue,
                recorded => recorded?,
            }
            return Ok(match found {
                Found::Happened(outcome) => happened(&entry, &asked, outcome),
                found => found,
            });
        }
    }

    /// Records that nothing of the open attempt leaves any more, unless it has become something else meanwhile.
    async fn leave_behind(&self, key: &EffectKey) -> Result<(), RecordsError> {
        let change = Change::LeftBehind { at: self.clock.now() };
        match self.ports.ledger.change(key, self.fence, &change).await {
            Err(RecordsError::Ledger { why: Refused::OutOfOrder, .. }) => Ok(()),
            recorded => recorded,
        }
    }

    /// What a person says became of an attempt goes into the ledger, unless it was settled meanwhile. None: there was another
    /// attempt meanwhile, of which it says nothing, and that is to be settled first.
    async fn take_word(
        &self,
        key: &EffectKey,
        asked: &Arguments,
        attempt: u32,
        said: Resolution,
    ) -> Result<Option<Found>, RecordsError> {
        let (outcome, unless_done) = match said {
            Resolution::Done { receipt } => {
                let text = "a person has looked, and says that this was done".to_owned();
                (Some(Some(Outcome { text, data: None, receipts: vec![receipt] })), Found::DidNotHappen)
            }
            Resolution::Redo => (Some(None), Found::DidNotHappen),
            Resolution::Drop => (None, Found::Never),
        };
        if let Some(outcome) = outcome {
            match self.ports.ledger.change(key, self.fence, &Change::Resolved { attempt, outcome }).await {
                // Refused: before a crash that the journal knows nothing of, or by another call; one may have been left behind.
                Ok(()) | Err(RecordsError::Ledger { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let Some(entry) = self.ports.ledger.entry(key).await? else { return Ok(Some(unless_done)) };
        Ok(match &entry.state {
            // The word was about what that attempt was given.
            State::Done(outcome) => Some(happened(&entry, asked, outcome.clone())),
            State::Otherwise(outcome) => Some(Found::Otherwise(outcome.clone())),
            State::Open { .. } | State::InDoubt => None,
            State::Unknowable => Some(Found::Never),
            State::Failed => Some(unless_done),
        })
    }

    /// Asks about the attempt that is in doubt. What nobody knows the arguments of can't be asked about: what is true of these
    /// need not be true of those.
    async fn ask_vendor(&self, tool: &PinnedTool, asked: &Arguments, key: &EffectKey, entry: &Entry) -> Found {
        let Some(given) = entry.given(asked).filter(|_| tool.reconcilable) else { return Found::Never };
        let so_far = EffectSoFar {
            key: key.clone(),
            attempt: entry.attempts,
            first_attempt_at: entry.first_attempt_at,
            attempt_at: entry.last_attempt_at,
            doubt: Doubt::Asked { quiet_since: entry.quiet_since() },
            deadline: self.clock.now().plus_ms(SETTLE_MS_MAX),
        };
        let invocation = self.invocation(tool, given.clone(), so_far);
        match self.ports.tools.reconcile(&invocation).await {
            Ok(Finding::Happened(outcome)) => Found::Happened(outcome),
            Ok(Finding::HappenedOtherwise(outcome)) => Found::Otherwise(outcome),
            Ok(Finding::DidNotHappen) => Found::DidNotHappen,
            Ok(Finding::Unknown { ask_again_ms: Some(pause) }) => Found::NotYet { ask_again_ms: Some(pause) },
            Ok(Finding::Unknown { ask_again_ms: None }) => Found::Never,
            Err(failure) => {
                tracing::warn!(tool = tool.name, kind = %failure.kind, "reconcile failed: {}", failure.message);
                Found::NotYet { ask_again_ms: failure.retry_after_ms }
            }
        }
    }

    async fn record(&self, key: &EffectKey, found: &Found) -> Result<(), RecordsError> {
        let change = match found {
            Found::Happened(outcome) => Change::SettledDone(outcome.clone()),
            Found::Otherwise(outcome) => Change::SettledOtherwise(outcome.clone()),
            Found::DidNotHappen => Change::SettledNot,
            Found::Never => Change::GivenUp,
            Found::NotYet { .. } => return Ok(()),
        };
        self.ports.ledger.change(key, self.fence, &change).await
    }
}

/// What it means for a call with these arguments that the effect of an entry happened as its newest attempt asked.
fn happened(entry: &Entry, asked: &Arguments, outcome: Outcome) -> Found {
    if entry.is_asked_for_by(asked) { Found::Happened(outcome) } else { Found::Otherwise(outcome) }
}
