//! Texts from a component, made fit for a log, a model or a person.

/// The text, or as much of it as fits with an ellipsis behind it. Control characters but for line breaks and
/// tabs are replaced, since the text is shown on terminals.
pub(crate) fn clip(text: &str, bytes_max: usize) -> String {
    const ELLIPSIS: char = '…';
    let room = if text.len() <= bytes_max { bytes_max } else { bytes_max.saturating_sub(ELLIPSIS.len_utf8()) };
    let mut clipped = String::with_capacity(text.len().min(bytes_max));
    let mut used = 0;
    for c in text.chars() {
        used += c.len_utf8();
        if used > room {
            clipped.push(ELLIPSIS);
            break;
        }
        clipped.push(if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c });
    }
    clipped
}

/// The same on one line.
pub(crate) fn clip_line(text: &str, bytes_max: usize) -> String {
    clip(&text.replace(['\n', '\r'], " "), bytes_max)
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
        ] {
            assert_eq!(clip(text, max), expected);
        }
        assert_eq!(clip_line("a\r\nb", 10), "a  b");
    }
}
