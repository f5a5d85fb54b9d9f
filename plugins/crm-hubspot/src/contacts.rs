//! Contacts: who called, and which deals are theirs.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>.

use std::fmt::Write as _;

use aftercall::{Answer, Context, Email, Failure, FailureKind, Finding, PhoneNumber};
use aftercall_hubspot::{NewAssociations, Object, Properties, RecordId, Search, phone as number};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hubspot::{hubspot, is_rehearsed, settled};
use crate::settings::Settings;

/// Where HubSpot keeps them.
const CONTACTS: &str = "contacts";
/// How many are told. Protects the model's context, and people's data.
const TOLD_MAX: usize = 10;
/// How many are read to find those: a search by number finds it in other countries too. Protects the call's time.
const READ_MAX: usize = 100;

/// A contact's properties, of those that each HubSpot account has.
pub(crate) struct Lead {
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) company: Option<String>,
    pub(crate) interest: Option<String>,
    pub(crate) status: Option<LeadStatus>,
}

/// The lead statuses that HubSpot comes with.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum LeadStatus {
    New,
    Open,
    InProgress,
    OpenDeal,
    Unqualified,
    AttemptedToContact,
    Connected,
    BadTiming,
}

/// What `find_contact` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    contacts: Vec<Contact>,
    /// Whether more were there than were read, or are told.
    #[serde(skip)]
    more: bool,
    /// How many have a number that may be the one that was asked for, but lacks its country.
    #[serde(skip)]
    doubtful: usize,
}

/// A contact, for the model.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Contact {
    contact_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle_stage: Option<String>,
}

/// The contact that `upsert_lead` made or updated.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    contact_id: String,
}

/// The first contacts that have this email address, this telephone number, or both where both are given: a number that the tenant
/// binds can't be got round by an address.
pub(crate) async fn find(
    email: Option<&Email>,
    phone: Option<&PhoneNumber>,
    settings: &Settings,
    cx: &Context,
) -> Result<Found, Failure> {
    let [phone_property, mobile_property] = number::NUMBERS;
    let properties = ["email", "firstname", "lastname", phone_property, mobile_property, "company", "lifecyclestage"];
    let by_email = email.map(|email| ("email", email.as_str()));
    let search = Search::of(&properties, READ_MAX);
    let search = match phone {
        Some(phone) => search.or_phone(phone, by_email.as_slice()),
        None => search.or_equal(by_email.as_slice()),
    };
    let page = hubspot(cx).search(CONTACTS, &search).await?;
    let national = settings.national_numbers.as_ref();
    let fits = |contact: &Object| phone.map_or(Some(true), |phone| number::is_of(contact, phone, national));
    let (mut contacts, mut doubtful, mut more) = (Vec::new(), 0, page.has_more());
    for contact in page.results {
        match fits(&contact) {
            Some(true) if contacts.len() < TOLD_MAX => contacts.push(Contact::from(contact)),
            Some(true) => more = true,
            Some(false) => {}
            None => doubtful += 1,
        }
    }
    Ok(Found { contacts, more, doubtful })
}

impl Found {
    /// For the model.
    pub(crate) fn words(&self) -> String {
        let mut words = match &self.contacts[..] {
            [] => "no contact has this email address or telephone number".to_owned(),
            [only] => format!("one contact, contact_id {}", only.contact_id),
            several => format!("{} contacts", several.len()),
        };
        if self.doubtful > 0 {
            let _ = write!(
                words,
                "; of {} whose number lacks its country it isn't known (the setting `national_numbers` says how it is read)",
                self.doubtful
            );
        }
        if self.more {
            words.push_str("; there may be more");
        }
        words
    }
}

/// Updates the contact with this email address, or makes one, and says whether it is new. Not by HubSpot's upsert: by an
/// email address, that is for those who send all of a contact's properties.
pub(crate) async fn upsert(email: &Email, lead: Lead, cx: &Context) -> Result<(Object, bool), Failure> {
    let (hubspot, properties) = (hubspot(cx), lead.properties());
    if let Some(contact) = hubspot.update_by(CONTACTS, "email", email.as_str(), &properties).await? {
        return Ok((contact, false));
    }
    let new = properties.clone().set("email", Some(email.as_str()));
    match hubspot.create(CONTACTS, &new, &NewAssociations::default()).await {
        // Somebody else was quicker.
        Err(taken) if taken.kind == FailureKind::Conflict => {
            let contact = hubspot.update_by(CONTACTS, "email", email.as_str(), &properties).await?;
            contact.map(|contact| (contact, false)).ok_or(taken)
        }
        made => made.map(|contact| (contact, true)),
    }
}

/// Whether there is the contact with this email address, with what the caller said. How far on its lifecycle it is, is
/// HubSpot's to say.
pub(crate) async fn settle(email: &Email, lead: Lead, settings: &Settings, cx: &Context) -> Result<Finding, Failure> {
    let said = lead.said();
    let query = [("idProperty", "email"), ("properties", &said.names())];
    let found = hubspot(cx).read(CONTACTS, email.as_str(), &query).await;
    // Whoever writes a contact writes it under its address.
    let trace = Object::trace(found, |contact| contact.says(&said))?.of_shared();
    settled(trace, settings, cx, |id| answer("the contact is there", id, settings))
}

/// What is told of a contact.
pub(crate) fn answer(text: &str, contact_id: &str, settings: &Settings) -> Answer<Made> {
    let receipt = settings.receipt_on_contact("contact", contact_id, contact_id);
    let made = Made { contact_id: contact_id.to_owned() };
    Answer::new(format!("{text}, contact_id {contact_id}"), made).with_receipt(receipt)
}

/// The contact with its deals, as far as they are listed with it.
pub(crate) async fn with_deals(id: &RecordId, cx: &Context) -> Result<Object, Failure> {
    if is_rehearsed(id, cx) {
        return Ok(Object::default());
    }
    let contact = hubspot(cx).read(CONTACTS, id.as_str(), &[("associations", "deals")]).await?;
    contact.ok_or_else(|| Failure::not_found(format!("no contact has the id {id}; find_contact tells ids")))
}

impl Lead {
    fn properties(self) -> Properties {
        // HubSpot moves no stage backwards: a customer stays a customer.
        self.said().set("lifecyclestage", Some("lead"))
    }

    /// What the caller said.
    fn said(self) -> Properties {
        Properties::default()
            .set("firstname", self.first_name)
            .set("lastname", self.last_name)
            .set("phone", self.phone)
            .set("company", self.company)
            .set("message", self.interest)
            .set("hs_lead_status", self.status.map(LeadStatus::name))
    }
}

impl LeadStatus {
    const fn name(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Open => "OPEN",
            Self::InProgress => "IN_PROGRESS",
            Self::OpenDeal => "OPEN_DEAL",
            Self::Unqualified => "UNQUALIFIED",
            Self::AttemptedToContact => "ATTEMPTED_TO_CONTACT",
            Self::Connected => "CONNECTED",
            Self::BadTiming => "BAD_TIMING",
        }
    }
}

impl From<Object> for Contact {
    fn from(object: Object) -> Self {
        Self {
            email: object.owned("email"),
            first_name: object.owned("firstname"),
            last_name: object.owned("lastname"),
            phone: object.owned("phone"),
            company: object.owned("company"),
            lifecycle_stage: object.owned("lifecyclestage"),
            contact_id: object.id,
        }
    }
}
