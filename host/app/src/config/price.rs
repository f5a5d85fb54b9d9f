//! What models cost, as the operator writes it down, and what tenants may use of them in a day.

use std::{collections::BTreeMap, num::NonZeroU64};

use aftercall_core::{
    id::Tenant,
    price::{Amount, NoAmount, Price},
    spent::DayBudget,
};
use serde::{Deserialize, Serialize};

use super::{Config, Model, TenantConfig, check::Problems};

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

    pub(super) fn check_day_budget(&self, problems: &mut Problems, tenant: &Tenant, config: &TenantConfig) {
        if let (Some(tokens), Some(most)) = (config.tokens_per_day_max, self.operator.tenant_tokens_per_day_max)
            && tokens > most
        {
            let place = format!("tenants.{tenant}.tokens_per_day_max");
            problems.add(&place, format_args!("the operator allows {most} (`operator.tenant_tokens_per_day_max`)"));
        }
        let Some(cost) = config.cost_per_day_max else { return };
        let place = format!("tenants.{tenant}.cost_per_day_max");
        match amount(cost) {
            Err(why) => problems.add(&place, format_args!("{cost} {why}")),
            Ok(amount) if amount == Amount::default() => problems.add(&place, "with 0 nothing would ever be done"),
            Ok(_) if self.models.values().all(|model| model.price.is_none()) => {
                problems
                    .add(&place, "no model has a price, so that nothing is known to cost anything: add `price` to it");
            }
            Ok(_) => {}
        }
    }

    /// What a tenant may use in a day. None: one that isn't configured any more.
    pub fn day_budget(&self, tenant: Option<&TenantConfig>) -> DayBudget {
        let tokens = tenant.and_then(|tenant| tenant.tokens_per_day_max);
        let tokens_max = tokens.into_iter().chain(self.operator.tenant_tokens_per_day_max).min();
        DayBudget {
            tokens_max: tokens_max.map(NonZeroU64::get),
            cost_max: tenant.and_then(|tenant| amount(tenant.cost_per_day_max?).ok()),
            currency: self.operator.currency.clone(),
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
fn amount(number: f64) -> Result<Amount, NoAmount> {
    number.to_string().parse()
}

fn highest() -> Amount {
    Amount::from_millionths(PRICE_MAX * 1_000_000)
}
