//! Hours of the day, and when they are: by clocks that go forward and back.
//!
//! Where clocks show a time twice, quiet hours begin with the first and end with the last. Where they skip it, they
//! begin or end at that moment.

use std::fmt;

use jiff::{
    Timestamp as Instant, ToSpan as _,
    civil::{Date, DateTime, Time, Weekday},
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

use super::{Error, echo};

/// Hours in which a contact is left alone, every day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// When they begin.
    pub from: TimeOfDay,
    /// When they are over, on the next day if that is earlier than they begin.
    pub to: TimeOfDay,
    /// Whether Saturdays and Sundays are quiet from beginning to end.
    #[serde(default)]
    pub weekends: bool,
}

/// A time of day, to the minute: `09:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(Time);

impl Quiet {
    /// The first instant from that one on that isn't quiet. There always is one: hours that end when they begin are
    /// never quiet.
    pub(super) fn over(&self, mut at: Instant, zone: &TimeZone) -> Instant {
        while let Some(end) = self.end(at, zone) {
            at = end;
        }
        at
    }

    /// When the quiet stretch is over that this instant is in. At that instant another may begin.
    fn end(&self, at: Instant, zone: &TimeZone) -> Option<Instant> {
        let today = zone.to_datetime(at).date();
        // Tomorrow too: where clocks go back at midnight, it has begun once before today is over.
        let days = [today.saturating_sub(1.day()), today, today.saturating_add(1.day())];
        let stretches = days.into_iter().flat_map(|day| self.stretches(day));
        stretches
            .filter(|(from, _)| shown(*from, zone).first <= at)
            .map(|(_, to)| shown(to, zone).last)
            .filter(|end| at < *end)
            .max()
    }

    /// What begins on that day, by the clocks.
    fn stretches(&self, day: Date) -> impl Iterator<Item = (DateTime, DateTime)> {
        let next = day.saturating_add(1.day());
        let ends = if self.from <= self.to { day } else { next };
        let hours = (day.to_datetime(self.from.0), ends.to_datetime(self.to.0));
        let free = self.weekends && matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        std::iter::once(hours).chain(free.then(|| (day.into(), next.into())))
    }
}

/// The first and the last instant at which clocks show a time: the same as a rule, two where they go back. Where they
/// skip it, it is when they do.
pub(super) struct Shown {
    pub(super) first: Instant,
    pub(super) last: Instant,
}

/// When clocks there show that time.
pub(super) fn shown(time: DateTime, zone: &TimeZone) -> Shown {
    let found = zone.to_ambiguous_timestamp(time);
    let [first, last] = [found.earlier(), found.later()].map(|at| at.unwrap_or(Instant::MAX));
    match found.offset() {
        AmbiguousOffset::Gap { .. } => {
            let skipped = zone.following(first).next().map_or(last, |transition| transition.timestamp());
            Shown { first: skipped, last: skipped }
        }
        AmbiguousOffset::Fold { .. } | AmbiguousOffset::Unambiguous { .. } => Shown { first, last },
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Time::strptime("%H:%M", &text).map(Self).map_err(|_| Error::NoTimeOfDay(echo(&text)))
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> String {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%H:%M"))
    }
}
