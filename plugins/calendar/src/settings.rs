//! The plugin's settings: whose calendar, in which zone, and when there is time.

use aftercall::{Context, Failure};
use serde::Deserialize;

use crate::caldav::Caldav;
use crate::clock::{Instant, MINUTE_S, Weekday, Zone};
use crate::google::Google;
use crate::hours::Hours;
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
    callback_minutes: u32,
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
        let missing = |name| Failure::of_settings(&[name], format!("there is no `{name}`"));
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

    /// How long a callback takes, in seconds.
    pub(crate) fn callback_length(&self) -> i64 {
        i64::from(self.callback_minutes) * MINUTE_S
    }

    pub(crate) fn zone(&self) -> Result<Zone, Failure> {
        let unknown = || {
            let why = format!("IANA names no time zone {:?}, but such as Europe/Berlin", self.time_zone);
            Failure::of_settings(&["time_zone"], why)
        };
        Zone::named(&self.time_zone).ok_or_else(unknown)
    }

    pub(crate) fn hours(&self) -> Result<Hours, Failure> {
        Hours::new(self.from.as_deref(), self.to.as_deref(), self.working_days.clone())
    }
}

/// When this effect was first tried. It stands for now, so that each attempt, and a replay, ends the same way.
pub(crate) fn first_attempt(cx: &Context) -> Result<Instant, Failure> {
    Instant::of_ms(cx.first_attempt_at()).ok_or_else(|| Failure::other("the time of the first attempt is out of range"))
}

/// When the call ended, where the tenant lets the plugin know.
pub(crate) fn call_ended(cx: &Context) -> Option<Instant> {
    cx.fact("call.ended-at")?.as_u64().and_then(Instant::of_ms)
}
