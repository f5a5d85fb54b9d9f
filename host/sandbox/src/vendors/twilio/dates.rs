//! The `DateSent` filters: a day in GMT, or an instant.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// An instant that must lie in this range, in seconds since the Unix epoch; messages are dated to the second.
#[derive(Debug, PartialEq)]
pub(super) struct Sent {
    first: i64,
    last: i64,
}

impl Sent {
    /// `DateSent<` and `DateSent>` hold the day or the instant that they name, as the vendor's do.
    pub(super) fn parse(name: &str, value: &str) -> Option<Sent> {
        let (first, last) = span(value)?;
        Some(match name {
            "DateSent<" => Sent { first: i64::MIN, last },
            "DateSent>" => Sent { first, last: i64::MAX },
            _ => Sent { first, last },
        })
    }

    pub(super) fn holds(&self, at_ms: u64) -> bool {
        i64::try_from(at_ms / 1000).is_ok_and(|second| (self.first..=self.last).contains(&second))
    }
}

fn span(value: &str) -> Option<(i64, i64)> {
    if let Ok(instant) = value.parse::<Timestamp>() {
        return Some((instant.as_second(), instant.as_second()));
    }
    if value.len() != "2026-03-01".len() {
        return None;
    }
    let day: Date = value.parse().ok()?;
    let start = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second());
    Some((start(day)?, start(day.tomorrow().ok()?)? - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_hold_what_they_name() {
        const NOON: u64 = 1_772_366_400_000; // 2026-03-01T12:00:00Z
        const DAY: u64 = 86_400_000;
        let check = |name: &str, value: &str, expected: Option<[bool; 3]>| {
            let held = Sent::parse(name, value).map(|sent| [NOON - DAY, NOON, NOON + DAY].map(|at| sent.holds(at)));
            assert_eq!(held, expected, "{name}={value}");
        };
        check("DateSent", "2026-03-01", Some([false, true, false]));
        check("DateSent>", "2026-03-01", Some([false, true, true]));
        check("DateSent<", "2026-03-01", Some([true, true, false]));
        check("DateSent>", "2026-03-01T12:00:00Z", Some([false, true, true]));
        check("DateSent>", "2026-03-01T12:00:01Z", Some([false, false, true]));
        check("DateSent<", "2026-03-01T11:59:59Z", Some([true, false, false]));
        check("DateSent<", "2026-03-01T13:00:00+01:00", Some([true, true, false]));
        check("DateSent", "yesterday", None);
        check("DateSent", "2026-13-01", None);
        check("DateSent", "2026-03-01T12", None);
    }
}
