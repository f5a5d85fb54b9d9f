//! When people work: from which time of day to which, and on which days.

use aftercall::Failure;

use crate::clock::{DAY_S, Day, Local, MINUTE_S, Time, Weekday};

/// The working hours of the settings. What isn't set isn't limited.
pub(crate) struct Hours {
    from: Option<Time>,
    to: Option<Time>,
    days: Option<Vec<Weekday>>,
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
            let wrong = || Failure::of_settings(&[setting], format!("{text:?} is no time of day, such as 09:00"));
            Time::read(text).ok_or_else(wrong)
        };
        let from = from.map(|text| hour("from", text)).transpose()?;
        let to = to.map(|text| hour("to", text)).transpose()?;
        if let Some(to) = to
            && from.unwrap_or(Time::MIDNIGHT) >= to
        {
            let from = from.unwrap_or(Time::MIDNIGHT);
            let why = format!("{from} is not before {to}; where the day ends at midnight, `to` is left out");
            return Err(Failure::of_settings(&["from", "to"], why));
        }
        Ok(Self { from, to, days })
    }

    /// Whether people work on this day.
    pub(crate) fn include(&self, day: Day) -> bool {
        self.days.as_ref().is_none_or(|days| days.contains(&day.weekday()))
    }

    /// From when to when they do, on a day that is one of theirs. The end may be the next midnight.
    pub(crate) fn of(&self, day: Day) -> (Local, Local) {
        let from = self.from.map_or(0, Time::since_midnight);
        (day.at(from), day.at(self.to.map_or(DAY_S, Time::since_midnight)))
    }

    /// Nothing, where something of this length may begin then.
    pub(crate) fn check(&self, day: Day, time: Time, length_s: i64, kind: Kind, zone: &str) -> Result<(), Failure> {
        let name = kind.name();
        let first = self.from.unwrap_or(Time::MIDNIGHT);
        let last = self.to.map_or(Some(Time::LAST), |to| to.minus(length_s));
        let Some(last) = last.filter(|last| first <= *last) else {
            return Err(match kind {
                Kind::Callback => Failure::of_settings(&["from", "to"], "no callback fits between them"),
                Kind::Appointment => Failure::invalid_arguments(format!(
                    "no appointment of {} minutes fits into the working hours: give a shorter one",
                    length_s / MINUTE_S
                )),
            });
        };
        if !self.include(day) {
            let days: Vec<String> = self.days.iter().flatten().map(Weekday::to_string).collect();
            let (days, weekday) = (days.join(", "), day.weekday());
            return Err(Failure::invalid_arguments(format!(
                "{name}s are on {days} alone, and {weekday} {day} is none of these: agree on another day"
            )));
        }
        if (first..=last).contains(&time) {
            return Ok(());
        }
        Err(Failure::invalid_arguments(format!(
            "{name}s begin from {first} to {last} ({zone}), not at {time}: agree on another time, or take the nearest that fits"
        )))
    }
}
