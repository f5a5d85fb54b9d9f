//! Whether a webhook is its platform's: decided on the raw bytes, in constant time, within a clock tolerance.

use aftercall_core::{secret::Secret, time::Timestamp};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName, header::AUTHORIZATION};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

/// How far a signed webhook's time may be from ours, in milliseconds. An older one is a replay, or lost its way.
/// Source: the reference libraries of Standard Webhooks allow five minutes.
const TOLERANCE_MS: u64 = 5 * 60 * 1000;

/// Shortest and longest signing key, in bytes. Source: Standard Webhooks, "Signature scheme".
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Most signatures that one webhook may carry: a sender that rotates its key sends two.
const SIGNATURES_MAX: usize = 8;

/// How one endpoint tells its platform's webhooks from everybody else's. Several secrets hold at once, so that
/// they can be rotated.
#[derive(Debug, Clone)]
pub enum Verifier {
    /// Standard Webhooks: an HMAC over identifier, time and body. See <https://www.standardwebhooks.com>.
    StandardWebhooks(Vec<SigningKey>),
    /// A secret in `Authorization: Bearer`.
    Bearer(Vec<Secret>),
    /// A secret in a header of the platform's own.
    Header(HeaderName, Vec<Secret>),
}

/// A key of Standard Webhooks.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// Why a text is no signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key is written `whsec_` and 24 to 64 bytes in base64: `openssl rand -base64 32` makes one")]
pub struct InvalidKey;

/// Why a webhook is not believed. What it says is for whoever sends it, and gives nothing away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A header is missing, there twice, or not as it must be.
    #[error("the header `{0}` must be there once, as the platform documents it")]
    Header(HeaderName),
    /// It was signed too long ago, or in the future.
    #[error("the webhook's time is more than five minutes from ours: a replay, or a clock that is wrong")]
    TooFarInTime,
    /// None of the secrets fits.
    #[error("no secret of this endpoint fits: compare it with the platform's")]
    NoSecretFits,
}

impl SigningKey {
    /// Reads a key: `whsec_…`.
    ///
    /// # Errors
    /// It isn't written so, or too short.
    pub fn parse(secret: &Secret) -> Result<Self, InvalidKey> {
        let encoded = secret.expose().strip_prefix("whsec_").ok_or(InvalidKey)?;
        let key = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidKey)?;
        if KEY_BYTES.contains(&key.len()) { Ok(Self(key)) } else { Err(InvalidKey) }
    }

    /// The signature of a webhook, as `webhook-signature` carries it.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let mac = self.mac(id, &(at.as_millis() / 1000).to_string(), body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn mac(&self, id: &str, seconds: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }
}

impl Verifier {
    /// Looks at what can be told before the body is there, so that nobody makes us read one who shows no secret.
    ///
    /// # Errors
    /// It can't be believed, whatever its body is.
    pub fn verify_head(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), Unverified> {
        match self {
            Self::StandardWebhooks(_) => Signed::of(headers, now).map(|_| ()),
            Self::Bearer(_) | Self::Header(..) => self.verify(headers, &[], now),
        }
    }

    /// Lets a webhook pass.
    ///
    /// # Errors
    /// It isn't to be believed.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Unverified> {
        match self {
            Self::StandardWebhooks(keys) => Signed::of(headers, now)?.verify(keys, body),
            Self::Bearer(secrets) => {
                let (scheme, given) = only(headers, &AUTHORIZATION)?.split_once(' ').unwrap_or_default();
                if !scheme.eq_ignore_ascii_case("bearer") {
                    return Err(Unverified::Header(AUTHORIZATION));
                }
                one_fits(secrets, given)
            }
            Self::Header(name, secrets) => one_fits(secrets, only(headers, name)?),
        }
    }
}

/// The headers of Standard Webhooks.
struct Signed<'a> {
    id: &'a str,
    seconds: &'a str,
    signatures: &'a str,
}

impl<'a> Signed<'a> {
    /// Reads them, within the clock tolerance.
    fn of(headers: &'a HeaderMap, now: Timestamp) -> Result<Self, Unverified> {
        const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
        let id = only(headers, &HeaderName::from_static("webhook-id"))?;
        let seconds = only(headers, &TIMESTAMP)?;
        let signatures = only(headers, &HeaderName::from_static("webhook-signature"))?;
        let at = seconds.parse::<u64>().ok().and_then(|seconds| seconds.checked_mul(1000));
        let at = Timestamp::from_millis(at.ok_or(Unverified::Header(TIMESTAMP))?);
        if now.ms_since(at).max(at.ms_since(now)) > TOLERANCE_MS {
            return Err(Unverified::TooFarInTime);
        }
        Ok(Self { id, seconds, signatures })
    }

    fn verify(&self, keys: &[SigningKey], body: &[u8]) -> Result<(), Unverified> {
        let signatures: Vec<Vec<u8>> = self
            .signatures
            .split(' ')
            .take(SIGNATURES_MAX)
            .filter_map(|signature| BASE64_STANDARD.decode(signature.strip_prefix("v1,")?).ok())
            .collect();
        let fits = |key: &SigningKey| {
            let mac = key.mac(self.id, self.seconds, body).finalize().into_bytes();
            signatures.iter().fold(Choice::from(0), |fits, signature| fits | mac.as_slice().ct_eq(signature))
        };
        verdict(keys.iter().map(fits))
    }
}

fn one_fits(secrets: &[Secret], given: &str) -> Result<(), Unverified> {
    verdict(secrets.iter().map(|secret| secret.expose().as_bytes().ct_eq(given.as_bytes())))
}

/// All are looked at, whichever fits.
fn verdict(fits: impl Iterator<Item = Choice>) -> Result<(), Unverified> {
    match fits.fold(Choice::from(0), |any, one| any | one).into() {
        true => Ok(()),
        false => Err(Unverified::NoSecretFits),
    }
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Unverified> {
    let mut values = headers.get_all(name).iter();
    match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(Unverified::Header(name.clone())),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_614_265_330_000);
    /// The published example of Standard Webhooks.
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn key(text: &str) -> SigningKey {
        SigningKey::parse(&secret(text)).expect("a key")
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: HeaderName = name.parse().expect("a name");
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        headers
    }

    #[test]
    fn the_published_example_is_signed_as_published() {
        assert_eq!(key(KEY).sign(ID, NOW, BODY), SIGNATURE);
    }

    #[test]
    fn standard_webhooks_are_verified() {
        let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let missing = |name: &'static str| Err(Unverified::Header(HeaderName::from_static(name)));
        let at = |seconds: i64| (NOW.as_millis() / 1000).saturating_add_signed(seconds).to_string();
        let two = format!("v1,AAAA {SIGNATURE} v1a,whatever");
        let check = |id: &str, at: &str, signature: &str, body: &[u8], keys: &[&str], expected| {
            let pairs = [("webhook-id", id), ("webhook-timestamp", at), ("webhook-signature", signature)];
            let given: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            let verifier = Verifier::StandardWebhooks(keys.iter().map(|text| key(text)).collect());
            assert_eq!(verifier.verify(&headers(&given), body, NOW), expected, "{given:?}");
        };
        check(ID, &at(0), SIGNATURE, BODY, &[KEY], Ok(()));
        check(ID, &at(0), &two, BODY, &[KEY], Ok(()));
        check(ID, &at(0), SIGNATURE, BODY, &[other, KEY], Ok(()));
        check(ID, &at(0), SIGNATURE, BODY, &[other], Err(Unverified::NoSecretFits));
        check(ID, &at(0), SIGNATURE, BODY, &[], Err(Unverified::NoSecretFits));
        check(ID, &at(0), SIGNATURE, b"{}", &[KEY], Err(Unverified::NoSecretFits));
        check("msg_2", &at(0), SIGNATURE, BODY, &[KEY], Err(Unverified::NoSecretFits));
        check(ID, &at(1), SIGNATURE, BODY, &[KEY], Err(Unverified::NoSecretFits));
        check(ID, &at(0), "v1,", BODY, &[KEY], Err(Unverified::NoSecretFits));
        check(ID, &at(0), "v2,AAAA", BODY, &[KEY], Err(Unverified::NoSecretFits));
        check(ID, &at(-301), SIGNATURE, BODY, &[KEY], Err(Unverified::TooFarInTime));
        check(ID, &at(301), SIGNATURE, BODY, &[KEY], Err(Unverified::TooFarInTime));
        check(ID, "yesterday", SIGNATURE, BODY, &[KEY], missing("webhook-timestamp"));
        check(ID, "18446744073709551615", SIGNATURE, BODY, &[KEY], missing("webhook-timestamp"));
        check(ID, "", SIGNATURE, BODY, &[KEY], missing("webhook-timestamp"));
        check("", &at(0), SIGNATURE, BODY, &[KEY], missing("webhook-id"));
        check(ID, &at(0), "", BODY, &[KEY], missing("webhook-signature"));
        let edge = key(KEY).sign(ID, Timestamp::from_millis(NOW.as_millis() - TOLERANCE_MS), BODY);
        check(ID, &at(-300), &edge, BODY, &[KEY], Ok(()));
    }

    #[test]
    fn shared_secrets_are_compared() {
        const VAPI: HeaderName = HeaderName::from_static("x-vapi-secret");
        let secrets = || vec![secret("old-secret"), secret("new-secret")];
        let (bearer, header) = (Verifier::Bearer(secrets()), Verifier::Header(VAPI, secrets()));
        let not_once = |name: HeaderName| Err(Unverified::Header(name));
        for (verifier, given, expected) in [
            (&bearer, &[("authorization", "Bearer new-secret")][..], Ok(())),
            (&bearer, &[("authorization", "bearer old-secret")], Ok(())),
            (&bearer, &[("authorization", "Bearer new-secre")], Err(Unverified::NoSecretFits)),
            (&bearer, &[("authorization", "Bearer ")], Err(Unverified::NoSecretFits)),
            (&bearer, &[("authorization", "Basic new-secret")], not_once(AUTHORIZATION)),
            (&bearer, &[], not_once(AUTHORIZATION)),
            (&header, &[("x-vapi-secret", "new-secret")], Ok(())),
            (&header, &[("x-vapi-secret", "NEW-secret")], Err(Unverified::NoSecretFits)),
            (&header, &[("x-vapi-secret", "new-secret"), ("x-vapi-secret", "new-secret")], not_once(VAPI)),
            (&header, &[("authorization", "Bearer new-secret")], not_once(VAPI)),
        ] {
            assert_eq!(verifier.verify(&headers(given), b"", NOW), expected, "{given:?}");
        }
    }

    #[test]
    fn keys_are_read() {
        let long = format!("whsec_{}", BASE64_STANDARD.encode([1; 65]));
        for (text, expected) in [
            (KEY, true),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
            ("whsec_", false),
            ("whsec_c2hvcnQ=", false),
            ("whsec_***", false),
            (&long, false),
        ] {
            assert_eq!(SigningKey::parse(&secret(text)).is_ok(), expected, "{text}");
        }
        assert_eq!(format!("{:?}", key(KEY)), "SigningKey(…)");
    }
}
