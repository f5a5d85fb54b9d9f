//! An instant with the offset in which it was said.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::day::{LAST_MS, MS_PER_DAY};
use super::{Day, digits};

const MS_PER_MINUTE: u64 = 60_000;

/// An instant from 1970 on with its offset from UTC, such as `2026-12-01T09:30:00-05:00` (RFC 3339, to the millisecond).
/// Without an offset nobody knows which one is meant, so none is read.
///
/// It is shown with its own offset. One instant with two offsets are two values: compare [`as_ms`](Instant::as_ms).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant {
    at_ms: u64,
    offset_minutes: i16,
}

impl Instant {
    /// The instant in UTC, of milliseconds since 1970-01-01T00:00:00Z. What is after 2999 is its end.
    pub fn utc(at_ms: u64) -> Self {
        Self { at_ms: at_ms.min(LAST_MS), offset_minutes: 0 }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_ms(self) -> u64 {
        self.at_ms
    }

    /// The same instant, shown in UTC.
    pub fn in_utc(self) -> Self {
        Self::utc(self.at_ms)
    }

    /// The day on which it lies where its offset holds.
    pub fn day(self) -> Day {
        Day::in_utc(self.local_ms())
    }

    fn local_ms(self) -> u64 {
        self.at_ms.saturating_add_signed(i64::from(self.offset_minutes) * 60_000)
    }
}

impl FromStr for Instant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "2026-12-01T09:30:00-05:00";
        let parts = || {
            let (day, rest) = text.split_once('T')?;
            Some((day, rest.split_at_checked(8)?))
        };
        let no_instant = || format!("{text:?} is no instant: write day, time with seconds, and offset as in {example}");
        let (day, (clock, rest)) = parts().ok_or_else(no_instant)?;
        let day: Day = day.parse()?;
        let (fraction, offset) = rest.split_at(rest.find(['Z', '+', '-']).unwrap_or(rest.len()));
        let of_day_ms = clock_ms(clock).zip(fraction_ms(fraction)).map(|(clock, fraction)| clock + fraction);
        let of_day_ms = of_day_ms.ok_or_else(no_instant)?;
        if offset.is_empty() {
            return Err(format!(
                "{text:?} doesn't say in which time zone: add its offset from UTC as in {example}, or Z"
            ));
        }
        let offset_minutes = offset_minutes(offset).ok_or_else(no_instant)?;
        let days = u64::try_from(day.days_since_1970()).ok();
        let local_ms = days.map(|days| days * MS_PER_DAY + of_day_ms);
        let at_ms = local_ms.and_then(|local| local.checked_add_signed(-i64::from(offset_minutes) * 60_000));
        match at_ms.filter(|at_ms| *at_ms <= LAST_MS) {
            Some(at_ms) => Ok(Self { at_ms, offset_minutes }),
            None => Err(format!("{text:?} is not within 1970 to 2999")),
        }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_day_ms = self.local_ms() % MS_PER_DAY;
        let (minutes, ms) = (of_day_ms / MS_PER_MINUTE, of_day_ms % MS_PER_MINUTE);
        write!(out, "{}T{:02}:{:02}:{:02}", self.day(), minutes / 60, minutes % 60, ms / 1_000)?;
        if ms % 1_000 != 0 {
            write!(out, ".{:03}", ms % 1_000)?;
        }
        match self.offset_minutes {
            0 => out.write_str("Z"),
            offset => {
                let (sign, offset) = (if offset < 0 { '-' } else { '+' }, offset.abs());
                write!(out, "{sign}{:02}:{:02}", offset / 60, offset % 60)
            }
        }
    }
}

/// Milliseconds of `09:30:05`.
fn clock_ms(text: &str) -> Option<u64> {
    let second = digits(text, 6..8).filter(|second| *second < 60 && text.as_bytes()[5] == b':')?;
    Some(u64::from(hours_and_minutes(text.get(..5)?)?) * MS_PER_MINUTE + u64::from(second) * 1_000)
}

/// Milliseconds of `.25`, or of nothing.
fn fraction_ms(text: &str) -> Option<u64> {
    match text.strip_prefix('.') {
        None => text.is_empty().then_some(0),
        Some(fraction) if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) => None,
        Some(fraction) => format!("{fraction:0<3}").get(..3)?.parse().ok(),
    }
}

/// Minutes of `Z` or `-05:00`. An offset of `-00:00` is one that isn't known (RFC 3339, section 4.3).
fn offset_minutes(text: &str) -> Option<i16> {
    let minutes = |text: &str| i16::try_from(hours_and_minutes(text)?).ok();
    match text.split_at_checked(1)? {
        ("Z", "") => Some(0),
        ("+", offset) => minutes(offset),
        ("-", offset) => minutes(offset).filter(|minutes| *minutes != 0).map(|minutes| -minutes),
        _ => None,
    }
}

/// Minutes of `09:30`.
fn hours_and_minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = (digits(text, 0..2)?, digits(text, 3..5)?);
    let has_form = text.len() == 5 && text.as_bytes()[2] == b':' && hours < 24 && minutes < 60;
    has_form.then_some(hours * 60 + minutes)
}

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> String {
        instant.to_string()
    }
}

impl JsonSchema for Instant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$",
            "description": "An instant with its offset from UTC, such as 2026-12-01T09:30:00-05:00.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_an_offset() {
        fn check(text: &str, expected: Result<u64, &str>) {
            let instant = serde_json::from_value::<Instant>(text.into());
            match (&instant, expected) {
                (Ok(instant), Ok(at_ms)) => assert_eq!(instant.as_ms(), at_ms, "{text}"),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{text}: {error}"),
                _ => panic!("{text}: {instant:?}"),
            }
        }
        check("1970-01-01T00:00:00Z", Ok(0));
        check("2026-01-01T00:00:00Z", Ok(1_767_225_600_000));
        check("2026-01-01T01:00:00+01:00", Ok(1_767_225_600_000));
        check("2025-12-31T19:00:00.5-05:00", Ok(1_767_225_600_500));
        check("2026-01-01T00:00:00.1239+00:00", Ok(1_767_225_600_123));
        check("2026-12-01T09:30:00", Err("add its offset"));
        check("2026-12-01T09:30:00.25", Err("add its offset"));
        check("2026-02-30T09:30:00Z", Err("there is no day 2026-02-30"));
        check("01/12/2026T09:30:00Z", Err("write the year first"));
        check("1969-12-31T23:59:59Z", Err("within 1970"));
        check("1970-01-01T00:00:00+00:01", Err("within 1970"));
        check("2999-12-31T23:59:59-00:01", Err("within 1970"));
        for other in [
            "",
            "2026-12-01",
            "2026-12-01 09:30:00Z",
            "2026-12-01t09:30:00z",
            "2026-12-01T09:30Z",
            "2026-12-01T24:00:00Z",
            "2026-12-01T09:60:00Z",
            "2026-12-01T09:30:60Z",
            "2026-12-01T09-30-00Z",
            "2026-12-01T09:30:00-00:00",
            "2026-12-01T09:30:00+0500",
            "2026-12-01T09:30:00+5",
            "2026-12-01T09:30:00.Z",
            "2026-12-01T09:30:00Zz",
            "2026-12-01T09:30:00 EST",
            "2026-12-01T\u{661}9:30:00Z",
            "1767225600000",
        ] {
            check(other, Err("is no instant"));
        }
    }

    #[test]
    fn instants_are_shown_as_they_were_said() {
        fn check(text: &str, shown: &str, in_utc: &str, day: &str) {
            let instant: Instant = text.parse().expect(text);
            assert_eq!(instant.to_string(), shown);
            assert_eq!(instant.in_utc().to_string(), in_utc);
            assert_eq!(instant.day().to_string(), day);
            assert_eq!(shown.parse(), Ok(instant));
        }
        check("2026-12-01T22:30:00-05:00", "2026-12-01T22:30:00-05:00", "2026-12-02T03:30:00Z", "2026-12-01");
        check(
            "2026-12-01T09:30:07.25+05:30",
            "2026-12-01T09:30:07.250+05:30",
            "2026-12-01T04:00:07.250Z",
            "2026-12-01",
        );
        check("2026-12-01T09:30:00+00:00", "2026-12-01T09:30:00Z", "2026-12-01T09:30:00Z", "2026-12-01");
        assert_eq!(Instant::utc(u64::MAX).to_string(), "2999-12-31T23:59:59.999Z");
    }
}
