//! Vendors, which keep state: what they have done, and which requests they saw.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aftercall_core::{effect::EffectKey, time::Timestamp, tool::Effect};

/// What goes wrong in an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The vendor answers 429, certainly without having done it, and says how long to wait, in moments.
    Busy {
        /// How long.
        moments: u64,
    },
    /// The vendor does the work and its answer is lost.
    AnswerLost,
    /// The request is lost before the vendor sees it.
    RequestLost,
}

/// A request of a tool.
pub(super) struct Letter<'a> {
    pub(super) tool: &'a str,
    pub(super) effect: Effect,
    pub(super) key: &'a EffectKey,
    /// What it asks for: `send 1`.
    pub(super) what: String,
}

/// What vendors have done.
#[derive(Default)]
pub(super) struct Vendors {
    made: Vec<(EffectKey, String)>,
    arrivals: Vec<(String, Timestamp)>,
    /// `once` effects that an earlier write may have made, as far as anybody was told.
    doubtful: BTreeSet<EffectKey>,
    faults: BTreeMap<String, VecDeque<Fault>>,
    pub(super) takes_ms: u64,
}

impl Vendors {
    pub(super) fn fault(&mut self, tool: &str, faults: &[Fault]) {
        self.faults.insert(tool.to_owned(), faults.iter().copied().collect());
    }

    pub(super) fn next_fault(&mut self, tool: &str) -> Option<Fault> {
        self.faults.get_mut(tool)?.pop_front()
    }

    pub(super) fn made(&self) -> Vec<String> {
        self.made.iter().map(|(_, what)| what.clone()).collect()
    }

    pub(super) fn has(&self, key: &EffectKey) -> Option<String> {
        self.made.iter().find(|(made, _)| made == key).map(|(_, what)| what.clone())
    }

    pub(super) fn arrivals(&self, tool: &str) -> Vec<Timestamp> {
        self.arrivals.iter().filter(|(of, _)| of == tool).map(|(_, at)| *at).collect()
    }

    /// A write leaves. False: it mustn't, since an earlier one may have done the same.
    pub(super) fn leaves(&mut self, letter: &Letter<'_>) -> bool {
        letter.effect != Effect::Once || self.doubtful.insert(letter.key.clone())
    }

    /// It arrives, and is refused.
    pub(super) fn refuse(&mut self, letter: &Letter<'_>, now: Timestamp) {
        self.arrivals.push((letter.tool.to_owned(), now));
        self.doubtful.remove(letter.key);
    }

    /// It arrives, and is done. False: for a second time.
    pub(super) fn make(&mut self, letter: &Letter<'_>, now: Timestamp) -> bool {
        self.arrivals.push((letter.tool.to_owned(), now));
        let is_there = self.has(letter.key).is_some();
        if !is_there || letter.effect == Effect::Once {
            self.made.push((letter.key.clone(), letter.what.clone()));
        }
        !is_there || letter.effect != Effect::Once
    }

    /// Somebody was told that it did not happen.
    pub(super) fn did_not_happen(&mut self, key: &EffectKey) {
        self.doubtful.remove(key);
    }

    pub(super) fn nothing_is_in_doubt(&mut self) {
        self.doubtful.clear();
    }
}
