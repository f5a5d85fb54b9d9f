//! The world around engines: what is durable, what vendors have done, what is known of both, and what time it is.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use aftercall_core::{seed::Unclear, time::Timestamp};
use tokio::time::Instant;

use crate::{
    dice::Dice,
    laws::{Law, Laws, Live},
    mutations::{Mutation, Records},
    vendors::Vendors,
    workload::{Answer, Call, LiveCall, Workload},
};

/// The world of one seed. It outlives every engine.
pub(crate) struct World {
    pub(crate) workload: Workload,
    pub(crate) mutation: Option<Mutation>,
    traced: bool,
    began: Instant,
    state: Mutex<State>,
}

/// What changes in it.
pub(crate) struct State {
    pub(crate) dice: Dice,
    pub(crate) records: Records,
    pub(crate) vendors: Vendors,
    pub(crate) laws: Laws,
    /// How often what is worth reaching was reached.
    pub(crate) reached: BTreeMap<&'static str, u64>,
    /// Whether nothing goes wrong any more.
    pub(crate) calm: bool,
    /// What happened, as people read it.
    trace: Vec<String>,
    /// How many broken laws are in it.
    told: usize,
}

impl World {
    /// A world in which nothing has happened yet. `traced`: somebody wants to read what will.
    pub(crate) fn new(seed: u64, mutation: Option<Mutation>, traced: bool) -> Arc<Self> {
        let mut dice = Dice::of(seed);
        let workload = Workload::of(&mut dice.fork());
        let mut laws = Laws::new(&workload);
        let mut vendors = Vendors::default();
        for call in workload.calls.iter().filter(|call| !call.declined) {
            call.live.iter().for_each(|live| done_live(call, live, &mut vendors, &mut laws));
        }
        let state = State {
            dice,
            records: Records::new(mutation),
            vendors,
            laws,
            reached: BTreeMap::new(),
            calm: false,
            trace: Vec::new(),
            told: 0,
        };
        Arc::new(Self { workload, mutation, traced, began: Instant::now(), state: Mutex::new(state) })
    }

    /// How long it has been there: what laws and vendors go by.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(u64::try_from(self.began.elapsed().as_millis()).expect("a simulation is short"))
    }

    /// What the clocks of its machines show.
    pub(crate) fn wall(&self) -> Timestamp {
        self.workload.clocks.show(self.now())
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the lock")
    }

    /// Writes a line of what happened.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        if self.traced {
            let now = clock_face(self.now());
            let line = format!("{now:>12} {}", line());
            let state = &mut *self.state();
            let broken = state.laws.newly_broken(state.told);
            state.told += broken.len();
            state
                .trace
                .extend(broken.iter().map(|broken| format!("{now:>12} BROKEN {}: {}", broken.law, broken.words)));
            state.trace.push(line);
        }
    }

    /// A law doesn't hold.
    pub(crate) fn broken(&self, law: Law, words: String) {
        self.state().laws.broken(law, words);
        self.tell(|| "a law doesn't hold".to_owned());
    }

    /// Something was reached that is worth reaching.
    pub(crate) fn reached(&self, what: &'static str) {
        self.state().reached(what);
    }

    /// Everything that was told.
    pub(crate) fn trace(&self) -> Vec<String> {
        std::mem::take(&mut self.state().trace)
    }
}

impl State {
    pub(crate) fn reached(&mut self, what: &'static str) {
        *self.reached.entry(what).or_default() += 1;
    }

    /// Whether something goes wrong that does so in that many of a hundred cases.
    pub(crate) fn goes_wrong(&mut self, percent: u64) -> bool {
        !self.calm && self.dice.percent(percent)
    }
}

/// `1:02:03.004`.
fn clock_face(at: Timestamp) -> String {
    let ms = at.as_millis();
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{hours}:{minutes:02}:{seconds:02}.{:03}", ms % 1_000)
}

/// What happened on a live call.
fn done_live(call: &Call, live: &LiveCall, vendors: &mut Vendors, laws: &mut Laws) {
    let key = live.key(&call.identity);
    if matches!(live.answer, Answer::Did | Answer::Unclear { did: true }) {
        vendors.made_live(key.clone());
    }
    let known = match (live.answer, call.unclear) {
        (Answer::Did, _) => Live::Did,
        (Answer::DidNot, _) => Live::Nothing,
        (Answer::Unclear { .. }, Unclear::Settle) => Live::ForVendor,
        (Answer::Unclear { .. }, Unclear::Person) => Live::ForPerson,
    };
    laws.effects.live(key, known);
}
