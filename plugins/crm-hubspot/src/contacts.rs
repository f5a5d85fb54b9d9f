//! Contacts: who called, and which deals are theirs.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>.

use aftercall::{Answer, Context, Email, Failure, FailureKind, Finding, PhoneNumber};
use aftercall_hubspot::{NewAssociations, Object, Properties, RecordId, Search};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hubspot::{hubspot, is_rehearsed, settled};
use crate::settings::Settings;

/// Where HubSpot keeps them.
const CONTACTS: &str = "contacts";
/// How many are told. Protects the model's context, and people's data.
const TOLD_MAX: usize = 10;

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
    pub(crate) contacts: Vec<Contact>,
}

/// A contact, for the model.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Contact {
    pub(crate) contact_id: String,
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

/// The first contacts with this email address or telephone number, as it is stored, and how many there are.
pub(crate) async fn find(
    email: Option<&Email>,
    phone: Option<&PhoneNumber>,
    cx: &Context,
) -> Result<(Vec<Contact>, usize), Failure> {
    let mut search = Search::of(&["email", "firstname", "lastname", "phone", "company", "lifecyclestage"], TOLD_MAX);
    if let Some(email) = email {
        search = search.or_equal(&[("email", email.as_str())]);
    }
    if let Some(phone) = phone {
        search = search.or_equal(&[("phone", phone.as_str())]).or_equal(&[("mobilephone", phone.as_str())]);
    }
    let page = hubspot(cx).search(CONTACTS, &search).await?;
    let total = page.total();
    Ok((page.results.into_iter().map(Contact::from).collect(), total))
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
