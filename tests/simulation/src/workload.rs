//! What a seed makes of the world before anything happens: who calls, what models say, when engines die.

mod call;
mod clocks;
mod live;
mod terms;
mod tools;

use std::{collections::BTreeMap, num::NonZeroU32};

use aftercall_core::{
    id::{RunId, Tenant},
    seed::Unclear,
    terms::Terms,
    time::Timestamp,
};
use aftercall_engine::Room;

pub(crate) use call::{Alone, Call};
use call::{Story, Wanted};
pub(crate) use clocks::Clocks;
pub(crate) use live::{Answer, LiveCall};
use terms::Held;
pub(crate) use tools::TOOLS;

use crate::dice::Dice;

/// How long calls go on arriving, in milliseconds.
const ARRIVALS_MS_MAX: u64 = 20 * 60 * 1000;

/// How long it is between two looks at what people wanted of runs, in milliseconds.
const LOOKS_MS: [u64; 3] = [10_000, 20_000, 60_000];

/// What tenants weigh. Powers of two, of which strides are exact.
const WEIGHTS: [u32; 5] = [1, 1, 1, 2, 4];

/// A world before anything happens.
pub(crate) struct Workload {
    /// What its clocks show.
    pub(crate) clocks: Clocks,
    /// The people who look after runs, if there are any.
    pub(crate) people: Option<People>,
    /// The host's room.
    pub(crate) host: Room,
    /// The tenants and their rooms.
    pub(crate) tenants: BTreeMap<Tenant, Room>,
    /// What tenants' grants say of tools. Nothing: as they are.
    pub(crate) terms: BTreeMap<(Tenant, String), Terms>,
    /// A tenant that takes its grant back, and when.
    pub(crate) taken_back: Option<(Tenant, u64)>,
    /// The calls, in no particular order.
    pub(crate) calls: Vec<Call>,
    /// The lives of engines before the one that is left alone.
    pub(crate) lives: Vec<Life>,
    /// How often what goes wrong.
    pub(crate) faults: Faults,
}

/// What makes a world hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ordinary,
    /// One effect is wanted alone.
    Narrow,
    /// Many calls arrive at once.
    Crowded,
}

/// People who look after runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct People {
    /// The longest time between two looks of theirs, in milliseconds.
    pub(crate) come_ms_max: u64,
    /// How often the engine looks at what they wanted, in milliseconds.
    pub(crate) looks_ms: u64,
    /// How often what they say makes no sense, in percent.
    pub(crate) careless: u64,
}

/// One engine's life, from taking the records over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    /// It ends when it has come by so many places where it can die.
    pub(crate) points: u64,
    /// Or when it has lived so long, in milliseconds.
    pub(crate) ms: u64,
    /// How.
    pub(crate) death: Death,
    /// How long there is no engine afterwards, in milliseconds.
    pub(crate) down_ms: u64,
}

/// How an engine's life ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Death {
    /// At once, in the middle of whatever it does.
    Killed,
    /// Another one takes the records over, and this one goes on for a while as if it were still the one.
    Replaced {
        /// For how long, in milliseconds.
        goes_on_ms: u64,
    },
    /// It is asked to stop, and killed when it takes longer than this, in milliseconds.
    Stopped {
        /// How long it may take.
        grace_ms: u64,
    },
}

/// How often what goes wrong, in percent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    /// Asking a model.
    pub(crate) model: u64,
    /// A request to a vendor.
    pub(crate) vendor: u64,
    /// Asking a component whether an effect happened.
    pub(crate) reconcile: u64,
    /// A write to the records.
    pub(crate) disk: u64,
}

impl Workload {
    pub(crate) fn of(dice: &mut Dice) -> Self {
        let mut host = Room { runs_max: dice.count(1..=6), waiting_max: dice.count(3..=40), weight: NonZeroU32::MIN };
        let names = ["acme", "beta", "corp", "dent"];
        let mut tenants: BTreeMap<Tenant, Room> = (1..=dice.between(1..=4))
            .zip(names)
            .map(|(_, name)| (name.parse().expect("a name"), tenant_room(dice)))
            .collect();
        let known: Vec<Tenant> = tenants.keys().cloned().collect();
        // Where one effect is wanted alone, much goes wrong with it, and all who want it have room.
        let narrow = dice.percent(30);
        if narrow {
            host.runs_max = 6;
            tenants.values_mut().for_each(|room| room.runs_max = 4);
        }
        // Where many calls arrive at once, and all tenants wait for the host.
        let crowded = !narrow && dice.percent(5);
        if crowded {
            (host.runs_max, host.waiting_max) = (dice.count(1..=2), 40);
            tenants.values_mut().for_each(|room| (room.runs_max, room.waiting_max) = (4, 12));
        }
        let kind = if narrow {
            Kind::Narrow
        } else if crowded {
            Kind::Crowded
        } else {
            Kind::Ordinary
        };
        let faults = Faults {
            model: *dice.pick(&[0, 5, 30]),
            vendor: if narrow { 60 } else { *dice.pick(&[0, 10, 30, 60]) },
            reconcile: *dice.pick(&[0, 10, 40]),
            disk: *dice.pick(&[0, 0, 1, 4]),
        };
        let (clocks, held) = (Clocks::of(dice), Held::of(dice));
        let people = dice.percent(if held.approved > 0 { 80 } else { 40 }).then(|| People {
            come_ms_max: *dice.pick(&[60_000, 600_000, 60 * 60 * 1000]),
            looks_ms: *dice.pick(&LOOKS_MS),
            careless: *dice.pick(&[0, 20, 60]),
        });
        Self {
            host,
            terms: terms::terms(&known, held, &clocks, dice),
            taken_back: dice.percent(10).then(|| (dice.pick(&known).clone(), dice.between(0..=ARRIVALS_MS_MAX))),
            calls: calls(&known, kind, (held.timed > 0).then(|| clocks.began()), dice),
            clocks,
            people,
            tenants,
            lives: (0..*dice.pick(&[0, 1, 1, 2, 2, 3, 5])).map(|_| Life::of(dice)).collect(),
            faults,
        }
    }

    /// A call by its run.
    pub(crate) fn call(&self, run: &RunId) -> &Call {
        self.calls.iter().find(|call| call.run == *run).expect("runs are of calls")
    }
}

impl Life {
    fn of(dice: &mut Dice) -> Self {
        let death = match dice.between(0..=9) {
            0..=5 => Death::Killed,
            6..=8 => Death::Replaced { goes_on_ms: dice.up_to(120_000) },
            _ => Death::Stopped { grace_ms: dice.up_to(600_000) },
        };
        // Once in a while it is down for longer than any run may take.
        let down_ms = if dice.percent(10) { dice.up_to(3 * 60 * 60 * 1000) } else { dice.up_to(60_000) };
        Self { points: 1 + dice.up_to(500), ms: dice.between(1_000..=15 * 60 * 1000), death, down_ms }
    }
}

fn tenant_room(dice: &mut Dice) -> Room {
    let weight = NonZeroU32::new(*dice.pick(&WEIGHTS)).expect("not zero");
    Room { runs_max: dice.count(1..=4), waiting_max: dice.count(1..=12), weight }
}

/// `promises`: from when on models promise times to people, if they do.
fn calls(tenants: &[Tenant], kind: Kind, promises: Option<Timestamp>, dice: &mut Dice) -> Vec<Call> {
    // In a rush, all arrive at once.
    let (narrow, crowded) = (kind == Kind::Narrow, kind == Kind::Crowded);
    let arrivals_ms_max = if crowded || dice.percent(40) { 2_000 } else { ARRIVALS_MS_MAX };
    let wanted = Wanted::of(narrow, promises, dice);
    let (seeded, unclear) = (dice.percent(25), *dice.pick(&[Unclear::Settle, Unclear::Person]));
    let conversations = if crowded { 16 } else { 1 + dice.up_to(11) };
    let mut calls: Vec<Call> = Vec::new();
    for number in 0..conversations {
        let tenant = dice.pick(tenants).clone();
        let conversation = format!("c{number}");
        let arrives = dice.between(0..=arrivals_ms_max);
        let live = if seeded { wanted.live(dice) } else { Vec::new() };
        let time_zone = dice.percent(20).then(|| terms::zone(dice));
        let story = Story { tenant, conversation, live, unclear, time_zone };
        let first = Call::of(calls.len(), &story, 0, arrives, &wanted, dice);
        let revised = dice.percent(if narrow { 70 } else { 25 }).then(|| {
            let arrives = arrives + dice.up_to(if narrow { 30_000 } else { ARRIVALS_MS_MAX });
            let second = Call::of(calls.len() + 1, &story, 1, arrives, &wanted, dice);
            // Often there is the same to be done.
            if dice.percent(60) { Call { script: first.script.clone(), ..second } } else { second }
        });
        calls.push(if crowded { first.short() } else { first });
        calls.extend(revised.filter(|_| !crowded));
    }
    calls
}
