//! Who keeps the accounts: HubSpot or Salesforce, whichever the tenant's settings name.

use aftercall::{Context, Email, Failure, Finding, IntoOutcome, PhoneNumber, Receipt};
use serde_json::{Map, Value};

use crate::account::{Account, AccountId, Change};
use crate::arrangement::Arrangement;
use crate::callback::Callback;
use crate::hubspot::{self, HubSpot};
use crate::salesforce::{self, Salesforce};

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

/// What a look for an effect tells.
pub(crate) enum Trace {
    /// The id of the record that has it.
    Found(String),
    Absent,
    /// The vendor has more than it tells.
    Hidden,
}

impl From<Option<String>> for Trace {
    fn from(id: Option<String>) -> Self {
        id.map_or(Self::Absent, Self::Found)
    }
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
        accounts.retain(|account| phone.is_none_or(|phone| account.has_phone(phone)));
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
        account
            .filter(|account| phone.is_none_or(|phone| account.has_phone(phone)))
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
        let found = match self {
            Self::HubSpot(crm) => crm.has(id, change, cx).await?,
            Self::Salesforce(crm) => crm.has(id, change, cx).await?,
        };
        Ok(found.into())
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

    /// Finds the arrangement with the effect's key on this account.
    pub(crate) async fn arranged(&self, id: &AccountId, cx: &Context) -> Result<Trace, Failure> {
        let found = match self {
            Self::HubSpot(crm) => crm.arranged(id, cx).await?,
            Self::Salesforce(crm) => crm.arranged(id, cx).await?,
        };
        Ok(found.into())
    }

    /// Makes the task of a callback, with the effect's key; gives its id.
    pub(crate) async fn call_back(&self, id: &AccountId, callback: &Callback, cx: &Context) -> Result<String, Failure> {
        match self {
            Self::HubSpot(crm) => crm.call_back(id, callback, cx).await,
            Self::Salesforce(crm) => crm.call_back(id, callback, cx).await,
        }
    }

    /// Finds the task with the effect's key.
    pub(crate) async fn callback_made(&self, cx: &Context) -> Result<Trace, Failure> {
        match self {
            Self::HubSpot(crm) => crm.callback_made(cx).await,
            Self::Salesforce(crm) => crm.callback_made(cx).await.map(Trace::from),
        }
    }

    /// The receipt for a record. A task of HubSpot is shown on its account.
    pub(crate) fn receipt(&self, kind: Kind, id: &str, account_id: &AccountId) -> Receipt {
        match self {
            Self::HubSpot(crm) => crm.receipt(kind, id, account_id),
            Self::Salesforce(crm) => crm.receipt(kind, id),
        }
    }

    /// What a look for an effect in doubt says of it.
    pub(crate) fn settled<O: IntoOutcome>(
        &self,
        trace: Trace,
        cx: &Context,
        outcome: impl FnOnce(&str) -> O,
    ) -> Result<Finding, Failure> {
        if let Trace::Found(id) = trace {
            return Finding::happened(outcome(&id));
        }
        let (lag_ms, again_ms) = match self {
            Self::HubSpot(crm) => (crm.lag_ms(), hubspot::LOOK_AGAIN_MS),
            Self::Salesforce(_) => (salesforce::AT_WORK_MS_MAX, salesforce::LOOK_AGAIN_MS),
        };
        Ok(match Finding::absent(cx, lag_ms, again_ms) {
            Finding::DidNotHappen if matches!(trace, Trace::Hidden) => Finding::Unknown(None),
            finding => finding,
        })
    }
}
