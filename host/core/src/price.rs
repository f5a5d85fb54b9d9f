//! What models cost, in the operator's currency: whole millionths of it, so that nothing drifts that is summed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::model::Usage;

/// Millionths in one.
const MILLION: u64 = 1_000_000;

/// Decimals that an amount has.
const DECIMALS: usize = 6;

/// An amount of the operator's currency, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(u64);

impl Amount {
    /// So many millionths.
    pub const fn from_millionths(millionths: u64) -> Self {
        Self(millionths)
    }

    /// How many millionths it is.
    pub const fn as_millionths(self) -> u64 {
        self.0
    }

    /// Both together; the largest there is, rather than an overflow.
    #[must_use]
    pub const fn plus(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }
}

/// Not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAmount {
    /// No number, or a negative one.
    #[error("is no amount: write a number that is not negative, such as 2.5")]
    NoNumber,
    /// Smaller parts than there are.
    #[error("has more than {DECIMALS} decimals: write fewer")]
    TooFine,
    /// More than can be counted.
    #[error("is too large to be counted")]
    TooLarge,
}

/// From a decimal: `2.5`.
impl FromStr for Amount {
    type Err = NoAmount;

    fn from_str(text: &str) -> Result<Self, NoAmount> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) {
            return Err(NoAmount::NoNumber);
        }
        let part = part.trim_end_matches('0');
        if part.len() > DECIMALS {
            return Err(NoAmount::TooFine);
        }
        let whole: u64 = whole.parse().map_err(|_| NoAmount::TooLarge)?;
        let part: u64 = format!("{part:0<DECIMALS$}").parse().expect("six digits are a number");
        let millionths = whole.checked_mul(MILLION).and_then(|whole| whole.checked_add(part));
        millionths.map(Self).ok_or(NoAmount::TooLarge)
    }
}

/// As a decimal, exactly: `0.043`. With a precision, rounded to so many decimals, six at most: `{:.2}` gives `0.04`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = f.precision().unwrap_or(DECIMALS).min(DECIMALS);
        let unit: u64 = (places..DECIMALS).map(|_| 10).product();
        let rounded = (u128::from(self.0) + u128::from(unit / 2)) / u128::from(unit);
        let per_one = u128::from(MILLION / unit);
        let (whole, part) = (rounded / per_one, rounded % per_one);
        let part = if places == 0 { String::new() } else { format!(".{part:0places$}") };
        let part = if f.precision().is_some() { &part } else { part.trim_end_matches('0').trim_end_matches('.') };
        f.pad_integral(true, "", &format!("{whole}{part}"))
    }
}

/// What a model costs, for a million tokens each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of a request.
    pub input: Amount,
    /// Of a request, where its provider has read them from its cache. None: they cost what others do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<Amount>,
    /// Of a reply.
    pub output: Amount,
    /// In which currency, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl Price {
    /// What one turn costs, rounded up.
    pub fn of(&self, usage: Usage) -> Amount {
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let cost = |tokens: u64, each: Amount| u128::from(tokens).saturating_mul(u128::from(each.0));
        let parts = [
            cost(usage.input_tokens - cached, self.input),
            cost(cached, self.cached_input.unwrap_or(self.input)),
            cost(usage.output_tokens, self.output),
        ];
        let all = parts.into_iter().fold(0, u128::saturating_add).div_ceil(u128::from(MILLION));
        Amount(u64::try_from(all).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, expected) in [
            ("0", Ok(0)),
            ("2.5", Ok(2_500_000)),
            ("10", Ok(10_000_000)),
            ("10.0", Ok(10_000_000)),
            ("0.000001", Ok(1)),
            ("0.0000010", Ok(1)),
            ("18446744073709.551615", Ok(u64::MAX)),
            ("0.0000001", Err(NoAmount::TooFine)),
            ("18446744073709.551616", Err(NoAmount::TooLarge)),
            ("100000000000000000000", Err(NoAmount::TooLarge)),
            ("-1", Err(NoAmount::NoNumber)),
            ("NaN", Err(NoAmount::NoNumber)),
            ("inf", Err(NoAmount::NoNumber)),
            ("1.", Err(NoAmount::NoNumber)),
            ("", Err(NoAmount::NoNumber)),
        ] {
            let amount: Result<Amount, NoAmount> = text.parse();
            assert_eq!(amount.map(Amount::as_millionths), expected, "{text}");
            if let Ok(amount) = amount {
                assert_eq!(amount.to_string().parse(), Ok(amount), "{text}");
            }
        }
    }

    #[test]
    fn amounts_read_well() {
        for (millionths, exactly, rounded, whole) in [
            (0, "0", "0.00", "0"),
            (43_012, "0.043012", "0.04", "0"),
            (2_500_000, "2.5", "2.50", "3"),
            (1_995_000, "1.995", "2.00", "2"),
            (120_000_000, "120", "120.00", "120"),
            (u64::MAX, "18446744073709.551615", "18446744073709.55", "18446744073710"),
        ] {
            let amount = Amount(millionths);
            assert_eq!(
                (&*format!("{amount}"), &*format!("{amount:.2}"), &*format!("{amount:.0}")),
                (exactly, rounded, whole)
            );
        }
        assert_eq!(format!("{:>8.2}|", Amount(2_500_000)), "    2.50|");
    }

    #[test]
    fn a_turn_costs_what_its_tokens_do_rounded_up() {
        let price = |input, cached_input: Option<u64>, output| Price {
            input: Amount(input),
            cached_input: cached_input.map(Amount),
            output: Amount(output),
            currency: None,
        };
        let usual = price(2_500_000, Some(1_250_000), 10_000_000);
        for (price, (input_tokens, cached_tokens, output_tokens), expected) in [
            (&usual, (0, 0, 0), 0),
            (&usual, (1_000_000, 0, 0), 2_500_000),
            (&usual, (1_000_000, 1_000_000, 1_000_000), 11_250_000),
            (&usual, (1_000, 400, 10), 2_100),
            (&usual, (1, 0, 0), 3),
            (&usual, (10, 99, 0), 13),
            (&price(2_500_000, None, 0), (1_000, 400, 10), 2_500),
            (&price(1, None, 1), (1, 0, 1), 1),
            (&price(0, None, 0), (u64::MAX, 0, u64::MAX), 0),
            (&price(u64::MAX, None, u64::MAX), (u64::MAX, 0, u64::MAX), u64::MAX),
        ] {
            let usage = Usage { input_tokens, cached_tokens, output_tokens };
            assert_eq!(price.of(usage), Amount(expected), "{usage:?}");
        }
    }
}
