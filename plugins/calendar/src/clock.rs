//! Instants, days and times of day, in whole seconds.
//!
//! A crate for it, with its database, would be more than a third of the component. What is here is held beside one in the
//! tests.

mod read;
mod zone;

use std::fmt;

use serde::Deserialize;

pub(crate) use self::read::duration;
pub(crate) use self::zone::{Reading, Zone};

pub(crate) const MINUTE_S: i64 = 60;
pub(crate) const DAY_S: i64 = 24 * 60 * MINUTE_S;

/// Days from March 1st of year 0 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days in 400 years, after which the Gregorian calendar is the same again.
const ERA_DAYS: i64 = 146_097;

/// The same moment everywhere: seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(i64);

/// A date: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i64);

/// What a clock shows: seconds since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(i64);

/// What a clock and a calendar beside it show: seconds since 1970-01-01 at midnight, there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Local(i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

impl Instant {
    pub(crate) const fn of_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Of milliseconds, where years have four digits.
    pub(crate) fn of_ms(at_ms: u64) -> Option<Self> {
        let at = Self(i64::try_from(at_ms / 1000).ok()?);
        (at.0 < Day::of(9999, 12, 31)?.0 * DAY_S).then_some(at)
    }

    pub(crate) const fn as_seconds(self) -> i64 {
        self.0
    }

    pub(crate) const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// What a clock shows at this offset.
    pub(crate) const fn local(self, offset_s: i64) -> Local {
        Local(self.0.saturating_add(offset_s))
    }
}

impl Day {
    pub(crate) fn of(year: i64, month: i64, day: i64) -> Option<Self> {
        let found = Self(days(year, month, day));
        (found.date() == (year, month, day)).then_some(found)
    }

    pub(crate) const fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// What is shown this many seconds after midnight.
    pub(crate) const fn at(self, seconds: i64) -> Local {
        Local(self.0.saturating_mul(DAY_S).saturating_add(seconds))
    }

    pub(crate) fn weekday(self) -> Weekday {
        let index = (self.0 + 3).rem_euclid(7);
        WEEK[usize::try_from(index).expect("a remainder of seven is an index of the week")]
    }

    pub(crate) const fn year(self) -> i64 {
        self.date().0
    }

    /// Year, month and day; see <https://howardhinnant.github.io/date_algorithms.html>. Years begin in March there, so
    /// that the leap day is the last.
    const fn date(self) -> (i64, i64, i64) {
        let days = self.0 + EPOCH_DAYS;
        let era = days.div_euclid(ERA_DAYS);
        let of_era = days.rem_euclid(ERA_DAYS);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (ERA_DAYS - 1)) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let months = (5 * of_year + 2) / 153;
        let day = of_year - (153 * months + 2) / 5 + 1;
        let (month, later) = if months < 10 { (months + 3, 0) } else { (months - 9, 1) };
        (era * 400 + year_of_era + later, month, day)
    }
}

/// As the tools take it.
impl From<aftercall::Day> for Day {
    fn from(day: aftercall::Day) -> Self {
        Self(day.days_since_1970().into())
    }
}

/// Days since 1970-01-01.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let year_of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    year.div_euclid(400) * ERA_DAYS + of_era - EPOCH_DAYS
}

impl Time {
    pub(crate) const MIDNIGHT: Self = Self(0);
    /// The last minute of a day.
    pub(crate) const LAST: Self = Self(DAY_S - MINUTE_S);

    pub(crate) fn of(hour: i64, minute: i64) -> Option<Self> {
        ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(Self((hour * 60 + minute) * MINUTE_S))
    }

    pub(crate) const fn since_midnight(self) -> i64 {
        self.0
    }

    /// What is shown so much earlier on the same day.
    pub(crate) fn minus(self, seconds: i64) -> Option<Self> {
        let earlier = self.0.checked_sub(seconds)?;
        (0..=self.0).contains(&earlier).then_some(Self(earlier))
    }
}

impl Local {
    pub(crate) const fn day(self) -> Day {
        Day(self.0.div_euclid(DAY_S))
    }

    pub(crate) const fn time(self) -> Time {
        Time(self.0.rem_euclid(DAY_S))
    }

    pub(crate) const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// When a clock shows it at this offset.
    pub(crate) const fn instant(self, offset_s: i64) -> Instant {
        Instant(self.0.saturating_sub(offset_s))
    }

    /// RFC 3339, at this offset: `2026-03-03T14:30:00+01:00`
    pub(crate) fn rfc3339(self, offset_s: i64) -> String {
        let sign = if offset_s < 0 { '-' } else { '+' };
        let minutes = offset_s.abs() / MINUTE_S;
        format!(
            "{}T{}:{:02}{sign}{:02}:{:02}",
            self.day(),
            self.time(),
            self.0.rem_euclid(60),
            minutes / 60,
            minutes % 60
        )
    }
}

/// RFC 3339: `2026-03-03T13:30:00Z`
impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.local(0);
        write!(out, "{}T{}:{:02}Z", utc.day(), utc.time(), self.0.rem_euclid(60))
    }
}

/// `2026-03-03`
impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

/// `14:30`
impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0 / MINUTE_S;
        write!(out, "{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// As it is in a sentence: `Monday`
impl fmt::Display for Weekday {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        use jiff::ToSpan as _;
        let mut day = jiff::civil::date(1899, 12, 31);
        for index in 0..110_000 {
            let (year, month, of_month) = (day.year().into(), day.month().into(), day.day().into());
            let ours = Day::of(year, month, of_month).expect("a day");
            assert_eq!(ours, Day(index - 25_568));
            assert_eq!(ours.to_string(), day.to_string());
            assert_eq!(ours.weekday().to_string(), format!("{:?}", day.weekday()));
            day = day.checked_add(1.day()).expect("in range");
        }
        for (year, month, day) in
            [(2026, 2, 29), (2026, 4, 31), (2026, 13, 1), (2026, 0, 1), (2026, 1, 0), (2026, 1, 32)]
        {
            assert_eq!(Day::of(year, month, day), None, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn instants_are_written_in_utc_and_at_an_offset() {
        let at = Instant::of_seconds(1_772_541_005);
        assert_eq!(at.to_string(), "2026-03-03T12:30:05Z");
        assert_eq!(at.local(3600).rfc3339(3600), "2026-03-03T13:30:05+01:00");
        assert_eq!(at.local(-12_600).rfc3339(-12_600), "2026-03-03T09:00:05-03:30");
        assert_eq!(Instant::of_ms(1_772_541_005_999), Some(at));
        assert_eq!(Instant::of_ms(u64::MAX), None);
        assert_eq!(Instant::of_ms(253_402_300_800_000), None);
    }

    #[test]
    fn a_time_stays_on_its_day() {
        let time = Time::of(9, 15).expect("a time");
        assert_eq!(time.minus(15 * MINUTE_S), Time::of(9, 0));
        assert_eq!(time.minus(DAY_S), None);
        assert_eq!((Time::of(24, 0), Time::of(0, 60)), (None, None));
    }
}
