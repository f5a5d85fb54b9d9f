//! What models cost, as the operator writes it down.

use std::collections::BTreeMap;

use aftercall_core::price::{Amount, NoAmount, Price};
use serde::{Deserialize, Serialize};

use super::{Config, Model, check::Problems};

/// The highest price of a million tokens: protects tenants from a price per token that was written as one per million.
const PRICE_MAX: u64 = 10_000;

/// Longest name of a currency, in characters: it stands in lines that people read.
const CURRENCY_CHARS_MAX: usize = 8;

/// What a model costs for a million tokens, as decimals of the operator's currency.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PriceConfig {
    /// Of a request.
    pub input: f64,
    /// Of a reply.
    pub output: f64,
    /// Of a request, where its provider has read them from its cache. Absent: as the others.
    #[serde(default)]
    pub cached_input: Option<f64>,
}

impl PriceConfig {
    fn check(self, problems: &mut Problems, place: &str) {
        let cached_input = self.cached_input.map(|price| ("cached_input", price));
        for (name, price) in [("input", self.input), ("output", self.output)].into_iter().chain(cached_input) {
            let place = format!("{place}.{name}");
            match amount(price) {
                Err(why) => problems.add(&place, format_args!("{price} {why}")),
                Ok(amount) if amount > highest() => {
                    let remedy = "write what a million tokens cost";
                    problems.add(&place, format_args!("{price} is more than {PRICE_MAX}: {remedy}"));
                }
                Ok(_) => {}
            }
        }
    }

    fn resolve(self, currency: Option<&str>) -> Option<Price> {
        Some(Price {
            input: amount(self.input).ok()?,
            cached_input: self.cached_input.map(amount).transpose().ok()?,
            output: amount(self.output).ok()?,
            currency: currency.map(str::to_owned),
        })
    }
}

impl Config {
    pub(super) fn check_prices(&self, problems: &mut Problems) {
        for (name, model) in &self.models {
            if let Some(price) = model.price {
                price.check(problems, &format!("models.\"{name}\".price"));
            }
        }
        let is_word = |currency: &&String| {
            let is_sign = |sign: char| !sign.is_whitespace() && !sign.is_control();
            (1..=CURRENCY_CHARS_MAX).contains(&currency.chars().count()) && currency.chars().all(is_sign)
        };
        if let Some(currency) = self.operator.currency.as_ref().filter(|currency| !is_word(currency)) {
            let remedy = format!("write a word of {CURRENCY_CHARS_MAX} characters at most, such as `USD`");
            problems.add("operator.currency", format_args!("{currency:?} is no currency: {remedy}"));
        }
    }

    /// What the turns of each route cost, where that is said.
    pub fn prices(&self) -> BTreeMap<String, Price> {
        let currency = self.operator.currency.as_deref();
        let price = |(name, model): (&String, &Model)| Some((name.clone(), model.price?.resolve(currency)?));
        self.models.iter().filter_map(price).collect()
    }
}

/// The decimal that was written. It is the shortest that gives this number, so that it is what somebody wrote.
pub(super) fn amount(number: f64) -> Result<Amount, NoAmount> {
    number.to_string().parse()
}

fn highest() -> Amount {
    Amount::from_millionths(PRICE_MAX * 1_000_000)
}
