//! Arguments as Salesforce writes them: record ids, days, amounts, currencies.

mod id;

use std::borrow::Cow;
use std::fmt;

use jiff::civil;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) use self::id::{AccountId, ContactId, OpportunityId, PersonId};

/// Most digits before the point: Salesforce keeps 18 in all of an opportunity's amount, and floats know 15 to 17 of them.
const AMOUNT_WHOLE_DIGITS_MAX: usize = 12;
/// Most digits after the point, of any currency in ISO 4217 but two.
const AMOUNT_FRACTION_DIGITS_MAX: usize = 3;

/// A day, as in `2026-12-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Day(civil::Date);

/// An amount of money, as a decimal number: never a float.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Amount(String);

/// A currency by its ISO 4217 code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Currency(String);

impl Amount {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a number of JSON, digit by digit.
    pub(crate) fn number(&self) -> Box<RawValue> {
        RawValue::from_string(self.0.clone()).expect("an amount is a number of JSON")
    }
}

impl Currency {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

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

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let sound = digits(whole, AMOUNT_WHOLE_DIGITS_MAX)
            && digits(fraction, AMOUNT_FRACTION_DIGITS_MAX)
            && (whole == "0" || !whole.starts_with('0'));
        if sound {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is not an amount: write it without signs and thousands, such as 1500.00"))
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is no currency: write its ISO 4217 code, such as USD"))
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = (self.0.year(), self.0.month(), self.0.day());
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

macro_rules! schema {
    ($type:ident, $schema:tt) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

schema!(Day, {
    "type": "string",
    "format": "date",
    "pattern": r"^\d{4}-\d{2}-\d{2}$",
    "description": "A day, such as 2026-12-01.",
});

schema!(Amount, {
    "type": "string",
    "pattern": r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?$",
    "description": "An amount as a decimal number without its currency, such as 1500.00.",
});

schema!(Currency, {
    "type": "string",
    "pattern": "^[A-Z]{3}$",
    "description": "A currency by its ISO 4217 code, such as USD.",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_decimal_numbers() {
        fn check(text: &str, sound: bool) {
            assert_eq!(serde_json::from_value::<Amount>(text.into()).is_ok(), sound, "{text}");
        }
        for sound in ["1500.00", "1500", "0", "0.5", "0.001", "999999999999.99"] {
            check(sound, true);
        }
        for unsound in
            ["", "-1", "+1", "01", "1.", ".5", "1.0000", "1,500.00", "1 500", "1e3", "\u{0661}", "1000000000000"]
        {
            check(unsound, false);
        }
    }

    #[test]
    fn amounts_go_as_they_are() {
        let amount: Amount = serde_json::from_value("1500.10".into()).expect("an amount");
        assert_eq!(serde_json::to_string(&amount.number()).expect("JSON"), "1500.10");
    }

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

    #[test]
    fn currencies_are_codes() {
        fn check(text: &str, sound: bool) {
            assert_eq!(serde_json::from_value::<Currency>(text.into()).is_ok(), sound, "{text}");
        }
        check("EUR", true);
        for unsound in ["eur", "EURO", "$", "", "\u{0415}UR"] {
            check(unsound, false);
        }
    }
}
