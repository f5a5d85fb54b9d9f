//! Ids of records: 15 characters, whose first three say of which object, and 3 that check the capitals of the others
//! (developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm, "ID Field Type").
//!
//! The short form of 15 is refused: it is another text for the same record, and an effect's identity is the text.

use std::borrow::Cow;
use std::fmt;

use aftercall::Context;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

const CHARS: usize = 18;
const CHECKED_CHARS: usize = 15;
/// Each checking character stands for the capitals among so many others.
const CHUNK_CHARS: usize = 5;
const CHECKS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The prefix of leads; that of contacts is `003`.
const LEAD: &str = "00Q";
/// The opportunity that a rehearsal makes, by the manifest. It is nowhere to be found.
const REHEARSED_OPPORTUNITY: &str = "006000000000000AAA";

macro_rules! id {
    ($(#[$doc:meta])* $type:ident, $prefixes:expr, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(try_from = "String")]
        pub(crate) struct $type(String);

        impl $type {
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                check(&text, &$prefixes).map(|()| Self(text))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

id!(
    /// An account's id.
    AccountId, ["001"], "^001[A-Za-z0-9]{15}$"
);
id!(
    /// A contact's id.
    ContactId, ["003"], "^003[A-Za-z0-9]{15}$"
);
id!(
    /// An opportunity's id.
    OpportunityId, ["006"], "^006[A-Za-z0-9]{15}$"
);
id!(
    /// The id of a contact or a lead.
    PersonId, ["003", LEAD], "^(003|00Q)[A-Za-z0-9]{15}$"
);

impl OpportunityId {
    /// Whether an earlier call of a rehearsal would have made it.
    pub(crate) fn is_rehearsed(&self, cx: &Context) -> bool {
        cx.dry_run() && self.0 == REHEARSED_OPPORTUNITY
    }
}

impl PersonId {
    pub(crate) fn is_lead(&self) -> bool {
        self.0.starts_with(LEAD)
    }
}

fn check(text: &str, prefixes: &[&str]) -> Result<(), String> {
    let sound = text.len() == CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !sound || !prefixes.iter().any(|prefix| text.starts_with(prefix)) {
        let prefixes = prefixes.join(" or ");
        return Err(format!("{text:?} is no such id: it has {CHARS} letters and digits and begins with {prefixes}"));
    }
    let (checked, checks) = text.as_bytes().split_at(CHECKED_CHARS);
    if checked.chunks(CHUNK_CHARS).zip(checks).all(|(chunk, check)| check_of(chunk) == *check) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is an id with a mistake in it: take it letter by letter, capitals too, from where it was told"
        ))
    }
}

fn check_of(chunk: &[u8]) -> u8 {
    let capitals = chunk.iter().rev().fold(0, |bits: usize, byte| bits << 1 | usize::from(byte.is_ascii_uppercase()));
    CHECKS[capitals]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_checks_itself() {
        fn check(text: &str, words: &str) {
            let read = serde_json::from_value::<PersonId>(text.into());
            match (read, words) {
                (Ok(id), "") => assert_eq!(id.as_str(), text),
                (Err(error), words) if !words.is_empty() => assert!(error.to_string().contains(words), "{error}"),
                (read, _) => panic!("{text}: {read:?}"),
            }
        }
        // Of Salesforce's own examples.
        check("003RO0000035WQgYAM", "");
        check("00Q000000000000EAA", "");
        check("001D000000IqhSLIAZ", "begins with 003 or 00Q");
        check("003RO0000035WQg", "18 letters");
        check("003RO0000035WQgYAMx", "18 letters");
        check("003RO0000035wQgYAM", "with a mistake");
        check("003ro0000035wqgyam", "with a mistake");
        check("003RO0000035WQgYA'", "18 letters");
        check("", "18 letters");
    }
}
