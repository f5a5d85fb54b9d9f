//! An alert: what it may be made of, and how it is shown.

use serde_json::{Map, Value, json};

use crate::time::iso;

const MESSAGE_CHARS_MAX: usize = 130;
const ALIAS_CHARS_MAX: usize = 512;
const DESCRIPTION_CHARS_MAX: usize = 15_000;
const SOURCE_CHARS_MAX: usize = 100;
const RESPONDERS_MAX: usize = 50;
const RESPONDER_TYPES: &[&str] = &["team", "user", "escalation", "schedule"];
const PRIORITIES: &[&str] = &["P1", "P2", "P3", "P4", "P5"];

/// What a client gives.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) alias: Option<String>,
    given: Map<String, Value>,
}

#[derive(Clone)]
pub(super) struct Alert {
    pub(super) id: String,
    number: usize,
    pub(super) draft: Draft,
    pub(super) acknowledged: bool,
    pub(super) closed: bool,
    /// How often it was asked for.
    pub(super) count: u32,
    created_ms: u64,
}

impl Draft {
    /// Reads what a client gives, or says what is wrong with it.
    pub(super) fn read(given: &Map<String, Value>) -> Result<Draft, String> {
        let text = |name: &str, chars_max: usize| match given.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= chars_max => Ok(Some(text.as_str())),
            Some(Value::String(_)) => Err(format!("{name} must have at most {chars_max} characters")),
            Some(_) => Err(format!("{name} must be a string")),
        };
        if text("message", MESSAGE_CHARS_MAX)?.is_none_or(|message| message.trim().is_empty()) {
            return Err("message can not be empty".to_owned());
        }
        let alias = text("alias", ALIAS_CHARS_MAX)?.map(str::to_owned);
        text("description", DESCRIPTION_CHARS_MAX)?;
        text("source", SOURCE_CHARS_MAX)?;
        if let Some(priority) = given.get("priority")
            && !priority.as_str().is_some_and(|priority| PRIORITIES.contains(&priority))
        {
            return Err(format!("priority must be one of {}", PRIORITIES.join(", ")));
        }
        let responders = given.get("responders").map_or(Ok(&[][..]), |responders| {
            responders.as_array().map(Vec::as_slice).ok_or("responders must be a list")
        })?;
        let sound = |responder: &Value| {
            let kind = responder["type"].as_str().is_some_and(|kind| RESPONDER_TYPES.contains(&kind));
            kind && responder["id"].as_str().is_some_and(|id| !id.is_empty())
        };
        if responders.len() > RESPONDERS_MAX || !responders.iter().all(sound) {
            return Err("responders must each have a type and an id".to_owned());
        }
        Ok(Draft { alias, given: given.clone() })
    }
}

impl Alert {
    pub(super) fn new(id: String, number: usize, draft: Draft, created_ms: u64) -> Alert {
        Alert { id, number, draft, acknowledged: false, closed: false, count: 1, created_ms }
    }

    pub(super) fn shown(&self) -> Value {
        let given = |name: &str| self.draft.given.get(name).cloned().unwrap_or_default();
        let status = match (self.closed, self.acknowledged) {
            (true, _) => "closed",
            (false, true) => "acked",
            (false, false) => "open",
        };
        json!({
            "id": self.id,
            "tinyId": self.number.to_string(),
            "alias": self.draft.alias,
            "message": given("message"),
            "description": given("description"),
            "entity": given("entity"),
            "source": given("source"),
            "priority": self.draft.given.get("priority").cloned().unwrap_or_else(|| "P3".into()),
            "responders": given("responders"),
            "tags": given("tags"),
            "extraProperties": given("extraProperties"),
            "status": status,
            "acknowledged": self.acknowledged,
            "count": self.count,
            "createdAt": iso(self.created_ms),
        })
    }
}
