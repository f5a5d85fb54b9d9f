//! Days, times and instants as texts have them: RFC 3339, and the basic form of ISO 8601 that iCalendar has.

use super::{DAY_S, Day, Instant, Local, MINUTE_S, Time};

impl Day {
    /// `2026-03-31`
    pub(crate) fn read(text: &str) -> Option<Self> {
        let [year, month, day] = numbers(text, "yyyy-mm-dd")?;
        Self::of(year, month, day)
    }

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
        const FORM: &str = "yyyy-mm-ddThh:ii:ss";
        let (shown, rest) = text.split_at_checked(FORM.len())?;
        let shown = local(numbers(shown, FORM)?)?;
        let zone = match rest.strip_prefix('.') {
            Some(fraction) => fraction.trim_start_matches(|digit: char| digit.is_ascii_digit()),
            None => rest,
        };
        if zone == "Z" {
            return Some(shown.instant(0));
        }
        let (sign, offset) =
            zone.strip_prefix('-').map_or_else(|| Some((1, zone.strip_prefix('+')?)), |west| Some((-1, west)))?;
        Some(shown.instant(sign * Time::read(offset)?.since_midnight()))
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
    let (days, mut rest) = text.strip_prefix('+').unwrap_or(text).strip_prefix('P').map(|rest| (0_i64, rest))?;
    let mut length = (days, 0_i64);
    let mut units: &[(char, i64)] = &[('W', 7 * DAY_S), ('D', DAY_S)];
    let mut is_empty = true;
    while !rest.is_empty() {
        if let Some(times) = rest.strip_prefix('T').filter(|_| units.iter().all(|(unit, _)| !"HMS".contains(*unit))) {
            (units, rest) = (&[('H', 60 * MINUTE_S), ('M', MINUTE_S), ('S', 1)], times);
        }
        let ends = rest.find(|each: char| !each.is_ascii_digit())?;
        let (number, unit) = (rest[..ends].parse::<i64>().ok()?, rest[ends..].chars().next()?);
        let at = units.iter().position(|(each, _)| *each == unit)?;
        let seconds = number.checked_mul(units[at].1)?;
        match units[at].0 {
            'W' | 'D' => length.0 = length.0.checked_add(seconds / DAY_S)?,
            _ => length.1 = length.1.checked_add(seconds)?,
        }
        (units, rest, is_empty) = (&units[at + 1..], &rest[ends + 1..], false);
    }
    (!is_empty).then_some(length)
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
    fn instants_are_read_at_every_offset() {
        fn check(text: &str, expected: Option<&str>) {
            assert_eq!(Instant::read(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
        check("2026-03-03T13:30:00Z", Some("2026-03-03T13:30:00Z"));
        check("2026-03-03T14:30:00+01:00", Some("2026-03-03T13:30:00Z"));
        check("2026-03-03T10:00:00-03:30", Some("2026-03-03T13:30:00Z"));
        check("2026-03-03T13:30:00.999Z", Some("2026-03-03T13:30:00Z"));
        check("2026-12-31T23:59:60Z", Some("2027-01-01T00:00:00Z"));
        for text in ["", "soon", "2026-03-03", "2026-03-03T13:30:00", "2026-03-03T13:30:00é", "2026-02-30T13:30:00Z"] {
            check(text, None);
        }
        for text in ["2026-03-03T24:00:00Z", "2026-03-03T13:30:61Z", "2026-03-03T13:30:00+1", "2026-03-03 13:30:00Z"] {
            check(text, None);
        }
    }

    #[test]
    fn basic_forms_are_read_and_written() {
        let at = Local::read_basic("20260303T133000").expect("a time").instant(0);
        assert_eq!(at.basic(), "20260303T133000Z");
        assert_eq!(Day::read_basic("20260303"), Day::read("2026-03-03"));
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
        for text in
            ["", "P", "PT", "P1", "1D", "-PT1H", "PT1M1H", "P1H", "PTT1H", "P1D1D", "P1Y", "PT99999999999999999999S"]
        {
            check(text, None);
        }
    }
}
