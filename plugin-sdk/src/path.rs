//! Which paths the host lets pass. The SDK refuses the others itself, so that the fake does too, and says what is wrong.

/// What to say of a path that [isn't canonical](is_canonical).
pub(crate) const WORDS: &str = "a part of its path is empty, is `.` or `..`, or holds `/`, `\\`, `%`, `;` or a control \
                                character, and no such path is sent; give ids as they were found";

/// Whether a path can mean one thing alone, to the host and to any server (RFC 3986, section 6.2.2): no dot segments, no empty
/// segment before the last, and no percent-codes of what needs none or of what servers take for syntax once decoded.
pub(crate) fn is_canonical(path: &str) -> bool {
    let Some(inner) = path.strip_prefix('/') else { return false };
    let last = inner.split('/').count() - 1;
    let mut segments = inner.split('/').enumerate();
    let is_plain = |segment: &str| !matches!(segment.split(';').next(), Some("." | ".."));
    let are_plain = segments.all(|(index, segment)| is_plain(segment) && (index == last || !segment.is_empty()));
    are_plain && !path.contains('\\') && path.split('%').skip(1).all(is_needed)
}

/// Whether what follows a `%` is a code that needs to be one.
fn is_needed(code: &str) -> bool {
    let byte = code.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    byte.is_some_and(|byte| {
        let is_unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        !is_unreserved && !byte.is_ascii_control() && !matches!(byte, b'/' | b'\\' | b'%' | b';')
    })
}
