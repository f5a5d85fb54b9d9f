//! Keys that sign: private ones from PEM, secret ones from the vendor's text. None is ever shown.

use std::{fmt, sync::LazyLock};

use aftercall_core::{
    secret::Secret,
    signing::{Algorithm, Encoding},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
    signature::{self, EcdsaKeyPair, RsaKeyPair},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};

/// Shortest secret key, in bytes: a shorter one can be found by trying.
const SECRET_KEY_BYTES_MIN: usize = 16;

/// Longest key as it is written, in bytes.
const KEY_BYTES_MAX: usize = 16 << 10;

/// Chance for signatures and for the identifiers of assertions. It decides nothing.
static CHANCE: LazyLock<SystemRandom> = LazyLock::new(SystemRandom::new);

/// Why a key can't be used. Never what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("it is no private key: give it as PEM, with its line breaks, beginning with `-----BEGIN PRIVATE KEY-----`")]
    NotPem,
    #[error("it is encrypted: take the password off with `openssl pkcs8 -topk8 -nocrypt`")]
    Encrypted,
    #[error("it is an elliptic curve's key outside of PKCS#8: turn it over with `openssl pkcs8 -topk8 -nocrypt`")]
    Sec1,
    #[error("it is no key for {algorithm} ({why}): {remedy}", remedy = remedy(*.algorithm))]
    Unfit { algorithm: Algorithm, why: String },
    #[error("it is not written in {0}, as the manifest says that it is")]
    Encoding(&'static str),
    #[error("it must have {SECRET_KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes")]
    Size,
}

const fn remedy(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => "it takes an RSA key of 2048 to 4096 bits",
        Algorithm::Es256 => "it takes a key of the curve P-256",
        Algorithm::Es384 => "it takes a key of the curve P-384",
        _ => "it takes a secret",
    }
}

/// It could not be signed, for want of chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the machine gives no random numbers to sign with")]
pub(crate) struct Unsigned;

/// A key, and the one algorithm that it is used with.
pub(crate) struct Key {
    algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
    Secret(Box<hmac::Key>),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, …)", self.algorithm)
    }
}

impl Key {
    /// A private key. Without an algorithm, the one that is usual for such keys.
    pub(crate) fn private(pem: &Secret, algorithm: Option<Algorithm>) -> Result<Self, Error> {
        let pem = pem.expose();
        if pem.len() > KEY_BYTES_MAX {
            return Err(Error::Size);
        }
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| match pem {
            pem if pem.contains("ENCRYPTED") => Error::Encrypted,
            _ => Error::NotPem,
        })?;
        let (algorithm, pair) = match (&der, algorithm) {
            (PrivateKeyDer::Sec1(_), _) => return Err(Error::Sec1),
            (PrivateKeyDer::Pkcs1(_), None) => (Algorithm::Rs256, Pair::of(&der, Algorithm::Rs256)?),
            (_, Some(algorithm)) => (algorithm, Pair::of(&der, algorithm)?),
            (_, None) => [Algorithm::Es256, Algorithm::Es384]
                .into_iter()
                .find_map(|algorithm| Some((algorithm, Pair::of(&der, algorithm).ok()?)))
                .map_or_else(|| Pair::of(&der, Algorithm::Rs256).map(|pair| (Algorithm::Rs256, pair)), Ok)?,
        };
        Ok(Self { algorithm, pair })
    }

    /// A secret key, which whoever verifies has too.
    pub(crate) fn secret(text: &Secret, encoding: Encoding, algorithm: Algorithm) -> Result<Self, Error> {
        let text = text.expose();
        let bytes = match encoding {
            Encoding::Text => text.as_bytes().to_vec(),
            Encoding::Base64 => STANDARD.decode(text).map_err(|_| Error::Encoding("base64"))?,
            Encoding::Hex => from_hex(text).ok_or(Error::Encoding("hexadecimal digits"))?,
        };
        if !(SECRET_KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&bytes.len()) {
            return Err(Error::Size);
        }
        let hash = match algorithm {
            Algorithm::Hs384 | Algorithm::HmacSha384 => hmac::HMAC_SHA384,
            Algorithm::Hs512 | Algorithm::HmacSha512 => hmac::HMAC_SHA512,
            _ => hmac::HMAC_SHA256,
        };
        Ok(Self { algorithm, pair: Pair::Secret(Box::new(hmac::Key::new(hash, &bytes))) })
    }

    /// The algorithm that it is used with.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, Unsigned> {
        match &self.pair {
            Pair::Secret(key) => Ok(hmac::sign(key, bytes).as_ref().to_vec()),
            Pair::Ec(pair) => pair.sign(&*CHANCE, bytes).map(|made| made.as_ref().to_vec()).map_err(|_| Unsigned),
            Pair::Rsa(pair) => {
                let padding: &dyn signature::RsaEncoding = match self.algorithm {
                    Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut made = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &*CHANCE, bytes, &mut made).map_err(|_| Unsigned)?;
                Ok(made)
            }
        }
    }

    /// The length of its signatures, in bytes.
    pub(crate) fn signature_bytes(&self) -> usize {
        match &self.pair {
            Pair::Rsa(pair) => pair.public().modulus_len(),
            Pair::Ec(_) if self.algorithm == Algorithm::Es384 => 96,
            Pair::Ec(_) => 64,
            Pair::Secret(key) => key.algorithm().digest_algorithm().output_len(),
        }
    }
}

impl Pair {
    fn of(der: &PrivateKeyDer<'_>, algorithm: Algorithm) -> Result<Self, Error> {
        let unfit = |why: String| Error::Unfit { algorithm, why };
        let bytes = der.secret_der();
        let curve = match algorithm {
            Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Rs512 => {
                let read = match der {
                    PrivateKeyDer::Pkcs1(_) => RsaKeyPair::from_der(bytes),
                    _ => RsaKeyPair::from_pkcs8(bytes),
                };
                return read.map(|pair| Self::Rsa(Box::new(pair))).map_err(|error| unfit(error.to_string()));
            }
            Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            _ => return Err(unfit("a private key can't be used with it".to_owned())),
        };
        let read = EcdsaKeyPair::from_pkcs8(curve, bytes, &*CHANCE);
        read.map(|pair| Self::Ec(Box::new(pair))).map_err(|error| unfit(error.to_string()))
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// A text that nobody has ever made and nobody will guess.
pub(crate) fn unique_text() -> Result<String, Unsigned> {
    let mut bytes = [0; 16];
    CHANCE.fill(&mut bytes).map_err(|_| Unsigned)?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
pub(crate) mod tests {
    use ring::signature::{KeyPair as _, UnparsedPublicKey, VerificationAlgorithm};

    use super::*;

    /// Keys that were made for these tests and open nothing.
    pub(crate) const RSA: &str = include_str!("testdata/rsa.pem");
    const RSA_PKCS1: &str = include_str!("testdata/rsa-pkcs1.pem");
    const RSA_SHORT: &str = include_str!("testdata/rsa-short.pem");
    pub(crate) const EC256: &str = include_str!("testdata/ec256.pem");
    pub(crate) const EC384: &str = include_str!("testdata/ec384.pem");
    const EC_SEC1: &str = include_str!("testdata/ec-sec1.pem");
    const ED25519: &str = include_str!("testdata/ed25519.pem");
    const ENCRYPTED: &str = include_str!("testdata/encrypted.pem");

    impl Key {
        /// Whether a signature is this key's, by its public half alone.
        pub(crate) fn verifies(&self, bytes: &[u8], made: &[u8]) -> bool {
            let algorithm: &'static dyn VerificationAlgorithm = match self.algorithm {
                Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
                Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
                _ => &signature::ECDSA_P384_SHA384_FIXED,
            };
            let public = match &self.pair {
                Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
                Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
                Pair::Secret(key) => return hmac::verify(key, bytes, made).is_ok(),
            };
            UnparsedPublicKey::new(algorithm, public).verify(bytes, made).is_ok()
        }
    }

    #[test]
    fn private_keys_are_read_and_sign() {
        use Algorithm::{Es256, Es384, Hs256, Rs256, Rs384, Rs512};
        let long = "x".repeat(KEY_BYTES_MAX + 1);
        for (pem, algorithm, expected) in [
            (RSA, None, Ok(Rs256)),
            (RSA, Some(Rs384), Ok(Rs384)),
            (RSA, Some(Rs512), Ok(Rs512)),
            (RSA.trim_end(), None, Ok(Rs256)),
            (RSA_PKCS1, None, Ok(Rs256)),
            (RSA_PKCS1, Some(Rs384), Ok(Rs384)),
            (EC256, None, Ok(Es256)),
            (EC256, Some(Es256), Ok(Es256)),
            (EC384, None, Ok(Es384)),
            (EC384, Some(Es384), Ok(Es384)),
            (EC256, Some(Es384), Err("the curve P-384")),
            (EC256, Some(Rs256), Err("2048 to 4096 bits")),
            (RSA, Some(Es256), Err("the curve P-256")),
            (RSA, Some(Hs256), Err("takes a secret")),
            (RSA_SHORT, None, Err("2048 to 4096 bits")),
            (EC_SEC1, None, Err("openssl pkcs8")),
            (ENCRYPTED, None, Err("encrypted")),
            (ED25519, None, Err("2048 to 4096 bits")),
            ("", None, Err("no private key")),
            ("-----BEGIN PRIVATE KEY-----\nnonsense", None, Err("no private key")),
            ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", None, Err("no key for rs256")),
            ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", None, Err("no private key")),
            (&long, None, Err("bytes")),
        ] {
            let key = Key::private(&Secret::new(pem.to_owned()), algorithm);
            match (key, expected) {
                (Ok(key), Ok(expected)) => {
                    assert_eq!(key.algorithm(), expected);
                    let made = key.sign(b"text").expect("signs");
                    assert_eq!(made.len(), key.signature_bytes());
                    assert!(key.verifies(b"text", &made) && !key.verifies(b"other", &made), "{expected}");
                    assert_eq!(format!("{key:?}"), format!("Key({expected}, …)"));
                }
                (Err(error), Err(words)) => {
                    let said = format!("{error} {error:?}");
                    assert!(said.contains(words), "{said}");
                    let body = pem.lines().nth(1).filter(|line| line.len() > 10);
                    assert!(body.is_none_or(|body| !said.contains(&body[..10])), "{said}");
                }
                (got, expected) => panic!("{got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn secret_keys_are_read_in_their_encoding() {
        // RFC 4231, test case 6 has a key of 131 bytes `aa`; the codes are its HMAC-SHA-256, -384 and -512.
        let hex = "aa".repeat(131);
        let text = "Test Using Larger Than Block-Size Key - Hash Key First";
        for (algorithm, begins) in [
            (Algorithm::HmacSha256, [0x60, 0xe4, 0x31, 0x59]),
            (Algorithm::HmacSha384, [0x4e, 0xce, 0x08, 0x44]),
            (Algorithm::HmacSha512, [0x80, 0xb2, 0x42, 0x63]),
        ] {
            let key = Key::secret(&Secret::new(hex.clone()), Encoding::Hex, algorithm).expect("a key");
            let made = key.sign(text.as_bytes()).expect("signs");
            assert!(made.starts_with(&begins) && made.len() == key.signature_bytes(), "{algorithm}: {made:x?}");
        }
        for (text, encoding, expected) in [
            ("0123456789abcdef", Encoding::Text, Ok(())),
            ("0123456789abcde", Encoding::Text, Err(Error::Size)),
            ("MDEyMzQ1Njc4OWFiY2RlZg==", Encoding::Base64, Ok(())),
            ("MDEyMzQ1Njc4OWFiY2Rl*", Encoding::Base64, Err(Error::Encoding("base64"))),
            ("0123456789abcdef", Encoding::Hex, Err(Error::Size)),
            ("0123456789abcdeg", Encoding::Hex, Err(Error::Encoding("hexadecimal digits"))),
            ("+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1", Encoding::Hex, Err(Error::Encoding("hexadecimal digits"))),
            ("abc", Encoding::Hex, Err(Error::Encoding("hexadecimal digits"))),
        ] {
            let key = Key::secret(&Secret::new(text.to_owned()), encoding, Algorithm::Hs256);
            assert_eq!(key.map(|_| ()), expected, "{text}");
        }
    }
}
