//! Contacts: somebody new of an account, and what a caller says of themselves
//! (developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_contact.htm).
//!
//! A contact that is there is changed by its id alone, which `find_contact` tells of a number that the tenant can bind: by an
//! email address that was merely said, anybody could change anybody. A new one carries the effect's key.

use aftercall::{Answer, Context, Email, Failure, Finding, PhoneNumber};
use aftercall_salesforce::{Record, Salesforce, quoted};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::arguments::{AccountId, ContactId};
use crate::fields;
use crate::lead;
use crate::org::Org;

/// The object, by its name in Salesforce.
pub(crate) const CONTACT: &str = "Contact";
/// How many contacts of one email address are looked at. Protects the model's context.
const NAMESAKES_MAX: usize = 5;

/// What was said of a contact.
pub(crate) struct Said {
    pub(crate) contact_id: Option<ContactId>,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) email: Option<Email>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) title: Option<String>,
}

/// The contact that `upsert_contact` made or updated.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    contact_id: String,
}

/// Makes a contact of an account, or updates the one that was named.
pub(crate) async fn upsert(org: &Org, cx: &Context, said: &Said) -> Result<Answer<Made>, Failure> {
    let (fields, salesforce) = (said.fields()?, org.salesforce(cx));
    if let Some(id) = &said.contact_id {
        salesforce.send(salesforce.update(CONTACT, id.as_str(), &fields)).await?;
        return Ok(answer(salesforce, "the contact is updated", id.as_str()));
    }
    if let Some(email) = &said.email {
        is_new(org, cx, email).await?;
    }
    let saved = salesforce.upsert(CONTACT, cx.key(), &fields).await?;
    let words = if saved.created { "the contact is new" } else { "the contact is updated" };
    Ok(answer(salesforce, words, &saved.id))
}

/// Whether there is the contact, with what was said of it.
pub(crate) async fn settle(org: &Org, cx: &Context, said: &Said) -> Result<Finding, Failure> {
    let (fields, salesforce) = (said.fields()?, org.salesforce(cx));
    let names = fields.keys().map(String::as_str);
    let is_it = |contact: &Record| contact.says(&fields);
    let trace = match &said.contact_id {
        None => Record::trace(salesforce.with_key(CONTACT, cx.key(), names).await, is_it)?,
        Some(id) => Record::trace(salesforce.with_id(CONTACT, id.as_str(), names).await, is_it)?.of_changed(),
    };
    salesforce.settled(trace, |id| answer(salesforce, "the contact is there", id))
}

/// The contacts that have this email address, but for the one that the effect itself has made, those changed last first.
pub(crate) async fn with_email(org: &Org, cx: &Context, email: &Email) -> Result<Vec<String>, Failure> {
    let (field, email) = (&org.key_field, quoted(email.as_str()));
    let soql = format!("SELECT Id, {field} FROM {CONTACT} WHERE Email = {email} ORDER BY LastModifiedDate DESC");
    let contacts = org.salesforce(cx).query(&soql, NAMESAKES_MAX).await?;
    let others = contacts.into_iter().filter(|contact| contact.text(field) != Some(cx.key()));
    Ok(others.map(|contact| contact.id).collect())
}

/// Refuses to make somebody a contact who is one, or who is a lead that people may convert.
async fn is_new(org: &Org, cx: &Context, email: &Email) -> Result<(), Failure> {
    if !with_email(org, cx, email).await?.is_empty() {
        return Err(Failure::conflict(format!(
            "{email} is a contact already, and nothing was done: update it by its contact_id, from find_contact"
        )));
    }
    let leads = lead::with_email(org, cx, email).await?;
    if !leads.is_empty() {
        let ids = leads.join(" or ");
        return Err(Failure::conflict(format!(
            "{email} is a lead, lead_id {ids}, which people convert to a contact; nothing was done: use upsert_lead"
        )));
    }
    Ok(())
}

fn answer(salesforce: Salesforce<'_>, words: &str, id: &str) -> Answer<Made> {
    let made = Made { contact_id: id.to_owned() };
    Answer::new(format!("{words}, contact_id {id}"), made).with_receipt(salesforce.receipt(CONTACT, id))
}

impl Said {
    fn fields(&self) -> Result<Map<String, Value>, Failure> {
        // As Salesforce keeps it.
        let email = self.email.as_ref().map(|email| email.as_str().to_lowercase());
        let fields = fields::texts(&[
            ("AccountId", self.account_id.as_ref().map(AccountId::as_str)),
            ("Email", email.as_deref()),
            ("FirstName", self.first_name.as_deref()),
            ("LastName", self.last_name.as_deref()),
            ("Phone", self.phone.as_ref().map(PhoneNumber::as_str)),
            ("Title", self.title.as_deref()),
        ]);
        let missing: Vec<&str> = [("account_id", "AccountId"), ("last_name", "LastName")]
            .into_iter()
            .filter_map(|(argument, field)| (!fields.contains_key(field)).then_some(argument))
            .collect();
        match (&self.contact_id, &self.account_id) {
            (None, _) if missing.is_empty() => Ok(fields),
            (None, _) => Err(Failure::invalid_arguments(format!(
                "a new contact needs {}; one that there is already needs contact_id",
                missing.join(" and ")
            ))),
            (Some(_), Some(_)) => Err(Failure::invalid_arguments(
                "account_id goes with a new contact: leave it out with contact_id, whose account stays",
            )),
            (Some(_), None) if fields.is_empty() => Err(Failure::invalid_arguments(
                "give what changes of the contact: email, first_name, last_name, phone or title",
            )),
            (Some(_), None) => Ok(fields),
        }
    }
}
