//! What the model calls an alert.

use aftercall::text_argument;

const PREFIX: &str = "ac_";
const DIGITS: usize = 32;

text_argument! {
    /// The reference that `page_oncall` gives of an alert: the key of that effect. Nothing else is one, so that no name which
    /// is spoken on a call can silence an alert of somebody else's.
    pub(crate) struct AlertRef: check_alert, { "type": "string", "pattern": "^ac_[0-9a-f]{32}$" }
}

fn check_alert(text: &str) -> Result<(), String> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let digits = text.strip_prefix(PREFIX).unwrap_or_default();
    if digits.len() == DIGITS && digits.bytes().all(is_digit) {
        Ok(())
    } else {
        Err(format!(
            "`alert` is {text:?}, which is no reference of page_oncall's: take the one that it answered with, such as \
             ac_0123456789abcdef0123456789abcdef"
        ))
    }
}
