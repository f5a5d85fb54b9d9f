//! The Atlassian Document Format: <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>.

use serde_json::Value;

const TEXT_CHARS_MAX: usize = 32_767;

/// Refuses what is no document. Of blocks it knows paragraphs, of what stands in them text and line breaks.
pub(super) fn check(document: &Value) -> Result<(), String> {
    let invalid = || "Operation value must be an Atlassian Document (see the Atlassian Document Format)".to_owned();
    let whole = document["type"] == "doc" && document["version"] == 1;
    let blocks = document["content"].as_array().filter(|_| whole).ok_or_else(invalid)?;
    let inline = |node: &Value| match node["type"].as_str() {
        Some("text") => node["text"].as_str().is_some_and(|text| !text.is_empty()),
        Some("hardBreak") => true,
        _ => false,
    };
    let block = |block: &Value| {
        block["type"] == "paragraph" && block["content"].as_array().is_none_or(|nodes| nodes.iter().all(inline))
    };
    if !blocks.iter().all(block) {
        return Err("INVALID_INPUT".to_owned());
    }
    if text(document).chars().count() > TEXT_CHARS_MAX {
        return Err(format!(
            "The entered text is too long. It exceeds the allowed limit of {TEXT_CHARS_MAX} characters."
        ));
    }
    Ok(())
}

/// What a reader of the document reads, line by line.
pub(super) fn text(node: &Value) -> String {
    let inner = || node["content"].as_array().into_iter().flatten().map(text).collect::<String>();
    match node["type"].as_str() {
        Some("text") => node["text"].as_str().unwrap_or_default().to_owned(),
        Some("hardBreak") => "\n".to_owned(),
        Some("paragraph") => inner() + "\n",
        _ => inner(),
    }
}
