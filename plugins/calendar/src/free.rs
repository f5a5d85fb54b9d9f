//! Free time: what is left of working hours once what is taken is taken out.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::{Day, Instant, Local, Time, Zone};
use crate::hours::Hours;
use crate::slot::Span;

/// How many stretches of free time are told. Protects the model's context.
pub(crate) const STRETCHES_MAX: usize = 40;
/// How many are told where a time is taken. Protects the model's context.
const NEARBY_MAX: usize = 4;
/// Free time begins at a round time for people: at a multiple of five minutes.
const ROUND_SECONDS: i64 = 300;

/// What `find_free_times` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FreeTimes {
    pub(crate) free: Vec<Stretch>,
    /// Whether there is more free time in these days than is told.
    pub(crate) more: bool,
}

/// Free time of a day: an appointment of the length that was asked for may begin at any time from the first to the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Stretch {
    pub(crate) date: String,
    weekday: String,
    /// Local time, such as 09:00.
    first_start: String,
    last_start: String,
}

/// The working time of a day, as instants; none where people don't work.
pub(crate) fn working_time(hours: &Hours, zone: Zone, day: Day) -> Option<Span> {
    if !hours.include(day) {
        return None;
    }
    let (starts, ends) = hours.of(day);
    // A boundary that the clocks skip or show twice is nobody's appointment: any reading of it does.
    let (starts, ends) = (zone.first(starts), zone.first(ends));
    (starts < ends).then_some(Span { starts, ends })
}

/// What is free within a span, in order. What is taken comes in any order and may overlap.
pub(crate) fn gaps(within: Span, taken: &[Span]) -> Vec<Span> {
    let mut taken: Vec<&Span> = taken.iter().filter(|span| span.overlaps(&within)).collect();
    taken.sort();
    let mut gaps = Vec::new();
    let mut starts = within.starts;
    for span in taken {
        if span.starts > starts {
            gaps.push(Span { starts, ends: span.starts });
        }
        starts = starts.max(span.ends);
    }
    if starts < within.ends {
        gaps.push(Span { starts, ends: within.ends });
    }
    gaps
}

/// The stretches of a day in which something of this length fits, none before an instant.
pub(crate) fn stretches(working: Span, taken: &[Span], length_s: i64, zone: Zone, not_before: Instant) -> Vec<Stretch> {
    let stretch = |gap: Span| {
        // The offsets of today's time zones are whole quarters of an hour, so what is round here is round there.
        let first = gap.starts.max(not_before).plus(ROUND_SECONDS - 1).as_seconds();
        let first = Instant::of_seconds(first - first.rem_euclid(ROUND_SECONDS));
        let last = gap.ends.plus(-length_s);
        (first <= last).then(|| Stretch::new(zone.local(first), zone.local(last)))
    };
    gaps(working, taken).into_iter().filter_map(stretch).collect()
}

/// `Tuesday 2026-03-03: begin from 09:00 to 10:30, from 13:00 to 16:30`, a line for each day.
pub(crate) fn words(stretches: &[Stretch]) -> String {
    let mut words = String::new();
    let mut last: Option<&str> = None;
    for Stretch { date, weekday, first_start, last_start } in stretches {
        let result = match last == Some(date) {
            true => write!(words, ", from {first_start} to {last_start}"),
            false => {
                let line = if last.is_some() { "\n" } else { "" };
                write!(words, "{line}{weekday} {date}: begin from {first_start} to {last_start}")
            }
        };
        result.expect("a text takes all that is written");
        last = Some(date);
    }
    words
}

/// The stretches of a day that lie closest to a time of it, in their order.
pub(crate) fn nearest(mut stretches: Vec<Stretch>, time: Time) -> Vec<Stretch> {
    // Times of one form compare as texts do.
    let time = time.to_string();
    let later = stretches.iter().position(|stretch| stretch.first_start > time).unwrap_or(stretches.len());
    let first = later.saturating_sub(NEARBY_MAX / 2).min(stretches.len().saturating_sub(NEARBY_MAX));
    stretches.drain(..first);
    stretches.truncate(NEARBY_MAX);
    stretches
}

impl Stretch {
    fn new(first: Local, last: Local) -> Self {
        let day = first.day();
        Self {
            date: day.to_string(),
            weekday: day.weekday().to_string(),
            first_start: first.time().to_string(),
            last_start: last.time().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Instant {
        Instant::of_seconds(1_772_323_200 + minute * 60)
    }

    fn spans(pairs: &[(i64, i64)]) -> Vec<Span> {
        pairs.iter().map(|(starts, ends)| Span { starts: at(*starts), ends: at(*ends) }).collect()
    }

    #[test]
    fn what_is_taken_is_taken_out() {
        fn check(taken: &[(i64, i64)], expected: &[(i64, i64)]) {
            let within = Span { starts: at(0), ends: at(100) };
            assert_eq!(gaps(within, &spans(taken)), spans(expected), "{taken:?}");
        }
        check(&[], &[(0, 100)]);
        check(&[(10, 20)], &[(0, 10), (20, 100)]);
        check(&[(30, 40), (10, 20)], &[(0, 10), (20, 30), (40, 100)]);
        check(&[(10, 50), (20, 30)], &[(0, 10), (50, 100)]);
        check(&[(10, 20), (20, 30)], &[(0, 10), (30, 100)]);
        check(&[(-10, 10), (90, 200)], &[(10, 90)]);
        check(&[(-10, 200)], &[]);
        check(&[(0, 100)], &[]);
        check(&[(-20, -10), (100, 110)], &[(0, 100)]);
    }

    #[test]
    fn something_of_the_length_fits() {
        fn check(taken: &[(i64, i64)], minutes: i64, not_before: i64, expected: &str) {
            let utc = Zone::named("UTC").expect("it is there");
            let working = Span { starts: at(9 * 60), ends: at(12 * 60) };
            let found = stretches(working, &spans(taken), minutes * 60, utc, at(not_before));
            assert_eq!(words(&found), expected, "{taken:?}");
        }
        check(&[], 30, 0, "Sunday 2026-03-01: begin from 09:00 to 11:30");
        check(&[], 180, 0, "Sunday 2026-03-01: begin from 09:00 to 09:00");
        check(&[], 181, 0, "");
        check(&[(540, 602)], 30, 0, "Sunday 2026-03-01: begin from 10:05 to 11:30");
        check(&[(600, 630)], 30, 0, "Sunday 2026-03-01: begin from 09:00 to 09:30, from 10:30 to 11:30");
        check(&[(600, 660)], 61, 0, "");
        check(&[], 30, 10 * 60 + 1, "Sunday 2026-03-01: begin from 10:05 to 11:30");
        check(&[], 30, 12 * 60, "");
    }

    #[test]
    fn the_nearest_stretches_are_told() {
        fn check(time: &str, expected: &[&str]) {
            let stretch = |hour: &str| Stretch {
                date: "2026-03-03".to_owned(),
                weekday: "Tuesday".to_owned(),
                first_start: format!("{hour}:00"),
                last_start: format!("{hour}:30"),
            };
            let all = ["08", "09", "10", "11", "12", "13"].map(stretch);
            let near: Vec<String> = nearest(all.to_vec(), Time::read(time).expect("a time"))
                .into_iter()
                .map(|near| near.first_start)
                .collect();
            assert_eq!(near, expected, "{time}");
        }
        check("07:00", &["08:00", "09:00", "10:00", "11:00"]);
        check("10:45", &["09:00", "10:00", "11:00", "12:00"]);
        check("18:00", &["10:00", "11:00", "12:00", "13:00"]);
    }
}
