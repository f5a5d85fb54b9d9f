//! An amount with its currency.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Amount, Currency};
use crate::Failure;

/// Currencies without a minor unit, by ISO 4217.
const WITHOUT_MINOR: [&str; 16] =
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Currencies whose minor unit has three digits, by ISO 4217.
const IN_THOUSANDTHS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// An amount that its currency can have: as many digits after the point as the currency has, or none. `1.250` of EUR
/// is refused, since it may be one and a quarter or twelve hundred and fifty.
///
/// As one argument it is an object of both; of two arguments, [`of`](Money::of) and [`of_both`](Money::of_both) make it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Money {
    amount: Amount,
    currency: Currency,
}

/// As it is written.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parts {
    amount: Amount,
    currency: Currency,
}

impl Money {
    /// Of both.
    ///
    /// # Errors
    /// `invalid-arguments`, where the currency has no such amount.
    pub fn of(amount: Amount, currency: Currency) -> Result<Self, Failure> {
        Self::try_from(Parts { amount, currency }).map_err(Failure::invalid_arguments)
    }

    /// Of the optional arguments `amount` and `currency`: both or neither.
    ///
    /// # Errors
    /// `invalid-arguments`, where one is missing, or the currency has no such amount.
    pub fn of_both(amount: Option<Amount>, currency: Option<Currency>) -> Result<Option<Self>, Failure> {
        match (amount, currency) {
            (None, None) => Ok(None),
            (Some(amount), Some(currency)) => Self::of(amount, currency).map(Some),
            (Some(_), None) => Err(Failure::invalid_arguments(
                "`currency` is missing: give its ISO 4217 code, such as EUR, or leave out `amount` if it wasn't said \
                 which currency is meant",
            )),
            (None, Some(_)) => {
                Err(Failure::invalid_arguments("`currency` is given without `amount`: give both or neither"))
            }
        }
    }

    /// How much.
    pub fn amount(&self) -> &Amount {
        &self.amount
    }

    /// Of what.
    pub fn currency(&self) -> &Currency {
        &self.currency
    }
}

impl TryFrom<Parts> for Money {
    type Error = String;

    fn try_from(Parts { amount, currency }: Parts) -> Result<Self, String> {
        let digits = minor_digits(currency.as_str());
        let (_, fraction) = amount.as_str().split_once('.').unwrap_or_default();
        if fraction.is_empty() || fraction.len() == digits {
            return Ok(Self { amount, currency });
        }
        // Never one that could be taken for the amount that was meant.
        let example = if digits == 0 { "1250".to_owned() } else { format!("1250.{:0<digits$}", "") };
        Err(format!(
            "`amount` {amount} is ambiguous: {currency} has {digits} digits after the point; write it as in {example}, \
             with no separator between thousands"
        ))
    }
}

impl From<Money> for Parts {
    fn from(Money { amount, currency }: Money) -> Self {
        Self { amount, currency }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.amount, self.currency)
    }
}

impl JsonSchema for Money {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Parts::json_schema(generator);
        let words = "An amount with as many digits after the point as its currency has, such as 1250.00 of EUR.";
        schema.insert("description".to_owned(), words.into());
        schema
    }
}

fn minor_digits(currency: &str) -> usize {
    match currency {
        code if WITHOUT_MINOR.contains(&code) => 0,
        code if IN_THOUSANDTHS.contains(&code) => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_amount_fits_its_currency() {
        fn check(amount: &str, currency: &str, expected: Result<&str, &str>) {
            let read = serde_json::from_value::<Money>(json!({ "amount": amount, "currency": currency }));
            match (&read, expected) {
                (Ok(money), Ok(shown)) => {
                    assert_eq!(money.to_string(), shown);
                    assert_eq!(
                        serde_json::to_value(money).ok(),
                        Some(json!({ "amount": amount, "currency": currency }))
                    );
                }
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                _ => panic!("{amount} {currency}: {read:?}"),
            }
        }
        check("1250.00", "EUR", Ok("1250.00 EUR"));
        check("1250", "EUR", Ok("1250 EUR"));
        check("1250", "JPY", Ok("1250 JPY"));
        check("1.250", "KWD", Ok("1.250 KWD"));
        check("1.250", "EUR", Err("write it as in 1250.00"));
        check("1.5", "EUR", Err("2 digits"));
        check("1250.00", "JPY", Err("write it as in 1250,"));
        check("1250.00", "KWD", Err("write it as in 1250.000"));
        check("1,250.00", "EUR", Err("is no amount"));
        check("1250", "euro", Err("is no currency"));
    }

    #[test]
    fn both_or_neither() {
        let check = |amount: Option<&str>, currency: Option<&str>, expected: Result<bool, &str>| {
            let amount = amount.map(|text| text.parse().expect(text));
            let currency = currency.map(|text| text.parse().expect(text));
            match (Money::of_both(amount, currency), expected) {
                (Ok(money), Ok(is_there)) => assert_eq!(money.is_some(), is_there),
                (Err(failure), Err(words)) => assert!(failure.message.contains(words), "{}", failure.message),
                (read, _) => panic!("{read:?}"),
            }
        };
        check(None, None, Ok(false));
        check(Some("1.00"), Some("EUR"), Ok(true));
        check(Some("1.00"), None, Err("`currency` is missing"));
        check(None, Some("EUR"), Err("without `amount`"));
        check(Some("1.000"), Some("EUR"), Err("ambiguous"));
    }
}
