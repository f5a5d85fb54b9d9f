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

/// What a document says, line by line. Jira may cut a line into several texts, as where it makes a link of an address.
pub(super) fn text(document: &Value) -> String {
    let mut text = String::new();
    append(document, &mut text);
    text
}

fn append(node: &Value, text: &mut String) {
    if node["type"] == "hardBreak" {
        text.push('\n');
    }
    text.push_str(node["text"].as_str().unwrap_or_default());
    if let Some(nodes) = node["content"].as_array() {
        nodes.iter().for_each(|node| append(node, text));
        text.push('\n');
    }
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
