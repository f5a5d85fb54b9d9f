//! Arguments that check themselves: ids.

use std::borrow::Cow;
use std::fmt;

use aftercall::Context;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The longest id of a record, in digits.
const ID_CHARS_MAX: usize = 20;
/// The id of what a rehearsal makes, by the manifest. It is nowhere to be found.
const REHEARSED_ID: &str = "0";

/// The id of a record in HubSpot: digits, so that it changes no path and no query that it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct RecordId(String);

impl RecordId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an earlier call of a rehearsal would have made it.
    pub(crate) fn is_rehearsed(&self, cx: &Context) -> bool {
        cx.dry_run() && self.0 == REHEARSED_ID
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
