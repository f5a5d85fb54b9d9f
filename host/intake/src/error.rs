//! Why a payload can't be read.

use crate::{PAYLOAD_BYTES_MAX, native::SCHEMA, vapi::END_OF_CALL};

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
    #[error(
        "neither a native call record (`\"schema\": \"{SCHEMA}\"` at the top) nor a Vapi report \
         (`\"type\": \"{END_OF_CALL}\"`, at the top or in `message`): the record has {found}"
    )]
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
    /// A Vapi event, but not the one at the end.
    #[error("at {place}: a `{event}` event says nothing of the whole call: send the `{END_OF_CALL}`")]
    OtherEvent {
        /// Where its type stands.
        place: String,
        /// Its type.
        event: String,
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
