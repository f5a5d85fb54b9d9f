//! Ids of records: 15 characters, whose first three say of which object, and 3 that check the capitals of the others
//! (developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm, "ID Field Type").

const CHARS: usize = 18;
const CHECKED_CHARS: usize = 15;
/// Each checking character stands for the capitals among so many others.
const CHUNK_CHARS: usize = 5;
const CHECKS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// Checks that this is the id of a record of an object with one of these prefixes, such as `003` of contacts; with none of
/// them, of any. For [`text_argument!`](aftercall::text_argument): it changes no path and no query that it stands in.
///
/// The short form of 15 is refused: it is another text for the same record, and an effect's identity is the text.
///
/// ```
/// // Of Salesforce's own examples.
/// assert!(aftercall_salesforce::check_id("003RO0000035WQgYAM", &["003", "00Q"]).is_ok());
/// assert!(aftercall_salesforce::check_id("003ro0000035wqgyam", &[]).is_err());
/// ```
///
/// # Errors
/// What would be right, for the model.
pub fn check_id(text: &str, prefixes: &[&str]) -> Result<(), String> {
    let is_sound = text.len() == CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_sound || !(prefixes.is_empty() || prefixes.iter().any(|prefix| text.starts_with(prefix))) {
        let begins = match prefixes {
            [] => String::new(),
            prefixes => format!(" and begins with {}", prefixes.join(" or ")),
        };
        return Err(format!("{text:?} is no such id: it has {CHARS} letters and digits{begins}"));
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
            match (check_id(text, &["003", "00Q"]), words) {
                (Ok(()), "") => {}
                (Err(error), words) if !words.is_empty() => assert!(error.contains(words), "{error}"),
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
        assert_eq!(check_id("001D000000IqhSLIAZ", &[]), Ok(()));
        // One without any letter says itself that it has no capitals.
        assert!(check_id("500000000000000000", &[]).is_err());
    }
}
