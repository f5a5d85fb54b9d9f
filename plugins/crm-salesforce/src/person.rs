//! People: contacts and leads, found by email address or telephone number.

use std::fmt::Write as _;

use aftercall::{Context, Email, Failure, PhoneNumber};
use aftercall_salesforce::{Record, phone as number, quoted};
use schemars::JsonSchema;
use serde::Serialize;

use crate::org::Org;

/// How many contacts, and how many leads, are told. Protects the model's context, and people's data.
const TOLD_MAX: usize = 10;
/// How many of each are read to find those. Numbers that end alike are dropped here. Protects the call's time.
const READ_MAX: usize = 200;
/// The fields with their numbers.
const PHONES: [&str; 2] = ["Phone", "MobilePhone"];

/// What `find_contact` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    contacts: Vec<Person>,
    leads: Vec<Person>,
    /// Whether more were there than were read, or are told.
    #[serde(skip)]
    more: bool,
    /// How many have a number that may be the one that was asked for, but lacks its country.
    #[serde(skip)]
    doubtful: usize,
}

/// A contact, which has an account, or a lead, which has a company and a status; for the model.
#[derive(Default, Serialize, JsonSchema)]
struct Person {
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile_phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

/// Finds those who have this address, this number, or both where both are given: a number that the tenant binds can't be got round
/// by an address.
pub(crate) async fn find(
    org: &Org,
    cx: &Context,
    email: Option<&Email>,
    phone: Option<&PhoneNumber>,
) -> Result<Found, Failure> {
    let by_email = email.map(|email| format!("Email = {}", quoted(email.as_str())));
    let by_phone = phone.map(|phone| {
        let [phone, mobile] = PHONES.map(|field| number::ends_with(field, phone));
        format!("({phone} OR {mobile})")
    });
    let all: Vec<String> = by_email.into_iter().chain(by_phone).collect();
    let all = all.join(" AND ");
    let person = "Id, FirstName, LastName, Email, Phone, MobilePhone";
    let contacts =
        format!("SELECT {person}, AccountId, Account.Name FROM Contact WHERE {all} ORDER BY LastModifiedDate DESC");
    let leads = format!(
        "SELECT {person}, Company, Status FROM Lead WHERE IsConverted = false AND {all} ORDER BY LastModifiedDate DESC"
    );
    let fits = |record: &Record| {
        let stored = PHONES.into_iter().filter_map(|field| record.text(field));
        phone.map_or(Some(true), |phone| phone.is_among(stored, org.national_numbers.as_ref()))
    };
    let salesforce = org.salesforce(cx);
    let (contacts, more_contacts) = salesforce.query_some(&contacts, READ_MAX).await?;
    let (leads, more_leads) = salesforce.query_some(&leads, READ_MAX).await?;
    let doubtful = contacts.iter().chain(&leads).filter(|record| fits(record).is_none()).count();
    let is_it = |record: &&Record| fits(record) == Some(true);
    let contacts: Vec<Person> = contacts.iter().filter(is_it).take(TOLD_MAX).map(Person::contact).collect();
    let leads: Vec<Person> = leads.iter().filter(is_it).take(TOLD_MAX).map(Person::lead).collect();
    let more = more_contacts || more_leads || contacts.len() == TOLD_MAX || leads.len() == TOLD_MAX;
    Ok(Found { contacts, leads, more, doubtful })
}

impl Found {
    /// For the model.
    pub(crate) fn words(&self) -> String {
        let mut words = match (&self.contacts[..], &self.leads[..]) {
            ([], []) => "no contact and no lead has this email address or telephone number".to_owned(),
            ([Person { contact_id: Some(id), .. }], []) => format!("one contact, contact_id {id}"),
            ([], [Person { lead_id: Some(id), .. }]) => format!("one lead, lead_id {id}"),
            (contacts, leads) => format!("contacts: {}, leads: {}", contacts.len(), leads.len()),
        };
        if self.doubtful > 0 {
            let _ = write!(
                words,
                "; of {} whose number lacks its country it isn't known (the setting `national_numbers` says how it is read)",
                self.doubtful
            );
        }
        match (self.more, self.contacts.is_empty() && self.leads.is_empty()) {
            (false, _) => words,
            (true, false) => format!("{words}; there may be more"),
            (true, true) => format!("{words}, as far as was read; there may be more"),
        }
    }
}

impl Person {
    fn contact(record: &Record) -> Self {
        let text = |field: &str| record.text(field).map(str::to_owned);
        let (account_id, account) = (text("AccountId"), text("Account.Name"));
        Self { account_id, account, contact_id: Some(record.id.clone()), ..Self::of(record) }
    }

    fn lead(record: &Record) -> Self {
        let text = |field: &str| record.text(field).map(str::to_owned);
        let (company, status) = (text("Company"), text("Status"));
        Self { company, status, lead_id: Some(record.id.clone()), ..Self::of(record) }
    }

    fn of(record: &Record) -> Self {
        let text = |field: &str| record.text(field).map(str::to_owned);
        Self {
            first_name: text("FirstName"),
            last_name: text("LastName"),
            email: text("Email"),
            phone: text("Phone"),
            mobile_phone: text("MobilePhone"),
            ..Self::default()
        }
    }
}
