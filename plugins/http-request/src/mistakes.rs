//! Mistakes in the settings, collected so that a tenant sees all of them at once.

use std::fmt::Display;

/// What is wrong in the settings, each with its place.
#[derive(Default)]
pub(crate) struct Mistakes(Vec<String>);

impl Mistakes {
    /// Something is wrong at a place, such as `requests[1] (open_order), url`.
    pub(crate) fn at(&mut self, place: impl Display, message: impl Display) {
        self.0.push(format!("{place}: {message}"));
    }

    /// All of them in one text.
    ///
    /// # Errors
    /// There are some.
    pub(crate) fn none(self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0.join("; ")) }
    }
}

/// Names as they stand in a sentence.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
