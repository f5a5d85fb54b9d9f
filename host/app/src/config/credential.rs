//! What a tenant supplies for credentials and signing keys: secrets by reference, all else as it is.

use aftercall_core::{
    credential::{OwnHost, Part, Placement, TokenUrl},
    secret::Secret,
    signing::{Algorithm, Terms},
};
use aftercall_plugin::{
    credential::{HostSecret, Parts, Supplied},
    signing::SigningGrant,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};

use super::SecretRef;

/// What a tenant supplies for one credential.
#[derive(Debug, Clone)]
pub enum CredentialRef {
    /// A secret that is whole by itself: `{ env = "NAME" }`.
    Secret(SecretRef),
    /// The parts from which the host obtains tokens: `{ token_url = "…", client_id = "…", client_secret = { env = "NAME" } }`.
    Parts(Box<PartRefs>),
    /// A secret for each of some hosts: `[{ host = "api.example.com", env = "NAME" }]`.
    ByHost(Vec<HostSecretRef>),
}

/// A secret that goes to one host alone.
#[derive(Debug, Clone, Serialize)]
pub struct HostSecretRef {
    /// Where it goes: `api.example.com`, or `api.example.com:8443`.
    pub host: OwnHost,
    /// Where the secret is.
    #[serde(flatten)]
    pub secret: SecretRef,
    /// Where on a request it goes, as a manifest says it: `{ header = { name = "x-api-key" } }`. Absent: where the plugin's
    /// manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
}

/// Parts of a credential, of which the plugin's manifest says what it needs.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartRefs {
    /// Where tokens are asked for: that is where the secrets go.
    pub token_url: Option<TokenUrl>,
    /// The application, as the vendor calls it.
    pub client_id: Option<String>,
    /// The application's secret.
    pub client_secret: Option<SecretRef>,
    /// The refresh token that the tenant has obtained.
    pub refresh_token: Option<SecretRef>,
    /// The application's private key, as PEM.
    pub private_key: Option<SecretRef>,
    /// Which key that is, for the vendor.
    pub key_id: Option<String>,
    /// How assertions are signed.
    pub algorithm: Option<Algorithm>,
    /// The user that an assertion is about.
    pub subject: Option<String>,
    /// For whom assertions are.
    pub audience: Option<String>,
    /// The scope to ask for.
    pub scope: Option<String>,
}

/// By hand, since the two kinds are told apart by their keys, and an error must name the nearest of all.
impl<'de> Deserialize<'de> for CredentialRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const BY_REFERENCE: [&str; 2] = ["env", "file"];
        const NAMED: &str = "a secret is named, never written: { env = \"NAME\" } or { file = \"path\" }";
        const ONE: &str = "a credential is one secret, named by `env` or `file`, or made of parts: not both";
        let any: toml::Value = Deserialize::deserialize(deserializer)?;
        if any.is_array() {
            return Vec::deserialize(any).map(Self::ByHost).map_err(D::Error::custom);
        }
        let toml::Value::Table(table) = any else { return Err(D::Error::custom(NAMED)) };
        let known = || BY_REFERENCE.into_iter().chain(Part::ALL.map(Part::name));
        if let Some(unknown) = table.keys().find(|key| !known().any(|known| known == key.as_str())) {
            let all: Vec<String> = known().map(|name| format!("`{name}`")).collect();
            return Err(D::Error::custom(format!("unknown field `{unknown}`, expected one of {}", all.join(", "))));
        }
        let referred = BY_REFERENCE.iter().filter(|key| table.contains_key(**key)).count();
        if referred > 0 && referred < table.len() {
            return Err(D::Error::custom(ONE));
        }
        if referred == table.len() {
            return SecretRef::deserialize(table).map(Self::Secret).map_err(D::Error::custom);
        }
        PartRefs::deserialize(table).map(|parts| Self::Parts(Box::new(parts))).map_err(D::Error::custom)
    }
}

/// By hand, since the reference to a secret is read by hand.
impl<'de> Deserialize<'de> for HostSecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const NO_HOST: &str =
            "of credentials by host, each says whose it is: { host = \"api.example.com\", env = \"NAME\" }";
        let mut table = toml::Table::deserialize(deserializer)?;
        let host = table.remove("host").ok_or_else(|| D::Error::custom(NO_HOST))?;
        let placement = table.remove("placement").map(Placement::deserialize).transpose();
        Ok(Self {
            host: OwnHost::deserialize(host).map_err(D::Error::custom)?,
            placement: placement.map_err(D::Error::custom)?,
            secret: SecretRef::deserialize(toml::Value::Table(table)).map_err(D::Error::custom)?,
        })
    }
}

impl Serialize for CredentialRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Secret(secret) => secret.serialize(serializer),
            Self::Parts(parts) => parts.serialize(serializer),
            Self::ByHost(secrets) => secrets.serialize(serializer),
        }
    }
}

impl CredentialRef {
    /// The credential, with its secrets resolved: `resolve` gets a reference and the name of the part that it is, if
    /// it is one.
    ///
    /// # Errors
    /// A secret can't be had.
    pub fn supplied<E>(&self, resolve: impl Fn(&SecretRef, Option<Part>) -> Result<Secret, E>) -> Result<Supplied, E> {
        let parts = match self {
            Self::Secret(secret) => return resolve(secret, None).map(Supplied::Secret),
            Self::ByHost(secrets) => {
                let supplied = |of: &HostSecretRef| {
                    let HostSecretRef { host, secret, placement } = of;
                    let secret = resolve(secret, None)?;
                    Ok(HostSecret { host: host.clone(), secret, placement: placement.clone() })
                };
                return secrets.iter().map(supplied).collect::<Result<_, E>>().map(Supplied::ByHost);
            }
            Self::Parts(parts) => PartRefs::clone(parts),
        };
        let secret = |of: Option<SecretRef>, part| of.map(|of| resolve(&of, Some(part))).transpose();
        Ok(Supplied::Parts(Box::new(Parts {
            token_url: parts.token_url,
            client_id: parts.client_id,
            client_secret: secret(parts.client_secret, Part::ClientSecret)?,
            refresh_token: secret(parts.refresh_token, Part::RefreshToken)?,
            private_key: secret(parts.private_key, Part::PrivateKey)?,
            key_id: parts.key_id,
            algorithm: parts.algorithm,
            subject: parts.subject,
            audience: parts.audience,
            scope: parts.scope,
        })))
    }
}

/// A key that a plugin may sign with, and what.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SigningRef {
    /// The key: a secret as the vendor writes it, or a private key as PEM.
    pub key: SecretRef,
    /// Which key it is, for whoever verifies a token.
    #[serde(default)]
    pub key_id: Option<String>,
    /// Claims that are in every token, whatever the component says of them.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// Longest life of a token, in milliseconds.
    #[serde(default)]
    pub token_life_ms_max: Option<u64>,
    /// What a payload must begin with.
    #[serde(default)]
    pub payload_prefix: Option<String>,
    /// Longest payload, in bytes.
    #[serde(default)]
    pub payload_bytes_max: Option<usize>,
}

impl SigningRef {
    /// The grant of it, with its key resolved.
    pub fn granted(&self, key: Secret) -> SigningGrant {
        let terms = Terms {
            key_id: self.key_id.clone(),
            claims: self.claims.clone(),
            token_life_ms_max: self.token_life_ms_max,
            payload_prefix: self.payload_prefix.clone(),
            payload_bytes_max: self.payload_bytes_max,
        };
        SigningGrant { key, terms }
    }
}
