//! Content lines (RFC 5545, section 3.1): unfolded, taken apart, their texts unescaped.

/// One property of a component.
#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    /// In capitals.
    pub(super) name: String,
    /// In capitals, with their values as they are written.
    pub(super) parameters: Vec<(String, &'a str)>,
    pub(super) value: &'a str,
}

/// The lines of an object, each whole. They end in CRLF, the last one too.
pub(super) fn unfold(data: &str) -> Result<Vec<String>, String> {
    let Some(lines) = data.strip_suffix("\r\n") else { return Err("the last line has no CRLF".to_owned()) };
    let mut unfolded: Vec<String> = Vec::new();
    for line in lines.split("\r\n") {
        if let Some(control) = line.chars().find(|letter| letter.is_ascii_control() && *letter != '\t') {
            return Err(format!("the control character {control:?} stands in a line"));
        }
        match (line.strip_prefix([' ', '\t']), unfolded.last_mut()) {
            (Some(rest), Some(before)) => before.push_str(rest),
            (Some(_), None) => return Err("the first line goes on with one before it".to_owned()),
            (None, _) => unfolded.push(line.to_owned()),
        }
    }
    Ok(unfolded)
}

impl<'a> Line<'a> {
    /// `NAME;PARAMETER=VALUE:VALUE`, where a parameter's value may stand in quotes.
    pub(super) fn parse(text: &'a str) -> Result<Line<'a>, String> {
        let unsound = || format!("{text:?} is no content line");
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let mut quoted = false;
        let mut cuts = Vec::new();
        for (at, letter) in text.char_indices() {
            match letter {
                '"' => quoted = !quoted,
                ';' if !quoted => cuts.push(at),
                ':' if !quoted => {
                    cuts.push(at);
                    break;
                }
                _ => {}
            }
        }
        let colon = cuts.last().copied().filter(|at| text[*at..].starts_with(':')).ok_or_else(unsound)?;
        let name = &text[..cuts[0]];
        let mut parameters = Vec::new();
        for cut in cuts.windows(2) {
            let (parameter, value) = text[cut[0] + 1..cut[1]].split_once('=').ok_or_else(unsound)?;
            if !is_name(parameter) {
                return Err(unsound());
            }
            parameters.push((parameter.to_ascii_uppercase(), value));
        }
        if !is_name(name) {
            return Err(unsound());
        }
        Ok(Line { name: name.to_ascii_uppercase(), parameters, value: &text[colon + 1..] })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(parameter, _)| parameter == name).map(|(_, value)| *value)
    }

    /// The value as a text (section 3.3.11). A comma or a semicolon would end it.
    pub(super) fn text(&self) -> Result<String, String> {
        let mut text = String::new();
        let mut letters = self.value.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some(escaped @ ('\\' | ';' | ',')) => text.push(escaped),
                    Some('n' | 'N') => text.push('\n'),
                    _ => return Err(format!("{} has an escape that is none", self.name)),
                },
                ';' | ',' => return Err(format!("{} has a {letter:?} that isn't escaped", self.name)),
                other => text.push(other),
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_unfolded() {
        let check = |data: &str, expected: Option<&[&str]>| {
            let expected = expected.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
            assert_eq!(unfold(data).ok(), expected, "{data:?}");
        };
        check("A:b\r\nC:d\r\n", Some(&["A:b", "C:d"]));
        check("A:b\r\n c\r\n\td\r\nE:f\r\n", Some(&["A:bcd", "E:f"]));
        check("A:b\r\n  c\r\n", Some(&["A:b c"]));
        check("A:b", None);
        check("A:b\nC:d\r\n", None);
        check(" A:b\r\n", None);
        check("A:\u{7}\r\n", None);
    }

    #[test]
    fn lines_are_taken_apart() {
        fn line<'a>(name: &str, parameters: &[(&str, &'a str)], value: &'a str) -> Line<'a> {
            let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
            Line { name: name.to_owned(), parameters, value }
        }
        let check = |text: &str, expected: Option<Line<'_>>| {
            assert_eq!(Line::parse(text).ok(), expected, "{text}");
        };
        check("SUMMARY:a:b;c", Some(line("SUMMARY", &[], "a:b;c")));
        check("uid:", Some(line("UID", &[], "")));
        check("DTSTART;VALUE=DATE:20260301", Some(line("DTSTART", &[("VALUE", "DATE")], "20260301")));
        check("X-A;b=\"c:d;e\";F=g:h", Some(line("X-A", &[("B", "\"c:d;e\""), ("F", "g")], "h")));
        check("no colon", None);
        check(":no name", None);
        check("A B:c", None);
        check("A;b:c", None);
        check("A;B=\"c:d", None);
    }

    #[test]
    fn texts_are_unescaped() {
        let check = |value: &str, expected: Option<&str>| {
            let line = Line { name: "SUMMARY".to_owned(), parameters: Vec::new(), value };
            assert_eq!(line.text().ok().as_deref(), expected, "{value}");
        };
        check(r"a\, b\; c\\d\nE\Nf: g", Some("a, b; c\\d\nE\nf: g"));
        check("a, b", None);
        check("a; b", None);
        check(r"a\b", None);
        check("a\\", None);
    }
}
