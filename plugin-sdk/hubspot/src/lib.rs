//! HubSpot's CRM for the authors of tools: objects and their properties, searches, upserts of one, what a refusal means, and how
//! what is in doubt is found again. Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/understanding-the-crm>.
//!
//! HubSpot takes no idempotency key. An upsert by a property with unique values is idempotent all the same ([`HubSpot::upsert`]);
//! what is made without one carries the effect's key in its text ([`keyed`]), and is searched by it.
//!
//! ```
//! use aftercall::{Context, Failure, Receipt};
//! use aftercall_hubspot::{Blame, HubSpot, Properties, Whose};
//!
//! /// Makes a company, or updates it. `customer_number` is a property of the account's own with unique values
//! /// (<https://developers.hubspot.com/docs/api-reference/latest/crm/properties/guide>). HubSpot says of no default property of
//! /// companies that an upsert goes by it, not of `domain` either.
//! async fn upsert_company(number: &str, industry: &str, cx: &Context) -> Result<Receipt, Failure> {
//!     let industries = Whose::Model("the account doesn't have this industry: leave out `industry`");
//!     let hubspot = HubSpot::new(cx, Blame { properties: vec![("industry", industries)], words: Vec::new() });
//!     let properties = Properties::default().set("industry", Some(industry));
//!     let company = hubspot.upsert("companies", "company", "customer_number", number, &properties).await?;
//!     Ok(Receipt::new("company", company.id))
//! }
//! # use aftercall::testing::{Fake, Reply, block_on};
//! # let made = serde_json::json!({ "status": "COMPLETE", "results": [{ "id": "7", "new": true }] });
//! # let fake = Fake::new();
//! # let fake = fake.expect("POST https://api.hubapi.com/crm/v3/objects/companies/batch/upsert", Reply::json(200, made));
//! # let cx = fake.context();
//! # assert_eq!(block_on(upsert_company("C-1042", "RETAIL", &cx)), Ok(Receipt::new("company", "7")));
//! ```
//!
//! Objects are named as HubSpot's addresses name them: `contacts`, `tasks`, or by their type, such as [`DEAL`].

pub mod keyed;
pub mod phone;

mod associations;
mod client;
mod object;
mod properties;
mod record;
mod refusal;
mod search;

pub use crate::associations::{Associated, Associations, NewAssociations};
pub use crate::client::HubSpot;
pub use crate::object::{Object, Page};
pub use crate::properties::Properties;
pub use crate::record::{CONTACT, DEAL, RecordId, linked};
pub use crate::refusal::{Blame, Whose, of_the_settings};
pub use crate::search::Search;
