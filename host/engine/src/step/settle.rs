//! Asking whether an effect in doubt happened.

use aftercall_core::{
    effect::{Arguments, EffectKey},
    ledger::{Change, Entry, Refused, State},
    ports::RecordsError,
    run::{CallId, Found, PinnedTool, Resolution},
    tool::{Finding, Outcome},
};

use super::{EffectSoFar, Step};

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
            && let Some(found) = self.take_word(&key, settled.tries, resolution).await?
        {
            return Ok(found);
        }
        loop {
            let Some(entry) = self.ports.ledger.entry(&key).await? else { return Ok(Found::DidNotHappen) };
            let is_ours = entry.is_asked_for_by(&asked);
            let happened = |outcome| if is_ours { Found::Happened(outcome) } else { Found::Otherwise(outcome) };
            match &entry.state {
                State::InDoubt => {}
                // Whoever made that attempt is gone, and when it ended nobody knows.
                State::Open { .. } => {
                    self.leave_behind(&key).await?;
                    continue;
                }
                // Settled meanwhile, or just before a crash that the journal knows nothing of.
                State::Done(outcome) => return Ok(happened(outcome.clone())),
                State::Failed => return Ok(Found::DidNotHappen),
                State::Unknowable => return Ok(Found::Never),
            }
            let found = match self.ask_vendor(tool, &asked, &key, &entry).await {
                Found::Happened(outcome) => happened(outcome),
                Found::NotYet { .. } if last => Found::Never,
                found => found,
            };
            match self.record(&key, &found).await {
                // Somebody else changed the entry while the vendor was asked: what it says now holds.
                Err(RecordsError::Ledger { why: Refused::OutOfOrder, .. }) => {}
                recorded => return recorded.map(|()| found),
            }
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
    async fn take_word(&self, key: &EffectKey, attempt: u32, said: Resolution) -> Result<Option<Found>, RecordsError> {
        let (outcome, unless_done) = match said {
            Resolution::Done { receipt } => {
                let text = "a person has looked, and says that this was done".to_owned();
                (Some(Some(Outcome { text, data: None, receipts: vec![receipt] })), Found::DidNotHappen)
            }
            Resolution::Redo => (Some(None), Found::DidNotHappen),
            Resolution::Drop => (None, Found::Never),
        };
        if let Some(outcome) = outcome {
            let change = Change::Resolved { attempt, outcome: outcome.clone() };
            match self.ports.ledger.change(key, self.fence, &change).await {
                Ok(()) => return Ok(Some(outcome.map_or(Found::DidNotHappen, Found::Happened))),
                // Before a crash that the journal knows nothing of, or by another call; one may have been left behind.
                Err(RecordsError::Ledger { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(match self.ports.ledger.entry(key).await?.map(|entry| entry.state) {
            Some(State::Done(outcome)) => Some(Found::Happened(outcome)),
            Some(State::Open { .. } | State::InDoubt) => None,
            Some(State::Unknowable) => Some(Found::Never),
            Some(State::Failed) | None => Some(unless_done),
        })
    }

    /// Asks about the attempt that is in doubt, which was given what `entry` says; `asked`, where it says nothing.
    async fn ask_vendor(&self, tool: &PinnedTool, asked: &Arguments, key: &EffectKey, entry: &Entry) -> Found {
        if !tool.reconcilable {
            return Found::Never;
        }
        let so_far = EffectSoFar {
            key: key.clone(),
            attempt: entry.attempts,
            first_attempt_at: entry.first_attempt_at,
            attempt_at: entry.quiet_since(),
            deadline: self.clock.now().plus_ms(SETTLE_MS_MAX),
        };
        let arguments = entry.in_question.as_ref().unwrap_or_else(|| asked.json());
        let invocation = self.invocation(tool, arguments.clone(), so_far);
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
    }

    async fn record(&self, key: &EffectKey, found: &Found) -> Result<(), RecordsError> {
        let change = match found {
            Found::Happened(outcome) | Found::Otherwise(outcome) => Change::SettledDone(outcome.clone()),
            Found::DidNotHappen => Change::SettledNot,
            Found::Never => Change::GivenUp,
            Found::NotYet { .. } => return Ok(()),
        };
        self.ports.ledger.change(key, self.fence, &change).await
    }
}
