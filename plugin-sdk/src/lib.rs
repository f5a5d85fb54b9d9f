//! What the author of a tool sees.
//!
//! A plugin is a module of functions. The macro on the module makes the schema of each tool's
//! arguments, its description, the dispatch and the component's exports, and reports every mistake
//! at once. This is a whole plugin of one tool with one request:
//!
//! ```
//! #[aftercall::plugin]
//! mod tools {
//!     use aftercall::{Context, Email, Failure, Receipt};
//!
//!     #[derive(serde::Deserialize)]
//!     struct Ticket {
//!         id: String,
//!     }
//!
//!     /// Opens a ticket for the person who called.
//!     #[tool(effect = idempotent, identity = [email])]
//!     async fn open_ticket(
//!         /// Where the answer goes.
//!         email: Email,
//!         /// What the caller asked for, in one sentence.
//!         subject: String,
//!         cx: &Context,
//!     ) -> Result<Receipt, Failure> {
//!         let request = serde_json::json!({ "requester": email, "subject": subject, "key": cx.key() });
//!         let answer = cx.post("https://desk.example.com/v1/tickets").json(&request).send().await?;
//!         let ticket: Ticket = answer.ok()?.json()?;
//!         Ok(Receipt::new("ticket", ticket.id))
//!     }
//! }
//! # fn main() {
//! # use aftercall::testing::{Fake, Reply};
//! # let ticket = Reply::json(201, serde_json::json!({ "id": "T-1" }));
//! # let fake = Fake::new().expect("POST https://desk.example.com/v1/tickets", ticket);
//! # let arguments = serde_json::json!({ "email": "ann@example.com", "subject": "A refund" });
//! # let outcome = fake.call::<tools::Plugin>("open_ticket", arguments).unwrap();
//! # assert_eq!(outcome.receipts[0].id, "T-1");
//! # }
//! ```
//!
//! Where a tenant's settings say which values an argument can have, or whether a tool is there at all, the [macro](macro@plugin) asks
//! them: `#[choices(…)]`, `when = …`. A plugin all of whose tools come from the settings implements [`Plugin`] by hand.
//!
//! On `wasm32-wasip2` the crate is a component (`crate-type = ["cdylib", "rlib"]`). On the host target
//! nothing of the component's imports is there: unit tests stand on [`testing::Fake`].
//!
//! What it refuses: a plugin never sees a credential (the host puts it on the request as it leaves),
//! opens no socket and no file, keeps nothing between two calls but what it puts in its [`state`](Context::state),
//! sees of the call what it was granted, and reads no clock but the context's.

// The macro's output names this crate `::aftercall`, in its own tests too.
extern crate self as aftercall;

mod arguments;
mod context;
mod named;
mod number;

mod failure;
mod outcome;
mod trace;

mod path;
mod request;
mod response;
mod vendor;

mod conversation;
mod signing;
mod state;

#[cfg(target_family = "wasm")]
mod live;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod transport;

mod plugin;
mod schema;

#[doc(hidden)]
pub mod bindings;

pub use aftercall_sdk_macros::plugin;

pub use crate::arguments::{Amount, Currency, Day, Email, Instant, Money, PhoneNumber, Text};
pub use crate::bindings::aftercall::tool::conversation::{Error as ConversationError, Item as Said};
pub use crate::bindings::aftercall::tool::log::Level;
pub use crate::bindings::aftercall::tool::signing::Error as SigningError;
pub use crate::bindings::aftercall::tool::state::{Entry, Error as StateError};
pub use crate::bindings::aftercall::tool::types::{Effect, Failure, FailureKind, Finding, Outcome, Receipt, Tool};
pub use crate::context::Context;
pub use crate::named::{Named, Offer};
pub use crate::number::NationalNumbers;
pub use crate::outcome::{Answer, IntoOutcome};
pub use crate::plugin::Plugin;
pub use crate::request::{Request, path_segment};
pub use crate::response::Response;
pub use crate::state::State;
pub use crate::trace::Trace;

/// What the output of the macro stands on; not for authors.
#[doc(hidden)]
pub mod __private {
    pub use schemars;
    pub use serde;

    pub use crate::bindings::export_component;
    pub use crate::plugin::{Arguments, Component, of_settings, outcome};
    pub use crate::schema::{input as input_schema, input_of as input_schema_of};
}
