//! Arguments of the tools that check themselves.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// What the keys of effects begin with, and so the ids that events get here.
const PREFIX: &str = "ac_";
/// The longest key that is taken for one.
const DIGITS_MAX: usize = 64;

/// The reference that a booking gave. No event but one that was booked here has such an id, so no other can be changed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct EventId(String);

impl EventId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EventId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix(PREFIX).unwrap_or_default();
        let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if (1..=DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(hexadecimal) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is no event_id that a booking gave: they begin with {PREFIX}"))
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl JsonSchema for EventId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "EventId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": format!("^{PREFIX}[0-9a-f]{{1,{DIGITS_MAX}}}$"),
            "description": "The event_id that booking it gave.",
        })
    }
}
