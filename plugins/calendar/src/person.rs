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
        let name = self.name.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut lines = vec![format!("Name: {name}")];
        lines.extend(self.phone.as_ref().map(|phone| format!("Telephone: {phone}")));
        lines.extend(self.email.as_ref().map(|email| format!("Email: {email}")));
        let lines = lines.join("\n");
        match notes.map(str::trim).filter(|notes| !notes.is_empty()) {
            Some(notes) => format!("{notes}\n\n{lines}"),
            None => lines,
        }
    }
}
