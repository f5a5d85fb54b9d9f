//! Arguments of the tools that check themselves.

/// What the keys of effects begin with, and so the ids that events get here.
const PREFIX: &str = "ac_";
/// The longest key that is taken for one.
const DIGITS_MAX: usize = 64;

aftercall::text_argument! {
    /// The reference that a booking gave. No event but one that was booked here has such an id, so no other can be changed.
    pub(crate) struct EventId: is_event_id, {
        "type": "string",
        "pattern": format!("^{PREFIX}[0-9a-f]{{1,{DIGITS_MAX}}}$"),
        "description": "The event_id that booking it gave.",
    }
}

fn is_event_id(text: &str) -> Result<(), String> {
    let digits = text.strip_prefix(PREFIX).unwrap_or_default();
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if (1..=DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(hexadecimal) {
        Ok(())
    } else {
        Err(format!("{text:?} is no event_id that a booking gave: they begin with {PREFIX}"))
    }
}
