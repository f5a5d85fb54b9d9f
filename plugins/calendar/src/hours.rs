//! When people work: from which time of day to which, and on which days.

use aftercall::Failure;
use jiff::SignedDuration;
use jiff::civil::{self, Date, Time};
use serde::Deserialize;

use crate::settings::mistaken;

/// The working hours of the settings. What isn't set isn't limited.
pub(crate) struct Hours {
    from: Option<Time>,
    to: Option<Time>,
    days: Option<Vec<Weekday>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// What takes up time, as far as words and blame for its length differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its length is in the settings.
    Callback,
    /// Its length is the model's.
    Appointment,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Callback => "callback",
            Kind::Appointment => "appointment",
        }
    }
}

impl Hours {
    pub(crate) fn new(from: Option<&str>, to: Option<&str>, days: Option<Vec<Weekday>>) -> Result<Self, Failure> {
        let hour = |setting: &str, text: &str| {
            Time::strptime("%H:%M", text).map_err(|_| mistaken(format!("{setting} {text:?} is no time of day")))
        };
        Ok(Self {
            from: from.map(|text| hour("from", text)).transpose()?,
            to: to.map(|text| hour("to", text)).transpose()?,
            days,
        })
    }

    /// Whether people work on this day.
    pub(crate) fn include(&self, day: Date) -> bool {
        self.days.as_ref().is_none_or(|days| days.iter().any(|each| each.civil() == day.weekday()))
    }

    /// From when to when they do, on a day that is one of theirs. The end may be the next midnight.
    pub(crate) fn of(&self, day: Date) -> Result<(civil::DateTime, civil::DateTime), Failure> {
        let midnight = || day.tomorrow().map(|next| next.to_datetime(Time::midnight()));
        let ends = match self.to {
            Some(to) => day.to_datetime(to),
            None => midnight().map_err(|_| too_far(day))?,
        };
        Ok((day.to_datetime(self.from.unwrap_or(Time::MIN)), ends))
    }

    /// Nothing, where something of this length may begin then.
    pub(crate) fn check(
        &self,
        day: Date,
        clock: Time,
        length: SignedDuration,
        kind: Kind,
        zone: &str,
    ) -> Result<(), Failure> {
        let name = kind.name();
        let first = self.from.unwrap_or(Time::MIN);
        let last = self.to.map_or(Some(Time::MAX), |to| to.checked_sub(length).ok());
        let Some(last) = last.filter(|last| first <= *last) else {
            return Err(match kind {
                Kind::Callback => mistaken("no callback fits between from and to"),
                Kind::Appointment => Failure::invalid_arguments(format!(
                    "no appointment of {} minutes fits into the working hours: give a shorter one",
                    length.as_mins()
                )),
            });
        };
        if !self.include(day) {
            let days = self.days.iter().flatten().map(|day| day.civil_name()).collect::<Vec<_>>().join(", ");
            let weekday = day.strftime("%A %Y-%m-%d");
            let message = format!("{name}s are on {days} alone, and {weekday} is none of these: agree on another day");
            return Err(Failure::invalid_arguments(message));
        }
        if (first..=last).contains(&clock) {
            return Ok(());
        }
        let message = format!(
            "{name}s begin from {} to {} ({zone}), not at {}: agree on another time, or take the nearest that fits",
            first.strftime("%H:%M"),
            last.strftime("%H:%M"),
            clock.strftime("%H:%M"),
        );
        Err(Failure::invalid_arguments(message))
    }
}

impl Weekday {
    const fn civil(self) -> civil::Weekday {
        match self {
            Self::Monday => civil::Weekday::Monday,
            Self::Tuesday => civil::Weekday::Tuesday,
            Self::Wednesday => civil::Weekday::Wednesday,
            Self::Thursday => civil::Weekday::Thursday,
            Self::Friday => civil::Weekday::Friday,
            Self::Saturday => civil::Weekday::Saturday,
            Self::Sunday => civil::Weekday::Sunday,
        }
    }

    /// As it is in a sentence: `Monday`.
    fn civil_name(self) -> String {
        format!("{:?}", self.civil())
    }
}

pub(crate) fn too_far(day: Date) -> Failure {
    Failure::invalid_arguments(format!("{day} is too far away"))
}
