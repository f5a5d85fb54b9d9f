//! Amounts of money: decimal text and an ISO 4217 code, never a float, never a guess.

use std::borrow::Cow;

use aftercall::Failure;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// The longest amount, in digits before the point. Protects HubSpot's totals from what was misheard.
const WHOLE_DIGITS_MAX: usize = 12;
/// Currencies without a minor unit, by ISO 4217.
const WITHOUT_MINOR: [&str; 16] =
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Currencies whose minor unit has three digits, by ISO 4217.
const IN_THOUSANDTHS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// A decimal number, such as `1250.00`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Amount(String);

/// An ISO 4217 code, such as `EUR`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Currency(String);

/// An amount that its currency can have.
#[derive(Debug)]
pub(crate) struct Money {
    pub(crate) amount: String,
    pub(crate) currency: String,
}

impl Money {
    /// Both, or neither. As many digits after the point as the currency has, or none: `1.250` may be one and a
    /// quarter or twelve hundred and fifty.
    ///
    /// # Errors
    /// `invalid-arguments`.
    pub(crate) fn of(amount: Option<Amount>, currency: Option<Currency>) -> Result<Option<Self>, Failure> {
        let (Amount(amount), Currency(currency)) = match (amount, currency) {
            (None, None) => return Ok(None),
            (Some(amount), Some(currency)) => (amount, currency),
            (Some(_), None) => {
                let words = "`currency` is missing: give its ISO 4217 code, such as EUR, or leave out `amount` if it \
                             wasn't said which currency is meant";
                return Err(Failure::invalid_arguments(words));
            }
            (None, Some(_)) => {
                return Err(Failure::invalid_arguments("`currency` is given without `amount`: give both or neither"));
            }
        };
        let digits = minor_digits(&currency);
        let (whole, fraction) = amount.split_once('.').unwrap_or((&amount, ""));
        if !fraction.is_empty() && fraction.len() != digits {
            let example = if digits == 0 { whole.to_owned() } else { format!("{whole}.{:0<digits$}", "") };
            return Err(Failure::invalid_arguments(format!(
                "`amount` {amount} is ambiguous: {currency} has {digits} digits after the point; write it as in \
                 {example}, with no separator between thousands"
            )));
        }
        Ok(Some(Self { amount, currency }))
    }
}

fn minor_digits(currency: &str) -> usize {
    match currency {
        code if WITHOUT_MINOR.contains(&code) => 0,
        code if IN_THOUSANDTHS.contains(&code) => 3,
        _ => 2,
    }
}

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if digits(whole, WHOLE_DIGITS_MAX) && digits(fraction, 3) && (whole == "0" || !whole.starts_with('0')) {
            Ok(Self(text))
        } else {
            Err(format!(
                "{text:?} is no amount: digits and at most one point, such as 1250.00; the currency stands apart"
            ))
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is no currency: give its ISO 4217 code, such as EUR; dollars may be USD, CAD or AUD"))
        }
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
            "description": "A decimal number, such as 1250.00.",
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
        json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$", "description": "An ISO 4217 code, such as EUR." })
    }
}
