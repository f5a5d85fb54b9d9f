//! Times: as people say them, as the vendor takes them, and as the model reads them.

use aftercall::Failure;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::{Day, Instant, Reading, Time, Zone};
use crate::settings::Settings;

/// From one instant to another, the second not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) starts: Instant,
    pub(crate) ends: Instant,
}

/// The time that something takes in the calendar of these people.
pub(crate) struct Slot {
    pub(crate) span: Span,
    zone: Zone,
    zone_name: String,
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

    /// In seconds.
    pub(crate) fn length(&self) -> i64 {
        self.ends.as_seconds().saturating_sub(self.starts.as_seconds())
    }
}

impl Slot {
    /// The slot that begins at this local time, if there is one such time.
    pub(crate) fn at(settings: &Settings, day: Day, time: &str, length_s: i64) -> Result<Self, Failure> {
        let time = Time::read(time)
            .ok_or_else(|| Failure::invalid_arguments(format!("there is no time {time}: write it as in 14:30")))?;
        let starts = only_once(settings.zone()?, &settings.time_zone, day, time)?;
        Self::of(settings, Span { starts, ends: starts.plus(length_s) })
    }

    /// The slot between two instants.
    pub(crate) fn of(settings: &Settings, span: Span) -> Result<Self, Failure> {
        Ok(Self { span, zone: settings.zone()?, zone_name: settings.time_zone.clone() })
    }

    pub(crate) fn day(&self) -> Day {
        self.zone.local(self.span.starts).day()
    }

    pub(crate) fn time(&self) -> Time {
        self.zone.local(self.span.starts).time()
    }

    /// `Tuesday 2026-03-03 at 14:30 (Europe/Berlin)`
    pub(crate) fn words(&self) -> String {
        let day = self.day();
        format!("{} {day} at {} ({})", day.weekday(), self.time(), self.zone_name)
    }

    pub(crate) fn booked(&self, event_id: &str) -> Booked {
        let (starts_at, ends_at) = self.rfc3339();
        Booked { event_id: event_id.to_owned(), starts_at, ends_at }
    }

    /// Its beginning and its end: `2026-03-03T14:30:00+01:00`.
    pub(crate) fn rfc3339(&self) -> (String, String) {
        let rfc3339 = |at: Instant| self.zone.local(at).rfc3339(self.zone.offset(at));
        (rfc3339(self.span.starts), rfc3339(self.span.ends))
    }
}

/// The instant of a local time. One that the clocks skip, or show twice, is none that could be meant for sure.
fn only_once(zone: Zone, name: &str, day: Day, time: Time) -> Result<Instant, Failure> {
    let shown = day.at(time.since_midnight());
    let message = match zone.read(shown) {
        Reading::Once(at) => return Ok(at),
        Reading::Skipped(at) => {
            let there = zone.local(at).time();
            format!("the clocks in {name} go forward on {day} and never show {time}; {there} is there")
        }
        Reading::Twice { apart_s, .. } => {
            let later = shown.plus(apart_s).time();
            format!(
                "the clocks in {name} go back on {day} and show {time} twice; {later} is there once: agree on such a time"
            )
        }
    };
    Err(Failure::invalid_arguments(message))
}
