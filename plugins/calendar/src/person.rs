//! The person who has an appointment, as those who meet them read it.

use aftercall::{Email, PhoneNumber};

pub(crate) struct Person<'a> {
    pub(crate) name: &'a str,
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) email: Option<Email>,
}

impl Person<'_> {
    /// The notes, and below them a line for each thing that is known of the person. A name stays one line, so that no part
    /// of it is taken for a number.
    pub(crate) fn description(&self, notes: Option<&str>) -> String {
        let mut lines = vec![format!("Name: {}", one_line(self.name))];
        lines.extend(self.phone.as_ref().map(|phone| format!("Telephone: {phone}")));
        lines.extend(self.email.as_ref().map(|email| format!("Email: {email}")));
        let lines = lines.join("\n");
        match notes.map(str::trim).filter(|notes| !notes.is_empty()) {
            Some(notes) => format!("{notes}\n\n{lines}"),
            None => lines,
        }
    }
}

/// What was said, in one line.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_one_line() {
        assert_eq!(one_line(" a\r\nb\u{7}<i>\u{2028}c  "), "a b <i> c");
        assert_eq!(one_line("\n"), "");
    }
}
