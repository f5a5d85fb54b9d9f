//! Time zones, of IANA's database as it was when this was built: what their clocks show from 2025 on.

use super::{DAY_S, Day, Instant, Local};

/// A time zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zone {
    rules: &'static Rules,
}

/// What a local time means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Once(Instant),
    /// The clocks go forward over it. As it would be had they not.
    Skipped(Instant),
    /// The clocks go back over it. What they show right after it was shown the second time is so many seconds later.
    Twice {
        first: Instant,
        apart_s: i64,
    },
}

/// The offsets of a zone, in seconds east of Greenwich.
#[derive(Debug)]
struct Rules {
    /// Instants in their order, each with the offset from then on. The rest holds after the last.
    transitions: &'static [(i64, i64)],
    standard: i64,
    daylight: Option<Daylight>,
}

#[derive(Debug)]
struct Daylight {
    offset: i64,
    starts: Change,
    ends: Change,
}

/// When the clocks are changed in each year.
#[derive(Debug)]
struct Change {
    month: i64,
    /// The fifth is the last.
    week: i64,
    /// From Sunday, which is 0.
    weekday: i64,
    /// Of the day, as the clocks show it before. It may be of days before or after it.
    second: i64,
}

/// The names of the zones that have these rules, each followed by a space but the last.
static ZONES: &[(&str, Rules)] = include!(concat!(env!("OUT_DIR"), "/zones.rs"));

impl Zone {
    /// The zone of this name, whether in capitals or not.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let has = |names: &str| names.split(' ').any(|each| each.eq_ignore_ascii_case(name));
        ZONES.iter().find(|(names, _)| has(names)).map(|(_, rules)| Self { rules })
    }

    /// Seconds east of Greenwich.
    pub(crate) fn offset(self, at: Instant) -> i64 {
        let Rules { transitions, standard, daylight } = self.rules;
        if let (Some((_, first)), Some((last, _))) = (transitions.first(), transitions.last())
            && at.as_seconds() < *last
        {
            let passed = transitions.iter().rfind(|(transition, _)| *transition <= at.as_seconds());
            return passed.map_or(*first, |(_, offset)| *offset);
        }
        let Some(daylight) = daylight else { return *standard };
        let year = at.local(*standard).day().year();
        let starts = daylight.starts.in_year(year).instant(*standard);
        let ends = daylight.ends.in_year(year).instant(daylight.offset);
        let is_daylight = if starts < ends { starts <= at && at < ends } else { !(ends <= at && at < starts) };
        if is_daylight { daylight.offset } else { *standard }
    }

    pub(crate) fn local(self, at: Instant) -> Local {
        at.local(self.offset(at))
    }

    /// What a local time means. No zone changes its clocks twice within two days.
    pub(crate) fn read(self, shown: Local) -> Reading {
        let before = self.offset(shown.plus(-DAY_S).instant(0));
        let after = self.offset(shown.plus(DAY_S).instant(0));
        let is_shown = |offset: i64| self.offset(shown.instant(offset)) == offset;
        match (is_shown(before), is_shown(after)) {
            (true, true) if before != after => {
                Reading::Twice { first: shown.instant(before), apart_s: before.saturating_sub(after) }
            }
            (true, _) => Reading::Once(shown.instant(before)),
            (false, true) => Reading::Once(shown.instant(after)),
            (false, false) => Reading::Skipped(shown.instant(before)),
        }
    }

    /// The first instant that a local time may mean (RFC 5545, section 3.3.5).
    pub(crate) fn first(self, shown: Local) -> Instant {
        match self.read(shown) {
            Reading::Once(at) | Reading::Skipped(at) | Reading::Twice { first: at, .. } => at,
        }
    }
}

impl Change {
    fn in_year(&self, year: i64) -> Local {
        let first = Day::of(year, self.month, 1).expect("a month has a first day");
        let next = if self.month == 12 { Day::of(year + 1, 1, 1) } else { Day::of(year, self.month + 1, 1) };
        let next = next.expect("a month has a first day");
        // 1970-01-01 was a Thursday.
        let weekday = (first.0 + 4).rem_euclid(7);
        let mut day = first.plus((self.weekday - weekday).rem_euclid(7) + 7 * (self.week - 1));
        if day >= next {
            day = day.plus(-7);
        }
        day.at(self.second)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by it")]
mod tests {
    use jiff::tz::{AmbiguousOffset, TimeZone};
    use jiff::{Timestamp, ToSpan as _};

    use super::*;

    /// Seconds: 2025-01-01 to 2050-01-01.
    const YEARS: std::ops::Range<i64> = 1_735_689_600..2_524_608_000;
    /// A bit less than two weeks.
    const STEP: usize = 1_200_000;

    #[test]
    fn offsets_are_those_of_the_whole_database() {
        for name in jiff::tz::db().available() {
            let (whole, ours) = (TimeZone::get(name.as_str()).unwrap(), Zone::named(name.as_str()).unwrap());
            for seconds in YEARS.step_by(STEP) {
                let expected = whole.to_offset(Timestamp::from_second(seconds).unwrap());
                let found = ours.offset(Instant::of_seconds(seconds));
                assert_eq!(found, i64::from(expected.seconds()), "{name} {seconds}");
            }
        }
    }

    #[test]
    fn local_times_mean_what_they_mean_in_the_whole_database() {
        // One zone of each rules; that the others have them too is told by their offsets.
        for name in ZONES.iter().filter_map(|(names, _)| names.split(' ').next()) {
            let (whole, ours) = (TimeZone::get(name).unwrap(), Zone::named(name).unwrap());
            let (begins, ends) =
                (Timestamp::from_second(YEARS.start).unwrap(), Timestamp::from_second(YEARS.end).unwrap());
            for transition in whole.following(begins).take_while(|transition| transition.timestamp() < ends) {
                for seconds in [-1, 0] {
                    let at = Instant::of_seconds(transition.timestamp().as_second() + seconds);
                    let expected = whole.to_offset(transition.timestamp() + seconds.seconds()).seconds();
                    assert_eq!(ours.offset(at), i64::from(expected), "{name} {at}");
                }
                let utc = TimeZone::UTC.to_datetime(transition.timestamp());
                for minutes in (-900_i64..=900).step_by(15) {
                    let shown = utc.checked_add(minutes.minutes()).unwrap();
                    let read = whole.to_ambiguous_timestamp(shown);
                    let at = Instant::of_seconds(read.compatible().unwrap().as_second());
                    let expected = match read.offset() {
                        AmbiguousOffset::Unambiguous { .. } => Reading::Once(at),
                        AmbiguousOffset::Gap { .. } => Reading::Skipped(at),
                        AmbiguousOffset::Fold { before, after } => {
                            Reading::Twice { first: at, apart_s: (before.seconds() - after.seconds()).into() }
                        }
                    };
                    let seconds = TimeZone::UTC.to_timestamp(shown).unwrap().as_second();
                    assert_eq!(ours.read(Local(seconds)), expected, "{name} {shown}");
                }
            }
        }
    }

    #[test]
    fn names_are_those_of_the_database() {
        let names = |zone: Option<Zone>| zone.map(|zone| zone.offset(Instant::of_seconds(YEARS.start)));
        assert_eq!(names(Zone::named("europe/berlin")), Some(3600));
        assert_eq!(names(Zone::named("Etc/GMT-14")), Some(50_400));
        for name in ["Berlin", "", " ", "Europe/Berlin ", "Europe/Berlin Europe/Busingen"] {
            assert_eq!(names(Zone::named(name)), None, "{name:?}");
        }
    }
}
