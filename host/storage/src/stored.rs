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

/// Room for what is written of a usual call, so that it isn't moved again and again as it grows.
const USUAL_BYTES: usize = 16 * 1024;

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
        let mut json = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut json, value).expect("the value serialises: its maps have text keys");
        json.shrink_to_fit();
        Self { version: T::VERSION, json: String::from_utf8(json).expect("JSON is UTF-8") }
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
