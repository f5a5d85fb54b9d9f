//! What the model calls an alert.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

const PREFIX: &str = "ac_";
const DIGITS: usize = 32;

/// The reference that `page_oncall` gives of an alert: the key of that effect. Nothing else is one, so that no name which
/// is spoken on a call can silence an alert of somebody else's.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AlertRef(String);

impl AlertRef {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AlertRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let digits = text.strip_prefix(PREFIX).unwrap_or_default();
        if digits.len() == DIGITS && digits.bytes().all(is_digit) {
            Ok(Self(text))
        } else {
            Err(format!(
                "`alert` is {text:?}, which is no reference of page_oncall's: take the one that it answered with, such as \
                 ac_0123456789abcdef0123456789abcdef"
            ))
        }
    }
}

impl fmt::Display for AlertRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl JsonSchema for AlertRef {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AlertRef".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^ac_[0-9a-f]{32}$" })
    }
}
