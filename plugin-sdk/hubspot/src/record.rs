//! Records: their ids, and where a person can look at them.

use aftercall::{Receipt, text_argument};

/// HubSpot's own type of contacts.
pub const CONTACT: &str = "0-1";
/// HubSpot's own type of deals. Its document of the deals API writes them by it; `deals` is another name of the same
/// (<https://developers.hubspot.com/docs/api-reference/latest/crm/objects/deals/guide>).
pub const DEAL: &str = "0-3";

/// The longest id of a record, in digits.
const ID_CHARS_MAX: usize = 20;

text_argument! {
    /// The id of a record: digits, so that it changes no path and no query that it stands in. With zeros before it, it would be
    /// another text for the same record; alone, zero is what the manifests of plugins have a rehearsal make.
    pub struct RecordId: check, { "type": "string", "pattern": "^[0-9]{1,20}$" }
}

fn check(text: &str) -> Result<(), String> {
    let are_digits = (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if are_digits && (text == "0" || !text.starts_with('0')) {
        Ok(())
    } else {
        Err(format!("{text:?} is no id of a record: digits, such as 512, as a tool gave it"))
    }
}

/// The receipt with the address of the record that shows it, in the account with this Hub ID. Without one, as it is.
pub fn linked(receipt: Receipt, portal_id: Option<&str>, object_type: &str, id: &str) -> Receipt {
    match portal_id {
        Some(portal) => {
            receipt.with_url(format!("https://app.hubspot.com/contacts/{portal}/record/{object_type}/{id}"))
        }
        None => receipt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_digits_and_one_text() {
        fn check(text: &str, is_id: bool) {
            assert_eq!(text.parse::<RecordId>().is_ok(), is_id, "{text:?}");
        }
        check("512", true);
        check("0", true);
        check("10000000000000000000", true);
        for other in ["", "0512", "00", "51/2", "-1", "\u{661}", "100000000000000000000"] {
            check(other, false);
        }
    }
}
