//! The events of a calendar object, as far as their times matter.

use super::lines::{Line, lines};
use super::{MOVED_BY, PHONE, unescape};
use crate::clock::{DAY_S, Day, Instant, Local, Zone, duration};
use crate::slot::Span;

/// One event, or one time of an event that repeats.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) uid: String,
    pub(crate) summary: Option<String>,
    /// The number that it was booked for.
    pub(crate) phone: Option<String>,
    /// Absent where it can't be read.
    pub(crate) span: Option<Span>,
    /// Whether it takes whole days.
    pub(crate) all_day: bool,
    /// Whether its rule for repeating is still to be applied.
    pub(crate) has_rule: bool,
    /// Whether it is one time of an event that repeats.
    pub(crate) is_instance: bool,
    pub(crate) cancelled: bool,
    /// Whether it leaves its time free.
    pub(crate) transparent: bool,
    pub(crate) moved_by: Vec<String>,
}

/// The events of a calendar object; none where it isn't whole, or has no event. A time that names no zone is of this one.
pub(crate) fn events(text: &str, zone: Zone) -> Option<Vec<Event>> {
    let mut events = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut of_event: Vec<Line<'_>> = Vec::new();
    for line in lines(text) {
        match line.name.as_str() {
            "BEGIN" => open.push(line.value.trim().to_ascii_uppercase()),
            "END" => {
                let ended = open.pop().filter(|component| line.value.trim().eq_ignore_ascii_case(component))?;
                if ended == "VEVENT" {
                    events.push(event(&of_event, zone));
                    of_event.clear();
                }
            }
            // An alarm's properties are not the event's.
            _ if open.last().is_some_and(|component| component == "VEVENT") => of_event.push(line),
            _ => {}
        }
    }
    (open.is_empty() && !events.is_empty()).then_some(events)
}

fn event(lines: &[Line<'_>], zone: Zone) -> Event {
    let line = |name: &str| lines.iter().find(|line| line.name == name);
    let has = |name: &str, value: &str| lines.iter().any(|line| line.is(name, value));
    Event {
        uid: line("UID").map(|uid| uid.value.trim().to_owned()).unwrap_or_default(),
        summary: line("SUMMARY").map(|summary| unescape(&summary.value)),
        phone: line(PHONE).map(|phone| unescape(&phone.value).trim().to_owned()),
        span: span(line("DTSTART"), line("DTEND"), line("DURATION"), zone),
        all_day: line("DTSTART").is_some_and(is_date),
        has_rule: line("RRULE").is_some() || line("RDATE").is_some(),
        is_instance: line("RECURRENCE-ID").is_some(),
        cancelled: has("STATUS", "CANCELLED"),
        transparent: has("TRANSP", "TRANSPARENT"),
        moved_by: lines.iter().filter(|line| line.name == MOVED_BY).map(|line| line.value.trim().to_owned()).collect(),
    }
}

/// Section 3.6.1: an event without an end takes its day, or no time.
fn span(starts: Option<&Line<'_>>, ends: Option<&Line<'_>>, lasts: Option<&Line<'_>>, zone: Zone) -> Option<Span> {
    let line = starts?;
    let (shown, zone_of_start) = shown(line, zone)?;
    let starts = zone_of_start.first(shown);
    let ends = match (ends, lasts) {
        (Some(ends), _) => instant(ends, zone)?,
        (None, Some(lasts)) => {
            let (days, seconds) = duration(lasts.value.trim())?;
            zone_of_start.first(shown.plus(days.checked_mul(DAY_S)?)).plus(seconds)
        }
        (None, None) if is_date(line) => zone_of_start.first(shown.plus(DAY_S)),
        (None, None) => starts,
    };
    Some(Span { starts, ends })
}

/// Sections 3.3.4 and 3.3.5. A local time that is shown twice is the first, and one that is skipped is read with the
/// offset before.
fn instant(line: &Line<'_>, zone: Zone) -> Option<Instant> {
    shown(line, zone).map(|(shown, zone)| zone.first(shown))
}

/// What the clocks of which zone show.
fn shown(line: &Line<'_>, zone: Zone) -> Option<(Local, Zone)> {
    let text = line.value.trim();
    if is_date(line) {
        return Some((Day::read_basic(text)?.at(0), zone));
    }
    if let Some(utc) = text.strip_suffix('Z') {
        return Some((Local::read_basic(utc)?, Zone::named("UTC")?));
    }
    let zone = line.parameter("TZID").map_or(Some(zone), Zone::named)?;
    Some((Local::read_basic(text)?, zone))
}

fn is_date(line: &Line<'_>) -> bool {
    line.parameter("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("DATE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(lines: &str) -> Event {
        let berlin = Zone::named("Europe/Berlin").expect("it is there");
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
        let mut events = events(&text, berlin).expect("a whole object");
        assert_eq!(events.len(), 1, "{lines}");
        events.remove(0)
    }

    #[test]
    fn times_are_read_in_every_form() {
        fn check(lines: &str, expected: Option<(&str, &str)>) {
            let found = only(lines).span.map(|span| (span.starts.to_string(), span.ends.to_string()));
            assert_eq!(found, expected.map(|(starts, ends)| (starts.to_owned(), ends.to_owned())), "{lines}");
        }
        let hour = Some(("2026-03-03T13:30:00Z", "2026-03-03T14:30:00Z"));
        check("DTSTART:20260303T133000Z\nDTEND:20260303T143000Z", hour);
        check("DTSTART;TZID=America/New_York:20260303T083000\nDTEND:20260303T143000Z", hour);
        check("DTSTART:20260303T143000\nDTEND:20260303T153000", hour);
        check("DTSTART:20260303T133000Z\nDURATION:PT1H", hour);
        check("DTSTART:20260303T133000Z\nDURATION:P1D", Some(("2026-03-03T13:30:00Z", "2026-03-04T13:30:00Z")));
        check("DTSTART:20260303T133000Z", Some(("2026-03-03T13:30:00Z", "2026-03-03T13:30:00Z")));
        let day = Some(("2026-03-02T23:00:00Z", "2026-03-03T23:00:00Z"));
        check("DTSTART;VALUE=DATE:20260303", day);
        check("DTSTART;VALUE=DATE:20260303\nDTEND;VALUE=DATE:20260304", day);
        // The day on which the clocks go forward has 23 hours.
        check("DTSTART;VALUE=DATE:20260329", Some(("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")));
        check("DTSTART:20261025T023000", Some(("2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z")));
        check("DTSTART;TZID=Nowhere:20260303T083000", None);
        check("DTSTART:soon", None);
        check("SUMMARY:x", None);
    }

    #[test]
    fn what_is_not_whole_is_not_read() {
        fn check(text: &str, expected: Option<usize>) {
            let utc = Zone::named("UTC").expect("it is there");
            assert_eq!(events(text, utc).map(|events| events.len()), expected, "{text}");
        }
        check("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nEND:VEVENT\nend:vcalendar\n", Some(1));
        check("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR", Some(2));
        for text in ["", " ", "<html>", "BEGIN:VCALENDAR\nEND:VCALENDAR", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\n"] {
            check(text, None);
        }
        check("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nBEGIN:VEVENT\nEND:VCALENDAR", None);
        check("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT", None);
        check("END:VEVENT", None);
    }

    #[test]
    fn what_an_event_says_of_itself_is_read() {
        fn check(lines: &str, expected: Event) {
            assert_eq!(only(lines), expected, "{lines}");
        }
        let event = || Event { uid: "ac_01".to_owned(), ..Event::default() };
        check("UID:ac\n _01", event());
        check("uid;x-a=b:ac_01\nX-UID:b", event());
        check("UID:ac_01\nBEGIN:VALARM\nUID:b\nSTATUS:CANCELLED\nEND:VALARM", event());
        check("UID:ac_01\nSUMMARY:a\\, b", Event { summary: Some("a, b".to_owned()), ..event() });
        check("UID:ac_01\nX-AFTERCALL-PHONE:+14155550123", Event { phone: Some("+14155550123".to_owned()), ..event() });
        check("UID:ac_01\nRRULE:FREQ=DAILY", Event { has_rule: true, ..event() });
        check("UID:ac_01\nRDATE:20260303T133000Z", Event { has_rule: true, ..event() });
        check("UID:ac_01\nRECURRENCE-ID:20260303T133000Z", Event { is_instance: true, ..event() });
        check(
            "UID:ac_01\nSTATUS:cancelled\nTRANSP:TRANSPARENT",
            Event { cancelled: true, transparent: true, ..event() },
        );
        check(
            "UID:ac_01\nX-AFTERCALL-MOVED-BY:ac_2\nX-AFTERCALL-MOVED-BY:ac_3",
            Event { moved_by: vec!["ac_2".to_owned(), "ac_3".to_owned()], ..event() },
        );
        check("UID:ac_01\nDESCRIPTION:\\nRRULE:a\\nSTATUS:CANCELLED", event());
    }
}
