//! The plugin's settings: whose calendar, in which zone, and when there is time.

use std::fmt::Display;

use aftercall::{Context, Failure};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::caldav::Caldav;
use crate::google::Google;
use crate::hours::{Hours, Weekday};
use crate::vendor::Vendor;

/// The settings, as the manifest's schema has them.
#[derive(Deserialize)]
pub(crate) struct Settings {
    #[serde(default)]
    vendor: Named,
    calendar_url: Option<String>,
    calendar_id: Option<String>,
    pub(crate) time_zone: String,
    #[serde(default = "callback_minutes")]
    pub(crate) callback_minutes: u32,
    from: Option<String>,
    to: Option<String>,
    working_days: Option<Vec<Weekday>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Named {
    #[default]
    Caldav,
    Google,
}

const fn callback_minutes() -> u32 {
    15
}

impl Settings {
    pub(crate) fn of(cx: &Context) -> Result<Self, Failure> {
        cx.settings()
    }

    /// Whoever keeps the calendar.
    pub(crate) fn vendor(&self) -> Result<Vendor, Failure> {
        let missing = |name| mistaken(format!("{name} is missing"));
        Ok(match self.vendor {
            Named::Caldav => {
                let url = self.calendar_url.as_deref().ok_or_else(|| missing("calendar_url"))?;
                Vendor::Caldav(Caldav::new(url, self.zone()?))
            }
            Named::Google => {
                let id = self.calendar_id.as_deref().ok_or_else(|| missing("calendar_id"))?;
                Vendor::Google(Google::new(id))
            }
        })
    }

    pub(crate) fn zone(&self) -> Result<TimeZone, Failure> {
        TimeZone::get(&self.time_zone)
            .map_err(|_| mistaken(format!("time_zone {:?} is none that IANA names", self.time_zone)))
    }

    pub(crate) fn hours(&self) -> Result<Hours, Failure> {
        Hours::new(self.from.as_deref(), self.to.as_deref(), self.working_days.clone())
    }
}

/// The failure of settings about which the model can do nothing.
pub(crate) fn mistaken(what: impl Display) -> Failure {
    Failure::other(format!("correct the plugin's settings: {what}"))
}

/// When this effect was first tried. It stands for now, so that each attempt, and a replay, ends the same way.
pub(crate) fn first_attempt(cx: &Context) -> Result<Timestamp, Failure> {
    i64::try_from(cx.first_attempt_at())
        .ok()
        .and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok())
        .ok_or_else(|| Failure::other("the time of the first attempt is out of range"))
}
