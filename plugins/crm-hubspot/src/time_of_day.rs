//! The time of a day, as an argument that checks itself.

use aftercall::{Day, Instant, text_argument};

/// Of hours and minutes.
const CLOCK_CHARS: usize = 5;
/// A day on which each time of day with its offset is one that instants have, in milliseconds.
const CHECKED_AT_MS: u64 = 2 * 86_400_000;

text_argument! {
    /// A time of day with the offset of the place that was meant, such as `09:30-05:00`.
    pub(crate) struct TimeOfDay: check_time, { "type": "string", "pattern": r"^\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$" }
}

impl TimeOfDay {
    /// The instant on this day.
    pub(crate) fn on(&self, day: Day) -> Result<Instant, String> {
        instant(day, self.as_str())
    }
}

fn check_time(text: &str) -> Result<(), String> {
    instant(Day::in_utc(CHECKED_AT_MS), text).map(|_| ()).map_err(|_| {
        format!("{text:?} is no time of day: write hours, minutes and the offset from UTC, such as 09:30-05:00")
    })
}

fn instant(day: Day, time: &str) -> Result<Instant, String> {
    match time.split_at_checked(CLOCK_CHARS) {
        Some((clock, offset)) if !offset.starts_with('.') => format!("{day}T{clock}:00{offset}").parse(),
        _ => Err(format!("{time:?} is no time of day")),
    }
}
