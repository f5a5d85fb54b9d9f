//! An account: a contact with the tenant's own properties.

use aftercall::{Day, Email, Failure, Outcome, PhoneNumber, Receipt, text_argument};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::hubspot::{self, Object, Properties, Settings};

/// How many accounts a search brings. Protects the model's context.
const SEARCH_RESULTS_MAX: u32 = 10;
/// The longest id of a record in HubSpot.
const ID_DIGITS_MAX: usize = 20;

text_argument! {
    /// The id of a contact: digits, so that it changes no path that it stands in.
    pub(crate) struct AccountId: check_id, {
        "type": "string",
        "pattern": "^[0-9]{1,20}$",
        "description": "The account's id, from find_account.",
    }
}

/// What came of a call about an account. The names are the values of the tenant's property.
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

/// What `find_account` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    accounts: Vec<Account>,
}

/// An account, for the model.
#[derive(Serialize, JsonSchema)]
struct Account {
    account_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// A decimal number, in the currency of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promised_date: Option<String>,
}

/// A search for contacts that have this number, this address, or both where both are given: a number that the tenant
/// binds can't be got round by an address.
pub(crate) fn search(settings: &Settings, phone: Option<&PhoneNumber>, email: Option<&Email>) -> Value {
    let equal = |name: &str, value: &str| json!({ "propertyName": name, "operator": "EQ", "value": value });
    let email = email.map(|email| equal("email", email.as_str()));
    let group = |phone: Option<Value>| json!({ "filters": phone.into_iter().chain(email.clone()).collect::<Vec<_>>() });
    let groups = match phone {
        Some(phone) => ["phone", "mobilephone"].map(|name| group(Some(equal(name, phone.as_str())))).to_vec(),
        None => vec![group(None)],
    };
    json!({
        "filterGroups": groups,
        "properties": [
            "firstname",
            "lastname",
            "email",
            "phone",
            &settings.balance_property,
            &settings.status_property,
            &settings.promised_date_property,
        ],
        "sorts": [],
        "limit": SEARCH_RESULTS_MAX,
        "after": "0",
    })
}

fn check_id(text: &str) -> Result<(), String> {
    if (1..=ID_DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err(format!("{text:?} is no id of an account: digits, such as 512, as find_account tells them"))
    }
}

impl AccountId {
    /// Where HubSpot keeps the contact.
    pub(crate) fn url(&self) -> String {
        hubspot::url(&format!("contacts/{self}"))
    }
}

/// The day that was promised: with a promise, and with nothing else.
pub(crate) fn promised(status: Status, date: Option<Day>) -> Result<Option<Day>, Failure> {
    match (status, date) {
        (Status::PromiseToPay, Some(date)) => Ok(Some(date)),
        (Status::PromiseToPay, None) => {
            Err(Failure::invalid_arguments("promise_to_pay needs promised_date, the day that was promised"))
        }
        (_, Some(_)) => Err(Failure::invalid_arguments("promised_date goes with the status promise_to_pay alone")),
        (_, None) => Ok(None),
    }
}

/// The properties of a contact that set the status. What isn't given stays as it is.
pub(crate) fn change<'a>(
    settings: &'a Settings,
    status: Status,
    promised: Option<Day>,
    reason: Option<&str>,
) -> Properties<'a> {
    let mut properties = Properties::from([(settings.status_property.as_str(), status.as_str().to_owned())]);
    if let Some(promised) = promised {
        properties.insert(&settings.promised_date_property, promised.to_string());
    }
    if let Some(reason) = reason {
        properties.insert(&settings.reason_property, reason.to_owned());
    }
    properties
}

/// The answer about an account whose status is set; `id` is HubSpot's for it now.
pub(crate) fn has_status(
    settings: &Settings,
    account_id: &AccountId,
    id: &str,
    status: Status,
    promised: Option<Day>,
) -> Outcome {
    let status = status.as_str();
    let text = match promised {
        Some(day) => format!("account {account_id} has the status {status}, for {day}"),
        None => format!("account {account_id} has the status {status}"),
    };
    Outcome::new(text).with_receipt(settings.linked(Receipt::new("contact", id), hubspot::CONTACT, account_id.as_str()))
}

impl Status {
    fn as_str(self) -> &'static str {
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

impl Found {
    pub(crate) fn new(settings: &Settings, contacts: &[Object]) -> Self {
        let account = |contact: &Object| {
            let property = |name: &str| contact.property(name).map(str::to_owned);
            Account {
                account_id: contact.id.clone(),
                name: contact.name(),
                email: property("email"),
                phone: property("phone"),
                balance_due: property(&settings.balance_property),
                status: property(&settings.status_property),
                promised_date: property(&settings.promised_date_property),
            }
        };
        Self { accounts: contacts.iter().map(account).collect() }
    }

    /// For the model.
    pub(crate) fn words(&self) -> String {
        match &self.accounts[..] {
            [] => "no account has what was asked for".to_owned(),
            [only] => format!("one account, account_id {}", only.account_id),
            several => format!("{} accounts", several.len()),
        }
    }
}
