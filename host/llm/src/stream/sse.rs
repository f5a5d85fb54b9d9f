//! Event streams, `text/event-stream`, as the HTML standard has them
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), without what is for connecting again. The parser is
//! our own, since it takes bytes as they come, and whoever feeds it knows how much it holds.

/// An event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// What it is called. Empty: nothing.
    pub(crate) name: String,
    /// What it says, its lines joined.
    pub(crate) data: String,
}

/// A parser of bytes, wherever they are cut.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    /// The line that hasn't ended.
    line: Vec<u8>,
    /// Whether the last line was ended by a carriage return, to which a line feed may belong.
    after_return: bool,
    /// Whether a line has ended.
    begun: bool,
    name: String,
    /// Each line with a line feed after it.
    data: String,
    /// Lines that belong to no event, each with a line feed after it.
    stray: String,
}

impl Parser {
    /// The events that end in these bytes.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<Event> {
        let (mut events, mut rest) = (Vec::new(), bytes);
        while let Some(first) = rest.first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
                self.line.extend_from_slice(rest);
                break;
            };
            self.line.extend_from_slice(&rest[..end]);
            self.after_return = rest[end] == b'\r';
            events.extend(self.end_line());
            rest = &rest[end + 1..];
        }
        events
    }

    /// How many bytes are held of what hasn't ended.
    pub(crate) fn held(&self) -> usize {
        self.line.len().saturating_add(self.data.len()).saturating_add(self.stray.len())
    }

    /// The event that nothing has ended, and the lines that belong to none.
    pub(crate) fn end(mut self) -> (Option<Event>, String) {
        let ended = if self.line.is_empty() { None } else { self.end_line() };
        (ended.or_else(|| self.end_event()), self.stray)
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = if self.begun { &*line } else { line.strip_prefix('\u{feff}').unwrap_or(&line) };
        self.begun = true;
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            // A comment; and what is for connecting again.
            "" | "id" | "retry" => {}
            "event" => value.clone_into(&mut self.name),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            _ => {
                self.stray.push_str(line);
                self.stray.push('\n');
            }
        }
        None
    }

    fn end_event(&mut self) -> Option<Event> {
        let event = Event { name: std::mem::take(&mut self.name), data: std::mem::take(&mut self.data) };
        let data = event.data.strip_suffix('\n').filter(|data| !data.is_empty())?;
        Some(Event { data: data.to_owned(), ..event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a stream, however it is cut.
    fn check(stream: &str, expected: &[(&str, &str)], stray: &str) {
        for size in 1..=stream.len().max(1) {
            let mut parser = Parser::default();
            let mut events: Vec<Event> = stream.as_bytes().chunks(size).flat_map(|bytes| parser.take(bytes)).collect();
            let (last, left) = parser.end();
            events.extend(last);
            let told: Vec<(&str, &str)> = events.iter().map(|event| (&*event.name, &*event.data)).collect();
            assert_eq!(told, expected, "{stream:?} by {size}");
            assert_eq!(left, stray, "{stream:?} by {size}");
        }
    }

    #[test]
    fn events_are_told_apart() {
        check("", &[], "");
        check("\n\r\n\r\r", &[], "");
        check("data: a\n\ndata:b\r\n\r\ndata:  c\r\r", &[("", "a"), ("", "b"), ("", " c")], "");
        check("\u{feff}event: x\ndata: a\ndata: b\n\ndata: c\n\n", &[("x", "a\nb"), ("", "c")], "");
        check(": OPENROUTER PROCESSING\n\ndata: é\u{1f980}\n\n", &[("", "é\u{1f980}")], "");
        check("id: 7\nretry: 9\ndata: a:b\n\n", &[("", "a:b")], "");
        check("event: nothing\n\ndata\n\ndata:\n\nevent: y\ndata: z\n\n", &[("y", "z")], "");
        check("data: a\ndata: {\"b\":1}", &[("", "a\n{\"b\":1}")], "");
        check("data: a\n\n{\n  \"error\": {}\n}\n", &[("", "a")], "{\n  \"error\": {}\n}\n");
    }

    #[test]
    fn what_is_held_is_known() {
        let mut parser = Parser::default();
        parser.take(b"data: abc\ndata: d");
        assert_eq!(parser.held(), "abc\n".len() + "data: d".len());
        parser.take(b"\n\n");
        assert_eq!(parser.held(), 0);
    }
}
