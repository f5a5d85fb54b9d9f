//! Contacts: who called, and which deals are theirs.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>.

use aftercall::{Context, Email, Failure, PhoneNumber};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments::RecordId;
use crate::hubspot::{self, Object, Page, Properties, Search, Upserted};
use crate::refusal;

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
    pub(crate) contact_id: String,
}

/// The contacts with this email address or telephone number, as it is stored.
pub(crate) async fn find(
    email: Option<&Email>,
    phone: Option<&PhoneNumber>,
    cx: &Context,
) -> Result<Vec<Contact>, Failure> {
    let mut search = Search::of(&["email", "firstname", "lastname", "phone", "company", "lifecyclestage"]);
    if let Some(email) = email {
        search = search.or("email", "EQ", email.as_str());
    }
    if let Some(phone) = phone {
        search = search.or("phone", "EQ", phone.as_str()).or("mobilephone", "EQ", phone.as_str());
    }
    let answer = cx.post(hubspot::url("contacts/search")).reads_only().json(&search).send().await?;
    let page: Page = refusal::told(answer)?.json()?;
    Ok(page.results.into_iter().map(Contact::from).collect())
}

/// Makes or updates the contact with this email address, by which HubSpot upserts.
pub(crate) async fn upsert(email: &Email, lead: Lead, cx: &Context) -> Result<Object, Failure> {
    let upsert = hubspot::upsert("email", email.as_str(), &lead.properties());
    let answer = cx.post(hubspot::url("contacts/batch/upsert")).json(&upsert).send().await?;
    refusal::told(answer)?.json::<Upserted>()?.only("lead")
}

/// The contact with its deals, as far as they are listed with it.
pub(crate) async fn with_deals(id: &RecordId, cx: &Context) -> Result<Object, Failure> {
    let url = hubspot::url(&format!("contacts/{id}"));
    let contact = hubspot::read(cx.get(url).query(&[("associations", "deals")])).await?;
    contact.ok_or_else(|| Failure::not_found(format!("no contact has the id {id}; find_contact tells ids")))
}

impl Lead {
    fn properties(self) -> Properties {
        Properties::default()
            // HubSpot moves no stage backwards: a customer stays a customer.
            .set("lifecyclestage", Some("lead"))
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
