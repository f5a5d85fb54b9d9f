//! Arguments as Salesforce writes them: record ids.

mod id;

pub(crate) use self::id::{AccountId, ContactId, OpportunityId, PersonId};
