//! A value that must never be shown.

use std::fmt;

/// A secret's text. It has no `Display`, no serialisation, and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value that was resolved from its reference.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the one place that puts it on a request.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
