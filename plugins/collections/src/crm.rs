//! Who keeps the accounts: HubSpot or Salesforce, whichever the tenant's settings name.

use aftercall::{Context, Email, Failure, Finding, IntoOutcome, Money, NationalNumbers, PhoneNumber, Receipt, Trace};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::account::{Account, AccountId, Change, FOUND_MAX};
use crate::arrangement::Arrangement;
use crate::callback::Callback;
use crate::hubspot::HubSpot;
use crate::salesforce::Salesforce;

/// The vendor, with its own settings.
pub(crate) enum Crm {
    HubSpot(HubSpot),
    Salesforce(Salesforce),
}

/// A record that the plugin writes.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Account,
    Arrangement,
    Task,
}

/// How accounts' numbers stand that lack their country, whoever keeps them. Without it, such numbers count for nothing.
fn national_numbers(cx: &Context) -> Result<Option<NationalNumbers>, Failure> {
    #[derive(Deserialize)]
    struct Numbers {
        national_numbers: Option<NationalNumbers>,
    }
    Ok(cx.settings::<Numbers>()?.national_numbers)
}

impl Crm {
    /// The vendor that the settings name.
    pub(crate) fn chosen(cx: &Context) -> Result<Self, Failure> {
        let settings: Map<String, Value> = cx.settings()?;
        Ok(match settings.get("vendor").and_then(Value::as_str) {
            Some("salesforce") => Self::Salesforce(Salesforce::of(settings)),
            _ => Self::HubSpot(HubSpot::of(settings)),
        })
    }

    /// Accounts with this number, this address, or both where both are given: a number that the tenant binds can't be got
    /// round by an address.
    pub(crate) async fn find(
        &self,
        phone: Option<&PhoneNumber>,
        email: Option<&Email>,
        cx: &Context,
    ) -> Result<Vec<Account>, Failure> {
        let mut accounts = match self {
            Self::HubSpot(crm) => crm.find(phone, email, cx).await?,
            Self::Salesforce(crm) => crm.find(phone, email, cx).await?,
        };
        // A vendor's search may be wider than the number that was asked for.
        let national = national_numbers(cx)?;
        accounts.retain(|account| phone.is_none_or(|phone| account.has_phone(phone, national.as_ref())));
        accounts.truncate(FOUND_MAX);
        Ok(accounts)
    }

    /// The account with this id, and with this number where one is given. One with another number is as one that isn't
    /// there, so that nobody learns of it.
    pub(crate) async fn account(
        &self,
        id: &AccountId,
        phone: Option<&PhoneNumber>,
        cx: &Context,
    ) -> Result<Account, Failure> {
        let account = match self {
            Self::HubSpot(crm) => crm.read(id, cx).await?,
            Self::Salesforce(crm) => crm.read(id, cx).await?,
        };
        let national = national_numbers(cx)?;
        account
            .filter(|account| phone.is_none_or(|phone| account.has_phone(phone, national.as_ref())))
            .ok_or_else(|| Failure::not_found(format!("no account has the id {id}; find_account tells ids")))
    }

    /// Writes on an account; gives its id.
    pub(crate) async fn change(&self, id: &AccountId, change: &Change, cx: &Context) -> Result<String, Failure> {
        match self {
            Self::HubSpot(crm) => crm.change(id, change, cx).await,
            Self::Salesforce(crm) => crm.change(id, change, cx).await,
        }
    }

    /// Whether an account says what would be written on it.
    pub(crate) async fn has(&self, id: &AccountId, change: &Change, cx: &Context) -> Result<Trace, Failure> {
        match self {
            Self::HubSpot(crm) => crm.has(id, change, cx).await,
            Self::Salesforce(crm) => crm.has(id, change, cx).await,
        }
    }

    /// Logs an arrangement under the effect's key; gives its id.
    pub(crate) async fn arrange(
        &self,
        id: &AccountId,
        name: Option<&str>,
        arrangement: &Arrangement,
        cx: &Context,
    ) -> Result<String, Failure> {
        match self {
            Self::HubSpot(crm) => crm.arrange(id, name, arrangement, cx).await,
            Self::Salesforce(crm) => crm.arrange(id, arrangement, cx).await,
        }
    }

    /// Whether the arrangement with the effect's key is there, on this account and over so much.
    pub(crate) async fn arranged(&self, id: &AccountId, money: &Money, cx: &Context) -> Result<Trace, Failure> {
        match self {
            Self::HubSpot(crm) => crm.arranged(id, money, cx).await,
            Self::Salesforce(crm) => crm.arranged(id, money, cx).await,
        }
    }

    /// Makes the task of a callback, with the effect's key; gives its id.
    pub(crate) async fn call_back(&self, id: &AccountId, callback: &Callback, cx: &Context) -> Result<String, Failure> {
        match self {
            Self::HubSpot(crm) => crm.call_back(id, callback, cx).await,
            Self::Salesforce(crm) => crm.call_back(id, callback, cx).await,
        }
    }

    /// Whether the task with the effect's key is there.
    pub(crate) async fn callback_made(&self, cx: &Context) -> Result<Trace, Failure> {
        match self {
            Self::HubSpot(crm) => crm.callback_made(cx).await,
            Self::Salesforce(crm) => crm.callback_made(cx).await,
        }
    }

    /// The receipt for a record. A task of HubSpot is shown on its account.
    pub(crate) fn receipt(&self, kind: Kind, id: &str, account_id: &AccountId, cx: &Context) -> Receipt {
        match self {
            Self::HubSpot(crm) => crm.receipt(kind, id, account_id),
            Self::Salesforce(crm) => crm.receipt(kind, id, cx),
        }
    }

    /// What a look for an effect in doubt says of it.
    pub(crate) fn settled<O: IntoOutcome>(
        &self,
        trace: Trace,
        cx: &Context,
        outcome: impl FnOnce(&str) -> O,
    ) -> Result<Finding, Failure> {
        match self {
            Self::HubSpot(crm) => crm.api(cx).settled(trace, crm.lag_ms(), outcome),
            Self::Salesforce(crm) => crm.api(cx).settled(trace, outcome),
        }
    }
}
