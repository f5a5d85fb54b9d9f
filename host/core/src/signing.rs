//! Signing with keys that stay in the host: what a plugin asks to sign with, and what the tenant lets it sign.
//!
//! A key has one purpose, which its algorithm says: it signs JWTs, or it makes bare HMACs. A key that did both could
//! be made to sign, as bytes, a token with any claims.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest life of a signed token, in milliseconds, unless the tenant's grant says otherwise: five minutes, as
/// vendors recommend for assertions. Protects a tenant from a component that lets tokens out.
pub const TOKEN_LIFE_MS_DEFAULT: u64 = 5 * 60 * 1000;

/// Longest life that a grant can give a signed token, in milliseconds: a day.
pub const TOKEN_LIFE_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// Longest payload of a bare HMAC, in bytes, unless the tenant's grant says otherwise.
pub const PAYLOAD_BYTES_DEFAULT: usize = 64 << 10;

/// Largest claims of a token, in bytes: a token has to fit a header.
pub const CLAIMS_BYTES_MAX: usize = 8 << 10;

/// How something is signed. JWTs by the names of RFC 7518, section 3.1, in small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    HmacSha256,
    HmacSha384,
    HmacSha512,
}

impl Algorithm {
    /// Its name in manifests and grants.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "hs256",
            Self::Hs384 => "hs384",
            Self::Hs512 => "hs512",
            Self::Rs256 => "rs256",
            Self::Rs384 => "rs384",
            Self::Rs512 => "rs512",
            Self::Es256 => "es256",
            Self::Es384 => "es384",
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha384 => "hmac-sha384",
            Self::HmacSha512 => "hmac-sha512",
        }
    }

    /// Whether its key is a private one, whose public half the vendor knows.
    pub const fn is_asymmetric(self) -> bool {
        matches!(self, Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Es256 | Self::Es384)
    }

    /// What a key of this algorithm is for.
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::HmacSha256 | Self::HmacSha384 | Self::HmacSha512 => Purpose::Hmac,
            _ => Purpose::Jwt,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Tokens with claims (RFC 7519).
    Jwt,
    /// A bare code over bytes (RFC 2104).
    Hmac,
}

/// A key that a plugin asks to sign with. The component never sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// What is signed with it, and where a tenant gets it.
    pub description: String,
    /// How, and thereby what for.
    pub algorithm: Algorithm,
    /// How the vendor writes a secret key down. Private keys are always PEM.
    #[serde(default)]
    pub encoding: Encoding,
}

/// How a secret key is written down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Its bytes are those of the text.
    #[default]
    Text,
    /// Base64 (RFC 4648, section 4).
    Base64,
    /// Hexadecimal digits.
    Hex,
}

/// What a tenant lets a plugin sign with one key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// Which key it is, for whoever verifies a token: the header `kid`.
    pub key_id: Option<String>,
    /// Claims that are in every token, whatever the component says of them.
    pub claims: Map<String, Value>,
    /// Longest life of a token, in milliseconds. Absent: [`TOKEN_LIFE_MS_DEFAULT`].
    pub token_life_ms_max: Option<u64>,
    /// What a payload must begin with. Absent: anything.
    pub payload_prefix: Option<String>,
    /// Longest payload, in bytes. Absent: [`PAYLOAD_BYTES_DEFAULT`].
    pub payload_bytes_max: Option<usize>,
}

/// What is wrong with a tenant's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTerms {
    /// A word that belongs to keys of the other purpose.
    #[error("`{0}` means nothing for a key of its algorithm: leave it out")]
    OtherPurpose(&'static str),
    /// Neither never nor forever.
    #[error("`token_life_ms_max` must be from 1000 to {TOKEN_LIFE_MS_MAX}")]
    TokenLife,
    /// The host keeps the time.
    #[error("`claims` fixes `{0}`, which the host sets by its clock: say `token_life_ms_max` instead")]
    Times(&'static str),
    /// With it nothing could be signed.
    #[error("`payload_bytes_max` must be at least 1")]
    Payload,
}

/// Why something isn't signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The claims are no JSON object, or a time in them is no number.
    #[error("its claims must be a JSON object, with times as numbers of seconds")]
    Claims,
    /// There are too many of them.
    #[error("its claims have more than {CLAIMS_BYTES_MAX} bytes")]
    ClaimsTooLarge,
    /// The grant allows shorter payloads alone.
    #[error("its payload has more than {0} bytes, which the grant allows in `payload_bytes_max`")]
    PayloadTooLarge(usize),
    /// The grant allows other payloads alone.
    #[error("its payload does not begin as `payload_prefix` of the grant says")]
    PayloadPrefix,
}

impl Terms {
    /// Checks them for keys of one purpose.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, purpose: Purpose) -> Result<(), InvalidTerms> {
        let for_tokens = [
            ("key_id", self.key_id.is_some()),
            ("claims", !self.claims.is_empty()),
            ("token_life_ms_max", self.token_life_ms_max.is_some()),
        ];
        let for_codes = [
            ("payload_prefix", self.payload_prefix.is_some()),
            ("payload_bytes_max", self.payload_bytes_max.is_some()),
        ];
        let strange = match purpose {
            Purpose::Jwt => for_codes.iter().find(|(_, there)| *there),
            Purpose::Hmac => for_tokens.iter().find(|(_, there)| *there),
        };
        if let Some((word, _)) = strange {
            return Err(InvalidTerms::OtherPurpose(word));
        }
        if self.token_life_ms_max.is_some_and(|life| !(1000..=TOKEN_LIFE_MS_MAX).contains(&life)) {
            return Err(InvalidTerms::TokenLife);
        }
        if let Some(time) = ["iat", "exp", "nbf"].into_iter().find(|time| self.claims.contains_key(*time)) {
            return Err(InvalidTerms::Times(time));
        }
        if self.payload_bytes_max == Some(0) {
            return Err(InvalidTerms::Payload);
        }
        Ok(())
    }

    /// The claims of a token that is made now: the component's, then the tenant's over them, then the times. It is
    /// issued now, and expires when the component wants, but not later than the grant allows.
    ///
    /// # Errors
    /// The component's claims are none, or too large.
    pub fn claims(&self, asked: &str, now_s: u64) -> Result<Map<String, Value>, Refusal> {
        if asked.len() > CLAIMS_BYTES_MAX {
            return Err(Refusal::ClaimsTooLarge);
        }
        let mut claims: Map<String, Value> = serde_json::from_str(asked).map_err(|_| Refusal::Claims)?;
        let latest = now_s.saturating_add(self.token_life_ms_max.unwrap_or(TOKEN_LIFE_MS_DEFAULT) / 1000);
        let expires = match claims.get("exp") {
            None => latest,
            // One that is past is the component's own affair.
            Some(value) => value.as_u64().ok_or(Refusal::Claims)?.min(latest),
        };
        claims.extend(self.claims.clone());
        claims.insert("iat".to_owned(), now_s.into());
        claims.insert("exp".to_owned(), expires.into());
        Ok(claims)
    }

    /// Whether a payload may be signed.
    ///
    /// # Errors
    /// It is longer than the grant allows, or begins otherwise.
    pub fn check_payload(&self, payload: &[u8]) -> Result<(), Refusal> {
        let max = self.payload_bytes_max.unwrap_or(PAYLOAD_BYTES_DEFAULT);
        if payload.len() > max {
            return Err(Refusal::PayloadTooLarge(max));
        }
        match &self.payload_prefix {
            Some(prefix) if !payload.starts_with(prefix.as_bytes()) => Err(Refusal::PayloadPrefix),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn terms(value: Value) -> Terms {
        serde_json::from_value(value).expect("terms")
    }

    #[test]
    fn terms_fit_the_purpose() {
        for (value, purpose, expected) in [
            (json!({}), Purpose::Jwt, Ok(())),
            (json!({"claims": {"iss": "a"}, "key_id": "1", "token_life_ms_max": 1000}), Purpose::Jwt, Ok(())),
            (json!({"payload_prefix": "v0:", "payload_bytes_max": 10}), Purpose::Hmac, Ok(())),
            (json!({"payload_prefix": "v0:"}), Purpose::Jwt, Err("`payload_prefix` means nothing")),
            (json!({"claims": {"iss": "a"}}), Purpose::Hmac, Err("`claims` means nothing")),
            (json!({"token_life_ms_max": 999}), Purpose::Jwt, Err("from 1000")),
            (json!({"token_life_ms_max": u64::MAX}), Purpose::Jwt, Err("from 1000")),
            (json!({"claims": {"exp": 1}}), Purpose::Jwt, Err("by its clock")),
            (json!({"payload_bytes_max": 0}), Purpose::Hmac, Err("at least 1")),
        ] {
            match (terms(value.clone()).check(purpose), expected) {
                (Ok(()), Ok(())) => {}
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (got, expected) => panic!("{value}: {got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn claims_of_the_grant_win_and_tokens_end_soon() {
        let terms = terms(json!({"claims": {"iss": "tenant", "aud": ["b"]}, "token_life_ms_max": 60_000}));
        let long = json!({"x": "x".repeat(CLAIMS_BYTES_MAX)}).to_string();
        for (asked, expected) in [
            ("{}", Ok(json!({"iss": "tenant", "aud": ["b"], "iat": 1000, "exp": 1060}))),
            (
                r#"{"iss":"guest","sub":"s"}"#,
                Ok(json!({"iss": "tenant", "sub": "s", "aud": ["b"], "iat": 1000, "exp": 1060})),
            ),
            (r#"{"exp":1010,"iat":5}"#, Ok(json!({"iss": "tenant", "aud": ["b"], "iat": 1000, "exp": 1010}))),
            (r#"{"exp":99999999999}"#, Ok(json!({"iss": "tenant", "aud": ["b"], "iat": 1000, "exp": 1060}))),
            (r#"{"iss":"1","iss":"2"}"#, Ok(json!({"iss": "tenant", "aud": ["b"], "iat": 1000, "exp": 1060}))),
            (r#"{"exp":-1}"#, Err(Refusal::Claims)),
            (r#"{"exp":"soon"}"#, Err(Refusal::Claims)),
            ("[]", Err(Refusal::Claims)),
            ("{", Err(Refusal::Claims)),
            (&long, Err(Refusal::ClaimsTooLarge)),
        ] {
            assert_eq!(terms.claims(asked, 1000).map(Value::Object), expected, "{asked}");
        }
    }

    #[test]
    fn payloads_are_bounded() {
        let bounded = terms(json!({"payload_prefix": "v0:", "payload_bytes_max": 5}));
        for (payload, expected) in [
            ("v0:ab", Ok(())),
            ("v0:abc", Err(Refusal::PayloadTooLarge(5))),
            ("v1:", Err(Refusal::PayloadPrefix)),
            ("", Err(Refusal::PayloadPrefix)),
        ] {
            assert_eq!(bounded.check_payload(payload.as_bytes()), expected, "{payload}");
        }
        assert_eq!(Terms::default().check_payload(b""), Ok(()));
        assert!(Terms::default().check_payload(&vec![0; PAYLOAD_BYTES_DEFAULT + 1]).is_err());
    }
}
