//! Amounts of money: decimal text and an ISO 4217 code, never a float, never a guess.

use aftercall::{Amount, Currency, Failure};

/// Currencies without a minor unit, by ISO 4217.
const WITHOUT_MINOR: [&str; 16] =
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Currencies whose minor unit has three digits, by ISO 4217.
const IN_THOUSANDTHS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

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
        let (amount, currency) = match (amount, currency) {
            (None, None) => return Ok(None),
            (Some(amount), Some(currency)) => (String::from(amount), String::from(currency)),
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
