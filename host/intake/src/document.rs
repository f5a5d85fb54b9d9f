//! What the platforms' files share: reading JSON with the place of what is wrong, and instants.

use std::collections::HashSet;

use aftercall_core::{
    conversation::{Content, Item},
    json::Json,
    time::Timestamp,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::{Error, PAYLOAD_BYTES_MAX};

/// Most tools of a live call that are kept by name. Protects the records.
const LIVE_TOOLS_MAX: usize = 1_000;

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

    /// The first of the places that has an object.
    pub(crate) fn object(self, places: &[&str]) -> Option<Json> {
        let object = |place: &&str| self.0.pointer(place).filter(|value| value.is_object());
        places.iter().find_map(object).map(Json::from)
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

/// The whole payload as a tree.
pub(crate) fn tree(payload: &[u8]) -> Result<Value, Error> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(Error::TooLarge { bytes: payload.len() });
    }
    serde_json::from_slice(payload).map_err(|error| Error::NotJson { why: error.to_string() })
}

/// Reads a typed document, which stands at `place` of the payload.
pub(crate) fn typed<T: DeserializeOwned>(json: &[u8], place: &str) -> Result<T, Error> {
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(json)).map_err(|error| {
        let inner: String = error.path().iter().map(step).collect();
        let place = match place.to_owned() + &inner {
            whole if whole.is_empty() => "/".to_owned(),
            place => place,
        };
        Error::at(place, error.inner().to_string())
    })
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
    let seconds = if number >= 1e11 { number / 1000.0 } else { number };
    // Half a millisecond more, since the quotient may fall just short of the millisecond meant.
    let span = jiff::SignedDuration::try_from_secs_f64(seconds + 0.0005).ok()?;
    u64::try_from(span.as_millis()).ok().map(Timestamp::from_millis)
}

/// A JSON value where a text is wanted: a text as it is, nothing as `or`, anything else written down.
pub(crate) fn text_of(value: Option<&Value>, or: &str) -> String {
    match value {
        None | Some(Value::Null) => or.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The tools of a live call: those listed, and those that were called, each once.
pub(crate) fn live_tools(listed: impl IntoIterator<Item = String>, items: &[Item]) -> Vec<String> {
    let called = items.iter().filter_map(|item| match &item.content {
        Content::ToolCall(call) => Some(call.name.clone()),
        Content::Message { .. } | Content::ToolResult { .. } => None,
    });
    let mut seen = HashSet::new();
    listed.into_iter().chain(called).filter(|name| seen.insert(name.clone())).take(LIVE_TOOLS_MAX).collect()
}
