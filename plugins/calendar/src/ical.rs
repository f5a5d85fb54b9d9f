//! iCalendar (RFC 5545), as much of it as one event takes. Times are written in UTC, so no time zone has to be spelled out.

mod change;
mod lines;
mod read;

pub(crate) use self::change::moved;
pub(crate) use self::read::{Event, events};

use crate::vendor::NewEvent;

/// The longest line without its break; what is longer goes on in the next one, after a space (section 3.1).
const LINE_BYTES_MAX: usize = 75;

/// The property that names an effect which moved the event, one for each.
const MOVED_BY: &str = "X-AFTERCALL-MOVED-BY";

/// The property that has the number of the person whose event it is, in E.164.
pub(crate) const PHONE: &str = "X-AFTERCALL-PHONE";

/// The calendar object that holds this event alone.
pub(crate) fn object(event: &NewEvent<'_>) -> String {
    let phone = event.phone.map(|phone| (PHONE, escape(phone.as_str())));
    let head = [
        ("BEGIN", "VCALENDAR".to_owned()),
        ("VERSION", "2.0".to_owned()),
        ("PRODID", "-//aftercall//calendar//EN".to_owned()),
        ("BEGIN", "VEVENT".to_owned()),
        ("UID", escape(event.key)),
        ("DTSTAMP", event.stamp.basic()),
        ("DTSTART", event.span.starts.basic()),
        ("DTEND", event.span.ends.basic()),
        ("SUMMARY", escape(event.title)),
        ("DESCRIPTION", escape(event.description)),
    ];
    let foot = [("END", "VEVENT".to_owned()), ("END", "VCALENDAR".to_owned())];
    head.into_iter().chain(phone).chain(foot).map(|(name, value)| fold(&format!("{name}:{value}"))).collect()
}

/// A text as a value (section 3.3.11). What was said on the call can end no line and begin no property.
fn escape(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for character in text.trim().replace("\r\n", "\n").chars() {
        match character {
            '\\' | ';' | ',' => value.extend(['\\', character]),
            '\n' | '\r' => value.push_str("\\n"),
            '\t' => value.push('\t'),
            control if control.is_control() => {}
            other => value.push(other),
        }
    }
    value
}

/// The text of a value.
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                text.extend(characters.next().map(|escaped| if matches!(escaped, 'n' | 'N') { '\n' } else { escaped }))
            }
            other => text.push(other),
        }
    }
    text
}

/// A line with its break, folded between characters.
fn fold(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + 2);
    let mut length = 0;
    for character in line.chars() {
        if length + character.len_utf8() > LINE_BYTES_MAX {
            folded.push_str("\r\n ");
            length = 1;
        }
        folded.push(character);
        length += character.len_utf8();
    }
    folded.push_str("\r\n");
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        fn check(text: &str, expected: &str) {
            assert_eq!(escape(text), expected, "{text:?}");
        }
        check("a, b; c\\d: \"e\"", "a\\, b\\; c\\\\d: \"e\"");
        check("a\r\nb\nc\rd", "a\\nb\\nc\\nd");
        check("x\nEND:VEVENT\nBEGIN:VALARM", "x\\nEND:VEVENT\\nBEGIN:VALARM");
        check("a\tb\u{0}c\u{7f}d\u{85}e", "a\tbcde");
        check("  a  ", "a");
    }

    #[test]
    fn values_are_read_as_the_texts_that_they_were() {
        for text in ["a, b; c\\d: \"e\"", "a\nb", "\\n", ""] {
            assert_eq!(unescape(&escape(text)), text, "{text:?}");
        }
        assert_eq!(unescape("a\\Nb\\:c\\"), "a\nb:c");
    }

    #[test]
    fn lines_are_folded_at_75_octets() {
        fn check(line: &str, expected: &[usize]) {
            let folded = fold(line);
            let lengths: Vec<usize> = folded.split_terminator("\r\n").map(str::len).collect();
            assert_eq!(lengths, expected, "{line}");
            assert_eq!(folded.replace("\r\n ", ""), format!("{line}\r\n"));
        }
        check("SUMMARY:a", &[9]);
        check(&"x".repeat(75), &[75]);
        check(&"x".repeat(76), &[75, 2]);
        check(&"x".repeat(75 + 74), &[75, 75]);
        check(&"é".repeat(38), &[74, 3]);
        check(&format!("x{}", "é".repeat(38)), &[75, 3]);
        check(&"\u{1f4de}".repeat(20), &[72, 9]);
    }
}
