//! What is used of models: by a run, and by a tenant in a day, with what it may use in one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    cap::DAY_MS,
    id::Tenant,
    model::Usage,
    price::{Amount, Price},
    time::Timestamp,
};

/// What turns have used of their models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// The model's replies.
    pub turns: u64,
    /// Their tokens.
    pub usage: Usage,
    /// What they cost, of those whose price is known.
    pub cost: Amount,
}

impl Spent {
    /// By one turn of a model that costs that.
    pub fn of_turn(usage: Usage, price: Option<&Price>) -> Self {
        Self { turns: 1, usage, cost: price.map(|price| price.of(usage)).unwrap_or_default() }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, more: Self) -> Self {
        Self {
            turns: self.turns.saturating_add(more.turns),
            usage: self.usage.plus(more.usage),
            cost: self.cost.plus(more.cost),
        }
    }
}

impl std::iter::Sum for Spent {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::plus)
    }
}

/// A day of UTC: how many have passed since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(u64);

impl Day {
    /// That many days after 1970-01-01.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// How many days after 1970-01-01 it is.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The day in which an instant is.
    pub const fn of(at: Timestamp) -> Self {
        Self(at.as_millis() / DAY_MS)
    }

    /// Its first instant.
    pub const fn begins_at(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(DAY_MS))
    }

    /// The first instant after it.
    pub const fn ends_at(self) -> Timestamp {
        self.begins_at().plus_ms(DAY_MS)
    }
}

/// What a tenant has used in a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySpent {
    /// Who.
    pub tenant: Tenant,
    /// When.
    pub day: Day,
    /// How much.
    pub spent: Spent,
}

/// What a tenant may use in a day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayBudget {
    /// Tokens in and out. None: as many as it wants.
    pub tokens_max: Option<u64>,
    /// What they may cost. None: as much as it wants.
    pub cost_max: Option<Amount>,
    /// The currency of that, for people.
    pub currency: Option<String>,
}

/// What of a tenant's day is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsedUp {
    /// Its tokens.
    Tokens {
        /// How many it used.
        used: u64,
        /// How many it may use.
        most: u64,
    },
    /// Its money.
    Cost {
        /// How much it used.
        used: Amount,
        /// How much it may use.
        most: Amount,
        /// In which currency.
        currency: Option<String>,
    },
}

impl DayBudget {
    /// Whether it limits nothing.
    pub const fn is_open(&self) -> bool {
        self.tokens_max.is_none() && self.cost_max.is_none()
    }

    /// What of it is used up, if anything is: then no further turn begins in that day.
    pub fn used_up(&self, spent: &Spent) -> Option<UsedUp> {
        let used = spent.usage.total();
        let tokens = self.tokens_max.filter(|most| used >= *most).map(|most| UsedUp::Tokens { used, most });
        let cost = || {
            let most = self.cost_max.filter(|most| spent.cost >= *most)?;
            Some(UsedUp::Cost { used: spent.cost, most, currency: self.currency.clone() })
        };
        tokens.or_else(cost)
    }
}

/// `the tenant's tokens of this day are used up (1,000,000 of 1,000,000)`.
impl fmt::Display for UsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens { used, most } => {
                let (used, most) = (Thousands(*used), Thousands(*most));
                write!(f, "the tenant's tokens of this day are used up ({used} of {most})")
            }
            Self::Cost { used, most, currency } => {
                let currency = currency.as_ref().map(|currency| format!(" {currency}")).unwrap_or_default();
                write!(f, "the tenant's money of this day is used up ({used} of {most}{currency})")
            }
        }
    }
}

/// A number with its thousands apart: `14,702`.
#[derive(Debug, Clone, Copy)]
pub struct Thousands(pub u64);

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&grouped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(input_tokens: u64, output_tokens: u64, cost: u64) -> Spent {
        let usage = Usage { input_tokens, cached_tokens: 0, output_tokens };
        Spent { turns: 1, usage, cost: Amount::from_millionths(cost) }
    }

    #[test]
    fn a_budget_is_used_up_once_as_much_was_used() {
        let dollars = Some("USD".to_owned());
        let budget = |tokens_max, cost: Option<u64>| DayBudget {
            tokens_max,
            cost_max: cost.map(Amount::from_millionths),
            currency: dollars.clone(),
        };
        let tokens = "the tenant's tokens of this day are used up (1,000,000 of 1,000,000)";
        let cost = "the tenant's money of this day is used up (5.02 of 5 USD)";
        for (budget, spent, expected) in [
            (budget(None, None), spent(u64::MAX, u64::MAX, u64::MAX), None),
            (budget(Some(1_000_000), None), spent(999_998, 1, 0), None),
            (budget(Some(1_000_000), None), spent(999_998, 2, 0), Some(tokens)),
            (budget(None, Some(5_000_000)), spent(1, 1, 4_999_999), None),
            (budget(None, Some(5_000_000)), spent(1, 1, 5_020_000), Some(cost)),
            (budget(Some(1_000_000), Some(5_000_000)), spent(1_000_000, 0, 5_020_000), Some(tokens)),
            (budget(Some(1_000_001), Some(5_000_000)), spent(1_000_000, 0, 5_020_000), Some(cost)),
        ] {
            let used_up = budget.used_up(&spent).map(|used_up| used_up.to_string());
            assert_eq!(used_up.as_deref(), expected, "{budget:?}");
        }
    }

    #[test]
    fn days_are_those_of_utc() {
        for (millis, number) in [(0, 0), (DAY_MS - 1, 0), (DAY_MS, 1), (u64::MAX, u64::MAX / DAY_MS)] {
            let day = Day::of(Timestamp::from_millis(millis));
            assert_eq!(day, Day::from_number(number));
            assert!(day.begins_at().as_millis() <= millis && millis <= day.ends_at().as_millis(), "{millis}");
        }
    }

    #[test]
    fn numbers_read_well() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (14_702, "14,702"), (1_000_000, "1,000,000")]
        {
            assert_eq!(Thousands(number).to_string(), expected);
        }
        assert_eq!(format!("{:>7}|", Thousands(1_000)), "  1,000|");
    }
}
