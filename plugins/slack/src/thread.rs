//! A thread, named by the `ts` of the message that began it: seconds since 1970 and a number that makes it unique in its
//! channel (<https://docs.slack.dev/reference/methods/chat.postMessage>).

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// How many digits stand before and behind the point.
const DIGITS: (usize, usize) = (10, 6);

/// A thread, such as `1503435956.000247`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Thread(String);

impl Thread {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Thread {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then_some(part.len());
        let sound = text.split_once('.').is_some_and(|(seconds, unique)| {
            digits(seconds).zip(digits(unique)).is_some_and(|counted| counted == DIGITS)
        });
        if sound {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is no thread: give the one that post_message returned, such as 1503435956.000247"))
        }
    }
}

impl fmt::Display for Thread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl JsonSchema for Thread {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Thread".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[0-9]{10}\.[0-9]{6}$" })
    }
}
