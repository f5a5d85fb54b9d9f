//! What people said, and what it was said of.

use std::collections::BTreeMap;

use aftercall_core::{
    effect::EffectKey,
    id::{RunId, Sha256Hex},
    json::Json,
    ledger::Change,
    ports::InterventionNumber,
    run::{ApprovalAsk, CallId, Intervention, Resolution, Said},
    time::Timestamp,
};

use super::{Found, Law};

/// How long it takes at most from a decision of an engine's until the ledger has what comes of it, in milliseconds.
const UNDER_WAY_MS_MAX: u64 = 10_000;

/// All that people said.
pub(crate) struct People {
    found: Found,
    /// What they said became of attempts, by effect and number.
    resolved: Vec<(EffectKey, u32, Resolution)>,
    approved: Vec<Approved>,
    /// Of what was said about a call's effect: how many of the call's attempts had ended.
    said_of: BTreeMap<InterventionNumber, usize>,
    cancelled: BTreeMap<RunId, Timestamp>,
}

struct Approved {
    run: RunId,
    call: CallId,
    ask: ApprovalAsk,
    /// By the clocks.
    at: Timestamp,
}

impl People {
    pub(super) fn new(found: Found) -> Self {
        let (resolved, approved) = (Vec::new(), Vec::new());
        Self { found, resolved, approved, said_of: BTreeMap::new(), cancelled: BTreeMap::new() }
    }

    /// Somebody says something. `attempts`: how many of the call's have ended. `of`: the effect that is left to a person, and
    /// the number of its newest attempt.
    pub(crate) fn said(
        &mut self,
        run: &RunId,
        number: InterventionNumber,
        at: Timestamp,
        what: &Intervention,
        attempts: usize,
        of: Option<(EffectKey, u32)>,
    ) {
        let Intervention::Decide { call, said, .. } = what else { return };
        match said {
            Said::Approve(ask) => {
                self.approved.push(Approved { run: run.clone(), call: *call, ask: ask.clone(), at });
            }
            Said::Resolve(resolution) => {
                self.said_of.insert(number, attempts);
                self.resolved.extend(of.map(|(key, attempt)| (key, attempt, resolution.clone())));
            }
            Said::Refuse { .. } => {}
        }
    }

    /// An engine did what somebody had said. `attempts`: how many of the call's have ended.
    pub(crate) fn done(&mut self, run: &RunId, number: InterventionNumber, attempts: usize) {
        if let Some(before) = self.said_of.get(&number).filter(|before| **before != attempts) {
            let words = format!("what was said of a call of {run} after {before} attempts was done after {attempts}");
            self.found.add(Law::PersonsWord, words);
        }
    }

    /// The ledger took a change.
    pub(crate) fn changed(&self, key: &EffectKey, change: &Change) {
        let Change::Resolved { attempt, outcome } = change else { return };
        let is_said = |said: &Resolution| match said {
            Resolution::Done { .. } => outcome.is_some(),
            Resolution::Redo => outcome.is_none(),
            Resolution::Drop => false,
        };
        let known = |(of, number, said): &(EffectKey, u32, Resolution)| of == key && number == attempt && is_said(said);
        if !self.resolved.iter().any(known) {
            self.found.add(Law::PersonsWord, format!("{key} is settled as nobody said of attempt {attempt}"));
        }
    }

    /// Whether somebody approved in time that one of these calls is made.
    pub(crate) fn approved(&self, run: &RunId, calls: &[CallId], component: &Sha256Hex, arguments: &Json) -> bool {
        self.approved.iter().any(|approved| {
            approved.run == *run
                && calls.contains(&approved.call)
                && approved.ask.component == *component
                && approved.ask.arguments == *arguments
                && approved.at < approved.ask.expires_at
        })
    }

    /// It is in a run's journal that it is to end.
    pub(crate) fn cancelled(&mut self, run: &RunId, now: Timestamp) {
        self.cancelled.insert(run.clone(), now);
    }

    /// A person decides about an effect of a run after its end was asked for: that goes on.
    pub(crate) fn goes_on(&mut self, run: &RunId) {
        self.cancelled.remove(run);
    }

    /// An effect begins of which nothing may have left before. `driven_since`: since when that process has driven its run.
    pub(crate) fn begins(&self, run: &RunId, driven_since: Option<Timestamp>, now: Timestamp) {
        let Some(cancelled) = self.cancelled.get(run) else { return };
        let anew = driven_since.is_some_and(|since| since > *cancelled);
        if anew || now.ms_since(*cancelled) > UNDER_WAY_MS_MAX {
            self.found.add(Law::Cancelled, format!("an effect of {run} began after it was cancelled"));
        }
    }
}
