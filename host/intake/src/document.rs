//! What the platforms' files share: reading JSON with the place of what is wrong, and instants.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
};

use aftercall_core::{
    conversation::{Content, Item, Role},
    json::Json,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use serde_path_to_error::Segment;

use crate::{Error, PAYLOAD_BYTES_MAX};

/// Most tools of a live call that are kept by name. Protects the records.
const LIVE_TOOLS_MAX: usize = 1_000;

/// The name of a tool that the payload doesn't name.
const UNNAMED_TOOL: &str = "unnamed_tool";

/// A part of a payload, in which a platform may have the same thing in several places.
#[derive(Clone, Copy)]
pub(crate) struct Tree<'a>(pub(crate) &'a Value);

impl<'a> Tree<'a> {
    /// The first of the places that has anything.
    pub(crate) fn value(self, places: &[&str]) -> Option<&'a Value> {
        places.iter().find_map(|place| self.0.pointer(place).filter(|value| !value.is_null()))
    }

    /// The first of the places that has a text with anything in it.
    pub(crate) fn text(self, places: &[&str]) -> Option<String> {
        let text = |place: &&str| self.0.pointer(place)?.as_str().filter(|text| !text.trim().is_empty());
        places.iter().find_map(text).map(str::to_owned)
    }

    /// The first of the places that has an object with anything in it.
    pub(crate) fn object(self, places: &[&str]) -> Option<Json> {
        let is_object = |value: &&Value| value.as_object().is_some_and(|object| !object.is_empty());
        places.iter().find_map(|place| self.0.pointer(place).filter(is_object)).map(Json::from)
    }

    /// Whether any of the places says yes, as a boolean or as its name.
    pub(crate) fn says_yes(self, places: &[&str]) -> bool {
        places.iter().any(|place| self.0.pointer(place).and_then(truth) == Some(true))
    }

    /// The first of the places that has an instant.
    pub(crate) fn instant(self, places: &[&str]) -> Option<Timestamp> {
        places.iter().find_map(|place| instant_of(self.0.pointer(place)?))
    }

    /// The first of the places that has a list with anything in it.
    pub(crate) fn list(self, places: &[&str]) -> &'a [Value] {
        let list = |place: &&str| self.0.pointer(place)?.as_array().filter(|list| !list.is_empty());
        places.iter().find_map(list).map_or(&[], Vec::as_slice)
    }
}

/// The payload as the text that JSON is.
pub(crate) fn text(payload: &[u8]) -> Result<&str, Error> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(Error::TooLarge { bytes: payload.len() });
    }
    std::str::from_utf8(payload).map_err(|error| Error::NotJson { why: error.to_string() })
}

/// The whole payload as a tree.
pub(crate) fn tree(payload: &[u8]) -> Result<Value, Error> {
    serde_json::from_str(text(payload)?).map_err(|error| Error::NotJson { why: error.to_string() })
}

/// One field of an object, without a tree of all the others. None: it isn't there, or the payload is no object.
pub(crate) fn field(payload: &[u8], name: &str) -> Result<Option<Value>, Error> {
    let fields = match serde_json::from_str::<HashMap<&str, &RawValue>>(text(payload)?) {
        Ok(fields) => fields,
        // A key that is written with an escape can't be borrowed; anything else that is JSON is no object.
        Err(error) if error.is_data() => return Ok(tree(payload)?.get(name).cloned()),
        Err(error) => return Err(Error::NotJson { why: error.to_string() }),
    };
    let value = fields.get(name).map(|value| serde_json::from_str(value.get())).transpose();
    value.map_err(|error| Error::NotJson { why: error.to_string() })
}

/// Reads a typed document, which stands at `place` of the payload.
pub(crate) fn typed<'a, T: Deserialize<'a>>(json: &'a str, place: impl fmt::Display) -> Result<T, Error> {
    // Keeping track of the place takes half as long again: it is done for what is wrong alone.
    if let Ok(read) = serde_json::from_str(json) {
        return Ok(read);
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let inner: String = error.path().iter().map(step).collect();
        let place = match format!("{place}{inner}") {
            whole if whole.is_empty() => "/".to_owned(),
            place => place,
        };
        Error::at(place, error.inner().to_string())
    })?;
    // What stands behind it is no part of it, and nobody would read it.
    reader.end().map_err(|error| Error::NotJson { why: error.to_string() })?;
    Ok(read)
}

/// One step of a JSON pointer.
fn step(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => {
            format!("/{}", key.replace('~', "~0").replace('/', "~1"))
        }
        Segment::Unknown => String::new(),
    }
}

/// An instant by RFC 3339. None: it isn't one, or it is before 1970.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.trim().parse().ok()?;
    u64::try_from(instant.as_millisecond()).ok().map(Timestamp::from_millis)
}

/// An instant in any of the forms that platforms use: RFC 3339, milliseconds or seconds since 1970, whole or
/// not. Anything else, and anything near 1970, is a time within the call: none.
pub(crate) fn instant_of(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str() {
        return instant(text);
    }
    let number = value.as_f64().filter(|number| *number >= 1e8)?;
    millis(if number >= 1e11 { number / 1000.0 } else { number }).map(Timestamp::from_millis)
}

/// An instant by RFC 3339.
pub(crate) fn written(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// The instant so many seconds after the call began. None: either isn't known.
pub(crate) fn within(began: Option<Timestamp>, seconds: Option<&Value>) -> Option<Timestamp> {
    Some(began?.plus_ms(millis(seconds?.as_f64()?)?))
}

/// Seconds as milliseconds. None: they are negative, or too many.
fn millis(seconds: f64) -> Option<u64> {
    // Half a millisecond more, since a quotient may fall just short of the millisecond meant.
    let span = jiff::SignedDuration::try_from_secs_f64(seconds + 0.0005).ok()?;
    u64::try_from(span.as_millis()).ok()
}

/// A boolean, or the name of one.
pub(crate) fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.trim().to_ascii_lowercase().parse().ok())
}

/// How long something took, in milliseconds: a number or the text of one, in units of so many seconds.
pub(crate) fn span_ms(value: &Value, unit_seconds: f64) -> Option<u64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    millis(number * unit_seconds)
}

/// A JSON value where a text is wanted: a text as it is, nothing as `or`, anything else written down.
pub(crate) fn text_of(value: Option<&Value>, or: &str) -> String {
    match value {
        None | Some(Value::Null) => or.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Names the calls that came without a name, by what is known of their identifiers.
pub(crate) fn name_calls<'a>(items: &mut [Item], named: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let names: HashMap<&str, &str> = named.into_iter().collect();
    for item in items {
        if let Content::ToolCall(call) = &mut item.content
            && call.name.is_empty()
        {
            call.name = (*names.get(call.id.as_str()).unwrap_or(&UNNAMED_TOOL)).to_owned();
        }
    }
}

/// Names the calls that came without an identifier, and lets each result without one answer the first of them that has no
/// result yet.
pub(crate) fn pair(items: &mut [Item]) {
    let mut open = VecDeque::new();
    let mut calls = 0;
    for item in items {
        match &mut item.content {
            Content::ToolCall(call) if call.id.is_empty() => {
                calls += 1;
                call.id = format!("unnamed_call_{calls}");
                open.push_back(call.id.clone());
            }
            Content::ToolResult { call, .. } if call.is_empty() => *call = open.pop_front().unwrap_or_default(),
            Content::ToolCall(_) | Content::ToolResult { .. } | Content::Message { .. } => {}
        }
    }
}

/// Who speaks, by OpenAI's names. None: nobody whose words are part of a history.
pub(crate) fn role(name: &str) -> Option<Role> {
    match name {
        "system" | "developer" => Some(Role::System),
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        _ => None,
    }
}

/// The tools of a live call: those listed, and those that were called, each once.
pub(crate) fn live_tools<'a>(listed: impl IntoIterator<Item = &'a str>, items: &'a [Item]) -> Vec<String> {
    let called = items.iter().filter_map(|item| match &item.content {
        Content::ToolCall(call) => Some(&*call.name),
        Content::Message { .. } | Content::ToolResult { .. } => None,
    });
    let mut seen = HashSet::new();
    let named = listed.into_iter().chain(called).filter(|name| seen.insert(*name));
    named.take(LIVE_TOOLS_MAX).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use aftercall_core::conversation::ToolCall;
    use serde_json::json;

    use super::*;

    #[test]
    fn instants_are_read_in_all_their_forms() {
        for (value, expected) in [
            (json!("2026-03-04T14:02:00.118Z"), Some(1_772_632_920_118)),
            (json!(1.772632920118e12), Some(1_772_632_920_118)),
            (json!(1_772_632_920), Some(1_772_632_920_000)),
            (json!(1_772_632_920.25), Some(1_772_632_920_250)),
            (json!(12.5), None),
            (json!(0), None),
            (json!(1e300), None),
            (json!("soon"), None),
            (json!(null), None),
        ] {
            assert_eq!(instant_of(&value).map(Timestamp::as_millis), expected, "{value}");
        }
    }

    #[test]
    fn results_without_identifiers_answer_the_calls_without_them_in_order() {
        for (given, expected) in [
            ("c r", "c1 r1"),
            ("c c r r", "c1 c2 r1 r2"),
            ("c r c r", "c1 r1 c2 r2"),
            ("c ca r ra", "c1 ca r1 ra"),
            ("r c", "r c1"),
            ("c", "c1"),
            ("ca ra", "ca ra"),
        ] {
            let item = |word: &str| {
                let (kind, id) = word.split_at(1);
                let call = ToolCall { id: id.to_owned(), name: "f".into(), arguments: "{}".into() };
                Item::plain(
                    None,
                    match kind {
                        "c" => Content::ToolCall(call),
                        _ => Content::ToolResult { call: call.id, output: String::new(), is_error: false },
                    },
                )
            };
            let mut items: Vec<Item> = given.split(' ').map(item).collect();
            pair(&mut items);
            let word = |item: &Item| match &item.content {
                Content::ToolCall(call) => format!("c{}", call.id),
                Content::ToolResult { call, .. } => format!("r{call}"),
                Content::Message { .. } => String::new(),
            };
            let paired = items.iter().map(word).collect::<Vec<_>>().join(" ");
            assert_eq!(paired.replace("unnamed_call_", ""), expected, "{given}");
        }
    }

    #[test]
    fn a_time_within_the_call_needs_a_beginning() {
        let began = Some(Timestamp::from_millis(1_000));
        for (began, seconds, expected) in [
            (began, json!(2.3), Some(3_300)),
            (began, json!(0), Some(1_000)),
            (began, json!(-1), None),
            (began, json!(1e300), None),
            (began, json!("2"), None),
            (None, json!(2), None),
        ] {
            assert_eq!(within(began, Some(&seconds)).map(Timestamp::as_millis), expected, "{seconds}");
        }
        assert_eq!(within(began, None), None);
    }
}
