//! People: contacts and leads, found by email address or telephone number.

use aftercall::{Context, Email, Failure, PhoneNumber};
use aftercall_salesforce::{Record, phone as number, quoted};
use schemars::JsonSchema;
use serde::Serialize;

use crate::org::Org;

/// How many contacts, and how many leads, are told. Protects the model's context, and people's data.
const TOLD_MAX: usize = 10;
/// How many of each are read to find those. Numbers that end alike are dropped here. Protects the call's time.
const READ_MAX: usize = 200;

/// What `find_contact` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    contacts: Vec<Person>,
    leads: Vec<Person>,
    /// Whether more were there than were read, or are told.
    #[serde(skip)]
    more: bool,
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

/// Finds those who have this address or this number.
pub(crate) async fn find(
    org: &Org,
    cx: &Context,
    email: Option<&Email>,
    phone: Option<&PhoneNumber>,
) -> Result<Found, Failure> {
    let mut any = Vec::new();
    any.extend(email.map(|email| format!("Email = {}", quoted(email.as_str()))));
    any.extend(
        phone.into_iter().flat_map(|phone| ["Phone", "MobilePhone"].map(|field| number::ends_with(field, phone))),
    );
    let any = any.join(" OR ");
    let person = "Id, FirstName, LastName, Email, Phone, MobilePhone";
    let contacts =
        format!("SELECT {person}, AccountId, Account.Name FROM Contact WHERE {any} ORDER BY LastModifiedDate DESC");
    let leads = format!(
        "SELECT {person}, Company, Status FROM Lead WHERE IsConverted = false AND ({any}) ORDER BY LastModifiedDate DESC"
    );
    let fits = |record: &&Record| {
        let has_email = |email: &Email| record.text("Email").is_some_and(|it| it.eq_ignore_ascii_case(email.as_str()));
        let has_phone = |phone: &PhoneNumber| {
            ["Phone", "MobilePhone"]
                .iter()
                .any(|field| record.text(field).is_some_and(|it| number::is_number(it, phone)))
        };
        email.is_some_and(has_email) || phone.is_some_and(has_phone)
    };
    let salesforce = org.salesforce(cx);
    let (contacts, more_contacts) = salesforce.query_some(&contacts, READ_MAX).await?;
    let (leads, more_leads) = salesforce.query_some(&leads, READ_MAX).await?;
    let contacts: Vec<Person> = contacts.iter().filter(fits).take(TOLD_MAX).map(Person::contact).collect();
    let leads: Vec<Person> = leads.iter().filter(fits).take(TOLD_MAX).map(Person::lead).collect();
    let more = more_contacts || more_leads || contacts.len() == TOLD_MAX || leads.len() == TOLD_MAX;
    Ok(Found { contacts, leads, more })
}

impl Found {
    /// For the model.
    pub(crate) fn words(&self) -> String {
        let words = match (&self.contacts[..], &self.leads[..]) {
            ([], []) => "no contact and no lead has this email address or telephone number".to_owned(),
            ([Person { contact_id: Some(id), .. }], []) => format!("one contact, contact_id {id}"),
            ([], [Person { lead_id: Some(id), .. }]) => format!("one lead, lead_id {id}"),
            (contacts, leads) => format!("contacts: {}, leads: {}", contacts.len(), leads.len()),
        };
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
