//! An event of Google Calendar (<https://developers.google.com/workspace/calendar/api/v3/reference/events>).

use aftercall::{Failure, Receipt};
use serde_json::{Value, json};

use crate::arguments::EventId;
use crate::clock::Instant;
use crate::slot::Span;
use crate::vendor::{Kept, Move, NewEvent};

/// What stands at the key of an effect which moved the event, among its private properties.
const MOVED: &str = "moved";

/// The private property that has the number of the person whose event it is, in E.164.
pub(super) const PHONE: &str = "aftercall_phone";

/// An event that was read. A type with all its fields would be a thirtieth of the component.
pub(super) struct Event<'a>(pub(super) &'a Value);

/// An event that is to be made.
pub(super) fn new(event: &NewEvent<'_>) -> Value {
    let mut new = json!({
        "id": id(event.key),
        "summary": event.title,
        "description": html(event.description),
        "start": when(event.span.starts),
        "end": when(event.span.ends),
    });
    if let Some(phone) = event.phone {
        new["extendedProperties"] = json!({ "private": { PHONE: phone } });
    }
    new
}

/// What moving an event changes. Private properties that aren't named stay.
pub(super) fn moved(to: &Move<'_>) -> Value {
    json!({
        "start": when(to.span.starts),
        "end": when(to.span.ends),
        "extendedProperties": { "private": { (to.key): MOVED } },
    })
}

fn when(at: Instant) -> Value {
    json!({ "dateTime": at.to_string() })
}

impl Event<'_> {
    fn text(&self, field: &str) -> Option<&str> {
        self.0[field].as_str()
    }

    fn instant(&self, field: &str) -> Option<Instant> {
        Instant::read(self.0[field]["dateTime"].as_str()?)
    }

    /// Absent: it takes whole days.
    fn span(&self) -> Option<Span> {
        Some(Span { starts: self.instant("start")?, ends: self.instant("end")? })
    }

    pub(super) fn is_of(&self, key: &str) -> bool {
        self.text("id") == Some(id(key).as_str())
    }

    fn is_cancelled(&self) -> bool {
        self.text("status") == Some("cancelled")
    }

    /// The key of an event that was booked here.
    pub(super) fn key(&self) -> Option<EventId> {
        key(self.text("id")?)
    }

    /// The event as one of this key.
    pub(super) fn kept(&self, key: &str) -> Result<Kept, Failure> {
        if !self.is_of(key) {
            return Err(Failure::other(format!("the calendar gave another event for {}", id(key))));
        }
        let properties = &self.0["extendedProperties"]["private"];
        let moved = properties.as_object().into_iter().flatten();
        Ok(Kept {
            key: key.to_owned(),
            receipt: self.receipt(key),
            span: self.span(),
            title: self.text("summary").map(str::to_owned),
            phone: properties[PHONE].as_str().map(str::to_owned),
            cancelled: self.is_cancelled(),
            repeats: self.0.get("recurrence").is_some() || self.0.get("recurringEventId").is_some(),
            moved_by: moved.filter(|(_, value)| *value == MOVED).map(|(key, _)| key.to_owned()).collect(),
            etag: self.text("etag").map(str::to_owned),
            text: String::new(),
        })
    }

    /// What it takes of a span that it touches; all of it, where it takes whole days.
    pub(super) fn takes(&self, within: Span) -> Option<Span> {
        let declined = |each: &Value| each["self"] == true && each["responseStatus"] == "declined";
        let is_declined = self.0["attendees"].as_array().is_some_and(|all| all.iter().any(declined));
        let takes = !self.is_cancelled() && self.text("transparency") != Some("transparent") && !is_declined;
        takes.then(|| self.span().unwrap_or(within))
    }

    /// What stands for the event, made under this key.
    pub(super) fn receipt(&self, key: &str) -> Receipt {
        let receipt = Receipt::new("event", id(key));
        match self.text("htmlLink") {
            Some(url) => receipt.with_url(url),
            None => receipt,
        }
    }
}

/// The id of an event that is made under this key: Google takes one of 5 to 1024 of the characters of base32hex, `0` to `9`
/// and `a` to `v`. A key is `ac_` and hexadecimal digits.
pub(super) fn id(key: &str) -> String {
    key.replace('_', "")
}

/// The key that an id is made of. An event that wasn't booked here has none.
fn key(id: &str) -> Option<EventId> {
    format!("ac_{}", id.strip_prefix("ac")?).parse().ok()
}

/// A description is HTML at Google, so what people said is escaped.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_google_takes() {
        let id = id("ac_0123456789abcdef0123456789abcdef");
        assert_eq!(id, "ac0123456789abcdef0123456789abcdef");
        assert!(id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v')));
    }

    #[test]
    fn a_key_is_known_by_its_id() {
        assert_eq!(key(&id("ac_01f")).expect("a key").as_str(), "ac_01f");
        for other in ["01f", "ac", "ac01f_20260303T133000Z", "acg0", "_01f"] {
            assert_eq!(key(other), None, "{other}");
        }
    }

    #[test]
    fn what_was_said_is_no_markup() {
        assert_eq!(html("<b>a</b> & \"c\"\nd"), "&lt;b&gt;a&lt;/b&gt; &amp; \"c\"\nd");
    }
}
