//! Arguments as FHIR writes them: ids and texts.

use aftercall::{Text, text_argument};

/// The longest id of a resource (<https://hl7.org/fhir/R4/datatypes.html#id>).
const ID_CHARS_MAX: usize = 64;

text_argument! {
    /// The id of a resource on the server. It has no character that a search or a URL would read as syntax.
    pub(crate) struct ResourceId: is_id, { "type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$" }
}

fn is_id(text: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    if (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err(format!("{text:?} is no id of a resource: up to {ID_CHARS_MAX} letters, digits, `-` and `.`"))
    }
}

/// Text as an element of FHIR has it: without control characters (<https://hl7.org/fhir/R4/datatypes.html#string>).
pub(crate) fn words(text: &Text) -> String {
    let printed = |character: &char| !character.is_control() || matches!(character, '\n' | '\t');
    text.as_str().chars().filter(printed).collect::<String>().trim().to_owned()
}
