//! What core's types are in a database: JSON beside the version of its format.

use aftercall_core::{
    consent::Request,
    conversation::Conversation,
    ledger::Entry,
    ports::RecordsError,
    run::{Event, Intervention},
};
use serde::{Serialize, de::DeserializeOwned};

/// A type that is stored as JSON.
pub(crate) trait Stored: Serialize + DeserializeOwned {
    /// The format that is written, and the newest that is read. From 1.
    const VERSION: u32;
}

impl Stored for Conversation {
    const VERSION: u32 = 1;
}

impl Stored for Event {
    const VERSION: u32 = 1;
}

impl Stored for Intervention {
    const VERSION: u32 = 1;
}

impl Stored for Entry {
    const VERSION: u32 = 1;
}

impl Stored for Request {
    const VERSION: u32 = 1;
}

/// A value in its stored form.
#[derive(Debug)]
pub(crate) struct Document {
    /// The version of its format.
    pub(crate) version: u32,
    /// The text.
    pub(crate) json: String,
}

impl Document {
    /// Writes a value down.
    pub(crate) fn of<T: Stored>(value: &T) -> Self {
        let json = serde_json::to_string(value).expect("the value serialises: its maps have text keys");
        Self { version: T::VERSION, json }
    }

    /// Reads the value back. `what` names it in errors.
    pub(crate) fn read<T: Stored>(&self, what: impl FnOnce() -> String) -> Result<T, RecordsError> {
        if self.version != T::VERSION {
            return Err(RecordsError::Unreadable(format!(
                "{} has format {}, and this aftercall reads format {}: use the one that wrote it, or a newer one",
                what(),
                self.version,
                T::VERSION,
            )));
        }
        serde_json::from_str(&self.json).map_err(|error| RecordsError::Unreadable(format!("{}: {error}", what())))
    }
}
