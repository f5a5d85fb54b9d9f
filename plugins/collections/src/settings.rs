//! What the tenant allows, whoever keeps the accounts: in which currency, how far ahead, and how much may be promised.

use aftercall::{Context, Currency, Day, Failure, Money};
use serde::Deserialize;

use crate::account::Account;
use crate::decimal::{MOST, thousandths};

const MS_PER_MINUTE: i64 = 60_000;

/// The settings that both vendors have.
#[derive(Deserialize)]
pub(crate) struct Terms {
    currency: Option<Currency>,
    #[serde(default = "promise_days_max")]
    promise_days_max: i32,
    #[serde(default)]
    promise_amounts: Amounts,
    #[serde(default)]
    utc_offset_minutes: i32,
}

/// How much of what is owed may be promised.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Amounts {
    /// All of it, and nothing else.
    Whole,
    /// All of it, or less.
    #[default]
    Partial,
    /// Any amount: what is owed isn't looked at, of an arrangement neither.
    Any,
}

const fn promise_days_max() -> i32 {
    30
}

impl Terms {
    /// The currencies in which a payment may be promised.
    pub(crate) fn currencies(&self) -> Vec<String> {
        self.currency.iter().map(Currency::to_string).collect()
    }

    /// The currency of what is owed.
    pub(crate) fn currency(&self) -> Option<&Currency> {
        self.currency.as_ref()
    }

    /// Checks that an amount can be paid, and is in the currency of the accounts where the settings name it.
    pub(crate) fn check_money(&self, money: &Money) -> Result<(), Failure> {
        if money.amount().is_zero() {
            return Err(Failure::invalid_arguments("`amount` must be above nothing, such as 150.00"));
        }
        match &self.currency {
            Some(own) if own != money.currency() => Err(Failure::invalid_arguments(format!(
                "`currency` is {}, but the accounts are in {own}: give the amount in {own} if it was said, never converted",
                money.currency()
            ))),
            _ => Ok(()),
        }
    }

    /// Checks that so much may be promised on this account. The failure doesn't say what is owed: whose account it is, is
    /// for `find_account` to know.
    pub(crate) fn check_promised(&self, money: &Money, account: &Account) -> Result<(), Failure> {
        if self.currency.is_none() {
            return Err(Failure::misconfigured(
                "the plugin's settings don't say in which currency accounts are: an operator has to set `currency`",
            ));
        }
        if self.promise_amounts == Amounts::Any {
            return Ok(());
        }
        let owed = account.owed().ok_or_else(|| {
            Failure::conflict("the account has no balance that can be read, so nothing can be promised on it")
        })?;
        let promised = within(money, owed, "promised")?;
        if promised < owed && self.promise_amounts == Amounts::Whole {
            return Err(Failure::invalid_arguments(
                "`amount` is less than is owed, and only the whole balance, which find_account tells, may be promised; \
                 log what was agreed in parts as a payment arrangement",
            ));
        }
        Ok(())
    }

    /// Checks that an arrangement on this account isn't over more than is owed, where that is known: the balance, and by the
    /// settings its currency.
    pub(crate) fn check_arranged(&self, money: &Money, account: &Account) -> Result<(), Failure> {
        match account.owed() {
            Some(owed) if self.currency.is_some() && self.promise_amounts != Amounts::Any => {
                within(money, owed, "arranged").map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Checks that a day isn't before that of the call.
    pub(crate) fn check_not_past(&self, argument: &str, day: Day, cx: &Context) -> Result<(), Failure> {
        let call = self.day_of_call(cx);
        if day < call {
            return Err(Failure::invalid_arguments(format!(
                "`{argument}` {day} is past: the call was on {call}, give that day or a later one"
            )));
        }
        Ok(())
    }

    /// Checks that a payment may be promised for this day.
    pub(crate) fn check_ahead(&self, argument: &str, day: Day, cx: &Context) -> Result<(), Failure> {
        self.check_not_past(argument, day, cx)?;
        let (call, most) = (self.day_of_call(cx), self.promise_days_max);
        if day.days_since_1970() - call.days_since_1970() > most {
            return Err(Failure::invalid_arguments(format!(
                "`{argument}` {day} is too far ahead: a payment may be promised for {most} days after the call, which \
                 was on {call}; log what is later as a payment arrangement"
            )));
        }
        Ok(())
    }

    /// The day on which the call ended where the team works. Without that fact, when the effect was first tried stands for
    /// it, and never now: a later attempt must not be refused for what was in time.
    fn day_of_call(&self, cx: &Context) -> Day {
        let ended_ms = cx.fact("call.ended-at").and_then(|at| at.as_u64()).unwrap_or_else(|| cx.first_attempt_at());
        Day::in_utc(ended_ms.saturating_add_signed(i64::from(self.utc_offset_minutes) * MS_PER_MINUTE))
    }
}

/// The amount in thousandths, which is at most what is owed. The failure doesn't say what that is.
fn within(money: &Money, owed: i64, done: &str) -> Result<i64, Failure> {
    let amount = thousandths(money.amount().as_str()).unwrap_or(MOST);
    if owed <= 0 {
        Err(Failure::conflict(format!("nothing is owed on the account, so nothing can be {done} on it")))
    } else if amount > owed {
        Err(Failure::invalid_arguments(
            "`amount` is more than is owed on the account: give at most its balance, which find_account tells",
        ))
    } else {
        Ok(amount)
    }
}
