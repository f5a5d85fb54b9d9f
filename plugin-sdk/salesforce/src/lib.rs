//! Salesforce for the authors of tools: records over its REST API, queried, upserted by a key and updated by their id, and what
//! a refusal means. Shapes: developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/intro_rest.htm.
//!
//! Salesforce takes no idempotency key, but upserts a record by a unique custom field: with the effect's key in it, the record
//! is one however often it is written. What is in doubt is read by that field, from the database itself, which doesn't lag.
//!
//! ```
//! use aftercall::{Context, Failure, Receipt};
//! use aftercall_salesforce::Salesforce;
//! use serde_json::Map;
//!
//! /// Opens a case in the org acme.
//! async fn open_case(subject: &str, cx: &Context) -> Result<Receipt, Failure> {
//!     let salesforce = Salesforce::new(cx, "acme", "Aftercall_Key__c");
//!     let fields = Map::from_iter([("Subject".to_owned(), subject.into())]);
//!     let case = salesforce.upsert("Case", cx.key(), &fields).await?;
//!     Ok(salesforce.receipt("Case", &case.id))
//! }
//! # use aftercall::testing::{Fake, Reply, block_on};
//! # let made = serde_json::json!({ "id": "500RO000000abcdYAA", "success": true, "errors": [], "created": true });
//! # let url = "https://acme.my.salesforce.com/services/data/v62.0/sobjects/Case/Aftercall_Key__c/ac_1";
//! # let fake = Fake::new().key("ac_1").expect(&format!("PATCH {url}"), Reply::json(201, made));
//! # let cx = fake.context();
//! # assert_eq!(block_on(open_case("No tone", &cx)).unwrap().id, "500RO000000abcdYAA");
//! ```

pub mod phone;

mod client;
mod id;
mod record;
mod refusal;
mod soql;

pub use crate::client::{Salesforce, Saved};
pub use crate::id::check_id;
pub use crate::record::{Record, number};
pub use crate::refusal::{Meaning, Refusal};
pub use crate::soql::quoted;
