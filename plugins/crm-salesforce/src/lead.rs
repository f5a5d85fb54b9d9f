//! Leads: who has an email address already, and what makes them a lead.
//!
//! A lead's key is its email address, so that each caller is one lead in all conversations. One that was converted keeps
//! it, and takes no change any more. Where the caller is a contact, nothing is written: that is an answer and no failure,
//! since it is what the model has to know to go on.

use std::fmt::Write as _;

use aftercall::{Answer, Context, Email, Failure, Finding, PhoneNumber};
use aftercall_salesforce::{Record, Salesforce, quoted};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::contact;
use crate::fields;
use crate::org::Org;

/// The object, by its name in Salesforce.
pub(crate) const LEAD: &str = "Lead";

/// How many records with one email address are looked at. Protects the model's context.
const NAMESAKES_MAX: usize = 5;
/// What a new lead has where Salesforce requires a field and the caller said nothing of it.
const NOT_PROVIDED: &str = "[not provided]";

/// What the caller said.
pub(crate) struct Said {
    pub(crate) email: Email,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) company: Option<String>,
    pub(crate) interest: Option<String>,
}

/// The lead that `upsert_lead` made or updated, or the contact that the caller is.
#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Made {
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_id: Option<String>,
    /// The contacts that the caller is in place of a lead; then nothing was written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contact_ids: Vec<String>,
}

/// Makes the caller a lead, or updates the one that they are.
pub(crate) async fn upsert(org: &Org, cx: &Context, said: &Said) -> Result<Answer<Made>, Failure> {
    let contacts = contact::with_email(org, cx, &said.email).await?;
    if !contacts.is_empty() {
        let words = format!(
            "nothing was written: {} is a contact already; log the call and make tasks on contact_id {}",
            said.email,
            contacts.join(" or ")
        );
        return Ok(Answer::new(words, Made { contact_ids: contacts, ..Made::default() }));
    }
    let (key, salesforce) = (key(&said.email), org.salesforce(cx));
    let Some(known) = known(org, cx, &said.email, &key).await? else {
        let saved = salesforce.upsert(LEAD, &key, &said.new_lead(org)).await?;
        let words = if saved.created { "the lead is new" } else { "the lead is updated" };
        return Ok(answer(salesforce, words, &saved.id));
    };
    if known.value("IsConverted").and_then(Value::as_bool) == Some(true) {
        return Ok(converted(&known, &said.email));
    }
    let mut fields = said.fields();
    let interest = said.interest();
    // What people wrote there stays.
    let kept = interest.is_some() && known.text("Description").is_some_and(|it| Some(it.trim()) != interest);
    if let Some(interest) = interest.filter(|_| !kept) {
        fields.insert("Description".to_owned(), interest.into());
    }
    fields.insert(org.key_field.clone(), key.into());
    // Else the org's rules would give an update's lead to somebody else
    // (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_autoassign.htm).
    let update = salesforce.update(LEAD, &known.id, &fields).header("sforce-auto-assign", "FALSE");
    salesforce.send(update).await?;
    let words = if kept { "the lead is updated, its description is as it was" } else { "the lead is updated" };
    Ok(answer(salesforce, words, &known.id))
}

/// Whether there is the lead, with what the caller said. What it is described with may be somebody else's, which stays; but
/// where it isn't described at all, the interest wasn't written.
pub(crate) async fn settle(org: &Org, cx: &Context, said: &Said) -> Result<Finding, Failure> {
    let (key, fields, interest) = (key(&said.email), said.fields(), said.interest());
    let names = fields.keys().map(String::as_str).chain(interest.map(|_| "Description"));
    let is_it = |lead: &Record| lead.says(&fields) && (interest.is_none() || lead.text("Description").is_some());
    let salesforce = org.salesforce(cx);
    let found = salesforce.with_key(LEAD, &key, names).await;
    // Each call with this address writes the lead under this key.
    let trace = Record::trace(found, is_it)?.of_shared();
    salesforce.settled(trace, |id| answer(salesforce, "the lead is there", id))
}

fn answer(salesforce: Salesforce<'_>, words: &str, lead_id: &str) -> Answer<Made> {
    let made = Made { lead_id: Some(lead_id.to_owned()), ..Made::default() };
    Answer::new(format!("{words}, lead_id {lead_id}"), made).with_receipt(salesforce.receipt(LEAD, lead_id))
}

/// The leads that have this email address and weren't converted, those changed last first.
pub(crate) async fn with_email(org: &Org, cx: &Context, email: &Email) -> Result<Vec<String>, Failure> {
    let email = quoted(email.as_str());
    let soql =
        format!("SELECT Id FROM {LEAD} WHERE Email = {email} AND IsConverted = false ORDER BY LastModifiedDate DESC");
    let leads = org.salesforce(cx).query(&soql, NAMESAKES_MAX).await?;
    Ok(leads.into_iter().map(|lead| lead.id).collect())
}

/// The lead that has this key or, if there is none, this email address. Of those that were converted, only the one with
/// the key counts: nothing can be made beside it.
async fn known(org: &Org, cx: &Context, email: &Email, key: &str) -> Result<Option<Record>, Failure> {
    let (field, email_literal) = (&org.key_field, quoted(email.as_str()));
    let soql = format!(
        "SELECT Id, {field}, Description, IsConverted, ConvertedContactId FROM Lead \
         WHERE {field} = {} OR (Email = {email_literal} AND IsConverted = false) \
         ORDER BY {field} DESC NULLS LAST, LastModifiedDate DESC",
        quoted(key),
    );
    let mut leads = org.salesforce(cx).query(&soql, NAMESAKES_MAX).await?;
    let ours = leads.iter().position(|lead| lead.text(field).is_some_and(|it| it.eq_ignore_ascii_case(key)));
    match (ours, leads.len()) {
        (Some(ours), _) => Ok(Some(leads.swap_remove(ours))),
        (None, 0 | 1) => Ok(leads.pop()),
        (None, _) => {
            let ids: Vec<&str> = leads.iter().map(|lead| lead.id.as_str()).collect();
            let ids = ids.join(", ");
            Err(Failure::conflict(format!(
                "several leads have {email}, and nothing was changed: people have to merge them; log the call on one of lead_id {ids}"
            )))
        }
    }
}

/// Salesforce takes no change of a lead that was converted. Its contact may be hidden from us, or gone.
fn converted(lead: &Record, email: &Email) -> Answer<Made> {
    let contact_id = lead.text("ConvertedContactId");
    let advice = match contact_id {
        Some(contact_id) => format!("log the call and make tasks on contact_id {contact_id}"),
        None => "find the contact by telephone number".to_owned(),
    };
    let words =
        format!("nothing was written: the lead of {email}, lead_id {}, was converted to a contact; {advice}", lead.id);
    Answer::new(words, Made { contact_ids: contact_id.map(str::to_owned).into_iter().collect(), ..Made::default() })
}

/// The email address as a key: letters and digits as they are, in small letters, anything else as `_` and its code. An
/// address itself, in a URL, Salesforce may take for the name of a file
/// (developer.salesforce.com/docs/atlas.en-us.248.0.api_rest.meta/api/resources_sobject_upsert_patch.htm).
fn key(email: &Email) -> String {
    let mut key = String::new();
    for byte in email.as_str().to_lowercase().bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => key.push(char::from(byte)),
            other => write!(key, "_{other:02x}").expect("a text takes what is written"),
        }
    }
    key
}

impl Said {
    /// The fields of a lead that say what the caller said, but for the description.
    fn fields(&self) -> Map<String, Value> {
        fields::texts(&[
            ("FirstName", self.first_name.as_deref()),
            ("LastName", self.last_name.as_deref()),
            ("Phone", self.phone.as_ref().map(PhoneNumber::as_str)),
            ("Company", self.company.as_deref()),
        ])
    }

    fn interest(&self) -> Option<&str> {
        self.interest.as_deref().map(str::trim).filter(|interest| !interest.is_empty())
    }

    fn new_lead(&self, org: &Org) -> Map<String, Value> {
        let mut fields = self.fields();
        let mut set = |name: &str, value: &str| {
            fields.entry(name).or_insert_with(|| value.into());
        };
        set("Email", self.email.as_str());
        set("LastName", NOT_PROVIDED);
        set("Company", NOT_PROVIDED);
        if let Some(interest) = self.interest() {
            set("Description", interest);
        }
        if let Some(source) = &org.lead_source {
            set("LeadSource", source);
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_key() {
        fn check(email: &str, expected: &str) {
            assert_eq!(key(&email.parse().expect("an email address")), expected);
        }
        check("ann@example.com", "ann_40example_2ecom");
        check("ANN@Example.COM", "ann_40example_2ecom");
        check("a_b@example.com", "a_5fb_40example_2ecom");
        check("a/b+c%d@ex-ample.inc", "a_2fb_2bc_25d_40ex-ample_2einc");
    }
}
