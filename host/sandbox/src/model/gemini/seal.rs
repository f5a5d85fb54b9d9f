//! The seals on parts: pure functions of what they seal, so that an altered or moved one is found out.

use base64::{
    Engine as _,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig},
    },
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// How a seal of the sandbox begins.
const OURS: &[u8] = b"sandbox seal ";

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

/// Why a seal isn't taken.
#[derive(Debug, PartialEq)]
pub(super) enum Wrong {
    /// Not bytes in base64.
    Encoding,
    /// Not the seal of this part.
    Corrupted,
}

/// The seal of a part.
pub(super) fn of(part: &Value) -> String {
    STANDARD.encode([OURS, digest(part).as_slice()].concat())
}

/// Checks a seal. One of other origin is only to be well-formed: what it seals is its maker's secret.
pub(super) fn check(seal: &str, part: &Value) -> Result<(), Wrong> {
    let bytes = STANDARD.decode(seal).or_else(|_| URL_SAFE.decode(seal)).map_err(|_| Wrong::Encoding)?;
    match bytes.strip_prefix(OURS) {
        _ if bytes.is_empty() => Err(Wrong::Corrupted),
        Some(sealed) if sealed != digest(part) => Err(Wrong::Corrupted),
        Some(_) | None => Ok(()),
    }
}

fn digest(part: &Value) -> Vec<u8> {
    let mut bare = part.clone();
    if let Some(fields) = bare.as_object_mut() {
        fields.remove("thoughtSignature");
        fields.remove("thought_signature");
    }
    Sha256::digest(bare.to_string()).to_vec()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_seal_is_of_its_part_alone() {
        let part = json!({"functionCall": {"name": "f", "args": {"x": 1}}});
        let seal = of(&part);
        let mut sealed = part.clone();
        sealed["thoughtSignature"] = seal.as_str().into();
        let other = json!({"functionCall": {"name": "f", "args": {"x": 2}}});
        for (seal, part, expected) in [
            (seal.as_str(), &sealed, Ok(())),
            (&seal, &other, Err(Wrong::Corrupted)),
            ("", &other, Err(Wrong::Corrupted)),
            ("c2ln", &other, Ok(())),
            ("skip_thought_signature_validator", &other, Ok(())),
            ("not base64", &other, Err(Wrong::Encoding)),
        ] {
            assert_eq!(check(seal, part), expected, "{seal}");
        }
    }
}
