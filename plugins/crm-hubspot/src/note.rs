//! The text of a note, as HTML, with the key by which it is found again.

/// The note's text. What was said on the call is text in it, never markup.
pub(crate) fn body(summary: &str, next_step: Option<&str>, key: &str) -> String {
    let mut body = format!("<p>{}</p>", escape(summary));
    if let Some(next_step) = next_step {
        body.push_str(&format!("<p><strong>Next step:</strong> {}</p>", escape(next_step)));
    }
    body.push_str(&format!("<p>Reference: {}</p>", escape(key)));
    body
}

/// Whether a note has this key in its reference line. A search by token may find more than that.
pub(crate) fn has_key(body: Option<&str>, key: &str) -> bool {
    let reference = format!("Reference: {}", escape(key));
    let Some((_, rest)) = body.and_then(|body| body.split_once(&reference)) else {
        return false;
    };
    !rest.starts_with(|next: char| next.is_alphanumeric())
}

/// Escapes what would be markup between tags; quotes are none there.
fn escape(text: &str) -> String {
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
