//! Ids of records: 15 characters, whose first three say of which object, and 3 that check the capitals of the others
//! (developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm, "ID Field Type").
//!
//! The short form of 15 is refused: it is another text for the same record, and an effect's identity is the text.

use aftercall::{Context, text_argument};

const CHARS: usize = 18;
const CHECKED_CHARS: usize = 15;
/// Each checking character stands for the capitals among so many others.
const CHUNK_CHARS: usize = 5;
const CHECKS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The prefixes of objects.
const ACCOUNT: &str = "001";
const CONTACT: &str = "003";
const OPPORTUNITY: &str = "006";
const LEAD: &str = "00Q";
/// The opportunity that a rehearsal makes, by the manifest. It is nowhere to be found.
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
    pub(crate) fn is_lead(&self) -> bool {
        self.as_str().starts_with(LEAD)
    }
}

fn check_account(text: &str) -> Result<(), String> {
    check(text, &[ACCOUNT])
}

fn check_contact(text: &str) -> Result<(), String> {
    check(text, &[CONTACT])
}

fn check_opportunity(text: &str) -> Result<(), String> {
    check(text, &[OPPORTUNITY])
}

fn check_person(text: &str) -> Result<(), String> {
    check(text, &[CONTACT, LEAD])
}

fn check(text: &str, prefixes: &[&str]) -> Result<(), String> {
    let sound = text.len() == CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !sound || !prefixes.iter().any(|prefix| text.starts_with(prefix)) {
        let prefixes = prefixes.join(" or ");
        return Err(format!("{text:?} is no such id: it has {CHARS} letters and digits and begins with {prefixes}"));
    }
    let (checked, checks) = text.as_bytes().split_at(CHECKED_CHARS);
    if checked.chunks(CHUNK_CHARS).zip(checks).all(|(chunk, check)| check_of(chunk) == *check) {
        Ok(())
    } else {
        Err(format!(
            "{text:?} is an id with a mistake in it: take it letter by letter, capitals too, from where it was told"
        ))
    }
}

fn check_of(chunk: &[u8]) -> u8 {
    let capitals = chunk.iter().rev().fold(0, |bits: usize, byte| bits << 1 | usize::from(byte.is_ascii_uppercase()));
    CHECKS[capitals]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_checks_itself() {
        fn check(text: &str, words: &str) {
            let read = serde_json::from_value::<PersonId>(text.into());
            match (read, words) {
                (Ok(id), "") => assert_eq!(id.as_str(), text),
                (Err(error), words) if !words.is_empty() => assert!(error.to_string().contains(words), "{error}"),
                (read, _) => panic!("{text}: {read:?}"),
            }
        }
        // Of Salesforce's own examples.
        check("003RO0000035WQgYAM", "");
        check("00Q000000000000EAA", "");
        check("001D000000IqhSLIAZ", "begins with 003 or 00Q");
        check("003RO0000035WQg", "18 letters");
        check("003RO0000035WQgYAMx", "18 letters");
        check("003RO0000035wQgYAM", "with a mistake");
        check("003ro0000035wqgyam", "with a mistake");
        check("003RO0000035WQgYA'", "18 letters");
        check("", "18 letters");
    }
}
