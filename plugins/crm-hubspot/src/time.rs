//! Days and instants as RFC 3339 writes them. A library for all of the calendar would be a fifth of the component.

const MS_PER_DAY: u64 = 86_400_000;
const MS_PER_MINUTE: u64 = 60_000;
/// The years that are read: no later one is meant on a call, and earlier ones have no milliseconds since 1970.
const YEARS: std::ops::RangeInclusive<u64> = 1970..=2999;

/// Days since 1970-01-01 of `2026-12-01`.
pub(crate) fn day(text: &str) -> Option<u64> {
    let (year, month, day) = (number(text, 0..4)?, number(text, 5..7)?, number(text, 8..10)?);
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let month_days = |month: u64| match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let has_form = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    if !has_form || !YEARS.contains(&year) || !(1..=12).contains(&month) || !(1..=month_days(month)).contains(&day) {
        return None;
    }
    let years: u64 = (*YEARS.start()..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let months: u64 = (1..month).map(month_days).sum();
    Some(years + months + day - 1)
}

/// Milliseconds since 1970 of `2026-12-01T09:30:00-05:00`. An offset of `-00:00` is an unknown one (section 4.3).
pub(crate) fn instant(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once('T')?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let clock_ms = minutes(clock.get(..5)?)? * MS_PER_MINUTE + seconds(clock.get(5..)?)? * 1_000;
    let (fraction, offset) = rest.split_at(rest.find(['Z', '+', '-'])?);
    let local_ms = day(date)? * MS_PER_DAY + clock_ms + milliseconds(fraction)?;
    let away_ms = |offset: &str| Some(minutes(offset)? * MS_PER_MINUTE);
    match offset.split_at_checked(1)? {
        ("Z", "") => Some(local_ms),
        ("+", offset) => local_ms.checked_sub(away_ms(offset)?),
        ("-", offset) if offset != "00:00" => Some(local_ms + away_ms(offset)?),
        _ => None,
    }
}

/// Minutes of `09:30`.
fn minutes(text: &str) -> Option<u64> {
    let (hour, minute) = (number(text, 0..2)?, number(text, 3..5)?);
    (text.len() == 5 && text.as_bytes()[2] == b':' && hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// Seconds of `:05`.
fn seconds(text: &str) -> Option<u64> {
    number(text.strip_prefix(':')?, 0..2).filter(|second| *second < 60)
}

/// Milliseconds of `.25`, or of nothing.
fn milliseconds(text: &str) -> Option<u64> {
    match text.strip_prefix('.') {
        None => text.is_empty().then_some(0),
        Some(digits) if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => None,
        Some(digits) => format!("{digits:0<3}").get(..3)?.parse().ok(),
    }
}

fn number(text: &str, at: std::ops::Range<usize>) -> Option<u64> {
    let digits = text.get(at)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}
