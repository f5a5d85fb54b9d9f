//! An event of Google Calendar (<https://developers.google.com/workspace/calendar/api/v3/reference/events>).

use std::collections::BTreeMap;

use aftercall::{Failure, Receipt};
use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::slot::Span;
use crate::vendor::{Kept, Move, NewEvent};

/// What stands at the key of an effect which moved the event, among its private properties.
const MOVED: &str = "moved";

/// Digits and letters in the order of RFC 4648, section 7, small as Google wants them.
const BASE32HEX: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
const BITS: u32 = 5;

/// An event that is sent, or the changes of one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Draft {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    start: When,
    end: When,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_properties: Option<Properties>,
}

/// An event that was read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    id: String,
    etag: Option<String>,
    status: Option<String>,
    html_link: Option<String>,
    start: Option<When>,
    end: Option<When>,
    #[serde(default)]
    recurrence: Vec<IgnoredAny>,
    recurring_event_id: Option<IgnoredAny>,
    #[serde(default)]
    extended_properties: Properties,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct When {
    /// RFC 3339. Absent: it takes whole days.
    date_time: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
struct Properties {
    #[serde(default)]
    private: BTreeMap<String, String>,
}

impl Draft {
    pub(super) fn new(event: &NewEvent<'_>) -> Self {
        Self {
            id: Some(id(event.key)),
            summary: Some(plain(event.title)),
            description: Some(html(event.description)),
            start: When::at(event.span.starts),
            end: When::at(event.span.ends),
            extended_properties: None,
        }
    }

    /// What moving an event changes. Private properties that aren't named stay.
    pub(super) fn moving(to: &Move<'_>) -> Self {
        let private = BTreeMap::from([(to.key.to_owned(), MOVED.to_owned())]);
        Self {
            id: None,
            summary: None,
            description: None,
            start: When::at(to.span.starts),
            end: When::at(to.span.ends),
            extended_properties: Some(Properties { private }),
        }
    }
}

impl Event {
    /// The event as one of this key.
    pub(super) fn kept(self, key: &str) -> Result<Kept, Failure> {
        if self.id != id(key) {
            return Err(Failure::other(format!("the calendar gave event {} for {}", self.id, id(key))));
        }
        let receipt = self.receipt(key);
        let moved = self.extended_properties.private.into_iter().filter(|(_, value)| value == MOVED);
        Ok(Kept {
            key: key.to_owned(),
            receipt,
            span: span(self.start.as_ref(), self.end.as_ref()),
            cancelled: self.status.as_deref() == Some("cancelled"),
            repeats: !self.recurrence.is_empty() || self.recurring_event_id.is_some(),
            moved_by: moved.map(|(key, _)| key).collect(),
            etag: self.etag,
            text: String::new(),
        })
    }

    /// What stands for the event, made under this key.
    pub(super) fn receipt(&self, key: &str) -> Receipt {
        let receipt = Receipt::new("event", id(key));
        match &self.html_link {
            Some(url) => receipt.with_url(url),
            None => receipt,
        }
    }
}

impl When {
    fn at(at: Timestamp) -> Self {
        Self { date_time: Some(at.to_string()) }
    }
}

fn span(starts: Option<&When>, ends: Option<&When>) -> Option<Span> {
    let instant = |when: Option<&When>| when?.date_time.as_deref()?.parse::<Timestamp>().ok();
    Some(Span { starts: instant(starts)?, ends: instant(ends)? })
}

/// The id of an event that is made under this key: Google takes one of 5 to 1024 characters of base32hex.
pub(super) fn id(key: &str) -> String {
    let mut id = String::with_capacity(key.len() * 8 / 5 + 1);
    let mut pending: u32 = 0;
    let mut bits = 0;
    let mut push = |value: u32| id.push(usize::try_from(value % 32).map_or('0', |at| char::from(BASE32HEX[at])));
    for byte in key.bytes() {
        pending = (pending << 8 | u32::from(byte)) & 0xffff;
        bits += 8;
        while bits >= BITS {
            bits -= BITS;
            push(pending >> bits);
        }
    }
    if bits > 0 {
        push(pending << (BITS - bits));
    }
    id
}

/// A title is plain text of one line.
fn plain(text: &str) -> String {
    text.split(|character: char| character.is_control()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// A description is HTML at Google, so what people said is escaped.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_key_in_base32hex() {
        // The vectors of RFC 4648, section 10.
        for (key, expected) in
            [("", ""), ("f", "co"), ("fo", "cpng"), ("foo", "cpnmu"), ("foob", "cpnmuog"), ("fooba", "cpnmuoj1")]
        {
            assert_eq!(id(key), expected, "{key}");
        }
        assert_eq!(id("foobar"), "cpnmuoj1e8");
        assert_eq!(id("ac_0123456789abcdef0123456789abcdef").len(), 56);
    }

    #[test]
    fn what_was_said_is_no_markup() {
        assert_eq!(html("<b>a</b> & \"c\"\nd"), "&lt;b&gt;a&lt;/b&gt; &amp; \"c\"\nd");
        assert_eq!(plain(" a\r\nb\u{7}<i> "), "a  b <i>");
    }
}
