//! The Atlassian Document Format: <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>.
//!
//! What was said is the text of text nodes, without marks: whatever stands in it, it is no markup.

use serde_json::{Value, json};

use crate::ticket::blocks;

/// A text as a document: a paragraph for each block of lines.
pub(super) fn document(text: &str) -> Value {
    let paragraphs: Vec<Value> = blocks(text).iter().map(|lines| paragraph(lines)).collect();
    json!({ "type": "doc", "version": 1, "content": paragraphs })
}

/// Whether any text of a document has these words, in capital or small letters, and not as a part of longer ones:
/// `ann@example.com` is not in `joann@example.com`.
pub(super) fn mentions(node: &Value, words: &str) -> bool {
    let here = node["text"].as_str().is_some_and(|text| stands_in(&text.to_lowercase(), &words.to_lowercase()));
    here || node["content"].as_array().is_some_and(|nodes| nodes.iter().any(|node| mentions(node, words)))
}

fn stands_in(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let begins = !text[..at].ends_with(|before: char| before.is_alphanumeric() || "._+-".contains(before));
        let after = &text[at + words.len()..];
        // A full stop may end a sentence or go on with a domain.
        let after = after.strip_prefix(['.', '-']).unwrap_or(after);
        begins && !after.starts_with(char::is_alphanumeric)
    })
}

fn paragraph(lines: &[String]) -> Value {
    let mut nodes = Vec::new();
    for line in lines {
        if !nodes.is_empty() {
            nodes.push(json!({ "type": "hardBreak" }));
        }
        nodes.push(json!({ "type": "text", "text": line }));
    }
    json!({ "type": "paragraph", "content": nodes })
}
