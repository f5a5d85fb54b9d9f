//! Types of arguments that check themselves: in the schema before the plugin runs, and again as they are read.

mod text;

mod day;
mod instant;
mod money;

use std::ops::Range;

use email_address::{EmailAddress, Options};

pub use self::day::Day;
pub use self::instant::Instant;
pub use self::money::Money;
use crate::text_argument;

/// Most digits of an amount before the point. What is more was misheard, and floats, as vendors keep amounts in, know 15 to 17
/// digits in all.
const AMOUNT_WHOLE_DIGITS_MAX: usize = 12;
/// Most digits of an amount after the point, of any currency in ISO 4217 but two.
const AMOUNT_FRACTION_DIGITS_MAX: usize = 3;

text_argument! {
    /// A text that says something: what a model writes for people. A blank one is refused.
    pub struct Text: check_text, { "type": "string", "minLength": 1 }
}

text_argument! {
    /// A telephone number in E.164, such as `+14155550123`.
    pub struct PhoneNumber: check_phone_number, {
        "type": "string",
        "pattern": r"^\+[1-9]\d{1,14}$",
        "description": "A telephone number in E.164, such as +14155550123.",
    }
}

text_argument! {
    /// An email address with a domain that has a dot, such as `ann@example.com`.
    pub struct Email: check_email, {
        "type": "string",
        "format": "email",
        "description": "An email address, such as ann@example.com.",
    }
}

text_argument! {
    /// An amount of money as a decimal number without its currency, such as `1500.00`: never a float.
    pub struct Amount: check_amount, {
        "type": "string",
        "pattern": r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?$",
        "description": "An amount as a decimal number without its currency, such as 1500.00.",
    }
}

text_argument! {
    /// A currency by its ISO 4217 code, such as `EUR`. That there is such a one, the vendor says.
    pub struct Currency: check_currency, {
        "type": "string",
        "pattern": "^[A-Z]{3}$",
        "description": "A currency by its ISO 4217 code, such as EUR.",
    }
}

impl Amount {
    /// Whether it is nothing: `0`, or `0.00`.
    pub fn is_zero(&self) -> bool {
        !self.as_str().bytes().any(|byte| matches!(byte, b'1'..=b'9'))
    }
}

fn check_text(text: &str) -> Result<(), String> {
    if text.chars().all(|character| character.is_whitespace() || character.is_control()) {
        return Err(format!(
            "the text {text:?} says nothing: write what is meant, or leave the argument out if it may be"
        ));
    }
    Ok(())
}

fn check_phone_number(text: &str) -> Result<(), String> {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let sound = (2..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if sound { Ok(()) } else { Err(format!("{text:?} is not a telephone number in E.164, such as +14155550123")) }
}

fn check_email(text: &str) -> Result<(), String> {
    let options = Options::default().with_required_tld().without_display_text();
    match EmailAddress::parse_with_options(text, options) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{text:?} is not an email address: {error}")),
    }
}

fn check_amount(text: &str) -> Result<(), String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let sound = digits(whole, AMOUNT_WHOLE_DIGITS_MAX)
        && digits(fraction, AMOUNT_FRACTION_DIGITS_MAX)
        && (whole == "0" || !whole.starts_with('0'));
    if sound {
        Ok(())
    } else {
        Err(format!("{text:?} is no amount: digits and at most one point, such as 1500.00; the currency stands apart"))
    }
}

fn check_currency(text: &str) -> Result<(), String> {
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(())
    } else {
        Err(format!("{text:?} is no currency: give its ISO 4217 code, such as EUR; dollars may be USD, CAD or AUD"))
    }
}

/// The number that stands at this place in digits, and in nothing else.
fn digits(text: &str, at: Range<usize>) -> Option<u16> {
    let digits = text.get(at)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::str::FromStr;

    use schemars::{JsonSchema, schema_for};
    use serde_json::Value;

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

    /// Providers' strict subsets have no `examples`, so each stands in the description; one that the type refuses would mislead.
    #[test]
    fn each_form_is_described_with_an_example() {
        fn check<T: JsonSchema + FromStr<Err: Debug>>() {
            let schema = schema_for!(T);
            let description = schema.get("description").and_then(Value::as_str).expect("it has a description");
            let (_, example) = description.split_once("such as ").expect("it has an example");
            example.trim_end_matches('.').parse::<T>().expect(description);
        }
        check::<PhoneNumber>();
        check::<Email>();
        check::<Amount>();
        check::<Currency>();
        check::<Day>();
        check::<Instant>();
    }

    #[test]
    fn texts_say_something() {
        for (text, sound) in [("a", true), (" a\n", true), ("", false), (" \t\n", false), ("\u{0}\u{a0}", false)] {
            assert_eq!(serde_json::from_value::<Text>(text.into()).is_ok(), sound, "{text:?}");
        }
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
