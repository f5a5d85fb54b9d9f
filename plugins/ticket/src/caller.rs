//! The person who called.

use std::fmt;

use aftercall::{Email, PhoneNumber};

/// The person who called, who can be reached at a number.
pub(crate) struct Caller {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<Email>,
    pub(crate) phone: PhoneNumber,
}

impl fmt::Display for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(out, "{name}, ")?;
        }
        write!(out, "{}", self.phone)?;
        match &self.email {
            Some(email) => write!(out, ", {email}"),
            None => Ok(()),
        }
    }
}
