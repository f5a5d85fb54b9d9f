//! Types of arguments that check themselves: in the schema before the plugin runs, and again as they are read.

mod day;
mod instant;
mod money;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use email_address::{EmailAddress, Options};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

pub use self::day::Day;
pub use self::instant::Instant;
pub use self::money::Money;

/// A telephone number in E.164, such as `+14155550123`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// An email address with a domain that has a dot, such as `ann@example.com`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// An amount of money as a decimal number without its currency, such as `1500.00`: never a float.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(String);

/// A currency by its ISO 4217 code, such as `EUR`. That there is such a one, the vendor says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

/// Most digits of an amount before the point. What is more was misheard, and floats, as vendors keep amounts in, know 15 to 17
/// digits in all.
const AMOUNT_WHOLE_DIGITS_MAX: usize = 12;
/// Most digits of an amount after the point, of any currency in ISO 4217 but two.
const AMOUNT_FRACTION_DIGITS_MAX: usize = 3;

impl Amount {
    /// Whether it is nothing: `0`, or `0.00`.
    pub fn is_zero(&self) -> bool {
        !self.0.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
    }
}

impl FromStr for PhoneNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let sound = (2..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if sound {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is not a telephone number in E.164, such as +14155550123"))
        }
    }
}

impl FromStr for Email {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let options = Options::default().with_required_tld().without_display_text();
        match EmailAddress::parse_with_options(text, options) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(format!("{text:?} is not an email address: {error}")),
        }
    }
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let sound = digits(whole, AMOUNT_WHOLE_DIGITS_MAX)
            && digits(fraction, AMOUNT_FRACTION_DIGITS_MAX)
            && (whole == "0" || !whole.starts_with('0'));
        if sound {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "{text:?} is no amount: digits and at most one point, such as 1500.00; the currency stands apart"
            ))
        }
    }
}

impl FromStr for Currency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is no currency: give its ISO 4217 code, such as EUR; dollars may be USD, CAD or AUD"))
        }
    }
}

impl JsonSchema for PhoneNumber {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PhoneNumber".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\+[1-9]\d{1,14}$",
            "description": "A telephone number in E.164, such as +14155550123.",
        })
    }
}

impl JsonSchema for Email {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Email".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "email", "description": "An email address." })
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?$",
            "description": "An amount as a decimal number without its currency, such as 1500.00.",
        })
    }
}

impl JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[A-Z]{3}$",
            "description": "A currency by its ISO 4217 code, such as EUR.",
        })
    }
}

/// The number that stands at this place in digits, and in nothing else.
fn digits(text: &str, at: Range<usize>) -> Option<u16> {
    let digits = text.get(at)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

macro_rules! text {
    ($type:ident) => {
        impl $type {
            /// As it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.0
            }
        }
    };
}

text!(PhoneNumber);
text!(Email);
text!(Amount);
text!(Currency);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_e164() {
        fn check(text: &str, sound: bool) {
            let parsed = serde_json::from_value::<PhoneNumber>(text.into());
            assert_eq!(parsed.is_ok(), sound, "{text}");
        }
        check("+14155550123", true);
        check("+4930123456", true);
        check("+12", true);
        check("+1", false);
        check("", false);
        check("+", false);
        check("14155550123", false);
        check("+04155550123", false);
        check("+1 415 555 0123", false);
        check("+1415555012345678", false);
        check("+1415555\u{0660}123", false);
    }

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
    fn an_amount_may_be_nothing() {
        for (text, is_zero) in [("0", true), ("0.00", true), ("0.01", false), ("10", false)] {
            assert_eq!(text.parse().map(|amount: Amount| amount.is_zero()), Ok(is_zero), "{text}");
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

    #[test]
    fn emails_have_a_domain() {
        fn check(text: &str, sound: bool) {
            let parsed = serde_json::from_value::<Email>(text.into());
            assert_eq!(parsed.is_ok(), sound, "{text}");
        }
        check("ann@example.com", true);
        check("ann+leads@mail.example.co.uk", true);
        check("ann@example", false);
        check("Ann <ann@example.com>", false);
        check("ann at example.com", false);
        check("@example.com", false);
        check("", false);
    }
}
