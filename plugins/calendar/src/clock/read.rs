//! Days, times and instants as texts have them: RFC 3339, and the basic form of ISO 8601 that iCalendar has.

use super::{Day, Instant, Local, MINUTE_S, Time};

impl Day {
    /// `20260331`
    pub(crate) fn read_basic(text: &str) -> Option<Self> {
        let [year, month, day] = numbers(text, "yyyymmdd")?;
        Self::of(year, month, day)
    }
}

impl Time {
    /// `14:30`
    pub(crate) fn read(text: &str) -> Option<Self> {
        let [hour, minute] = numbers(text, "hh:mm")?;
        Self::of(hour, minute)
    }
}

impl Local {
    /// `20260331T143000`
    pub(crate) fn read_basic(text: &str) -> Option<Self> {
        local(numbers(text, "yyyymmddThhiiss")?)
    }
}

impl Instant {
    /// RFC 3339, such as `2026-03-31T14:30:00+02:00`. What is less than a second is cut off.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::of_ms(text.parse::<aftercall::Instant>().ok()?.as_ms())
    }

    /// `20260331T123000Z`
    pub(crate) fn basic(self) -> String {
        let mut text = self.to_string();
        text.retain(|each| !matches!(each, '-' | ':'));
        text
    }
}

/// A leap second is the first of the next minute.
fn local([year, month, day, hour, minute, second]: [i64; 6]) -> Option<Local> {
    let time = Time::of(hour, minute).filter(|_| second <= 60)?;
    Some(Day::of(year, month, day)?.at(time.since_midnight() + second))
}

/// A duration as iCalendar has it (RFC 5545, section 3.3.6), whose days are as long as their clocks make them: days, and
/// seconds.
pub(crate) fn duration(text: &str) -> Option<(i64, i64)> {
    let text = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let (dates, times) = text.split_once('T').unwrap_or((text, ""));
    if text.is_empty() || text.ends_with('T') {
        return None;
    }
    let days = sum(dates, &[('W', 7), ('D', 1)])?;
    Some((days, sum(times, &[('H', 60 * MINUTE_S), ('M', MINUTE_S), ('S', 1)])?))
}

/// The sum of numbers that are followed by their units, each once and in this order.
fn sum(mut text: &str, mut units: &[(char, i64)]) -> Option<i64> {
    let mut sum = 0_i64;
    while !text.is_empty() {
        let (number, rest) = text.split_at(text.find(|each: char| !each.is_ascii_digit())?);
        let at = units.iter().position(|(unit, _)| rest.starts_with(*unit))?;
        sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(units[at].1)?)?;
        (text, units) = (&rest[1..], &units[at + 1..]);
    }
    Some(sum)
}

/// The numbers of a text of this form, in which a small letter stands for a digit of a number, and all else for itself.
fn numbers<const COUNT: usize>(text: &str, form: &str) -> Option<[i64; COUNT]> {
    if text.len() != form.len() {
        return None;
    }
    let mut numbers = [0; COUNT];
    let mut read = 0;
    let mut last = None;
    for (byte, expected) in text.bytes().zip(form.bytes()) {
        if !expected.is_ascii_lowercase() {
            (byte == expected).then_some(())?;
        } else {
            byte.is_ascii_digit().then_some(())?;
            read += usize::from(last != Some(expected));
            let number = numbers.get_mut(read - 1)?;
            *number = *number * 10 + i64::from(byte - b'0');
        }
        last = Some(expected);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_forms_are_read_and_written() {
        let at = Local::read_basic("20260303T133000").expect("a time").instant(0);
        assert_eq!(at.basic(), "20260303T133000Z");
        assert_eq!(Day::read_basic("20260303"), Day::of(2026, 3, 3));
        for text in ["", "20260303", "20260303T1330", "20260303T133000Z", "20260231T133000", "+0260303T133000"] {
            assert_eq!(Local::read_basic(text), None, "{text}");
        }
        for text in ["14:3", "14:300", "1430", "24:00", "14:60", "2 pm", "-1:30"] {
            assert_eq!(Time::read(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_days_and_seconds() {
        fn check(text: &str, expected: Option<(i64, i64)>) {
            assert_eq!(duration(text), expected, "{text}");
        }
        check("PT30M", Some((0, 1800)));
        check("+P15DT5H0M20S", Some((15, 5 * 3600 + 20)));
        check("P7W", Some((49, 0)));
        check("PT1H", Some((0, 3600)));
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "1D",
            "-PT1H",
            "PT1M1H",
            "PT1ST1H",
            "P1DT",
            "P1H",
            "PTT1H",
            "P1D1D",
            "P1Y",
            "PT99999999999999999999S",
        ] {
            check(text, None);
        }
    }
}
