//! An issue and its comments.

use serde_json::{Map, Value, json};

use super::site;
use crate::time::iso;

const SUMMARY_CHARS_MAX: usize = 255;
const LABEL_CHARS_MAX: usize = 255;

#[derive(Clone)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) key: String,
    pub(super) kind: String,
    pub(super) priority: String,
    pub(super) summary: String,
    pub(super) description: Value,
    pub(super) labels: Vec<String>,
    pub(super) comments: Vec<Comment>,
    pub(super) updated_ms: u64,
    created_ms: u64,
}

#[derive(Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) body: Value,
    /// Whether the customer of a service project sees it.
    pub(super) public: bool,
    pub(super) created_ms: u64,
}

impl Issue {
    /// With nothing in it.
    pub(super) fn new(id: u64, key: String, now_ms: u64) -> Issue {
        Issue {
            id,
            key,
            kind: String::new(),
            priority: "Medium".to_owned(),
            summary: String::new(),
            description: Value::Null,
            labels: Vec::new(),
            comments: Vec::new(),
            updated_ms: now_ms,
            created_ms: now_ms,
        }
    }

    pub(super) fn set_summary(&mut self, value: &Value) -> Result<(), String> {
        let text = value.as_str().ok_or("Operation value must be a string")?.trim();
        match text.chars().count() {
            0 => return Err("You must specify a summary of the issue.".to_owned()),
            count if count > SUMMARY_CHARS_MAX => return Err("Summary can't exceed 255 characters.".to_owned()),
            _ if text.contains(['\n', '\r']) => {
                return Err("The summary is invalid because it contains newline characters.".to_owned());
            }
            _ => {}
        }
        self.summary = text.to_owned();
        Ok(())
    }

    pub(super) fn set_labels(&mut self, value: &Value) -> Result<(), String> {
        let labels = value.as_array().ok_or("Operation value must be an array")?;
        let mut set = Vec::new();
        for label in labels {
            let label = label.as_str().ok_or("string expected at index 0")?;
            if label.contains(char::is_whitespace) {
                return Err(format!("The label '{label}' contains spaces which is invalid."));
            }
            if label.chars().count() > LABEL_CHARS_MAX {
                return Err(format!("The label '{label}' exceeds the maximum length of {LABEL_CHARS_MAX} characters."));
            }
            set.push(label.to_owned());
        }
        self.labels = set;
        Ok(())
    }

    /// With these fields; with all where it isn't said which.
    pub(super) fn shown(&self, names: Option<&[String]>) -> Value {
        let fields = json!({
            "summary": self.summary,
            "issuetype": { "name": self.kind },
            "priority": { "name": self.priority },
            "status": { "name": "To Do", "statusCategory": { "key": "new", "name": "To Do" } },
            "description": self.description,
            "labels": self.labels,
            "created": stamp(self.created_ms),
            "updated": stamp(self.updated_ms),
        });
        let fields = match (fields, names) {
            (Value::Object(fields), Some(names)) => fields
                .into_iter()
                .filter(|(name, _)| names.iter().any(|wanted| wanted == name || wanted == "*all"))
                .collect::<Map<_, _>>()
                .into(),
            (fields, _) => fields,
        };
        json!({ "id": self.id.to_string(), "key": self.key, "self": url(self.id), "fields": fields })
    }
}

impl Comment {
    pub(super) fn shown(&self) -> Value {
        json!({
            "id": self.id.to_string(),
            "body": self.body,
            "jsdPublic": self.public,
            "created": stamp(self.created_ms),
            "updated": stamp(self.created_ms),
        })
    }
}

/// Where the API has an issue.
pub(super) fn url(id: u64) -> String {
    format!("{}/rest/api/3/issue/{id}", site())
}

/// `{"name": …}` where it is one of these.
pub(super) fn named(value: &Value, known: &[String], what: &str) -> Result<String, String> {
    let found = known.iter().find(|name| value["name"] == name.as_str());
    found.cloned().ok_or_else(|| format!("Specify a valid {what}"))
}

/// `2026-03-01T12:00:00.000+0000`
fn stamp(ms: u64) -> String {
    iso(ms).replace('Z', "+0000")
}
