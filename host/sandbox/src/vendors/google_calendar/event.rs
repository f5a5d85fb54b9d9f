//! An event: what it may be made of, and how it is shown.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::time::iso;

const ID_CHARS: std::ops::RangeInclusive<usize> = 5..=1024;
/// What the vendor sets itself.
const OWN: &[&str] = &["id", "etag", "kind", "status", "created", "updated", "htmlLink"];

#[derive(Clone)]
pub(super) struct Event {
    pub(super) id: String,
    /// As the client gave it.
    given: Map<String, Value>,
    pub(super) starts: Timestamp,
    pub(super) ends: Timestamp,
    pub(super) cancelled: bool,
    /// Another with each change.
    version: u64,
    created_ms: u64,
    updated_ms: u64,
}

/// Letters and digits of base32hex, in small letters.
pub(super) fn is_id(id: &str) -> bool {
    ID_CHARS.contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'v').contains(&byte))
}

impl Event {
    pub(super) fn new(id: String, given: &Map<String, Value>, version: u64, now_ms: u64) -> Result<Event, String> {
        let mut given = given.clone();
        given.retain(|name, _| !OWN.contains(&name.as_str()));
        let (starts, ends) = times(&given)?;
        Ok(Event { id, given, starts, ends, cancelled: false, version, created_ms: now_ms, updated_ms: now_ms })
    }

    /// Changes what is named. Objects are merged, as the private properties are.
    pub(super) fn patch(&mut self, changes: &Map<String, Value>, version: u64, now_ms: u64) -> Result<(), String> {
        let mut given = self.given.clone();
        for (name, value) in changes.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
            merge(given.entry(name).or_insert(Value::Null), value);
        }
        (self.starts, self.ends) = times(&given)?;
        (self.given, self.version, self.updated_ms) = (given, version, now_ms);
        Ok(())
    }

    pub(super) fn cancel(&mut self, version: u64, now_ms: u64) {
        (self.cancelled, self.version, self.updated_ms) = (true, version, now_ms);
    }

    pub(super) fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    /// Whether its time counts as free.
    pub(super) fn is_free(&self) -> bool {
        self.given.get("transparency").is_some_and(|it| it == "transparent")
    }

    /// Whether one of its private properties is this.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.given.get("extendedProperties").is_some_and(|properties| properties["private"][name] == value)
    }

    pub(super) fn shown(&self) -> Value {
        let mut shown = Value::Object(self.given.clone());
        shown["kind"] = "calendar#event".into();
        shown["id"] = self.id.as_str().into();
        shown["etag"] = self.etag().into();
        shown["status"] = if self.cancelled { "cancelled" } else { "confirmed" }.into();
        shown["htmlLink"] = format!("https://www.google.com/calendar/event?eid={}", self.id).into();
        shown["created"] = iso(self.created_ms).into();
        shown["updated"] = iso(self.updated_ms).into();
        shown["iCalUID"] = json!(format!("{}@google.com", self.id));
        shown
    }
}

/// When it is: two instants with their offsets. Days are not played.
fn times(given: &Map<String, Value>) -> Result<(Timestamp, Timestamp), String> {
    let instant = |name: &str| {
        let text = given.get(name).and_then(|when| when["dateTime"].as_str());
        let missing = match name {
            "start" => "Missing start time.",
            _ => "Missing end time.",
        };
        text.ok_or(missing)?.parse::<Timestamp>().map_err(|_| format!("Invalid value for {name}.dateTime"))
    };
    let (starts, ends) = (instant("start")?, instant("end")?);
    if ends < starts {
        return Err("The specified time range is empty.".to_owned());
    }
    Ok((starts, ends))
}

fn merge(old: &mut Value, new: &Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in new {
                merge(old.entry(name).or_insert(Value::Null), value);
            }
        }
        (old, new) => *old = new.clone(),
    }
}
