//! Arguments that check themselves: ids, days, instants.

use std::borrow::Cow;
use std::fmt;

use aftercall::Context;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::time;

/// The longest id of a record, in digits.
const ID_CHARS_MAX: usize = 20;
/// The id of what a rehearsal makes, by the manifest. It is nowhere to be found.
const REHEARSED_ID: &str = "0";

/// The id of a record in HubSpot: digits, so that it changes no path and no query that it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct RecordId(String);

/// A day, as in `2026-12-01`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Day(String);

/// An instant in RFC 3339, in milliseconds since 1970. Without an offset nobody knows which one is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Instant(u64);

impl RecordId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an earlier call of a rehearsal would have made it.
    pub(crate) fn is_rehearsed(&self, cx: &Context) -> bool {
        cx.dry_run() && self.0 == REHEARSED_ID
    }
}

impl Day {
    /// The day as HubSpot keeps it: an instant, shown in each reader's time zone. Noon in UTC is the same day in nearly all.
    pub(crate) fn noon(&self) -> String {
        format!("{}T12:00:00Z", self.0)
    }
}

impl Instant {
    pub(crate) const fn as_ms(self) -> u64 {
        self.0
    }
}

impl TryFrom<String> for RecordId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is no id of a record: digits, such as 512, as a tool gave it"))
        }
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match time::day(&text) {
            Some(_) => Ok(Self(text)),
            None => Err(format!("{text:?} is no day: write it as in 2026-12-01")),
        }
    }
}

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words = || format!("{text:?} is no instant with an offset: write it as in 2026-12-01T09:30:00-05:00");
        time::instant(&text).map(Self).ok_or_else(words)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl JsonSchema for RecordId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RecordId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[0-9]{1,20}$" })
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date",
            "pattern": r"^\d{4}-\d{2}-\d{2}$",
            "description": "A day, such as 2026-12-01.",
        })
    }
}

impl JsonSchema for Instant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$",
            "description": "An instant with its offset, such as 2026-12-01T09:30:00-05:00.",
        })
    }
}
