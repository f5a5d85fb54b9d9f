//! Signatures of thoughts. Those of the sandbox follow from the thought alone, so that they can be checked.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

/// What the sandbox's own signatures begin with.
const OURS: &[u8] = b"sandbox:";

/// The signature of a thought.
pub(super) fn of(thought: &str) -> String {
    STANDARD.encode([OURS, &Sha256::digest(thought)].concat())
}

/// Whether a signature can be that of the thought: of one that isn't the sandbox's, the form alone is known.
pub(super) fn holds(thought: &str, signature: &str) -> bool {
    match STANDARD.decode(signature) {
        Ok(bytes) if bytes.starts_with(OURS) => signature == of(thought),
        Ok(bytes) => !bytes.is_empty(),
        Err(_) => false,
    }
}
