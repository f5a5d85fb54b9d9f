//! Texts as HTML that carry the effect's key, such as those of notes and tasks, for which HubSpot takes no key of ours.
//! [`HubSpot::with_key`](crate::HubSpot::with_key) finds again what carries it.

/// A paragraph. What was said on the call is text in it, never markup.
pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escape(text))
}

/// The paragraph that carries the key, as a word of letters and digits between spaces. HubSpot finds texts by their tokens
/// (`CONTAINS_TOKEN`, <https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm>), and says nowhere what parts
/// them: a word with a `_`, or with a tag right behind it, may be none.
pub fn reference(key: &str) -> String {
    format!("<p>{} (aftercall)</p>", line(key))
}

/// Escapes what would be markup between tags; quotes are none there.
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.trim().chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\n' => html.push_str("<br>"),
            '\r' => {}
            other => html.push(other),
        }
    }
    html
}

fn line(key: &str) -> String {
    format!("Reference: {}", word(key))
}

/// The key as it stands in a text.
pub(crate) fn word(key: &str) -> String {
    key.chars().filter(|character| character.is_ascii_alphanumeric()).collect()
}

/// Whether a text carries this key, and not a longer one that begins with it. A search by token may find more than that.
pub(crate) fn has_key(text: Option<&str>, key: &str) -> bool {
    let rest = text.and_then(|text| text.split_once(&line(key))).map(|(_, rest)| rest);
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_carries_one_key() {
        fn check(text: &str, carries: bool) {
            assert_eq!(has_key(Some(text), "ac_01"), carries, "{text}");
        }
        check(&reference("ac_01"), true);
        check("<p>Said</p><div>Reference: ac01", true);
        check(&reference("ac_012"), false);
        check("<p>ac01</p>", false);
        assert!(!has_key(None, "ac_01"));
    }

    #[test]
    fn a_key_is_a_word_however_words_are_parted() {
        let text = reference("ac_0123abcd");
        let word = word("ac_0123abcd");
        assert_eq!(text, "<p>Reference: ac0123abcd (aftercall)</p>");
        assert!(text.split_whitespace().any(|part| part == word));
        assert!(text.split(|character: char| !character.is_alphanumeric()).any(|part| part == word));
        assert!(
            text.split(|character: char| !character.is_alphanumeric() && character != '_').any(|part| part == word)
        );
    }

    #[test]
    fn what_was_said_is_no_markup() {
        assert_eq!(paragraph(" <b>1</b> &\r\n\"2\" "), "<p>&lt;b&gt;1&lt;/b&gt; &amp;<br>\"2\"</p>");
    }
}
