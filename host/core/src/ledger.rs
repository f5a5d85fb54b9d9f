//! What is known of each effect of a conversation, and what follows from it.
//!
//! The ledger is one row per effect, changed by compare-and-set in the records database, whatever the
//! engine. This module is its decision table and its transitions, both pure. An engine asks [`begin`] inside
//! the step; the egress door reports [`Change::WriteLeaves`] before the first write leaves; the end of the attempt is a
//! [`Change`] too.

use serde::{Deserialize, Serialize};

use crate::{
    cap::Cap,
    effect::Arguments,
    id::Sha256Hex,
    json::Json,
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
    /// The digest of all arguments of the newest attempt. None: no more of them is known than the key says, as of
    /// what was done on the live call.
    pub arguments: Option<Sha256Hex>,
    /// Attempts so far, from 1.
    pub attempts: u32,
    /// When the first one began.
    pub first_attempt_at: Timestamp,
    /// When the newest one began.
    pub last_attempt_at: Timestamp,
    /// When it ended, or was found left behind. None: it runs, or nothing more is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt_ended_at: Option<Timestamp>,
    /// What the newest attempt was given, for as long as a program or a person may have to be asked about it. None: nothing
    /// is to be asked, or nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_question: Option<Json>,
    /// Where it stands.
    pub state: State,
}

impl Entry {
    /// Whether the effect counts against caps: it happened, or it may have.
    pub const fn counts(&self) -> bool {
        !matches!(self.state, State::Failed)
    }

    /// Whether an attempt with these arguments asks for just what this one is, as far as that is known.
    pub fn is_asked_for_by(&self, arguments: &Arguments) -> bool {
        self.arguments.as_ref().is_none_or(|known| known == arguments.digest())
    }

    /// Whether it may have happened, and has to be settled before an attempt with these arguments begins: what is done once
    /// is never repeated in doubt, and with other arguments nobody could tell any more what the doubt is about.
    pub fn is_settled_before(&self, effect: Effect, arguments: &Arguments) -> bool {
        self.state.may_have_happened() && (effect == Effect::Once || !self.is_asked_for_by(arguments))
    }

    /// What the attempt in doubt was given, for a question asked in the name of these arguments. None: nobody knows.
    pub fn given<'a>(&'a self, asked: &'a Arguments) -> Option<&'a Json> {
        self.in_question.as_ref().or_else(|| self.is_asked_for_by(asked).then(|| asked.json()))
    }

    /// Since when nothing of the newest attempt can have left, as far as that is known.
    pub fn quiet_since(&self) -> Timestamp {
        self.last_attempt_ended_at.unwrap_or(self.last_attempt_at)
    }
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
        /// Whether an earlier attempt may have made it happen: this one's failure proves nothing then.
        doubted: bool,
    },
    /// It may have happened, and nobody is trying.
    InDoubt,
    /// It happened, with this outcome. Final.
    Done(Outcome),
    /// It happened, and not as the newest attempt asked: this is what the vendor has. Final.
    Otherwise(Outcome),
    /// The last attempt did not make it happen, for certain.
    Failed,
    /// It may have happened, and no program can tell: a person must.
    Unknowable,
}

impl State {
    /// Whether it may have happened, and is not settled. What is open counts: whoever tried is gone, or is asked first.
    const fn may_have_happened(&self) -> bool {
        match self {
            Self::Open { write_left, doubted, .. } => *write_left || *doubted,
            Self::InDoubt => true,
            Self::Done(_) | Self::Otherwise(_) | Self::Failed | Self::Unknowable => false,
        }
    }
}

/// An attempt that wants to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// Who asks.
    pub fence: Fence,
    /// What the tool would be given.
    pub arguments: Arguments,
    /// What the tool declared.
    pub effect: Effect,
    /// Whether nobody else in the same engine is trying this effect: an attempt that is open under the very
    /// same fence was left behind then, as by an engine that died.
    pub alone: bool,
    /// What its effect is counted against, if it doesn't count already.
    pub caps: Vec<Cap>,
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
        /// Whether an earlier attempt may have made it happen.
        doubted: bool,
    },
    /// It was done before: nothing is sent.
    Done(Outcome),
    /// It was done before, and not as asked now: nothing is sent.
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
    /// There are as many effects as the tenant allows: nothing is sent.
    OverCap(Cap),
    /// Another attempt of the same effect runs in this very engine: ask again when it has ended.
    Busy,
    /// Whoever asks is a zombie: a newer engine has this effect.
    Fenced,
}

/// Decides whether an attempt may begin, and what the entry becomes. None as the new entry: it stays as it is.
///
/// `used_up` is a cap of the attempt's that other effects have used up. It says nothing of an effect that counts
/// already.
///
/// | entry | idempotent | once |
/// |---|---|---|
/// | none, or failed for certain | fresh | fresh |
/// | the same, and a cap is used up | over cap | over cap |
/// | left behind, no write left | fresh | fresh |
/// | left behind, a write left; in doubt | fresh, same key, doubted | in doubt |
/// | the same, other arguments | in doubt | in doubt |
/// | open, and somebody else is trying | busy | busy |
/// | open in a newer engine | fenced | fenced |
/// | done, same arguments or unknown ones | done | done |
/// | done, other arguments; done otherwise | conflict | conflict |
/// | unknowable | unknowable | unknowable |
///
/// A `read` has no effect and no entry; asked for one all the same, it is treated as idempotent.
pub fn begin(entry: Option<&Entry>, begin: &Begin, used_up: Option<Cap>) -> (Decision, Option<Entry>) {
    if let Some(cap) = used_up.filter(|_| !entry.is_some_and(Entry::counts)) {
        return (Decision::OverCap(cap), None);
    }
    let Some(known) = entry else { return fresh(None, begin) };
    let doubtful = || Decision::InDoubt { attempt: known.attempts, first_attempt_at: known.first_attempt_at };
    match &known.state {
        State::Done(outcome) if known.is_asked_for_by(&begin.arguments) => (Decision::Done(outcome.clone()), None),
        State::Done(outcome) | State::Otherwise(outcome) => (Decision::Conflict(outcome.clone()), None),
        State::Unknowable => (Decision::Unknowable, None),
        State::Failed => fresh(Some(known), begin),
        State::Open { fence, .. } if *fence == begin.fence && !begin.alone => (Decision::Busy, None),
        State::Open { fence, .. } if *fence > begin.fence => (Decision::Fenced, None),
        State::Open { .. } | State::InDoubt if known.is_settled_before(begin.effect, &begin.arguments) => {
            let ended = known.last_attempt_ended_at.unwrap_or(begin.at);
            (doubtful(), Some(Entry { state: State::InDoubt, last_attempt_ended_at: Some(ended), ..known.clone() }))
        }
        State::Open { .. } | State::InDoubt => fresh(Some(known), begin),
    }
}

fn fresh(known: Option<&Entry>, begin: &Begin) -> (Decision, Option<Entry>) {
    let attempts = known.map_or(1, |entry| entry.attempts.saturating_add(1));
    let first_attempt_at = known.map_or(begin.at, |entry| entry.first_attempt_at);
    let doubted = known.is_some_and(|entry| entry.state.may_have_happened());
    let entry = Entry {
        arguments: Some(begin.arguments.digest().clone()),
        attempts,
        first_attempt_at,
        last_attempt_at: begin.at,
        last_attempt_ended_at: None,
        in_question: Some(begin.arguments.json().clone()),
        state: State::Open { fence: begin.fence, write_left: false, doubted },
    };
    (Decision::Fresh { attempt: attempts, first_attempt_at, doubted }, Some(entry))
}

/// What happens to an effect after it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The egress door is about to let the first write of the open attempt leave.
    WriteLeaves,
    /// The open attempt ended.
    Ended {
        /// What it came to.
        verdict: Verdict,
        /// When.
        at: Timestamp,
    },
    /// The open attempt was found left behind: nothing of it leaves from then on.
    LeftBehind {
        /// When it was found.
        at: Timestamp,
    },
    /// The doubt was settled: it happened.
    SettledDone(Outcome),
    /// The doubt was settled: there is such an effect, and it isn't what the attempt asked for.
    SettledOtherwise(Outcome),
    /// The doubt was settled: it did not happen.
    SettledNot,
    /// The doubt will never be settled by a program.
    GivenUp,
    /// A person settled it.
    Resolved {
        /// Of which attempt they speak: it is the newest one.
        attempt: u32,
        /// What came of it. None: it did not happen.
        outcome: Option<Outcome>,
    },
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
        (State::Open { fence: holder, .. }, _) if *holder > fence => return Err(Refused::Fenced),
        // Settled without having ended: the attempt was left behind.
        (State::Open { .. } | State::InDoubt, Change::SettledDone(outcome)) => State::Done(outcome.clone()),
        (State::Open { .. } | State::InDoubt, Change::SettledOtherwise(outcome)) => State::Otherwise(outcome.clone()),
        (State::Open { .. } | State::InDoubt, Change::SettledNot) => State::Failed,
        (State::Open { .. } | State::InDoubt, Change::GivenUp) => State::Unknowable,
        (State::Open { .. }, Change::LeftBehind { .. }) => State::InDoubt,
        // Of another attempt than the newest one, the word says nothing.
        (State::Unknowable, Change::Resolved { attempt, outcome }) if *attempt == entry.attempts => {
            outcome.clone().map_or(State::Failed, State::Done)
        }
        (State::Open { fence: holder, .. }, _) if *holder < fence => return Err(Refused::Fenced),
        (State::Open { doubted, .. }, Change::WriteLeaves) => {
            State::Open { fence, write_left: true, doubted: *doubted }
        }
        (State::Open { doubted, .. }, Change::Ended { verdict, .. }) => match verdict {
            Verdict::Done(outcome) => State::Done(outcome.clone()),
            Verdict::Failed(_) if !doubted => State::Failed,
            Verdict::Failed(_) | Verdict::InDoubt(_) => State::InDoubt,
        },
        _ => return Err(Refused::OutOfOrder),
    };
    let ended_at = match change {
        Change::Ended { at, .. } | Change::LeftBehind { at } => Some(*at),
        _ => entry.last_attempt_ended_at,
    };
    let asks = matches!(state, State::Open { .. } | State::InDoubt | State::Unknowable);
    let in_question = entry.in_question.clone().filter(|_| asks);
    Ok(Entry { state, last_attempt_ended_at: ended_at, in_question, ..entry.clone() })
}

/// What an attempt came to, by what left the egress door rather than by the guest's word.
///
/// A failure is certain only if no write left, or the vendor refused every one that did, and no earlier attempt
/// is in doubt (`doubted`). Whether the vendor refused, its status says; where the manifest says that it refuses in the
/// bodies of its successes too, the kind of the failure does. The guest may raise a doubt where a write left, as of a
/// vendor that refuses a key because it is busy with it; it can never lower one. A success is the guest's to report: it may
/// have repeated an unanswered request itself.
pub fn verdict(end: AttemptEnd, doubted: bool) -> Verdict {
    let failure = match end.result {
        Ok(outcome) => return Verdict::Done(outcome),
        Err(failure) => failure,
    };
    let refused = |answer: &WriteAnswer| match answer {
        WriteAnswer::Refused => true,
        WriteAnswer::InBody => failure.kind.says_not_done(),
        WriteAnswer::Accepted | WriteAnswer::Silent => false,
    };
    let raised = failure.kind == FailureKind::OutcomeUnknown && !end.writes.is_empty();
    let certain = !doubted && !raised && end.writes.iter().all(refused);
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
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        cap::{Of, Per},
        tool::Receipt,
    };

    const OLD: Fence = Fence(1);
    const OURS: Fence = Fence(2);
    const NEW: Fence = Fence(3);
    const END: Timestamp = Timestamp::from_millis(50);

    fn arguments(text: &str) -> Arguments {
        let Value::Object(arguments) = json!({ "text": text }) else { unreachable!("it is an object") };
        Arguments::of(&arguments)
    }

    fn outcome() -> Outcome {
        let receipt = Receipt { id: "r".into(), kind: "k".into(), url: None };
        Outcome { text: "done".into(), data: None, receipts: vec![receipt] }
    }

    fn entry(state: State) -> Entry {
        Entry {
            arguments: Some(arguments("same").digest().clone()),
            attempts: 1,
            first_attempt_at: Timestamp::from_millis(7),
            last_attempt_at: Timestamp::from_millis(7),
            last_attempt_ended_at: None,
            in_question: Some(arguments("same").json().clone()),
            state,
        }
    }

    fn open(fence: Fence, write_left: bool, doubted: bool) -> State {
        State::Open { fence, write_left, doubted }
    }

    fn states() -> Vec<State> {
        let flags = [(false, false), (false, true), (true, false), (true, true)];
        let open = |fence| flags.map(|(write_left, doubted)| open(fence, write_left, doubted));
        let mut states: Vec<State> = [OLD, OURS, NEW].into_iter().flat_map(open).collect();
        let settled = [State::Done(outcome()), State::Otherwise(outcome()), State::Failed, State::Unknowable];
        states.extend([State::InDoubt].into_iter().chain(settled));
        states
    }

    /// What must be answered, said once more and in other words than the code says it.
    fn expected(
        known: Option<&State>,
        effect: Effect,
        arguments: Option<&str>,
        alone: bool,
        used_up: bool,
    ) -> &'static str {
        let certain = match known {
            None | Some(State::Failed) => true,
            Some(State::Open { write_left, doubted, .. }) => !write_left && !doubted,
            _ => false,
        };
        match known {
            None | Some(State::Failed) if used_up => "over cap",
            Some(State::Done(_)) if arguments == Some("other") => "conflict",
            Some(State::Otherwise(_)) => "conflict",
            Some(State::Done(_)) => "done",
            Some(State::Unknowable) => "unknowable",
            Some(State::Open { fence, .. }) if *fence == NEW => "fenced",
            Some(State::Open { fence, .. }) if *fence == OURS && !alone => "busy",
            _ if certain => "fresh",
            _ if effect == Effect::Once || arguments == Some("other") => "in doubt",
            _ => "fresh, doubted",
        }
    }

    fn word(decision: &Decision) -> &'static str {
        match decision {
            Decision::Fresh { doubted: false, .. } => "fresh",
            Decision::Fresh { doubted: true, .. } => "fresh, doubted",
            Decision::Done(_) => "done",
            Decision::Conflict(_) => "conflict",
            Decision::InDoubt { .. } => "in doubt",
            Decision::Unknowable => "unknowable",
            Decision::OverCap(_) => "over cap",
            Decision::Busy => "busy",
            Decision::Fenced => "fenced",
        }
    }

    #[test]
    fn the_decision_table_holds_in_every_cell() {
        let at = Timestamp::from_millis(99);
        let cap = Cap { of: Of::Tool, per: Per::Run, most: 1 };
        let cells = states().into_iter().map(Some).chain([None]);
        for (state, used_up) in cells.flat_map(|state| [(state.clone(), None), (state, Some(cap))]) {
            for (effect, recorded, alone) in [
                (Effect::Idempotent, Some("same"), false),
                (Effect::Idempotent, Some("same"), true),
                (Effect::Idempotent, Some("other"), false),
                (Effect::Idempotent, Some("other"), true),
                (Effect::Idempotent, None, false),
                (Effect::Idempotent, None, true),
                (Effect::Once, Some("same"), false),
                (Effect::Once, Some("same"), true),
                (Effect::Once, Some("other"), false),
                (Effect::Once, Some("other"), true),
                (Effect::Once, None, false),
                (Effect::Once, None, true),
            ] {
                let caps = vec![cap];
                let asked = Begin { fence: OURS, arguments: arguments("same"), effect, alone, caps, at };
                let digest = recorded.map(|recorded| arguments(recorded).digest().clone());
                let known = state.clone().map(|state| Entry { arguments: digest, ..entry(state) });
                let (decision, after) = begin(known.as_ref(), &asked, used_up);
                let wanted = expected(state.as_ref(), effect, recorded, alone, used_up.is_some());
                assert_eq!(word(&decision), wanted, "{known:?} {asked:?} {used_up:?}");
                match decision {
                    Decision::Fresh { attempt, first_attempt_at, doubted } => {
                        let after = after.expect("a fresh attempt is recorded");
                        assert_eq!((&after.state, after.attempts), (&open(OURS, false, doubted), attempt));
                        assert_eq!(
                            (after.arguments.as_ref(), after.last_attempt_at),
                            (Some(asked.arguments.digest()), at)
                        );
                        let in_question = Some(asked.arguments.json().clone());
                        assert_eq!((after.in_question, after.last_attempt_ended_at), (in_question, None));
                        let first = known.map_or((1, at), |known| (2, known.first_attempt_at));
                        assert_eq!((attempt, first_attempt_at), first);
                        assert_eq!(after.first_attempt_at, first_attempt_at);
                    }
                    Decision::InDoubt { .. } => {
                        let after = after.expect("the doubt is recorded");
                        assert_eq!((&after.state, after.quiet_since()), (&State::InDoubt, at), "found left behind now");
                    }
                    _ => assert_eq!(after, None, "nothing else changes the entry"),
                }
            }
        }
    }

    #[test]
    fn entries_of_before_are_read() {
        let stored = r#"{"arguments":"ab","attempts":1,"first_attempt_at":7,"last_attempt_at":7,"state":"Failed"}"#;
        let read: Entry = serde_json::from_str(stored).expect("it is an entry");
        let digest = Some(Sha256Hex::from_stored("ab".into()));
        assert_eq!(read, Entry { arguments: digest, in_question: None, ..entry(State::Failed) });
        assert_eq!(read.quiet_since(), read.last_attempt_at);
        let unknown = Entry { arguments: None, ..read };
        let stored = serde_json::to_string(&unknown).expect("serialises");
        assert_eq!(serde_json::from_str::<Entry>(&stored).expect("reads back"), unknown);
    }

    #[test]
    fn changes_follow_only_where_they_can() {
        let failure = || Failure::new(FailureKind::Denied, "no");
        let settling = [
            (Change::SettledDone(outcome()), State::Done(outcome())),
            (Change::SettledOtherwise(outcome()), State::Otherwise(outcome())),
            (Change::SettledNot, State::Failed),
            (Change::GivenUp, State::Unknowable),
        ];
        for state in states() {
            let holder = match &state {
                State::Open { fence, .. } => Some(*fence),
                _ => None,
            };
            let got = |asked: &Change| {
                let after = change(&entry(state.clone()), OURS, asked)?;
                let asks = matches!(after.state, State::Open { .. } | State::InDoubt | State::Unknowable);
                assert_eq!(after.in_question.is_some(), asks, "kept no longer than it is asked about: {after:?}");
                let ended = matches!(asked, Change::Ended { .. } | Change::LeftBehind { .. }).then_some(END);
                assert_eq!(after.last_attempt_ended_at, ended);
                Ok(after.state)
            };
            for (asked, to) in &settling {
                let wanted = match (&state, holder) {
                    (State::InDoubt, _) | (_, Some(OLD | OURS)) => Ok(to.clone()),
                    (_, Some(NEW)) => Err(Refused::Fenced),
                    _ => Err(Refused::OutOfOrder),
                };
                assert_eq!(got(asked), wanted, "{asked:?} on {state:?}");
            }
            let left_behind = Change::LeftBehind { at: END };
            let wanted = match holder {
                Some(OLD | OURS) => Ok(State::InDoubt),
                Some(_) => Err(Refused::Fenced),
                None => Err(Refused::OutOfOrder),
            };
            assert_eq!(got(&left_behind), wanted, "{left_behind:?} on {state:?}");
            for (attempt, outcome, to) in
                [(1, Some(outcome()), Ok(State::Done(outcome()))), (1, None, Ok(State::Failed)), (2, None, Err(()))]
            {
                let wanted = match (&state, holder) {
                    (State::Unknowable, _) => to.map_err(|()| Refused::OutOfOrder),
                    (_, Some(NEW | OLD)) => Err(Refused::Fenced),
                    _ => Err(Refused::OutOfOrder),
                };
                let asked = Change::Resolved { attempt, outcome };
                assert_eq!(got(&asked), wanted, "{asked:?} on {state:?}");
            }
            let doubted = matches!(state, State::Open { doubted: true, .. });
            for (asked, to) in [
                (Change::WriteLeaves, open(OURS, true, doubted)),
                (Change::Ended { verdict: Verdict::Done(outcome()), at: END }, State::Done(outcome())),
                (
                    Change::Ended { verdict: Verdict::Failed(failure()), at: END },
                    if doubted { State::InDoubt } else { State::Failed },
                ),
                (Change::Ended { verdict: Verdict::InDoubt(failure()), at: END }, State::InDoubt),
            ] {
                let wanted = match holder {
                    Some(OURS) => Ok(to),
                    Some(_) => Err(Refused::Fenced),
                    None => Err(Refused::OutOfOrder),
                };
                assert_eq!(got(&asked), wanted, "{asked:?} on {state:?}");
            }
        }
    }

    #[test]
    fn the_door_decides_doubt() {
        use WriteAnswer::{Accepted, InBody, Refused, Silent};
        let end = AttemptEnd::of;
        let failed = |kind| Err(Failure::new(kind, "no"));
        let (trap, unknown) = (FailureKind::Trapped, FailureKind::OutcomeUnknown);
        for (result, writes, doubted, expected) in [
            (Ok(outcome()), &[Accepted][..], false, "done"),
            (Ok(outcome()), &[Silent, Accepted], true, "done"),
            (failed(trap), &[], false, "failed trapped"),
            (failed(trap), &[], true, "doubt trapped"),
            (failed(trap), &[Refused], false, "failed trapped"),
            (failed(trap), &[Refused], true, "doubt trapped"),
            (failed(trap), &[Accepted], false, "doubt trapped"),
            (failed(trap), &[Silent], false, "doubt trapped"),
            (failed(trap), &[Refused, Silent], false, "doubt trapped"),
            (failed(FailureKind::Denied), &[Accepted, Refused], false, "doubt denied"),
            (Ok(outcome()), &[InBody], false, "done"),
            (failed(FailureKind::InvalidArguments), &[InBody], false, "failed invalid-arguments"),
            (failed(FailureKind::NotFound), &[Refused, InBody], false, "failed not-found"),
            (failed(FailureKind::Conflict), &[InBody], true, "doubt conflict"),
            (failed(FailureKind::Denied), &[InBody, Silent], false, "doubt denied"),
            (failed(FailureKind::Denied), &[InBody, Accepted], false, "doubt denied"),
            (failed(FailureKind::Other), &[InBody], false, "doubt other"),
            (failed(FailureKind::RateLimited), &[InBody], false, "failed rate-limited"),
            (failed(FailureKind::Unavailable), &[InBody], false, "doubt unavailable"),
            (failed(FailureKind::Unavailable), &[Accepted, InBody], false, "doubt unavailable"),
            (failed(FailureKind::Denied), &[Accepted, InBody], false, "doubt denied"),
            (failed(unknown), &[InBody], false, "doubt outcome-unknown"),
            (failed(trap), &[InBody], false, "doubt trapped"),
            (failed(unknown), &[], false, "failed unavailable"),
            (failed(unknown), &[Refused], false, "doubt outcome-unknown"),
            (failed(unknown), &[Silent], false, "doubt outcome-unknown"),
        ] {
            let got = match verdict(end(result, writes), doubted) {
                Verdict::Done(_) => "done".to_owned(),
                Verdict::Failed(failure) => format!("failed {}", failure.kind),
                Verdict::InDoubt(failure) => format!("doubt {}", failure.kind),
            };
            assert_eq!(got, expected, "{writes:?}");
        }
    }
}
