//! When a tool may act: some time after the call, from a promised date on, outside of the contact's quiet hours.
//!
//! The engine asks at the beginning of an attempt, sleeps until the instant that it is told, and asks again: by then
//! nothing stands in the way.
//!
//! Hours and dates are those of the contact, in the time zone that the platform sends or else the grant names. None is
//! guessed: not from a telephone number, which people carry across the world. What zones are is built in, so that
//! every host answers alike.

mod quiet;

use std::fmt;

use jiff::{
    SignedDuration, Timestamp as Instant,
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use quiet::{Quiet, TimeOfDay};

use self::quiet::shown;
use crate::{cap::DAY_MS, conversation::Conversation, limits::LATER_MS_MAX, time::Timestamp};

/// Most characters of what a model or a platform wrote that are repeated to it.
const ECHO_CHARS_MAX: usize = 64;

/// When a tool may act, in the words of a grant: `{ quiet = { from = "20:00", to = "09:00" } }`. All of it holds at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// That long after the call ended, in milliseconds; after the run began, where nobody says when the call ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_call_ms: Option<u64>,
    /// From the instant on that this argument names: by RFC 3339, or a date for the beginning of that day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_argument: Option<String>,
    /// Not within these hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// The time zone of contacts of whom the platform doesn't send one, by its IANA name. Where this is
    /// absent too, what needs a zone is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// When a tool call is attempted that must wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Later {
    /// The first instant at which it may be.
    pub until: Timestamp,
    /// What makes it the first.
    pub why: Why,
}

/// What a tool call waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Enough time after the call.
    AfterCall {
        /// How much that is, in milliseconds.
        after_call_ms: u64,
    },
    /// What an argument promises.
    Argument {
        /// Its name.
        argument: String,
    },
    /// The end of quiet hours.
    Quiet {
        /// Which they are.
        quiet: Quiet,
        /// Where.
        time_zone: String,
    },
}

/// A timing that can't hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a time of day.
    #[error("`{0}` is no time of day: write hours and minutes, as in `20:00`")]
    NoTimeOfDay(String),
    /// Longer than any call waits.
    #[error("`after_call_ms` is more than {LATER_MS_MAX} ({} days): name a shorter time", LATER_MS_MAX / DAY_MS)]
    TooLong,
    /// Hours that are all or none.
    #[error("`quiet` begins and ends at {0}, which is all day or never: name two times, or leave `quiet` out")]
    Endless(TimeOfDay),
    /// Not in the database.
    #[error("`time_zone` = `{0}` is none that IANA names: write it as in `Europe/Berlin`")]
    UnknownZone(String),
    /// The tool has no such argument.
    #[error("`at_argument` = `{argument}`, but the tool has no such argument; it has: {}", known.join(", "))]
    NoSuchArgument {
        /// The argument that the grant names.
        argument: String,
        /// What the tool does have.
        known: Vec<String>,
    },
}

/// Why nobody can say when a call may be attempted: nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The model wrote nothing that has one reading.
    #[error(
        "`{argument}` is {found}, and it must say when: write a date as in `2026-06-05`, or an instant with its offset \
         from UTC as in `2026-06-05T15:00:00+02:00`"
    )]
    NoInstant {
        /// The argument.
        argument: String,
        /// What stands there.
        found: String,
    },
    /// The model wrote something that nobody waits for.
    #[error("`{argument}` is more than {} days ahead, and no call waits so long: name a nearer date", LATER_MS_MAX / DAY_MS)]
    TooFar {
        /// The argument.
        argument: String,
    },
    /// Neither the platform nor the grant names a zone.
    #[error(
        "nobody says in which time zone the contact is: send `time_zone` with the call, or add \
         `time_zone = \"AREA/CITY\"` to the tool's timing in the grant"
    )]
    NoZone,
    /// The platform, or else the grant, names one that isn't.
    #[error("the contact's time zone `{0}` is none that IANA names: send or write it as in `Europe/Berlin`")]
    UnknownZone(String),
}

impl Timing {
    /// Holds back what can't hold, whatever the tool.
    ///
    /// # Errors
    /// Says what is wrong, and what would be right.
    pub fn check(&self) -> Result<(), Error> {
        if self.after_call_ms.is_some_and(|ms| ms > LATER_MS_MAX) {
            return Err(Error::TooLong);
        }
        if let Some(quiet) = self.quiet.filter(|quiet| quiet.from == quiet.to) {
            return Err(Error::Endless(quiet.from));
        }
        match &self.time_zone {
            Some(name) if zone(name).is_none() => Err(Error::UnknownZone(echo(name))),
            _ => Ok(()),
        }
    }

    /// Holds back what can't hold for a tool whose arguments have that schema.
    ///
    /// # Errors
    /// The tool doesn't have the argument.
    pub fn check_argument(&self, schema: &Value) -> Result<(), Error> {
        let Some(argument) = &self.at_argument else { return Ok(()) };
        let properties = schema.get("properties").and_then(Value::as_object);
        if properties.is_some_and(|properties| properties.contains_key(argument)) {
            return Ok(());
        }
        let known = properties.map(|all| all.keys().cloned().collect()).unwrap_or_default();
        Err(Error::NoSuchArgument { argument: argument.clone(), known })
    }

    /// Until when a call of the tool must wait, asked at `now` in a run that began at `began`. None: it need not.
    ///
    /// Asked again before that instant, the answer is the same; from it on, it is none until quiet hours begin again.
    ///
    /// # Errors
    /// The model must write another argument, or the platform or the tenant must say where the contact is.
    pub fn not_before(
        &self,
        call: &Conversation,
        arguments: &Map<String, Value>,
        began: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Later>, Refused> {
        let (mut until, mut why) = (now, None);
        if let Some(after_call_ms) = self.after_call_ms {
            // A run begins after its call, whatever the platform's clock says.
            let ended = call.ended_at.map_or(began, |ended| ended.min(began));
            let enough = ended.plus_ms(after_call_ms);
            if enough > until {
                (until, why) = (enough, Some(Why::AfterCall { after_call_ms }));
            }
        }
        if let Some(argument) = &self.at_argument {
            let promised = self.promised(argument, call, arguments)?;
            if promised.ms_since(now) > LATER_MS_MAX {
                return Err(Refused::TooFar { argument: argument.clone() });
            }
            if promised > until {
                (until, why) = (promised, Some(Why::Argument { argument: argument.clone() }));
            }
        }
        if let Some(quiet) = self.quiet {
            let zone = self.zone(call)?;
            let over = timestamp(quiet.over(instant(until), &zone));
            if over > until {
                let time_zone = zone.iana_name().unwrap_or_default().to_owned();
                (until, why) = (over, Some(Why::Quiet { quiet, time_zone }));
            }
        }
        Ok(why.map(|why| Later { until, why }))
    }

    /// What the argument says.
    fn promised(
        &self,
        argument: &str,
        call: &Conversation,
        arguments: &Map<String, Value>,
    ) -> Result<Timestamp, Refused> {
        let written = arguments.get(argument);
        let text = written.and_then(Value::as_str).map(str::trim).unwrap_or_default();
        // Of a longer text, what follows the date would go unread.
        if let (10, Ok(date)) = (text.len(), text.parse::<Date>()) {
            return Ok(timestamp(shown(date.into(), &self.zone(call)?).last));
        }
        text.parse().map(timestamp).map_err(|_| {
            let found =
                written.map_or_else(|| "missing".to_owned(), |written| format!("`{}`", echo(&written.to_string())));
            Refused::NoInstant { argument: argument.to_owned(), found }
        })
    }

    fn zone(&self, call: &Conversation) -> Result<TimeZone, Refused> {
        let name = call.time_zone.as_ref().or(self.time_zone.as_ref()).ok_or(Refused::NoZone)?;
        zone(name).ok_or_else(|| Refused::UnknownZone(echo(name)))
    }
}

/// The zone with that IANA name.
fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name.trim()).ok().filter(|zone| !zone.is_unknown())
}

/// The last one that calendars reach, rather than an overflow.
fn instant(at: Timestamp) -> Instant {
    i64::try_from(at.as_millis()).ok().and_then(|ms| Instant::from_millisecond(ms).ok()).unwrap_or(Instant::MAX)
}

/// What was before 1970 is over in any case.
fn timestamp(at: Instant) -> Timestamp {
    Timestamp::from_millis(u64::try_from(at.as_millisecond()).unwrap_or(0))
}

fn echo(text: &str) -> String {
    text.chars().take(ECHO_CHARS_MAX).collect()
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::AfterCall { after_call_ms } => {
                let time = SignedDuration::from_millis(i64::try_from(*after_call_ms).unwrap_or(i64::MAX));
                write!(f, "not sooner than {time:#} after the call")
            }
            Why::Argument { argument } => write!(f, "not before what `{argument}` says"),
            Why::Quiet { quiet: Quiet { from, to, weekends }, time_zone } => {
                let weekends = if *weekends { " and on weekends" } else { "" };
                write!(f, "quiet from {from} to {to}{weekends} ({time_zone})")
            }
        }
    }
}

#[cfg(test)]
mod tests;
