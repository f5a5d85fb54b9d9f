//! Arguments as Salesforce writes them: record ids and days.

mod id;

use std::borrow::Cow;
use std::fmt;

use jiff::civil;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

pub(crate) use self::id::{AccountId, ContactId, OpportunityId, PersonId};

/// A day, as in `2026-12-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Day(civil::Date);

impl From<civil::Date> for Day {
    fn from(date: civil::Date) -> Self {
        Self(date)
    }
}

impl Day {
    /// The one form alone; jiff's own parser reads many more, and is a quarter of a megabyte.
    fn read(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let digit = |at: usize| bytes[at].is_ascii_digit();
        let sound = bytes.len() == "2026-12-01".len()
            && (0..bytes.len()).all(|at| if matches!(at, 4 | 7) { bytes[at] == b'-' } else { digit(at) });
        if !sound {
            return None;
        }
        let (year, month, day) = (text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?);
        civil::Date::new(year, month, day).ok().map(Self)
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::read(&text).ok_or_else(|| format!("{text:?} is no day: write year, month and day as in 2026-12-01"))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = (self.0.year(), self.0.month(), self.0.day());
        write!(out, "{year:04}-{month:02}-{day:02}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_one_form() {
        fn check(text: &str, sound: bool) {
            assert_eq!(serde_json::from_value::<Day>(text.into()).is_ok(), sound, "{text}");
        }
        check("2026-12-01", true);
        check("2028-02-29", true);
        for unsound in ["2026-02-29", "20261201", "01/12/2026", "2026-12-1", "2026-12-01T00:00", "tomorrow", ""] {
            check(unsound, false);
        }
    }
}
