//! iCalendar (RFC 5545), as much of it as one event takes. Times are in UTC, so no time zone has to be spelled out.

use jiff::Timestamp;

/// The media type of an event, with its parameters.
pub(crate) const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";

/// The longest line without its break; what is longer goes on in the next one, after a space (section 3.1).
const LINE_BYTES_MAX: usize = 75;

/// One event.
pub(crate) struct Event<'a> {
    pub(crate) uid: &'a str,
    /// When this account of it was written.
    pub(crate) stamp: Timestamp,
    pub(crate) starts: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) summary: &'a str,
    pub(crate) description: &'a str,
}

impl Event<'_> {
    /// The calendar object that holds the event alone.
    pub(crate) fn to_ical(&self) -> String {
        let utc = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let lines = [
            ("BEGIN", "VCALENDAR".to_owned()),
            ("VERSION", "2.0".to_owned()),
            ("PRODID", "-//aftercall//calendar//EN".to_owned()),
            ("BEGIN", "VEVENT".to_owned()),
            ("UID", escape(self.uid)),
            ("DTSTAMP", utc(self.stamp)),
            ("DTSTART", utc(self.starts)),
            ("DTEND", utc(self.ends)),
            ("SUMMARY", escape(self.summary)),
            ("DESCRIPTION", escape(self.description)),
            ("END", "VEVENT".to_owned()),
            ("END", "VCALENDAR".to_owned()),
        ];
        lines.iter().map(|(name, value)| fold(&format!("{name}:{value}"))).collect()
    }
}

/// Whether a calendar object has this UID, however its server folds lines.
pub(crate) fn has_uid(data: &str, uid: &str) -> bool {
    let unfolded = data.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    unfolded.lines().filter_map(|line| line.split_once(':')).any(|(name, value)| {
        let name = name.split(';').next().unwrap_or_default();
        name.eq_ignore_ascii_case("UID") && value.trim_end() == escape(uid)
    })
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

    #[test]
    fn a_uid_is_found_however_it_is_written() {
        fn check(line: &str, expected: bool) {
            let data = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
            assert_eq!(has_uid(&data, "ac_01"), expected, "{line}");
            assert_eq!(has_uid(&data.replace("\r\n", "\n"), "ac_01"), expected, "{line}");
        }
        check("UID:ac_01", true);
        check("UID:ac\r\n _01", true);
        check("UID:ac\r\n\t_01", true);
        check("uid;x-a=b:ac_01", true);
        check("UID:ac_012", false);
        check("X-UID:ac_01", false);
        check("DESCRIPTION:\\nUID:ac_01", false);
        check("UID:other", false);
    }
}
