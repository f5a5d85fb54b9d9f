//! Arguments of the tools that check themselves.

use aftercall::Email;

/// Longest part of a name, in characters: SendGrid keeps no more of it.
const NAME_CHARS_MAX: usize = 50;
/// What no name holds, and an email may take for markup, a template's mark or an address. The dots are those that browsers take
/// for a domain's.
const NO_PART_OF_A_NAME: &str = "<>{}/:@\u{3002}\u{ff0e}\u{ff61}";

aftercall::text_argument! {
    /// Where emails go. SendGrid tells no capitals apart, but two spellings would make two effects of one.
    pub(crate) struct Recipient: check_recipient, {
        "type": "string",
        "format": "email",
        "pattern": "^[^A-Z]+$",
        "description": "An email address in small letters, such as ann@example.com.",
    }
}

aftercall::text_argument! {
    /// A part of somebody's name. Where emails show it, a mail program makes no link of it.
    pub(crate) struct Name: check_name, {
        "type": "string",
        "minLength": 1,
        "maxLength": NAME_CHARS_MAX,
        "pattern": r"^([^<>{}/:@.]|\.[ ,-]|\.$)+$",
        "description": "A part of a name, such as Ann.",
    }
}

fn check_recipient(text: &str) -> Result<(), String> {
    text.parse::<Email>()?;
    if text.contains(char::is_uppercase) {
        return Err(format!("{text:?} has capitals: write it in small letters, as {}", text.to_lowercase()));
    }
    Ok(())
}

fn check_name(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("a name is empty: leave it out".to_owned());
    }
    if let Some(foreign) = text.chars().find(|c| c.is_control() || NO_PART_OF_A_NAME.contains(*c)) {
        return Err(format!("{text:?} holds {foreign:?}: give the name alone"));
    }
    let mut after_dots = text.split('.').skip(1);
    if after_dots.any(|after| !after.is_empty() && !after.starts_with([' ', ',', '-'])) || text.contains("..") {
        return Err(format!("{text:?} could be read as an address of the web: put a space after a dot, as in Dr. Lee"));
    }
    if text.chars().count() > NAME_CHARS_MAX {
        return Err(format!("{text:?} is too long: a part of a name has {NAME_CHARS_MAX} characters at most"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_in_small_letters() {
        fn check(text: &str, expected: Result<(), &str>) {
            match (text.parse::<Recipient>(), expected) {
                (Ok(recipient), Ok(())) => assert_eq!(recipient.as_str(), text),
                (Err(words), Err(expected)) => assert!(words.contains(expected), "{words}"),
                (parsed, _) => panic!("{text}: {parsed:?}"),
            }
        }
        check("ann+leads@mail.example.com", Ok(()));
        check("1@example.com", Ok(()));
        check("Ann@Example.com", Err("write it in small letters, as ann@example.com"));
        check("ann@example.coM", Err("as ann@example.com"));
        check("Älva@example.com", Err("as älva@example.com"));
        check("ann at example.com", Err("not an email address"));
    }

    #[test]
    fn names_are_no_addresses() {
        fn check(text: &str, expected: Result<(), &str>) {
            match (text.parse::<Name>(), expected) {
                (Ok(_), Ok(())) => {}
                (Err(words), Err(expected)) => assert!(words.contains(expected), "{words}"),
                (parsed, _) => panic!("{text}: {parsed:?}"),
            }
        }
        for name in ["Ann", "O'Lee", "Dr. Lee", "J. R.", "Lee Jr.", "J.-P.", "Lee Jr., MD", "Łukasz", "李"] {
            check(name, Ok(()));
        }
        check(&"é".repeat(50), Ok(()));
        for name in ["evil.com", "see evil.com now", "J.R.", ".com", "Dr..Lee", "Lee.1"] {
            check(name, Err("put a space after a dot"));
        }
        for name in ["<b>", "{{x}}", "https://x", "a@b", "Ann\nLee", "evil\u{3002}com"] {
            check(name, Err("give the name alone"));
        }
        check(" ", Err("leave it out"));
        check(&"é".repeat(51), Err("50 characters at most"));
    }
}
