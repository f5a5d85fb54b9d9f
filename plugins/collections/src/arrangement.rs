//! A payment arrangement: a deal in the tenant's pipeline.

use aftercall::{Amount, Answer, Currency, Day, Failure, Money, Receipt, path_segment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::AccountId;
use crate::hubspot::{self, Settings};

/// Where deals are upserted. HubSpot's own document of the deals API writes them by their type id; `deals` is another
/// name of the same (developers.hubspot.com/docs/api/crm/deals).
pub(crate) const UPSERT: &str = "0-3/batch/upsert";

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

/// A deal's properties.
#[derive(Serialize)]
pub(crate) struct Deal<'a> {
    dealname: String,
    amount: &'a str,
    deal_currency_code: &'a str,
    closedate: String,
    pipeline: &'a str,
    dealstage: &'a str,
    description: String,
}

/// The deal that `log_payment_arrangement` made.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Logged {
    pub(crate) deal_id: String,
}

/// An upsert of one deal by a property with unique values.
pub(crate) fn upsert(key_property: &str, key: &str, deal: &Deal<'_>) -> Value {
    json!({ "inputs": [{ "idProperty": key_property, "id": key, "properties": deal }] })
}

/// Where a deal's association with a contact is made, of HubSpot's default type
/// (developers.hubspot.com/docs/api/crm/associations/v4).
pub(crate) fn association_url(deal_id: &str, account_id: &AccountId) -> String {
    let deal = path_segment(deal_id);
    format!("https://api.hubapi.com/crm/v4/objects/deals/{deal}/associations/default/contacts/{account_id}")
}

/// An amount that can be paid.
pub(crate) fn money(amount: Amount, currency: Currency) -> Result<Money, Failure> {
    if amount.is_zero() {
        return Err(Failure::invalid_arguments("`amount` must be above nothing, such as 150.00"));
    }
    Money::of(amount, currency)
}

/// The answer about an arrangement that is logged.
pub(crate) fn logged(settings: &Settings, account_id: &AccountId, money: &Money, deal_id: String) -> Answer<Logged> {
    let text = format!("the arrangement of {money} is logged on account {account_id}, deal {deal_id}");
    let receipt = settings.linked(Receipt::new("deal", &deal_id), hubspot::DEAL, &deal_id);
    Answer::new(text, Logged { deal_id }).with_receipt(receipt)
}

impl Arrangement {
    /// The deal of an account whose holder has this name.
    pub(crate) fn deal<'a>(&'a self, settings: &'a Settings, name: &str) -> Deal<'a> {
        let mut description = format!("{}.", self.terms());
        if let Some(note) = &self.note {
            description.push('\n');
            description.push_str(note.trim());
        }
        Deal {
            dealname: format!("Payment arrangement: {name}"),
            amount: self.money.amount().as_str(),
            deal_currency_code: self.money.currency().as_str(),
            // An instant in HubSpot, shown in each reader's time zone: noon in UTC is the same day in nearly all.
            closedate: format!("{}T12:00:00Z", self.first),
            pipeline: &settings.pipeline,
            dealstage: &settings.stage,
            description,
        }
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
