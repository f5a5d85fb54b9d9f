//! The calendar: where it is, when it has time, and what its refusals mean.

use std::fmt::Display;

use aftercall::{Failure, Response, path_segment};
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a server may say of an event that it doesn't take, of the preconditions in RFC 4791, section 5.3.2.1, and
/// RFC 3744, section 7.1.1.
const PRECONDITIONS: &[&str] = &[
    "supported-calendar-data",
    "valid-calendar-data",
    "valid-calendar-object-resource",
    "supported-calendar-component",
    "no-uid-conflict",
    "calendar-collection-location-ok",
    "max-resource-size",
    "min-date-time",
    "max-date-time",
    "need-privileges",
];

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Calendar {
    calendar_url: String,
    time_zone: String,
    #[serde(default = "callback_minutes")]
    callback_minutes: u32,
    from: Option<String>,
    to: Option<String>,
}

const fn callback_minutes() -> u32 {
    15
}

/// The time that a callback takes.
pub(crate) struct Slot {
    pub(crate) starts: Zoned,
    pub(crate) ends: Zoned,
    zone: String,
    /// Whether the clocks go back then and show this time once more.
    again: bool,
}

/// The callback that is in the calendar.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Booked {
    event_id: String,
    /// RFC 3339, at the offset of the people who call back.
    starts_at: String,
    ends_at: String,
}

impl Calendar {
    /// Where the event with this UID is.
    pub(crate) fn event_url(&self, uid: &str) -> String {
        format!("{}/{}.ics", self.calendar_url.trim_end_matches('/'), path_segment(uid))
    }

    /// The callback at this local time, if there is such a time and the people who call back are there.
    pub(crate) fn slot(&self, date: &str, time: &str) -> Result<Slot, Failure> {
        let day = Date::strptime("%Y-%m-%d", date)
            .map_err(|_| Failure::invalid_arguments(format!("there is no day {date}: write it as in 2026-03-31")))?;
        let clock = Time::strptime("%H:%M", time)
            .map_err(|_| Failure::invalid_arguments(format!("there is no time {time}: write it as in 14:30")))?;
        self.check_hours(clock)?;
        let zone = TimeZone::get(&self.time_zone)
            .map_err(|_| mistaken(format!("time_zone {:?} is none that IANA names", self.time_zone)))?;
        let local = zone.to_ambiguous_zoned(day.to_datetime(clock));
        let offset = local.offset();
        let out_of_range = |_| Failure::invalid_arguments(format!("{date} is too far away"));
        let starts = local.compatible().map_err(out_of_range)?;
        if matches!(offset, AmbiguousOffset::Gap { .. }) {
            let message = format!(
                "the clocks in {} go forward on {date} and never show {time}; {} is there",
                self.time_zone,
                starts.strftime("%H:%M")
            );
            return Err(Failure::invalid_arguments(message));
        }
        let ends = starts.checked_add(self.length()).map_err(out_of_range)?;
        let again = matches!(offset, AmbiguousOffset::Fold { .. });
        Ok(Slot { starts, ends, zone: self.time_zone.clone(), again })
    }

    /// Nothing, where the calendar took the event.
    pub(crate) fn taken(&self, answer: Response) -> Result<(), Failure> {
        let status = answer.status();
        let precondition = PRECONDITIONS.iter().find(|name| answer.text().contains(**name)).copied();
        let Err(failure) = answer.ok() else { return Ok(()) };
        Err(match (status, precondition) {
            (_, Some("min-date-time" | "max-date-time")) => {
                Failure::invalid_arguments("the calendar holds no events at this date")
            }
            (_, Some(precondition)) => failure.with_code(precondition),
            // What is missing, or isn't a calendar, is above the event.
            (404 | 405 | 409, None) => mistaken(format!("no calendar is at calendar_url ({status})")),
            _ => failure,
        })
    }

    fn check_hours(&self, clock: Time) -> Result<(), Failure> {
        let first = match &self.from {
            Some(from) => self.hour("from", from)?,
            None => Time::MIN,
        };
        let last = match &self.to {
            Some(to) => self.hour("to", to)?.checked_sub(self.length()).ok(),
            None => Some(Time::MAX),
        };
        let Some(last) = last.filter(|last| first <= *last) else {
            return Err(mistaken("no callback fits between from and to"));
        };
        if (first..=last).contains(&clock) {
            return Ok(());
        }
        let message = format!(
            "callbacks begin from {} to {} ({}), not at {}: agree on another time, or take the nearest that fits",
            first.strftime("%H:%M"),
            last.strftime("%H:%M"),
            self.time_zone,
            clock.strftime("%H:%M"),
        );
        Err(Failure::invalid_arguments(message))
    }

    fn hour(&self, setting: &str, text: &str) -> Result<Time, Failure> {
        Time::strptime("%H:%M", text).map_err(|_| mistaken(format!("{setting} {text:?} is no time of day")))
    }

    fn length(&self) -> SignedDuration {
        SignedDuration::from_mins(self.callback_minutes.into())
    }
}

impl Slot {
    /// For the model.
    pub(crate) fn words(&self) -> String {
        let Self { starts, zone, .. } = self;
        let mut words =
            format!("the callback is in the calendar, {} ({zone})", starts.strftime("%A %Y-%m-%d at %H:%M"));
        if self.again {
            words.push_str("; the clocks show this time twice that day, and the first is meant");
        }
        words
    }

    pub(crate) fn booked(&self, uid: &str) -> Booked {
        let rfc3339 = |at: &Zoned| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        Booked { event_id: uid.to_owned(), starts_at: rfc3339(&self.starts), ends_at: rfc3339(&self.ends) }
    }
}

/// The failure of settings about which the model can do nothing.
fn mistaken(what: impl Display) -> Failure {
    Failure::other(format!("correct the plugin's settings: {what}"))
}

/// An instant in milliseconds since 1970.
pub(crate) fn instant(at_ms: u64) -> Result<Timestamp, Failure> {
    i64::try_from(at_ms)
        .ok()
        .and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok())
        .ok_or_else(|| Failure::other("the time of the first attempt is out of range"))
}
