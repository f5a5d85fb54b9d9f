//! A day of the calendar. A crate for all of the calendar would be a fifth of many a component.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::digits;

/// The years that are read: earlier ones and later ones were misheard.
const YEARS: RangeInclusive<i16> = 1800..=2999;
/// The last millisecond of the last year, since 1970.
pub(super) const LAST_MS: u64 = 32_503_679_999_999;
pub(super) const MS_PER_DAY: u64 = 86_400_000;
/// Days of 400 years, after which the calendar repeats itself.
const DAYS_PER_ERA: i32 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i32 = 719_468;

/// A day of the calendar, such as `2026-12-01`. No other form is read: `11/12/2026` may be two days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day {
    year: i16,
    month: i8,
    day: i8,
}

impl Day {
    /// The day, if there is one, of the years 1800 to 2999.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let month_days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let is_day = YEARS.contains(&year) && (1..=12).contains(&month) && (1..=month_days).contains(&day);
        is_day.then_some(Self { year, month, day })
    }

    /// The day on which an instant lies in UTC, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn in_utc(at_ms: u64) -> Self {
        let days = i32::try_from(at_ms.min(LAST_MS) / MS_PER_DAY).unwrap_or_default();
        Self::of_days(days).expect("1970 to 2999 are years that are read")
    }

    /// The year, of the type that date crates take.
    pub const fn year(self) -> i16 {
        self.year
    }

    /// The month, from 1.
    pub const fn month(self) -> i8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> i8 {
        self.day
    }

    /// How many days this is after 1970-01-01: less than 0 before.
    pub fn days_since_1970(self) -> i32 {
        // Years that begin in March end with the day that some of them lack.
        // Source: Howard Hinnant, chrono-compatible low-level date algorithms, days_from_civil.
        let (year, month, day) = (i32::from(self.year), i32::from(self.month), i32::from(self.day));
        let year = if month <= 2 { year - 1 } else { year };
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        year.div_euclid(400) * DAYS_PER_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_TO_1970
    }

    /// The other way round, by the same source's civil_from_days.
    fn of_days(since_1970: i32) -> Option<Self> {
        let days = since_1970 + DAYS_TO_1970;
        let of_era = days.rem_euclid(DAYS_PER_ERA);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = days.div_euclid(DAYS_PER_ERA) * 400 + year_of_era + i32::from(month <= 2);
        Self::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = || {
            let has_form = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
            let parts = (digits(text, 0..4)?, digits(text, 5..7)?, digits(text, 8..10)?);
            has_form.then_some(parts)
        };
        let (year, month, day) = parts()
            .ok_or_else(|| format!("{text:?} is no day: write the year first, then month and day, as in 2026-12-01"))?;
        let small = |number: u16| i8::try_from(number).unwrap_or_default();
        Self::new(i16::try_from(year).unwrap_or_default(), small(month), small(day))
            .ok_or_else(|| format!("there is no day {text} in the calendar of 1800 to 2999"))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date",
            "pattern": r"^\d{4}-\d{2}-\d{2}$",
            "description": "A day, such as 2026-12-01.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_one_form() {
        fn check(text: &str, expected: Result<i32, &str>) {
            let day = serde_json::from_value::<Day>(text.into());
            match (&day, expected) {
                (Ok(day), Ok(days)) => {
                    assert_eq!(day.days_since_1970(), days, "{text}");
                    assert_eq!(Day::of_days(days), Some(*day), "{text}");
                    assert_eq!(day.to_string(), text);
                }
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{text}: {error}"),
                _ => panic!("{text}: {day:?}"),
            }
        }
        check("1970-01-01", Ok(0));
        check("1969-12-31", Ok(-1));
        check("2000-02-29", Ok(11_016));
        check("2026-11-29", Ok(20_786));
        check("1800-01-01", Ok(-62_091));
        check("2999-12-31", Ok(376_199));
        for absent in ["2026-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00", "1026-01-01"]
        {
            check(absent, Err("there is no day"));
        }
        for other in ["11/12/2026", "2026-1-2", "20261201", "2026-12-01T00:00:00Z", "tomorrow", "", "2026-12-0\u{661}"]
        {
            check(other, Err("write the year first"));
        }
    }

    #[test]
    fn each_day_has_its_number() {
        let first = Day::new(1800, 1, 1).map(Day::days_since_1970);
        let last = Day::new(2999, 12, 31).map(Day::days_since_1970);
        let (Some(first), Some(last)) = (first, last) else { panic!("both are days") };
        for days in first..=last {
            assert_eq!(Day::of_days(days).map(Day::days_since_1970), Some(days));
        }
        assert_eq!(Day::of_days(first - 1), None);
        assert_eq!(Day::of_days(last + 1), None);
    }

    #[test]
    fn an_instant_has_its_day() {
        fn check(at_ms: u64, expected: &str) {
            assert_eq!(Day::in_utc(at_ms).to_string(), expected);
        }
        check(0, "1970-01-01");
        check(MS_PER_DAY - 1, "1970-01-01");
        check(1_767_225_600_000, "2026-01-01");
        check(LAST_MS, "2999-12-31");
        check(u64::MAX, "2999-12-31");
    }
}
