//! Whether a webhook is its platform's: decided on the raw bytes, in constant time, within a clock tolerance.

mod key;
mod scheme;

use aftercall_core::{secret::Secret, time::Timestamp};
use http::{HeaderMap, HeaderName, header::AUTHORIZATION};
use subtle::{Choice, ConstantTimeEq as _};

pub use key::{InvalidKey, Key};
pub use scheme::{Encoding, InvalidTemplate, Place, Scheme, Template, Time, Unit};

/// How one endpoint tells its platform's webhooks from everybody else's. Several secrets hold at once, so that
/// they can be rotated.
#[derive(Debug, Clone)]
pub enum Verifier {
    /// A signature, made as the platform makes it.
    Signature(Scheme, Vec<Key>),
    /// A secret in `Authorization: Bearer`.
    Bearer(Vec<Secret>),
    /// A secret in a header of the platform's own.
    Header(HeaderName, Vec<Secret>),
}

/// Why a webhook is not believed. What it says is for whoever sends it, and gives nothing away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A header is missing, there twice, or not as it must be.
    #[error("the header `{0}` must be there once, as the platform documents it")]
    Header(HeaderName),
    /// It was signed too long ago, or in the future.
    #[error("the webhook's time is too far from ours: a replay, or a clock that is wrong")]
    TooFarInTime,
    /// None of the secrets fits.
    #[error("no secret of this endpoint fits: compare it with the platform's")]
    NoSecretFits,
}

impl Verifier {
    /// Looks at what can be told before the body is there, so that nobody makes us read one who shows no secret.
    ///
    /// # Errors
    /// It can't be believed, whatever its body is.
    pub fn verify_head(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), Unverified> {
        match self {
            Self::Signature(scheme, _) => scheme.verify_head(headers, now),
            Self::Bearer(_) | Self::Header(..) => self.verify(headers, &[], now),
        }
    }

    /// Lets a webhook pass.
    ///
    /// # Errors
    /// It isn't to be believed.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Unverified> {
        match self {
            Self::Signature(scheme, keys) => scheme.verify(keys, headers, body, now),
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

    /// The headers with which these webhooks are believed, by the first of the secrets: what a platform sends, for tests
    /// and rehearsals. None: there is no secret, or only the platform can sign.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> Option<HeaderMap> {
        let only = |name: &HeaderName, value: String| {
            let value = value.parse().ok()?;
            Some(HeaderMap::from_iter([(name.clone(), value)]))
        };
        match self {
            Self::Signature(scheme, keys) => scheme.sign(keys.first()?, id, at, body),
            Self::Bearer(secrets) => only(&AUTHORIZATION, format!("Bearer {}", secrets.first()?.expose())),
            Self::Header(name, secrets) => only(name, secrets.first()?.expose().to_owned()),
        }
    }
}

/// A secret with nothing in it fits nobody.
fn one_fits(secrets: &[Secret], given: &str) -> Result<(), Unverified> {
    let fits = |secret: &Secret| {
        let secret = secret.expose();
        secret.as_bytes().ct_eq(given.as_bytes()) & Choice::from(u8::from(!secret.trim().is_empty()))
    };
    verdict(secrets.iter().map(fits))
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
pub(crate) mod tests;
