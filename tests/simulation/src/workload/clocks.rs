//! What clocks show: a day on which all begins, and steps that somebody sets them by.

use aftercall_core::time::Timestamp;

use crate::dice::Dice;

/// Longest step, in milliseconds.
const STEP_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// Until when clocks are stepped, in milliseconds from the beginning.
const STEPPED_MS_MAX: u64 = 60 * 60 * 1000;

/// The days on which worlds begin, at midnight by UTC: an ordinary one, a Friday, and those on which the clocks of Berlin and
/// of New York go forward or back.
const DAYS: [u64; 6] =
    [1_776_729_600_000, 1_779_408_000_000, 1_774_742_400_000, 1_792_886_400_000, 1_772_928_000_000, 1_793_491_200_000];

/// The clocks of a world: all show the same.
#[derive(Debug)]
pub(crate) struct Clocks {
    began: Timestamp,
    /// In order.
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    at: Timestamp,
    by_ms: u64,
    back: bool,
}

impl Clocks {
    pub(super) fn of(dice: &mut Dice) -> Self {
        let began = Timestamp::from_millis(*dice.pick(&DAYS)).plus_ms(dice.between(0..=24 * 60 * 60 * 1000));
        let times = if dice.percent(15) { dice.between(1..=3) } else { 0 };
        let mut steps: Vec<Step> = (0..times)
            .map(|_| Step {
                at: Timestamp::from_millis(dice.up_to(STEPPED_MS_MAX)),
                by_ms: dice.up_to(STEP_MS_MAX),
                back: dice.percent(50),
            })
            .collect();
        steps.sort_by_key(|step| step.at);
        Self { began, steps }
    }

    /// What they show when all begins.
    pub(crate) fn began(&self) -> Timestamp {
        self.began
    }

    /// Whether they are stepped at all.
    pub(crate) fn are_stepped(&self) -> bool {
        !self.steps.is_empty()
    }

    /// What they show after so long.
    pub(crate) fn show(&self, now: Timestamp) -> Timestamp {
        let shown = self.began.plus_ms(now.as_millis());
        self.steps.iter().filter(|step| step.at <= now).fold(shown, |shown, step| match step.back {
            true => Timestamp::from_millis(shown.as_millis().saturating_sub(step.by_ms)),
            false => shown.plus_ms(step.by_ms),
        })
    }

    /// Since when they have shown that instant or a later one, by now.
    pub(crate) fn passed_since(&self, until: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let left = until.ms_since(self.show(now));
        if left > 0 {
            return None;
        }
        // Back over the steps, as long as it had been reached before each of them.
        let mut since = now;
        for step in self.steps.iter().rev().filter(|step| step.at <= now).chain([&Step::BEGINNING]) {
            let reached = since.ms_since(step.at).min(self.show(since).ms_since(until));
            since = Timestamp::from_millis(since.as_millis() - reached);
            let before = Timestamp::from_millis(step.at.as_millis().saturating_sub(1));
            if since > step.at || step.at == before || self.show(before) < until {
                break;
            }
            since = before;
        }
        Some(since)
    }
}

impl Step {
    const BEGINNING: Self = Self { at: Timestamp::from_millis(0), by_ms: 0, back: false };
}
