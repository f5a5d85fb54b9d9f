//! What is known of each effect of a conversation, and what follows from it.
//!
//! The ledger is one row per effect, changed by compare-and-set in the records database, whatever the
//! engine. This module is its decision table and its transitions, both pure. An engine asks [`begin`] inside
//! the step; the egress door reports [`Change::WriteLeaves`] before the first write leaves; the end of the attempt is a
//! [`Change`] too.

use serde::{Deserialize, Serialize};

use crate::{
    id::Sha256Hex,
    time::Timestamp,
    tool::{AttemptEnd, Effect, Failure, FailureKind, Outcome, WriteAnswer},
};

/// Who writes: the number that the records gave to an engine when it took the records over. A higher one
/// is newer, and whoever holds an older one is a zombie whose writes are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub u64);

/// What the ledger knows of one effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// The digest of all arguments of the newest attempt.
    pub arguments: Sha256Hex,
    /// Attempts so far, from 1.
    pub attempts: u32,
    /// When the first one began.
    pub first_attempt_at: Timestamp,
    /// When the newest one began.
    pub last_attempt_at: Timestamp,
    /// Where it stands.
    pub state: State,
}

/// Where an effect stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum State {
    /// An attempt runs, or ran when its engine died.
    Open {
        /// Whose attempt.
        fence: Fence,
        /// Whether a write of it may have left.
        write_left: bool,
    },
    /// It may have happened, and nobody is trying.
    InDoubt,
    /// It happened, with this outcome. Final.
    Done(Outcome),
    /// The last attempt did not make it happen, for certain.
    Failed,
    /// It may have happened, and no program can tell: a person must.
    Unknowable,
}

/// An attempt that wants to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// Who asks.
    pub fence: Fence,
    /// The digest of all its arguments.
    pub arguments: Sha256Hex,
    /// What the tool declared.
    pub effect: Effect,
    /// Now.
    pub at: Timestamp,
}

/// What the ledger answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Go ahead: this attempt is now recorded as open.
    Fresh {
        /// Its number, from 1.
        attempt: u32,
        /// When the effect was first tried.
        first_attempt_at: Timestamp,
    },
    /// It was done before: nothing is sent.
    Done(Outcome),
    /// It was done before with other arguments: nothing is sent.
    Conflict(Outcome),
    /// It may have happened, and must be settled first.
    InDoubt {
        /// The number of the attempt in doubt.
        attempt: u32,
        /// When the effect was first tried.
        first_attempt_at: Timestamp,
    },
    /// It may have happened, and only a person can tell.
    Unknowable,
    /// Another attempt of the same effect runs in this very engine: ask again when it has ended.
    Busy,
    /// Whoever asks is a zombie: a newer engine has this effect.
    Fenced,
}

/// Decides whether an attempt may begin, and what the entry becomes. None as the new entry: it stays as it is.
///
/// | entry | idempotent | once |
/// |---|---|---|
/// | none, or failed for certain | fresh | fresh |
/// | open in an older engine, no write left | fresh | fresh |
/// | open in an older engine, a write left | fresh, same key | in doubt |
/// | in doubt | fresh, same key | in doubt |
/// | open in this engine | busy | busy |
/// | open in a newer engine | fenced | fenced |
/// | done, same arguments | done | done |
/// | done, other arguments | conflict | conflict |
/// | unknowable | unknowable | unknowable |
///
/// A `read` has no effect and no entry; asked for one all the same, it is treated as idempotent.
pub fn begin(entry: Option<&Entry>, begin: &Begin) -> (Decision, Option<Entry>) {
    let Some(known) = entry else { return fresh(None, begin) };
    let doubtful = || Decision::InDoubt { attempt: known.attempts, first_attempt_at: known.first_attempt_at };
    match &known.state {
        State::Done(outcome) if known.arguments == begin.arguments => (Decision::Done(outcome.clone()), None),
        State::Done(outcome) => (Decision::Conflict(outcome.clone()), None),
        State::Unknowable => (Decision::Unknowable, None),
        State::Failed => fresh(Some(known), begin),
        State::Open { fence, .. } if *fence == begin.fence => (Decision::Busy, None),
        State::Open { fence, .. } if *fence > begin.fence => (Decision::Fenced, None),
        State::Open { write_left: false, .. } => fresh(Some(known), begin),
        State::Open { write_left: true, .. } | State::InDoubt if begin.effect == Effect::Once => {
            (doubtful(), Some(Entry { state: State::InDoubt, ..known.clone() }))
        }
        State::Open { write_left: true, .. } | State::InDoubt => fresh(Some(known), begin),
    }
}

fn fresh(known: Option<&Entry>, begin: &Begin) -> (Decision, Option<Entry>) {
    let attempts = known.map_or(1, |entry| entry.attempts.saturating_add(1));
    let first_attempt_at = known.map_or(begin.at, |entry| entry.first_attempt_at);
    let entry = Entry {
        arguments: begin.arguments.clone(),
        attempts,
        first_attempt_at,
        last_attempt_at: begin.at,
        state: State::Open { fence: begin.fence, write_left: false },
    };
    (Decision::Fresh { attempt: attempts, first_attempt_at }, Some(entry))
}

/// What happens to an effect after it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The egress door is about to let the first write of the open attempt leave.
    WriteLeaves,
    /// The open attempt ended.
    Ended(Verdict),
    /// The doubt was settled: it happened.
    SettledDone(Outcome),
    /// The doubt was settled: it did not happen.
    SettledNot,
    /// The doubt will never be settled by a program.
    GivenUp,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// It happened.
    Done(Outcome),
    /// It did not happen, for certain.
    Failed(Failure),
    /// It may have happened.
    InDoubt(Failure),
}

/// A change that the entry doesn't allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A newer engine has the effect.
    #[error("a newer engine has taken this effect over")]
    Fenced,
    /// The entry isn't where such a change can follow: a fault of the engine.
    #[error("the effect is not where this change can follow")]
    OutOfOrder,
}

/// Applies a change to an entry.
///
/// # Errors
/// The attempt belongs to another engine, or the entry isn't where such a change can follow.
pub fn change(entry: &Entry, fence: Fence, change: &Change) -> Result<Entry, Refused> {
    let state = match (&entry.state, change) {
        (State::Open { fence: holder, .. }, _) if *holder != fence => return Err(Refused::Fenced),
        (State::Open { .. }, Change::WriteLeaves) => State::Open { fence, write_left: true },
        (State::Open { .. }, Change::Ended(verdict)) => match verdict {
            Verdict::Done(outcome) => State::Done(outcome.clone()),
            Verdict::Failed(_) => State::Failed,
            Verdict::InDoubt(_) => State::InDoubt,
        },
        (State::InDoubt, Change::SettledDone(outcome)) => State::Done(outcome.clone()),
        (State::InDoubt, Change::SettledNot) => State::Failed,
        (State::InDoubt, Change::GivenUp) => State::Unknowable,
        _ => return Err(Refused::OutOfOrder),
    };
    Ok(Entry { state, ..entry.clone() })
}

/// What an attempt came to, by what left the egress door rather than by the guest's word.
///
/// A failure is certain only if no write left, or the vendor refused every one that did. A success is the
/// guest's to report: it may have repeated an unanswered request itself.
pub fn verdict(end: AttemptEnd) -> Verdict {
    let failure = match end.result {
        Ok(outcome) => return Verdict::Done(outcome),
        Err(failure) => failure,
    };
    let certain = end.writes.iter().all(|answer| *answer == WriteAnswer::Refused);
    if !certain {
        return Verdict::InDoubt(failure);
    }
    // Nothing was written, so nothing can be unknown: the guest's doubt is no doubt.
    let kind = match failure.kind {
        FailureKind::OutcomeUnknown => FailureKind::Unavailable,
        kind => kind,
    };
    Verdict::Failed(Failure { kind, ..failure })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::Receipt;

    const OLD: Fence = Fence(1);
    const OURS: Fence = Fence(2);
    const NEW: Fence = Fence(3);

    fn outcome() -> Outcome {
        let receipt = Receipt { id: "r".into(), kind: "k".into(), url: None };
        Outcome { text: "done".into(), data: None, receipts: vec![receipt] }
    }

    fn entry(state: State) -> Entry {
        Entry {
            arguments: Sha256Hex::of(b"same"),
            attempts: 1,
            first_attempt_at: Timestamp::from_millis(7),
            last_attempt_at: Timestamp::from_millis(7),
            state,
        }
    }

    fn open(fence: Fence, write_left: bool) -> State {
        State::Open { fence, write_left }
    }

    fn states() -> Vec<State> {
        let mut states: Vec<State> =
            [OLD, OURS, NEW].into_iter().flat_map(|f| [open(f, false), open(f, true)]).collect();
        states.extend([State::InDoubt, State::Done(outcome()), State::Failed, State::Unknowable]);
        states
    }

    #[test]
    fn the_decision_table_holds_in_every_cell() {
        let fresh = |attempt| Decision::Fresh {
            attempt,
            first_attempt_at: Timestamp::from_millis(if attempt == 1 { 99 } else { 7 }),
        };
        let doubt = Decision::InDoubt { attempt: 1, first_attempt_at: Timestamp::from_millis(7) };
        let done = || Decision::Done(outcome());
        let conflict = || Decision::Conflict(outcome());
        // state, then: idempotent and once with the same arguments, idempotent and once with others
        let table: Vec<(Option<State>, [Decision; 4])> = vec![
            (None, [fresh(1), fresh(1), fresh(1), fresh(1)]),
            (Some(State::Failed), [fresh(2), fresh(2), fresh(2), fresh(2)]),
            (Some(open(OLD, false)), [fresh(2), fresh(2), fresh(2), fresh(2)]),
            (Some(open(OLD, true)), [fresh(2), doubt.clone(), fresh(2), doubt.clone()]),
            (Some(State::InDoubt), [fresh(2), doubt.clone(), fresh(2), doubt]),
            (Some(open(OURS, false)), [Decision::Busy, Decision::Busy, Decision::Busy, Decision::Busy]),
            (Some(open(OURS, true)), [Decision::Busy, Decision::Busy, Decision::Busy, Decision::Busy]),
            (Some(open(NEW, false)), [Decision::Fenced, Decision::Fenced, Decision::Fenced, Decision::Fenced]),
            (Some(open(NEW, true)), [Decision::Fenced, Decision::Fenced, Decision::Fenced, Decision::Fenced]),
            (Some(State::Done(outcome())), [done(), done(), conflict(), conflict()]),
            (
                Some(State::Unknowable),
                [Decision::Unknowable, Decision::Unknowable, Decision::Unknowable, Decision::Unknowable],
            ),
        ];
        assert_eq!(table.len(), states().len() + 1, "every state has a row");
        for (state, row) in table {
            let known = state.map(entry);
            let columns = [
                ("same", Effect::Idempotent),
                ("same", Effect::Once),
                ("other", Effect::Idempotent),
                ("other", Effect::Once),
            ];
            for ((arguments, effect), expected) in columns.into_iter().zip(row) {
                let asked = Begin {
                    fence: OURS,
                    arguments: Sha256Hex::of(arguments.as_bytes()),
                    effect,
                    at: Timestamp::from_millis(99),
                };
                let (decision, after) = begin(known.as_ref(), &asked);
                assert_eq!(decision, expected, "{known:?} {arguments} {effect:?}");
                match decision {
                    Decision::Fresh { attempt, .. } => {
                        let after = after.expect("a fresh attempt is recorded");
                        assert_eq!((after.state, after.attempts), (open(OURS, false), attempt));
                        assert_eq!((&after.arguments, after.last_attempt_at), (&asked.arguments, asked.at));
                    }
                    Decision::InDoubt { .. } => {
                        assert_eq!(after.expect("the doubt is recorded").state, State::InDoubt);
                    }
                    _ => assert_eq!(after, None, "nothing else changes the entry"),
                }
            }
        }
    }

    #[test]
    fn changes_follow_only_where_they_can() {
        let failure = || Failure::new(FailureKind::Denied, "no");
        let changes = [
            (Change::WriteLeaves, "open", Some(open(OURS, true))),
            (Change::Ended(Verdict::Done(outcome())), "open", Some(State::Done(outcome()))),
            (Change::Ended(Verdict::Failed(failure())), "open", Some(State::Failed)),
            (Change::Ended(Verdict::InDoubt(failure())), "open", Some(State::InDoubt)),
            (Change::SettledDone(outcome()), "doubt", Some(State::Done(outcome()))),
            (Change::SettledNot, "doubt", Some(State::Failed)),
            (Change::GivenUp, "doubt", Some(State::Unknowable)),
        ];
        for (asked, from, to) in changes {
            for state in states() {
                let got = change(&entry(state.clone()), OURS, &asked).map(|entry| entry.state);
                let expected = match &state {
                    State::Open { fence, .. } if *fence != OURS => Err(Refused::Fenced),
                    State::Open { .. } if from == "open" => Ok(to.clone().expect("it leads somewhere")),
                    State::InDoubt if from == "doubt" => Ok(to.clone().expect("it leads somewhere")),
                    _ => Err(Refused::OutOfOrder),
                };
                assert_eq!(got, expected, "{asked:?} on {state:?}");
            }
        }
    }

    #[test]
    fn the_door_decides_doubt() {
        use WriteAnswer::{Accepted, Refused, Silent};
        let end = |result, writes: &[WriteAnswer]| AttemptEnd { result, writes: writes.to_vec(), log: Vec::new() };
        let failed = |kind| Err(Failure::new(kind, "no"));
        let (trap, unknown) = (FailureKind::Trapped, FailureKind::OutcomeUnknown);
        for (result, writes, expected) in [
            (Ok(outcome()), &[Accepted][..], "done"),
            (Ok(outcome()), &[Silent, Accepted], "done"),
            (failed(trap), &[], "failed trapped"),
            (failed(trap), &[Refused], "failed trapped"),
            (failed(trap), &[Accepted], "doubt trapped"),
            (failed(trap), &[Silent], "doubt trapped"),
            (failed(trap), &[Refused, Silent], "doubt trapped"),
            (failed(FailureKind::Denied), &[Accepted, Refused], "doubt denied"),
            (failed(unknown), &[], "failed unavailable"),
            (failed(unknown), &[Refused], "failed unavailable"),
            (failed(unknown), &[Silent], "doubt outcome-unknown"),
        ] {
            let got = match verdict(end(result, writes)) {
                Verdict::Done(_) => "done".to_owned(),
                Verdict::Failed(failure) => format!("failed {}", failure.kind),
                Verdict::InDoubt(failure) => format!("doubt {}", failure.kind),
            };
            assert_eq!(got, expected, "{writes:?}");
        }
    }
}
