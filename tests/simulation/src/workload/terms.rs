//! What tenants' grants say of tools: how many effects, when, and whether a person must approve.

use std::collections::BTreeMap;

use aftercall_core::{
    cap::Caps,
    id::Tenant,
    terms::{Approval, Terms},
    timing::{Quiet, TimeOfDay, Timing},
};

use super::{Clocks, TOOLS};
use crate::dice::Dice;

/// The argument that a promised time stands in.
pub(super) const PROMISED: &str = "when";

/// How long after the call a tool acts at most, in milliseconds.
const AFTER_CALL_MS_MAX: u64 = 2 * 60 * 60 * 1000;

/// How long a person has to approve at most, in milliseconds.
const APPROVED_WITHIN_MS_MAX: u64 = 3 * 60 * 60 * 1000;

/// Zones, each with the minutes by which its clocks are ahead of UTC for most of the days on which worlds begin.
const ZONES: [(&str, i64); 4] =
    [("Etc/UTC", 0), ("Europe/Berlin", 120), ("America/New_York", -240), ("Asia/Kolkata", 330)];

/// What grants of a world know beside caps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// In percent of the tools.
    pub(super) timed: u64,
    /// In percent of the tools.
    pub(super) approved: u64,
}

impl Held {
    pub(super) fn of(dice: &mut Dice) -> Self {
        Self { timed: *dice.pick(&[0, 0, 0, 0, 60]), approved: *dice.pick(&[0, 0, 0, 60]) }
    }
}

/// A zone that a platform may send.
pub(super) fn zone(dice: &mut Dice) -> String {
    if dice.percent(5) { "Nowhere/At_All".to_owned() } else { dice.pick(&ZONES).0.to_owned() }
}

pub(super) fn terms(
    tenants: &[Tenant],
    held: Held,
    clocks: &Clocks,
    dice: &mut Dice,
) -> BTreeMap<(Tenant, String), Terms> {
    let mut all = BTreeMap::new();
    for tenant in tenants {
        let capped = dice.percent(30);
        let mut caps = |percent| Caps {
            per_run_max: (capped && dice.percent(percent)).then(|| dice.count(1..=3)),
            per_contact_and_day_max: (capped && dice.percent(percent)).then(|| dice.count(1..=4)),
        };
        let of_plugin = caps(30);
        let writing: Vec<_> = TOOLS.iter().filter(|tool| tool.effect.writes()).map(|tool| (tool, caps(40))).collect();
        for (tool, of_tool) in writing {
            let timing = dice.percent(held.timed).then(|| timing(clocks, dice));
            let approval = dice
                .percent(held.approved)
                .then(|| Approval { within_ms: 60_000 + dice.up_to(APPROVED_WITHIN_MS_MAX) });
            let terms = Terms::new(BTreeMap::new(), of_tool, of_plugin).held_by(timing, approval);
            if terms != Terms::default() {
                all.insert((tenant.clone(), tool.name.to_owned()), terms);
            }
        }
    }
    all
}

fn timing(clocks: &Clocks, dice: &mut Dice) -> Timing {
    let (zone, ahead) = *dice.pick(&ZONES);
    Timing {
        after_call_ms: dice.percent(40).then(|| dice.up_to(AFTER_CALL_MS_MAX)),
        at_argument: dice.percent(30).then(|| PROMISED.to_owned()),
        quiet: dice.percent(60).then(|| quiet(clocks, ahead, dice)),
        time_zone: dice.percent(95).then(|| zone.to_owned()),
    }
}

/// Hours around those in which calls arrive.
fn quiet(clocks: &Clocks, ahead: i64, dice: &mut Dice) -> Quiet {
    let day = 24 * 60;
    let minute = i64::try_from(clocks.began().as_millis() / 60_000).expect("it is no geological time") + ahead;
    let from = minute - 180 + i64::from(dice.count(0..=240));
    let to = from + 30 + i64::from(dice.count(0..=270));
    let time = |minute: i64| {
        let minute = minute.rem_euclid(day);
        TimeOfDay::try_from(format!("{:02}:{:02}", minute / 60, minute % 60)).expect("a time of day")
    };
    Quiet { from: time(from), to: time(to), weekends: dice.percent(5) }
}
