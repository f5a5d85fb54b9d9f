//! A comment's text. Zendesk reads a comment's `body` as Markdown, and `html_body` as HTML:
//! <https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/#bodies>.
//!
//! What was said is text, so it goes as HTML in which nothing of it is markup.

use crate::ticket::blocks;

/// A text as HTML: a paragraph for each block of lines.
pub(super) fn of(text: &str) -> String {
    let text = without_placeholders(text);
    let paragraph = |lines: Vec<String>| {
        let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
        format!("<p>{}</p>", lines.join("<br>"))
    };
    blocks(&text).into_iter().map(paragraph).collect()
}

/// Zendesk fills in `{{…}}` and `{%…%}` in a comment of an agent, and of dynamic content in a subject, with what it knows of
/// people and tickets. What was said on a call is text, so the braces are set apart.
pub(super) fn without_placeholders(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '{' | '%') && plain.ends_with('{') {
            plain.push(' ');
        }
        plain.push(character);
    }
    plain
}

fn escaped(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
