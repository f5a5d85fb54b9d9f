//! Signed tokens (RFC 7519, RFC 7515): header, claims and signature, each in base64.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::key::{Key, Unsigned};

/// What stands where the signature of a rehearsed token would be: whoever looks sees it, and no vendor takes it.
const REHEARSED: &[u8] = b"rehearsed, and therefore not signed";

/// A token of these claims.
pub(crate) fn sign(key: &Key, key_id: Option<&str>, claims: &Map<String, Value>) -> Result<String, Unsigned> {
    let unsigned = head(key, key_id, claims);
    let signature = URL_SAFE_NO_PAD.encode(key.sign(unsigned.as_bytes())?);
    Ok(format!("{unsigned}.{signature}"))
}

/// The same but for its signature, which is worthless.
pub(crate) fn rehearse(key: &Key, key_id: Option<&str>, claims: &Map<String, Value>) -> String {
    format!("{}.{}", head(key, key_id, claims), URL_SAFE_NO_PAD.encode(REHEARSED))
}

fn head(key: &Key, key_id: Option<&str>, claims: &Map<String, Value>) -> String {
    let mut header = json!({"alg": key.algorithm().as_str().to_ascii_uppercase(), "typ": "JWT"});
    if let Some(key_id) = key_id {
        header["kid"] = key_id.into();
    }
    let encode = |part: &dyn std::fmt::Display| URL_SAFE_NO_PAD.encode(part.to_string());
    let claims = serde_json::to_string(claims).expect("claims serialise");
    format!("{}.{}", encode(&header), encode(&claims))
}

#[cfg(test)]
pub(crate) mod tests {
    use aftercall_core::{
        secret::Secret,
        signing::{Algorithm, Encoding},
    };

    use super::*;
    use crate::credential::key::tests::{EC256, EC384, RSA};

    /// Header and claims of a token, if its signature is that key's.
    pub(crate) fn opened(token: &str, key: &Key) -> Option<(Value, Value)> {
        let (unsigned, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let (header, claims) = unsigned.split_once('.')?;
        let read = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        key.verifies(unsigned.as_bytes(), &signature).then(|| Some((read(header)?, read(claims)?)))?
    }

    #[test]
    fn tokens_verify_by_the_public_key() {
        let Value::Object(claims) = json!({"iss": "me", "exp": 7}) else { unreachable!("an object") };
        let private = |pem: &str, algorithm| Key::private(&Secret::new(pem.into()), Some(algorithm)).expect("a key");
        let secret =
            |algorithm| Key::secret(&Secret::new("0123456789abcdef".into()), Encoding::Text, algorithm).expect("a key");
        for (key, alg) in [
            (private(RSA, Algorithm::Rs256), "RS256"),
            (private(RSA, Algorithm::Rs384), "RS384"),
            (private(EC256, Algorithm::Es256), "ES256"),
            (private(EC384, Algorithm::Es384), "ES384"),
            (secret(Algorithm::Hs256), "HS256"),
            (secret(Algorithm::Hs512), "HS512"),
        ] {
            let token = sign(&key, Some("k1"), &claims).expect("signs");
            let (header, read) = opened(&token, &key).expect("verifies");
            assert_eq!(header, json!({"alg": alg, "typ": "JWT", "kid": "k1"}));
            assert_eq!(read, json!({"iss": "me", "exp": 7}));
            let rehearsed = rehearse(&key, Some("k1"), &claims);
            assert_eq!(opened(&rehearsed, &key), None);
            assert_eq!(rehearsed.rsplit_once('.').expect("parts").0, token.rsplit_once('.').expect("parts").0);
        }
    }
}
