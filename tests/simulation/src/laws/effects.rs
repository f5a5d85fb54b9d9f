//! What may leave for an effect, by what its attempts so far came to.

use std::collections::{BTreeMap, BTreeSet};

use aftercall_core::{
    cap::{Cap, DAY_MS, Of, Per},
    effect::EffectKey,
    ledger::{Begin, Change, Decision, Entry, Verdict},
    ports::EffectOf,
    time::Timestamp,
    tool::Effect,
};

use super::{Found, Law};
use crate::{process::ProcessId, vendors::Letter};

/// An attempt: of which process, and its number.
type Attempt = (ProcessId, u32);

/// What has become of effects.
pub(crate) struct Effects {
    found: Found,
    known: BTreeMap<EffectKey, Known>,
    counting: BTreeMap<EffectKey, Counted>,
}

#[derive(Default)]
struct Known {
    /// Whether it was recorded as having happened.
    outcome: bool,
    /// The attempts of which a write was recorded.
    recorded: BTreeSet<Attempt>,
    /// The attempt that may have made it happen, as far as anybody was told.
    doubt: Option<Attempt>,
    /// When its newest attempt began.
    began_at: Timestamp,
    /// What the live call did of it.
    live: Live,
    /// The number of its newest attempt when it was left to a person, who has not said that it is to be done again.
    left_to_person: Option<u32>,
}

/// What a live call did of an effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Live {
    /// Nothing.
    #[default]
    Nothing,
    /// All of it.
    Did,
    /// Nobody knows, and the vendor is to be asked.
    ForVendor,
    /// Nobody knows, and a person is to be asked.
    ForPerson,
}

/// An effect that counts against caps.
struct Counted {
    of: EffectOf,
    at: Timestamp,
}

impl Effects {
    pub(super) fn new(found: Found) -> Self {
        Self { found, known: BTreeMap::new(), counting: BTreeMap::new() }
    }

    /// The live call did or may have done something.
    pub(crate) fn live(&mut self, key: EffectKey, live: Live) {
        let known = self.known.entry(key).or_default();
        known.live = live;
        match live {
            Live::Nothing => {}
            Live::Did => known.outcome = true,
            Live::ForVendor => known.doubt = Some((0, 1)),
            Live::ForPerson => known.left_to_person = Some(1),
        }
    }

    /// When the newest attempt at an effect began.
    pub(crate) fn began_at(&self, key: &EffectKey) -> Timestamp {
        self.known.get(key).map(|known| known.began_at).unwrap_or_default()
    }

    /// The ledger decided about an attempt.
    pub(crate) fn decided(&mut self, effect: &EffectOf, begin: &Begin, decision: &Decision, now: Timestamp) {
        if !matches!(decision, Decision::Fresh { .. }) {
            return;
        }
        let known = self.known.entry(effect.key.clone()).or_default();
        known.began_at = now;
        if known.live != Live::Nothing {
            // No grant allowed it.
            return;
        }
        if let Some(counted) = self.counting.get_mut(&effect.key) {
            counted.at = begin.at;
            return;
        }
        for cap in &begin.caps {
            let others = self.counting.values().filter(|other| counts(other, effect, cap, begin.at)).count();
            if others >= usize::try_from(cap.most).unwrap_or(usize::MAX) {
                let words = format!("{} of {} began beside {others} others: {cap:?}", effect.key, effect.tool);
                self.found.add(Law::Caps, words);
            }
        }
        self.counting.insert(effect.key.clone(), Counted { of: effect.clone(), at: begin.at });
    }

    /// The ledger took a change. `entry`: what it has now.
    pub(crate) fn changed(&mut self, key: &EffectKey, process: ProcessId, change: &Change, entry: Option<&Entry>) {
        let known = self.known.entry(key.clone()).or_default();
        match change {
            Change::WriteLeaves => {
                known.recorded.extend(entry.map(|entry| (process, entry.attempts)));
            }
            Change::Ended { verdict: Verdict::Done(_), .. }
            | Change::SettledDone(_)
            | Change::SettledOtherwise(_)
            | Change::Resolved { outcome: Some(_), .. } => known.outcome = true,
            Change::GivenUp => known.left_to_person = entry.map(|entry| entry.attempts),
            // They have looked, and say that it did not happen.
            Change::Resolved { outcome: None, .. } => (known.doubt, known.left_to_person) = (None, None),
            Change::Ended { .. } | Change::LeftBehind { .. } | Change::SettledNot => {}
        }
        if entry.is_some_and(|entry| !entry.counts()) {
            known.live = Live::Nothing;
            self.counting.remove(key);
        }
    }

    /// Whether it was recorded as having happened.
    pub(crate) fn has_outcome(&self, key: &EffectKey) -> bool {
        self.known.get(key).is_some_and(|known| known.outcome)
    }

    /// A write leaves. `outcome_before`: its outcome was recorded before the attempt began. `replaced`: another
    /// engine has taken over meanwhile, which nobody could tell the component.
    pub(super) fn leaves(&mut self, letter: &Letter, outcome_before: bool, replaced: bool) {
        let Letter { key, run, process, attempt, .. } = letter;
        let known = self.known.entry(key.clone()).or_default();
        let broken = |law| self.found.add(law, format!("{key}: attempt {attempt} of process {process}, in {run}"));
        let this = (*process, *attempt);
        if outcome_before || (known.outcome && !replaced) {
            broken(Law::NothingRepeated);
        }
        if known.left_to_person.is_some_and(|last| *attempt > last) {
            broken(Law::PersonsWord);
        }
        if known.live == Live::Did || (known.live == Live::ForPerson && known.left_to_person.is_some()) {
            broken(Law::LiveCallCounts);
        }
        if !known.recorded.contains(&this) {
            broken(Law::WriteRecorded);
        }
        if letter.effect == Effect::Once && known.doubt.is_some_and(|doubt| doubt != this) {
            broken(Law::OnceNotInDoubt);
        }
        known.doubt = Some(this);
    }

    /// An engine was told that an attempt did not make it happen.
    pub(crate) fn refused(&mut self, letter: &Letter) {
        let known = self.known.entry(letter.key.clone()).or_default();
        known.doubt = known.doubt.filter(|doubt| *doubt != (letter.process, letter.attempt));
    }

    /// The vendor said that it did not happen.
    pub(crate) fn did_not_happen(&mut self, key: &EffectKey) {
        self.known.entry(key.clone()).or_default().doubt = None;
    }
}

/// Whether an effect counts against a cap of another one.
fn counts(counted: &Counted, effect: &EffectOf, cap: &Cap, at: Timestamp) -> bool {
    let plugin = |tool: &str| tool.split('/').next().map(str::to_owned);
    let among = match cap.per {
        Per::Run => counted.of.call == effect.call,
        Per::ContactAndDay => counted.of.contact == effect.contact && at.ms_since(counted.at) < DAY_MS,
    };
    let of = match cap.of {
        Of::Tool => counted.of.tool == effect.tool,
        Of::Plugin => plugin(&counted.of.tool) == plugin(&effect.tool),
    };
    among && of && counted.of.call.tenant == effect.call.tenant
}
