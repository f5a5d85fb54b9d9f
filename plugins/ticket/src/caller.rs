//! The person who called, and the line of a ticket that says who that was.

use std::fmt;

use aftercall::{Email, PhoneNumber};

/// How the line begins that says who called. It ends with a full stop.
const CALLED_IN_BY: &str = "Called in by ";

/// The person who called, who can be reached at a number.
pub(crate) struct Caller {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<Email>,
    pub(crate) phone: PhoneNumber,
}

/// Whose tickets are looked for.
pub(crate) enum Person {
    Phone(PhoneNumber),
    Email(Email),
}

impl Caller {
    /// The last line of a ticket: `Called in by Ana Lima, +14155550123, ana@example.com.`
    pub(crate) fn line(&self) -> String {
        format!("{CALLED_IN_BY}{self}.")
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In one line, whatever was said.
        let name: Vec<&str> = self.name.iter().flat_map(|name| name.split_whitespace()).collect();
        if !name.is_empty() {
            write!(out, "{}, ", name.join(" "))?;
        }
        write!(out, "{}", self.phone)?;
        match &self.email {
            Some(email) => write!(out, ", {email}"),
            None => Ok(()),
        }
    }
}

impl Person {
    /// The number decides where it is given: the host may know it from the call, while an address is what somebody said.
    pub(crate) fn of(phone: Option<PhoneNumber>, email: Option<Email>) -> Option<Self> {
        phone.map(Self::Phone).or(email.map(Self::Email))
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Phone(phone) => phone.as_str(),
            Self::Email(email) => email.as_str(),
        }
    }

    /// Whether a ticket's text says that this person called it in. The last such line does: what was said stands before it,
    /// and may be of anybody.
    pub(crate) fn called_in(&self, text: &str) -> bool {
        let mut lines = text.lines().rev();
        let Some(caller) = lines.find_map(|line| line.trim().strip_prefix(CALLED_IN_BY)?.strip_suffix('.')) else {
            return false;
        };
        // From its end, since a name may have commas and anything else in it.
        let mut parts = caller.rsplit(", ");
        let last = parts.next().unwrap_or_default();
        let (email, phone) = if last.contains('@') { (Some(last), parts.next()) } else { (None, Some(last)) };
        match self {
            Self::Phone(wanted) => phone == Some(wanted.as_str()),
            Self::Email(wanted) => email.is_some_and(|email| email.to_lowercase() == wanted.as_str().to_lowercase()),
        }
    }
}
