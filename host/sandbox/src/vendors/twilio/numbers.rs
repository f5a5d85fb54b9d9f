//! Phone numbers, senders, and how many segments a text takes.

/// `+` and 8 to 15 digits, the first of them not 0.
pub(in crate::vendors) fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A phone number, a short code of 3 to 6 digits, or an alphanumeric sender of up to 11 characters.
pub(in crate::vendors) fn is_sender(sender: &str) -> bool {
    let short_code = (3..=6).contains(&sender.len()) && sender.bytes().all(|byte| byte.is_ascii_digit());
    let alphanumeric = (1..=11).contains(&sender.len())
        && sender.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" +-_&".contains(&byte))
        && sender.bytes().any(|byte| byte.is_ascii_alphabetic());
    short_code || alphanumeric || is_e164(sender)
}

/// Seven-bit text takes 160 characters in one segment and 153 in each of several; other text 70 and 67 UTF-16 units.
pub(in crate::vendors) fn segments(body: &str) -> usize {
    let (length, alone, each) =
        if body.is_ascii() { (body.len(), 160, 153) } else { (body.encode_utf16().count(), 70, 67) };
    if length <= alone { 1 } else { length.div_ceil(each) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_senders() {
        let check = |text: &str, number: bool, sender: bool| {
            assert_eq!((is_e164(text), is_sender(text)), (number, sender), "{text}");
        };
        check("+14155550123", true, true);
        check("14155550123", false, false);
        check("+0415555012", false, false);
        check("+1415555", false, false);
        check("+1 415 555 0123", false, false);
        check("", false, false);
        check("12345", false, true);
        check("Harbor", false, true);
        check("HarborLogistics", false, false);
    }

    #[test]
    fn texts_take_segments() {
        let check = |letter: &str, count: usize, expected: usize| assert_eq!(segments(&letter.repeat(count)), expected);
        check("a", 160, 1);
        check("a", 161, 2);
        check("a", 307, 3);
        check("é", 70, 1);
        check("é", 71, 2);
    }
}
