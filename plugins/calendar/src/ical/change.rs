//! Another time for an event: what else stands in its calendar object stays as it was written.

use super::lines::lines;
use super::{MOVED_BY, fold};
use crate::vendor::Move;

/// What a new time replaces, in the event itself.
const REPLACED: [&str; 6] = ["DTSTART", "DTEND", "DURATION", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE"];

/// The calendar object, with its event at another time. It has one event, whose times can be read.
pub(crate) fn moved(text: &str, to: &Move<'_>) -> String {
    let mut changed = String::with_capacity(text.len() + 256);
    let mut open: Vec<String> = Vec::new();
    let mut sequence: u32 = 0;
    for line in lines(text) {
        let in_event = open.last().is_some_and(|component| component == "VEVENT");
        match line.name.as_str() {
            "BEGIN" => open.push(line.value.trim().to_ascii_uppercase()),
            "END" => {
                if in_event {
                    changed.extend(times(to, sequence).iter().map(|line| fold(line)));
                }
                open.pop();
            }
            name if in_event && REPLACED.contains(&name) => {
                if name == "SEQUENCE" {
                    sequence = line.value.trim().parse().unwrap_or_default();
                }
                continue;
            }
            _ => {}
        }
        changed.push_str(&line.raw.replace("\r\n", "\n").replace('\n', "\r\n"));
        changed.push_str("\r\n");
    }
    changed
}

/// An organizer counts up the sequence where the time changes (section 3.8.7.4).
fn times(to: &Move<'_>, sequence: u32) -> [String; 6] {
    [
        format!("DTSTAMP:{}", to.stamp.basic()),
        format!("LAST-MODIFIED:{}", to.stamp.basic()),
        format!("DTSTART:{}", to.span.starts.basic()),
        format!("DTEND:{}", to.span.ends.basic()),
        format!("SEQUENCE:{}", sequence.saturating_add(1)),
        format!("{MOVED_BY}:{}", to.key),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Instant;
    use crate::slot::Span;

    fn object(event: &[&str], line_break: &str) -> String {
        let zone = ["BEGIN:VTIMEZONE", "BEGIN:STANDARD", "DTSTART:19701025T030000", "END:STANDARD", "END:VTIMEZONE"];
        let (head, foot) = (["BEGIN:VCALENDAR"], ["END:VEVENT", "END:VCALENDAR", ""]);
        [&head, &zone[..], &["BEGIN:VEVENT"], event, &foot].concat().join(line_break)
    }

    #[test]
    fn all_but_the_time_stays() {
        fn check(event: &[&str], rest: &[&str], sequence: u32) {
            let at = |text: &str| Instant::read(text).expect("an instant");
            let span = Span { starts: at("2026-03-04T10:00:00Z"), ends: at("2026-03-04T10:30:00Z") };
            let to = Move { key: "ac_9", stamp: at("2026-03-01T00:01:00Z"), span };
            let sequence = format!("SEQUENCE:{sequence}");
            let times = [
                "DTSTAMP:20260301T000100Z",
                "LAST-MODIFIED:20260301T000100Z",
                "DTSTART:20260304T100000Z",
                "DTEND:20260304T103000Z",
                &sequence,
                "X-AFTERCALL-MOVED-BY:ac_9",
            ];
            let expected = object(&[rest, &times].concat(), "\r\n");
            assert_eq!(moved(&object(event, "\r\n"), &to), expected);
            assert_eq!(moved(&object(event, "\n"), &to), expected);
        }
        check(&["UID:a", "DTSTART:20260303T133000Z", "DTEND:20260303T140000Z"], &["UID:a"], 1);
        check(&["UID:a", "DTSTART;TZID=X:20260303T133000", "DURATION:PT30M", "SEQUENCE:4"], &["UID:a"], 5);
        let folded = "SUMMARY:é\r\n  b\\, c";
        let alarm = ["BEGIN:VALARM", "TRIGGER:-PT5M", "DURATION:PT1M", "END:VALARM"];
        let moved_before = "X-AFTERCALL-MOVED-BY:ac_8";
        let kept = [&[folded][..], &alarm, &[moved_before, "X-OTHER;A=\"b:c\":d"]].concat();
        check(&[&["DTSTAMP:20260101T000000Z"], &kept[..], &["LAST-MODIFIED:20260101T000000Z"]].concat(), &kept, 1);
    }
}
