//! Ids of records, as arguments that check themselves.

use aftercall::{Context, text_argument};
use aftercall_salesforce::check_id;

use crate::{contact, lead};

/// The prefixes of objects.
const ACCOUNT: &str = "001";
const CONTACT: &str = "003";
const OPPORTUNITY: &str = "006";
const LEAD: &str = "00Q";
/// The records that a rehearsal makes, by the manifest. They are nowhere to be found.
const REHEARSED_CONTACT: &str = "003000000000000AAA";
const REHEARSED_LEAD: &str = "00Q000000000000EAA";
const REHEARSED_OPPORTUNITY: &str = "006000000000000AAA";

text_argument! {
    /// An account's id.
    pub(crate) struct AccountId: check_account, { "type": "string", "pattern": "^001[A-Za-z0-9]{15}$" }
}
text_argument! {
    /// A contact's id.
    pub(crate) struct ContactId: check_contact, { "type": "string", "pattern": "^003[A-Za-z0-9]{15}$" }
}
text_argument! {
    /// An opportunity's id.
    pub(crate) struct OpportunityId: check_opportunity, { "type": "string", "pattern": "^006[A-Za-z0-9]{15}$" }
}
text_argument! {
    /// The id of a contact or a lead.
    pub(crate) struct PersonId: check_person, { "type": "string", "pattern": "^(003|00Q)[A-Za-z0-9]{15}$" }
}

impl OpportunityId {
    /// Whether an earlier call of a rehearsal would have made it.
    pub(crate) fn is_rehearsed(&self, cx: &Context) -> bool {
        cx.dry_run() && self.as_str() == REHEARSED_OPPORTUNITY
    }
}

impl PersonId {
    /// Whether an earlier call of a rehearsal would have made it.
    pub(crate) fn is_rehearsed(&self, cx: &Context) -> bool {
        cx.dry_run() && [REHEARSED_CONTACT, REHEARSED_LEAD].contains(&self.as_str())
    }

    pub(crate) fn is_lead(&self) -> bool {
        self.as_str().starts_with(LEAD)
    }

    /// The object whose record it is, by its name in Salesforce.
    pub(crate) fn object(&self) -> &'static str {
        if self.is_lead() { lead::LEAD } else { contact::CONTACT }
    }
}

fn check_account(text: &str) -> Result<(), String> {
    check_id(text, &[ACCOUNT])
}

fn check_contact(text: &str) -> Result<(), String> {
    check_id(text, &[CONTACT])
}

fn check_opportunity(text: &str) -> Result<(), String> {
    check_id(text, &[OPPORTUNITY])
}

fn check_person(text: &str) -> Result<(), String> {
    check_id(text, &[CONTACT, LEAD])
}
