//! Replies as streams of events, in the form of the HTML standard (section "Server-sent events").

use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use crate::endpoint::Reply;

/// How many characters a piece of a text has: few, so that words, names and JSON are cut in the middle.
const PIECE_CHARS: usize = 5;

/// An event.
pub(crate) struct Event {
    /// What it is called, where the provider calls its events anything.
    name: Option<String>,
    data: String,
}

impl Event {
    /// One without a name.
    pub(crate) fn of(data: &Value) -> Event {
        Event { name: None, data: data.to_string() }
    }

    /// One that is called as its `type` says.
    pub(crate) fn of_type(data: &Value) -> Event {
        Event { name: data["type"].as_str().map(str::to_owned), ..Event::of(data) }
    }

    /// One without a name whose data is no JSON.
    pub(crate) fn verbatim(data: impl Into<String>) -> Event {
        Event { name: None, data: data.into() }
    }

    fn written(&self) -> String {
        let name = self.name.as_ref().map(|name| format!("event: {name}\n"));
        let data: String = self.data.lines().map(|line| format!("data: {line}\n")).collect();
        format!("{}{data}\n", name.unwrap_or_default())
    }
}

/// The answer that is made of these events.
pub(crate) fn reply(events: &[Event]) -> Reply {
    let body: String = events.iter().map(Event::written).collect();
    let reply = Reply { body: body.into(), ..Reply::json(StatusCode::OK, &Value::Null) };
    reply.header(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"))
}

/// A text in pieces, none of which cuts a character.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.char_indices().nth(PIECE_CHARS).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, expected) in
            [("", &[][..]), ("Hello", &["Hello"]), ("Añadido: \u{1f980}!", &["Añadi", "do: \u{1f980}", "!"])]
        {
            assert_eq!(pieces(text).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn events_are_written_line_by_line() {
        let events =
            [Event::of_type(&json!({"type": "ping"})), Event::of(&json!({"a": "b\nc"})), Event::verbatim("x\ny")];
        let expected = "event: ping\ndata: {\"type\":\"ping\"}\n\ndata: {\"a\":\"b\\nc\"}\n\ndata: x\ndata: y\n\n";
        assert_eq!(reply(&events).body, expected);
    }
}
