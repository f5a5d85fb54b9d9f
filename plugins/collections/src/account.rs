//! An account: the CRM's record with the state of a collection.

use aftercall::{Amount, Day, Failure, NationalNumbers, Outcome, PhoneNumber, Receipt, text_argument};
use aftercall_hubspot::RecordId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decimal::thousandths;
use crate::settings::Terms;

/// How many accounts are told. Protects the model's context, and people's data.
pub(crate) const FOUND_MAX: usize = 10;
/// How many a search brings, of which those with other numbers are dropped here. Protects the call's time.
pub(crate) const READ_MAX: usize = 100;

text_argument! {
    /// The id of a record, in a form that changes no path and no query that it stands in.
    pub(crate) struct AccountId: check_id, {
        "type": "string",
        "pattern": "^([0-9]{1,20}|[A-Za-z0-9]{18})$",
        "description": "The account's id, from find_account.",
    }
}

/// What came of a call about an account. The names are the values of the tenant's field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    PromiseToPay,
    Disputed,
    Hardship,
    Refused,
    Paid,
    WrongPerson,
}

/// An account, for the model: no more of it than a call about it needs.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Account {
    pub(crate) account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// As they are stored. By them the plugin knows whose account it is; the model isn't told.
    #[serde(skip)]
    pub(crate) phones: Vec<String>,
    /// A decimal number, in the currency of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) balance_due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) promised_date: Option<String>,
}

/// What `find_account` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    accounts: Vec<Account>,
}

/// What becomes of the amount that was promised before.
pub(crate) enum PromisedAmount {
    Kept,
    Cleared,
    Set(Amount),
}

/// What is written on an account. What isn't given stays as it is.
pub(crate) struct Change {
    pub(crate) status: Status,
    pub(crate) promised_date: Option<Day>,
    pub(crate) promised_amount: PromisedAmount,
    pub(crate) reason: Option<String>,
}

fn check_id(text: &str) -> Result<(), String> {
    if text.parse::<RecordId>().is_ok() || aftercall_salesforce::check_id(text, &[]).is_ok() {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is no id of an account: digits, such as 512, or 18 letters and digits, letter by letter and capitals \
             too as find_account tells them"
        ))
    }
}

/// A text that says something. A blank one would erase what is there, so it is none.
pub(crate) fn said(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The status with the day that was promised: with a promise, and with nothing else.
pub(crate) fn change(status: Status, promised_date: Option<Day>, reason: Option<String>) -> Result<Change, Failure> {
    match (status, promised_date) {
        (Status::PromiseToPay, None) => {
            Err(Failure::invalid_arguments("promise_to_pay needs promised_date, the day that was promised"))
        }
        (status, Some(_)) if status != Status::PromiseToPay => {
            Err(Failure::invalid_arguments("promised_date goes with the status promise_to_pay alone"))
        }
        _ => Ok(Change { status, promised_date, promised_amount: PromisedAmount::Kept, reason: said(reason) }),
    }
}

impl Change {
    /// Leaves no amount that was promised for another day. What was promised for this one is the same promise. All is written
    /// at once, so an account that has the day has this too.
    pub(crate) fn clear_other_promise(&mut self, account: &Account, day: Day) {
        if !account.is_promised_for(day) {
            self.promised_amount = PromisedAmount::Cleared;
        }
    }

    /// The answer about an account that has it.
    pub(crate) fn answer(&self, account_id: &AccountId, receipt: Receipt) -> Outcome {
        let status = self.status.as_str();
        let text = match self.promised_date {
            Some(day) => format!("account {account_id} has the status {status}, for {day}"),
            None => format!("account {account_id} has the status {status}"),
        };
        Outcome::new(text).with_receipt(receipt)
    }
}

impl Status {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Status::PromiseToPay => "promise_to_pay",
            Status::Disputed => "disputed",
            Status::Hardship => "hardship",
            Status::Refused => "refused",
            Status::Paid => "paid",
            Status::WrongPerson => "wrong_person",
        }
    }
}

impl Account {
    /// What is owed, in thousandths, where that can be read.
    pub(crate) fn owed(&self) -> Option<i64> {
        self.balance_due.as_deref().and_then(thousandths)
    }

    /// Whether payment is promised for this day.
    pub(crate) fn is_promised_for(&self, day: Day) -> bool {
        self.promised_date.as_deref() == Some(day.to_string().as_str())
    }

    /// Whether this number is one of the account's, in whatever form. One that may be another person's is none of them.
    pub(crate) fn has_phone(&self, phone: &PhoneNumber, national: Option<&NationalNumbers>) -> bool {
        phone.is_among(self.phones.iter().map(String::as_str), national) == Some(true)
    }
}

impl Found {
    pub(crate) fn new(terms: &Terms, mut accounts: Vec<Account>) -> Self {
        for account in &mut accounts {
            let currency = terms.currency().filter(|_| account.balance_due.is_some());
            account.currency = currency.map(ToString::to_string);
        }
        Self { accounts }
    }

    /// For the model.
    pub(crate) fn words(&self) -> String {
        match &self.accounts[..] {
            [] => "no account has what was asked for".to_owned(),
            [only] => format!("one account, account_id {}", only.account_id),
            several if several.len() < FOUND_MAX => format!("{} accounts", several.len()),
            several => format!("{} accounts, and there may be more", several.len()),
        }
    }
}
