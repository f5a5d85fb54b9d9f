//! What a signature is checked with.

use aftercall_core::secret::Secret;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::{Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq as _};

/// Shortest and longest key of Standard Webhooks, in bytes. Source: its specification, "Signature scheme".
const STANDARD_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A public key of Ed25519, in bytes. Source: RFC 8032, section 5.1.5.
const ED25519_BYTES: usize = 32;

/// A key, and the algorithm that it is for.
#[derive(Clone)]
pub enum Key {
    /// A secret that the platform has too: HMAC (RFC 2104) with SHA-256.
    HmacSha256(Vec<u8>),
    /// The same with SHA-512.
    HmacSha512(Vec<u8>),
    /// The public half of the platform's key: Ed25519 (RFC 8032).
    Ed25519([u8; ED25519_BYTES]),
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Of Standard Webhooks.
    #[error("a signing key is written `whsec_` and 24 to 64 bytes in base64: `openssl rand -base64 32` makes one")]
    Standard,
    /// Of Ed25519.
    #[error("a public key of Ed25519 is written as 32 bytes in base64: copy it as the platform shows it")]
    Ed25519,
    /// Nothing in it, by which everybody could sign.
    #[error("a signing key has something in it: copy it as the platform shows it")]
    Empty,
}

impl Key {
    /// Reads a key of Standard Webhooks: `whsec_…`.
    ///
    /// # Errors
    /// It isn't written so, or too short.
    pub fn standard(secret: &Secret) -> Result<Self, InvalidKey> {
        let encoded = secret.expose().strip_prefix("whsec_").ok_or(InvalidKey::Standard)?;
        let key = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidKey::Standard)?;
        if STANDARD_BYTES.contains(&key.len()) { Ok(Self::HmacSha256(key)) } else { Err(InvalidKey::Standard) }
    }

    /// A secret whose bytes are the key: HMAC with SHA-256.
    ///
    /// # Errors
    /// It is empty.
    pub fn sha256(secret: &Secret) -> Result<Self, InvalidKey> {
        Ok(Self::HmacSha256(bytes_of(secret)?))
    }

    /// The same with SHA-512.
    ///
    /// # Errors
    /// It is empty.
    pub fn sha512(secret: &Secret) -> Result<Self, InvalidKey> {
        Ok(Self::HmacSha512(bytes_of(secret)?))
    }

    /// Reads a public key: base64.
    ///
    /// # Errors
    /// It isn't written so.
    pub fn ed25519(public: &Secret) -> Result<Self, InvalidKey> {
        let key = BASE64_STANDARD.decode(public.expose().trim()).map_err(|_| InvalidKey::Ed25519)?;
        key.try_into().map(Self::Ed25519).map_err(|_| InvalidKey::Ed25519)
    }

    /// The signature of these parts in a row. None: the other half of the key is needed for that.
    pub(super) fn sign(&self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        match self {
            Self::HmacSha256(key) => Some(mac::<Hmac<Sha256>>(key, parts)),
            Self::HmacSha512(key) => Some(mac::<Hmac<Sha512>>(key, parts)),
            Self::Ed25519(_) => None,
        }
    }

    /// Whether one of the signatures is this key's.
    pub(super) fn fits(&self, parts: &[&[u8]], signatures: &[Vec<u8>]) -> Choice {
        let one = |fits: &dyn Fn(&[u8]) -> Choice| {
            signatures.iter().fold(Choice::from(0), |any, signature| any | fits(signature))
        };
        match self {
            Self::Ed25519(public) => {
                let (public, message) = (UnparsedPublicKey::new(&ED25519, public), parts.concat());
                one(&|signature| Choice::from(u8::from(public.verify(&message, signature).is_ok())))
            }
            Self::HmacSha256(_) | Self::HmacSha512(_) => {
                let ours = self.sign(parts).expect("it is a secret");
                one(&|signature| ours.ct_eq(signature))
            }
        }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

fn bytes_of(secret: &Secret) -> Result<Vec<u8>, InvalidKey> {
    let text = secret.expose();
    if text.trim().is_empty() { Err(InvalidKey::Empty) } else { Ok(text.as_bytes().to_vec()) }
}

fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}
