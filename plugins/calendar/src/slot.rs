//! Times: as people say them, as the vendor takes them, and as the model reads them.

use aftercall::Failure;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};
use schemars::JsonSchema;
use serde::Serialize;

use crate::hours::{Kind, too_far};
use crate::settings::Settings;

/// From one instant to another, the second not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) starts: Timestamp,
    pub(crate) ends: Timestamp,
}

/// The time that something takes in the calendar of these people.
pub(crate) struct Slot {
    pub(crate) starts: Zoned,
    pub(crate) ends: Zoned,
    zone: String,
}

/// What is in the calendar, for the model.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Booked {
    pub(crate) event_id: String,
    /// RFC 3339, at the offset of the people whose calendar it is.
    starts_at: String,
    ends_at: String,
}

impl Span {
    pub(crate) fn overlaps(&self, other: &Span) -> bool {
        self.starts < other.ends && other.starts < self.ends
    }

    pub(crate) fn length(&self) -> SignedDuration {
        self.ends.duration_since(self.starts)
    }
}

impl Slot {
    /// The slot that begins at this local time, if there is one such time and people work then.
    pub(crate) fn at(
        settings: &Settings,
        date: &str,
        time: &str,
        length: SignedDuration,
        kind: Kind,
    ) -> Result<Self, Failure> {
        let day = day(date)?;
        let clock = Time::strptime("%H:%M", time)
            .map_err(|_| Failure::invalid_arguments(format!("there is no time {time}: write it as in 14:30")))?;
        settings.hours()?.check(day, clock, length, kind, &settings.time_zone)?;
        let starts = only_once(&settings.zone()?, &settings.time_zone, day, clock)?;
        let ends = starts.checked_add(length).map_err(|_| too_far(day))?;
        Ok(Self { starts, ends, zone: settings.time_zone.clone() })
    }

    /// The slot between two instants.
    pub(crate) fn of(settings: &Settings, span: Span) -> Result<Self, Failure> {
        let zone = settings.zone()?;
        let starts = span.starts.to_zoned(zone.clone());
        Ok(Self { starts, ends: span.ends.to_zoned(zone), zone: settings.time_zone.clone() })
    }

    pub(crate) fn span(&self) -> Span {
        Span { starts: self.starts.timestamp(), ends: self.ends.timestamp() }
    }

    pub(crate) fn day(&self) -> Date {
        self.starts.date()
    }

    /// `Tuesday 2026-03-03 at 14:30 (Europe/Berlin)`
    pub(crate) fn words(&self) -> String {
        format!("{} ({})", self.starts.strftime("%A %Y-%m-%d at %H:%M"), self.zone)
    }

    pub(crate) fn booked(&self, event_id: &str) -> Booked {
        let rfc3339 = |at: &Zoned| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        Booked { event_id: event_id.to_owned(), starts_at: rfc3339(&self.starts), ends_at: rfc3339(&self.ends) }
    }
}

/// A day, as the tools take it.
pub(crate) fn day(text: &str) -> Result<Date, Failure> {
    Date::strptime("%Y-%m-%d", text)
        .map_err(|_| Failure::invalid_arguments(format!("there is no day {text}: write it as in 2026-03-31")))
}

/// The instant of a local time. One that the clocks skip, or show twice, is none that could be meant for sure.
fn only_once(zone: &TimeZone, name: &str, day: Date, clock: Time) -> Result<Zoned, Failure> {
    let local = zone.to_ambiguous_zoned(day.to_datetime(clock));
    let time = clock.strftime("%H:%M");
    let message = match local.offset() {
        AmbiguousOffset::Unambiguous { .. } => return local.compatible().map_err(|_| too_far(day)),
        AmbiguousOffset::Gap { .. } => {
            let there = local.compatible().map_err(|_| too_far(day))?;
            format!(
                "the clocks in {name} go forward on {day} and never show {time}; {} is there",
                there.strftime("%H:%M")
            )
        }
        AmbiguousOffset::Fold { before, after } => {
            let again = SignedDuration::from_secs((before.seconds() - after.seconds()).into());
            let later = day.to_datetime(clock).checked_add(again).map_err(|_| too_far(day))?;
            let later = later.strftime("%H:%M");
            format!(
                "the clocks in {name} go back on {day} and show {time} twice; {later} is there once: agree on such a time"
            )
        }
    };
    Err(Failure::invalid_arguments(message))
}
