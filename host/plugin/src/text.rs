//! Texts from a component, made fit for a log, a model or a person.

/// The text, or as much of it as fits with an ellipsis behind it. Control characters but for line breaks and
/// tabs are replaced, since the text is shown on terminals.
pub(crate) fn clip(text: &str, bytes_max: usize) -> String {
    const ELLIPSIS: char = '…';
    let room = if text.len() <= bytes_max { bytes_max } else { bytes_max.saturating_sub(ELLIPSIS.len_utf8()) };
    let mut clipped = String::with_capacity(text.len().min(bytes_max));
    for c in text.chars() {
        let shown = if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c };
        if clipped.len() + shown.len_utf8() > room {
            // What takes a control character's place is longer than it: the text may have fitted without.
            while clipped.len() > bytes_max.saturating_sub(ELLIPSIS.len_utf8()) {
                clipped.pop();
            }
            clipped.push(ELLIPSIS);
            break;
        }
        clipped.push(shown);
    }
    clipped
}

/// The same on one line.
pub(crate) fn clip_line(text: &str, bytes_max: usize) -> String {
    // What can't be in it is cut off first: the text may be a component's, and of any length.
    let end = text.floor_char_boundary(bytes_max.saturating_add(1));
    clip(&text[..end].replace(['\n', '\r'], " "), bytes_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        for (text, max, expected) in [
            ("abc", 3, "abc"),
            ("abcdefgh", 7, "abcd…"),
            ("ééééé", 8, "éé…"),
            ("", 0, ""),
            ("a\u{1b}[2Jb\tc", 20, "a\u{fffd}[2Jb\tc"),
            ("\0\0\0\0", 12, "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            ("\0\0\0\0", 11, "\u{fffd}\u{fffd}…"),
            ("abc\0", 4, "a…"),
        ] {
            assert_eq!(clip(text, max), expected);
        }
        for (text, max, expected) in
            [("a\r\nb", 10, "a  b"), ("a\nbcdé", 6, "a b…"), ("éé\n", 4, "…"), ("ab\n", 3, "ab ")]
        {
            assert_eq!(clip_line(text, max), expected);
        }
    }
}
