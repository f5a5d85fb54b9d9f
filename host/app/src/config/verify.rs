//! How a webhook proves that it is its platform's.

use std::path::Path;

use aftercall_core::secret::Secret;
use aftercall_intake::{
    Encoding, InvalidKey, Key, Place, Scheme, Template, Time, Unit, Verifier, bland, elevenlabs, retell, telnyx,
};
use http::HeaderName;
use serde::{Deserialize, Serialize};

use super::SecretRef;

/// The header that an HMAC's time stands in where nothing else is said. Source: Vapi's `HMACAuthenticationPlan`.
const TIMESTAMP_HEADER: &str = "x-timestamp";

/// How far a signature's time may be from ours where nothing else is said, in milliseconds.
const TOLERANCE_MS: u64 = 5 * 60 * 1000;

/// The most that may be said, in milliseconds. Protects from webhooks that are sent again.
const TOLERANCE_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// How a webhook proves whose it is. Several secrets hold at once, so that they can be rotated.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Verify {
    /// Standard Webhooks: `whsec_…` secrets.
    StandardWebhooks(Vec<SecretRef>),
    /// As Telnyx signs: its public key, from the portal.
    Telnyx(Vec<SecretRef>),
    /// As Retell signs: the API key that has the webhook badge.
    Retell(Vec<SecretRef>),
    /// As ElevenLabs signs: the webhook's secret, from its settings.
    Elevenlabs(Vec<SecretRef>),
    /// As Bland signs: the webhook's secret, from the account's settings.
    Bland(Vec<SecretRef>),
    /// An HMAC, as the platform was told to make it: Vapi's custom credentials.
    Hmac(Hmac),
    /// `Authorization: Bearer`.
    Bearer(Vec<SecretRef>),
    /// A header that is the secret: Vapi's `x-vapi-secret`.
    Header {
        /// Its name.
        name: String,
        /// What it may be.
        secrets: Vec<SecretRef>,
    },
}

/// How an HMAC is made. What isn't said is as Vapi has it when nothing else is said there.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Hmac {
    /// What it may be made with: the bytes of the secret are the key.
    pub secrets: Vec<SecretRef>,
    /// The header that it stands in.
    #[serde(default = "Hmac::header")]
    pub header: String,
    /// What stands before it there: `sha256=`.
    #[serde(default)]
    pub prefix: String,
    /// The hash function.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How it is written.
    #[serde(default)]
    pub encoding: Written,
    /// What is signed, with places for `{body}`, `{timestamp}` and `{header:NAME}`.
    #[serde(default = "Hmac::signed")]
    pub signed: String,
    /// The header that the time stands in, in seconds or milliseconds since 1970, where `signed` has a place for it.
    /// Absent: `x-timestamp`.
    #[serde(default)]
    pub timestamp_header: Option<String>,
    /// How far that time may be from ours, in milliseconds, a day at most. Absent: five minutes.
    #[serde(default)]
    pub tolerance_ms: Option<u64>,
}

/// A hash function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Written {
    /// Two digits a byte.
    #[default]
    Hex,
    /// Four characters for three bytes.
    Base64,
}

impl Hmac {
    fn header() -> String {
        "x-signature".to_owned()
    }

    fn signed() -> String {
        "{timestamp}.{body}".to_owned()
    }

    fn scheme(&self) -> Result<Scheme, String> {
        let signed: Template = self.signed.parse().map_err(|error| format!("`signed`: {error}"))?;
        if !self.prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("`prefix`: `{}` can't stand in a header", self.prefix));
        }
        let time = self.time(&signed)?;
        let encoding = match self.encoding {
            Written::Hex => Encoding::Hex,
            Written::Base64 => Encoding::Base64,
        };
        Ok(Scheme { signature: Place::whole(header_name(&self.header)?, &*self.prefix), encoding, time, signed })
    }

    /// When it was made, which means something only where it is signed too.
    fn time(&self, signed: &Template) -> Result<Option<Time>, String> {
        if !signed.has_timestamp() {
            return match (&self.timestamp_header, self.tolerance_ms) {
                (None, None) => Ok(None),
                _ => Err("a time that isn't signed proves nothing: add `{timestamp}` to `signed`".to_owned()),
            };
        }
        let header = self.timestamp_header.as_deref().unwrap_or(TIMESTAMP_HEADER);
        if header.eq_ignore_ascii_case(&self.header) {
            return Err(format!("`{header}` can't have both the signature and the time"));
        }
        let tolerance_ms = self.tolerance_ms.unwrap_or(TOLERANCE_MS);
        if tolerance_ms > TOLERANCE_MS_MAX {
            return Err(format!("`tolerance_ms`: {TOLERANCE_MS_MAX} at most, or old webhooks could be sent again"));
        }
        Ok(Some(Time { place: Place::whole(header_name(header)?, ""), unit: Unit::Either, tolerance_ms }))
    }
}

impl Verify {
    /// The references to its secrets.
    pub fn secrets(&self) -> &[SecretRef] {
        match self {
            Verify::StandardWebhooks(secrets)
            | Verify::Telnyx(secrets)
            | Verify::Retell(secrets)
            | Verify::Elevenlabs(secrets)
            | Verify::Bland(secrets)
            | Verify::Hmac(Hmac { secrets, .. })
            | Verify::Bearer(secrets)
            | Verify::Header { secrets, .. } => secrets,
        }
    }

    /// Whether it makes sense, whatever the secrets are.
    ///
    /// # Errors
    /// What doesn't, with its place in this.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Verify::Hmac(hmac) => hmac.scheme().map(drop).map_err(|why| format!("hmac: {why}")),
            Verify::Header { name, .. } => header_name(name).map(drop).map_err(|why| format!("header.name: {why}")),
            _ => Ok(()),
        }
    }

    /// The verifier, with its secrets read. `env` is how the environment is read; relative paths start at `folder`.
    ///
    /// # Errors
    /// A secret isn't there, or is no key; or what is said of the signature makes no sense.
    pub fn resolve(&self, folder: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Verifier, String> {
        let secrets: Result<Vec<Secret>, String> =
            self.secrets().iter().map(|secret| secret.resolve(folder, env)).collect();
        let secrets = secrets?;
        let signature = |scheme: Scheme, read: fn(&Secret) -> Result<Key, InvalidKey>| {
            let keys: Result<Vec<Key>, InvalidKey> = secrets.iter().map(read).collect();
            Ok(Verifier::Signature(scheme, keys.map_err(|error| error.to_string())?))
        };
        match self {
            Verify::StandardWebhooks(_) => signature(Scheme::standard(), Key::standard),
            Verify::Telnyx(_) => signature(telnyx::scheme(), Key::ed25519),
            Verify::Retell(_) => signature(retell::scheme(), Key::sha256),
            Verify::Elevenlabs(_) => signature(elevenlabs::scheme(), Key::sha256),
            Verify::Bland(_) => signature(bland::scheme(), Key::sha256),
            Verify::Hmac(hmac) => signature(
                hmac.scheme()?,
                match hmac.algorithm {
                    Algorithm::Sha256 => Key::sha256,
                    Algorithm::Sha512 => Key::sha512,
                },
            ),
            Verify::Bearer(_) => Ok(Verifier::Bearer(secrets)),
            Verify::Header { name, .. } => Ok(Verifier::Header(header_name(name)?, secrets)),
        }
    }
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    name.parse().map_err(|_| format!("`{name}` is no header name"))
}

#[cfg(test)]
mod tests {
    use aftercall_core::time::Timestamp;

    use super::*;

    /// What a platform signs by its secret is believed by whoever has that secret, and by nobody else.
    #[test]
    fn secrets_become_verifiers() {
        const AT: Timestamp = Timestamp::from_millis(1_772_632_932_500);
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let env = |name: &str| match name {
            "KEY" => Some(key.to_owned()),
            "PUBLIC" => Some("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (toml, expected) in [
            (r#"standard-webhooks = [{ env = "KEY" }]"#, Ok(Some("webhook-signature"))),
            (r#"retell = [{ env = "KEY" }]"#, Ok(Some("x-retell-signature"))),
            (r#"elevenlabs = [{ env = "KEY" }]"#, Ok(Some("elevenlabs-signature"))),
            (r#"bland = [{ env = "KEY" }]"#, Ok(Some("x-webhook-signature"))),
            (r#"hmac.secrets = [{ env = "KEY" }]"#, Ok(Some("x-signature"))),
            (
                r#"hmac = { algorithm = "sha512", encoding = "base64", secrets = [{ env = "KEY" }] }"#,
                Ok(Some("x-signature")),
            ),
            (r#"bearer = [{ env = "KEY" }]"#, Ok(Some("authorization"))),
            (r#"header = { name = "x-vapi-secret", secrets = [{ env = "KEY" }] }"#, Ok(Some("x-vapi-secret"))),
            (r#"telnyx = [{ env = "PUBLIC" }]"#, Ok(None)),
            (r#"telnyx = [{ env = "KEY" }]"#, Err("a public key of Ed25519")),
            (r#"standard-webhooks = [{ env = "PUBLIC" }]"#, Err("`whsec_`")),
            (r#"retell = [{ env = "EMPTY" }]"#, Err("")),
            (r#"retell = [{ env = "ABSENT" }]"#, Err("ABSENT")),
        ] {
            let verify: Verify = toml::from_str(toml).expect(toml);
            let resolved = verify.resolve(Path::new("."), &env);
            match (&resolved, expected) {
                (Ok(verifier), Ok(header)) => {
                    let signed = verifier.sign("msg_1", AT, b"{}");
                    assert_eq!(signed.is_some(), header.is_some(), "{toml}");
                    let Some(signed) = signed else { continue };
                    assert!(header.is_some_and(|header| signed.contains_key(header)), "{toml}: {signed:?}");
                    assert_eq!(verifier.verify(&signed, b"{}", AT), Ok(()), "{toml}");
                }
                (Err(error), Err(words)) => assert!(error.contains(words), "{toml}: {error}"),
                (got, expected) => panic!("{toml}: {got:?} instead of {expected:?}"),
            }
        }
    }
}
