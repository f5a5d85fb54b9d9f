//! Arguments that check themselves: ids, and the time of a day.

use aftercall::{Context, Day, Instant, text_argument};

/// The longest id of a record, in digits.
const ID_CHARS_MAX: usize = 20;
/// Of hours and minutes.
const CLOCK_CHARS: usize = 5;
/// A day on which each time of day with its offset is one that instants have, in milliseconds.
const CHECKED_AT_MS: u64 = 2 * 86_400_000;
/// The id of what a rehearsal makes, by the manifest. It is nowhere to be found.
const REHEARSED_ID: &str = "0";

text_argument! {
    /// The id of a record in HubSpot: digits, so that it changes no path and no query that it stands in.
    pub(crate) struct RecordId: check_id, { "type": "string", "pattern": "^[0-9]{1,20}$" }
}

text_argument! {
    /// A time of day with the offset of the place that was meant, such as `09:30-05:00`.
    pub(crate) struct TimeOfDay: check_time, { "type": "string", "pattern": r"^\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$" }
}

impl RecordId {
    /// Whether an earlier call of a rehearsal would have made it.
    pub(crate) fn is_rehearsed(&self, cx: &Context) -> bool {
        cx.dry_run() && self.as_str() == REHEARSED_ID
    }
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

fn check_id(text: &str) -> Result<(), String> {
    if (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err(format!("{text:?} is no id of a record: digits, such as 512, as a tool gave it"))
    }
}
