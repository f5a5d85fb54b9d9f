//! What a model thought, in the form that its provider alone can read.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// What a request includes to be given thoughts in this form.
pub(super) const INCLUDED: &str = "reasoning.encrypted_content";

/// In the identifiers of all items of a reply that was thought about.
pub(super) const THOUGHT: &str = "thought";

/// A thought under its item's identifier: nothing else fits either.
pub(super) fn of(id: &str, thought: &str) -> String {
    let mark = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{id}\n{thought}")));
    format!("sandbox.{}.{mark}", BASE64_URL_SAFE_NO_PAD.encode(thought))
}

/// Why the content isn't taken: that of others has to look as the provider's does.
pub(super) fn check(id: &str, content: &str) -> Result<(), &'static str> {
    let Some(sealed) = content.strip_prefix("sandbox.") else {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=+/".contains(&byte);
        let is_well_formed = !content.is_empty() && content.bytes().all(is_plain);
        return is_well_formed.then_some(()).ok_or("Encrypted content could not be decrypted or parsed.");
    };
    let thought = sealed.split_once('.').and_then(|(thought, _)| BASE64_URL_SAFE_NO_PAD.decode(thought).ok());
    let thought = thought.and_then(|bytes| String::from_utf8(bytes).ok());
    match thought {
        Some(thought) if of(id, &thought) == content => Ok(()),
        Some(_) => Err("Encrypted content item_id did not match the target item id."),
        None => Err("Encrypted content could not be decrypted or parsed."),
    }
}
