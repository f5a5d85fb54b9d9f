//! Why a payload can't be read.

use crate::{Form, PAYLOAD_BYTES_MAX, native::SCHEMA};

/// Why a payload can't be read: the place, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More than anybody says on a call.
    #[error("the call record has {bytes} bytes, more than {PAYLOAD_BYTES_MAX}: leave out recordings and logs")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON.
    #[error("the call record is not JSON: {why}")]
    NotJson {
        /// What was expected, with line and column.
        why: String,
    },
    /// JSON of no known form.
    #[error("the record is in none of the known forms, which have {}: it has {found}", Form::ALL.map(Form::mark).join(", or "))]
    Unrecognised {
        /// What was found instead.
        found: String,
    },
    /// A native record of another version.
    #[error(
        "at /schema: this version reads `{SCHEMA}`, not `{found}`: write the record in that form, or use a version of aftercall that reads yours"
    )]
    Schema {
        /// The version found.
        found: String,
    },
    /// An event of a platform, but none that tells a whole call.
    #[error("at {place}: a `{event}` event says nothing of the whole call: send the `{wanted}`")]
    OtherEvent {
        /// Where its type stands.
        place: String,
        /// Its type.
        event: String,
        /// The event that does.
        wanted: &'static str,
    },
    /// A platform's API tells of a call that isn't over.
    #[error("at {place}: the call is under way (`{status}`): ask again when it is over")]
    UnderWay {
        /// Where its status stands.
        place: String,
        /// Its status.
        status: String,
    },
    /// Something in its place is missing or wrong.
    #[error("at {place}: {why}")]
    At {
        /// A JSON pointer (RFC 6901); `/` for the whole.
        place: String,
        /// What is wrong, and what would be right.
        why: String,
    },
}

impl Error {
    pub(crate) fn at(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self::At { place: place.into(), why: why.into() }
    }
}
