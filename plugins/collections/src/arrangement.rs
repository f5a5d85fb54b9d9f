//! A payment arrangement: how much, from when, in how many instalments.

use aftercall::{Answer, Day, Money, Receipt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;

/// How an arrangement is paid.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    Card,
    BankTransfer,
    Cheque,
    Cash,
}

/// What was agreed.
pub(crate) struct Arrangement {
    pub(crate) money: Money,
    pub(crate) first: Day,
    pub(crate) instalments: Option<u32>,
    pub(crate) method: Option<Method>,
    pub(crate) note: Option<String>,
}

/// The arrangement that `log_payment_arrangement` made.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Logged {
    arrangement_id: String,
}

/// The answer about an arrangement that is logged.
pub(crate) fn logged(account_id: &AccountId, money: &Money, id: &str, receipt: Receipt) -> Answer<Logged> {
    let text = format!("the arrangement of {money} is logged on account {account_id}, arrangement_id {id}");
    Answer::new(text, Logged { arrangement_id: id.to_owned() }).with_receipt(receipt)
}

impl Arrangement {
    /// What was agreed, in words for people.
    pub(crate) fn description(&self) -> String {
        let mut description = format!("{}.", self.terms());
        if let Some(note) = &self.note {
            description.push('\n');
            description.push_str(note);
        }
        description
    }

    fn terms(&self) -> String {
        let first = self.first;
        let terms = match self.instalments {
            None => format!("First payment on {first}"),
            Some(1) => format!("One payment on {first}"),
            Some(count) => format!("{count} instalments, the first on {first}"),
        };
        match self.method {
            None => terms,
            Some(Method::Card) => terms + ", by card",
            Some(Method::BankTransfer) => terms + ", by bank transfer",
            Some(Method::Cheque) => terms + ", by cheque",
            Some(Method::Cash) => terms + ", in cash",
        }
    }
}
