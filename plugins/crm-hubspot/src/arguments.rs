//! Arguments that check themselves: ids.

use aftercall::{Context, text_argument};

/// The longest id of a record, in digits.
const ID_CHARS_MAX: usize = 20;
/// The id of what a rehearsal makes, by the manifest. It is nowhere to be found.
const REHEARSED_ID: &str = "0";

text_argument! {
    /// The id of a record in HubSpot: digits, so that it changes no path and no query that it stands in.
    pub(crate) struct RecordId: check_id, { "type": "string", "pattern": "^[0-9]{1,20}$" }
}

impl RecordId {
    /// Whether an earlier call of a rehearsal would have made it.
    pub(crate) fn is_rehearsed(&self, cx: &Context) -> bool {
        cx.dry_run() && self.as_str() == REHEARSED_ID
    }
}

fn check_id(text: &str) -> Result<(), String> {
    if (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err(format!("{text:?} is no id of a record: digits, such as 512, as a tool gave it"))
    }
}
