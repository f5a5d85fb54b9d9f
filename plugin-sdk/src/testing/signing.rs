//! Keys to sign with, in a test: whatever its algorithm in the manifest, a key signs with HMAC and SHA-256.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::SigningError;

/// Secrets by the names of the keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) secrets: BTreeMap<String, Vec<u8>>,
    /// A rehearsal's signatures are worthless.
    pub(super) rehearses: bool,
}

impl Keys {
    pub(super) fn hmac(&self, key: &str, payload: &[u8]) -> Result<Vec<u8>, SigningError> {
        let secret = self.secrets.get(key).ok_or(SigningError::NotGranted)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(payload);
        let signature = mac.finalize().into_bytes().to_vec();
        Ok(if self.rehearses { vec![0; signature.len()] } else { signature })
    }

    pub(super) fn jwt(&self, key: &str, claims: &str) -> Result<String, SigningError> {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        if !serde_json::from_str(claims).is_ok_and(|claims: Value| claims.is_object()) {
            return Err(SigningError::InvalidInput);
        }
        let content = format!("{}.{}", encode(br#"{"alg":"HS256","typ":"JWT"}"#), encode(claims.as_bytes()));
        let signature = self.hmac(key, content.as_bytes())?;
        Ok(format!("{content}.{}", encode(&signature)))
    }
}
