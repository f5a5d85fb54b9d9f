//! Jira's query language: <https://support.atlassian.com/jira-software-cloud/docs/search-syntax-for-text-fields/>.
//!
//! What is looked for is text in a query, never a part of its language.

/// A value: a string in quotes, which nothing in it can end.
pub(super) fn string(text: &str) -> String {
    let mut string = String::with_capacity(text.len() + 2);
    string.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => string.extend(['\\', character]),
            control if control.is_control() => string.push(' '),
            other => string.push(other),
        }
    }
    string.push('"');
    string
}

/// A value that a text field has to contain word by word. The quotes within the quotes make it a phrase, in which the
/// characters of the text search's own language (`*`, `?`, `~`, `AND`…) are no operators.
pub(super) fn phrase(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    string(&string(&words.join(" ")))
}
