//! Content lines (RFC 5545, section 3.1), however their server folds and ends them.

/// One property, or the begin or end of a component.
pub(super) struct Line<'a> {
    /// As it was written, with its folds, without its last break.
    pub(super) raw: &'a str,
    /// In capitals.
    pub(super) name: String,
    /// Names in capitals, values without quotes.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) value: String,
}

/// The lines of a calendar object, in their order. What is no line is left out.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (raw, after) = first(rest);
        rest = after;
        lines.extend(parse(raw));
    }
    lines
}

impl Line<'_> {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.name == name && self.value.trim().eq_ignore_ascii_case(value)
    }
}

/// The first line with what is folded into it, and what follows its break.
fn first(text: &str) -> (&str, &str) {
    let mut searched = 0;
    while let Some(at) = text[searched..].find('\n') {
        let end = searched + at;
        let after = &text[end + 1..];
        if !after.starts_with([' ', '\t']) {
            return (text[..end].trim_end_matches('\r'), after);
        }
        searched = end + 1;
    }
    (text.trim_end_matches('\r'), "")
}

fn parse(raw: &str) -> Option<Line<'_>> {
    let line = raw.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let mut quoted = false;
    let mut parts = Vec::new();
    let mut starts = 0;
    for (at, character) in line.char_indices() {
        match character {
            '"' => quoted = !quoted,
            ';' | ':' if !quoted => {
                parts.push(&line[starts..at]);
                starts = at + 1;
                if character == ':' {
                    let (name, parameters) = parts.split_first()?;
                    let parameters = parameters.iter().filter_map(|each| each.split_once('='));
                    let parameters =
                        parameters.map(|(name, value)| (name.to_ascii_uppercase(), value.trim_matches('"').to_owned()));
                    return Some(Line {
                        raw,
                        name: name.to_ascii_uppercase(),
                        parameters: parameters.collect(),
                        value: line[starts..].to_owned(),
                    });
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_however_they_are_written() {
        type Read<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
        fn check(text: &str, expected: &[Read<'_>]) {
            let found = lines(text);
            assert_eq!(found.len(), expected.len(), "{text:?}");
            for (line, (name, parameters, value)) in found.iter().zip(expected) {
                let read: Vec<(&str, &str)> =
                    line.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                assert_eq!(
                    (line.name.as_str(), &read[..], line.value.as_str()),
                    (*name, *parameters, *value),
                    "{text:?}"
                );
            }
        }
        check("UID:a\r\nSUMMARY:b\r\n", &[("UID", &[], "a"), ("SUMMARY", &[], "b")]);
        check("UID:a\nuid:b", &[("UID", &[], "a"), ("UID", &[], "b")]);
        check("SUMMARY:a\r\n b\r\n\tc\r\nX:d", &[("SUMMARY", &[], "abc"), ("X", &[], "d")]);
        check("DTSTART;tzid=\"A:B;C\";X=y:2026", &[("DTSTART", &[("TZID", "A:B;C"), ("X", "y")], "2026")]);
        check("DESCRIPTION:\\nUID:a\\nb", &[("DESCRIPTION", &[], "\\nUID:a\\nb")]);
        check("\r\n<html>\n", &[]);
        check("", &[]);
    }
}
