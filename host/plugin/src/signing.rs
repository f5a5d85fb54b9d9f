//! The keys that one plugin signs with in one tenant, and what it may sign with each.

use std::{collections::BTreeMap, sync::Arc};

use aftercall_core::{
    id::PluginName,
    manifest::Manifest,
    ports::Clock,
    secret::Secret,
    signing::{Purpose, Refusal, Terms},
};

use crate::credential::{
    jwt,
    key::{self, Key, Unsigned},
};

/// A key that a tenant grants, and what may be signed with it.
#[derive(Debug, Clone, PartialEq)]
pub struct SigningGrant {
    /// The key: a secret in the manifest's encoding, or a private key as PEM.
    pub key: Secret,
    /// What may be signed.
    pub terms: Terms,
}

/// Why a tenant's signing keys don't fit a plugin's manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key that the manifest doesn't ask for.
    #[error("plugin {plugin} asks for no signing key `{key}`: its keys are {keys}")]
    Unknown {
        /// Which plugin.
        plugin: PluginName,
        /// What the grant names.
        key: String,
        /// What the manifest names.
        keys: String,
    },
    /// A key that can't sign, or terms that mean nothing.
    #[error("signing key `{key}` of plugin {plugin} is unusable: {why}")]
    Unusable {
        /// Which plugin.
        plugin: PluginName,
        /// Which key.
        key: String,
        /// Why, without its value.
        why: String,
    },
}

/// Why something is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotSigned {
    #[error("its author must add [signing.NAME] to plugin.toml for it")]
    NotAsked,
    #[error("add `signing.{}.key` to the tenant's grant of the plugin ({})", .0.name, .0.description)]
    NotGranted(Wanted),
    #[error("the key's algorithm is {0}, which is for the other function")]
    OtherPurpose(&'static str),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
}

/// A key that a manifest asks for and a tenant doesn't grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    name: String,
    description: String,
}

/// The keys of one plugin in one tenant.
pub(crate) struct Signers {
    keys: BTreeMap<String, Result<Signer, Wanted>>,
    clock: Arc<dyn Clock>,
}

struct Signer {
    key: Key,
    terms: Terms,
}

impl Signers {
    /// What a tenant grants, as a manifest asks for it.
    pub(crate) fn new(
        manifest: &Manifest,
        granted: &BTreeMap<String, SigningGrant>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let plugin = || manifest.name.clone();
        if let Some(key) = granted.keys().find(|key| !manifest.signing.contains_key(*key)) {
            let keys = manifest.signing.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            let keys = if keys.is_empty() { "none".to_owned() } else { keys };
            return Err(Error::Unknown { plugin: plugin(), key: key.clone(), keys });
        }
        let mut keys = BTreeMap::new();
        for (name, asked) in &manifest.signing {
            let Some(grant) = granted.get(name) else {
                let wanted = Wanted { name: name.clone(), description: asked.description.clone() };
                keys.insert(name.clone(), Err(wanted));
                continue;
            };
            let unusable = |why: String| Error::Unusable { plugin: plugin(), key: name.clone(), why };
            grant.terms.check(asked.algorithm.purpose()).map_err(|error| unusable(error.to_string()))?;
            let key = match asked.algorithm.is_asymmetric() {
                true => Key::private(&grant.key, Some(asked.algorithm)),
                false => Key::secret(&grant.key, asked.encoding, asked.algorithm),
            };
            let key = key.map_err(|error: key::Error| unusable(error.to_string()))?;
            keys.insert(name.clone(), Ok(Signer { key, terms: grant.terms.clone() }));
        }
        Ok(Self { keys, clock })
    }

    /// A token of these claims and of those that the grant fixes. In a rehearsal its signature is worthless.
    pub(crate) fn jwt(&self, key: &str, claims: &str, rehearsal: bool) -> Result<String, NotSigned> {
        let Signer { key, terms } = self.signer(key, Purpose::Jwt)?;
        let claims = terms.claims(claims, self.clock.now().as_millis() / 1000)?;
        let key_id = terms.key_id.as_deref();
        match rehearsal {
            true => Ok(jwt::rehearse(key, key_id, &claims)),
            false => Ok(jwt::sign(key, key_id, &claims)?),
        }
    }

    /// A code over a payload. In a rehearsal it is as long, and all zeros.
    pub(crate) fn hmac(&self, key: &str, payload: &[u8], rehearsal: bool) -> Result<Vec<u8>, NotSigned> {
        let Signer { key, terms } = self.signer(key, Purpose::Hmac)?;
        terms.check_payload(payload)?;
        match rehearsal {
            true => Ok(vec![0; key.signature_bytes()]),
            false => Ok(key.sign(payload)?),
        }
    }

    fn signer(&self, key: &str, purpose: Purpose) -> Result<&Signer, NotSigned> {
        let known = self.keys.get(key).ok_or(NotSigned::NotAsked)?;
        let signer = known.as_ref().map_err(|wanted| NotSigned::NotGranted(wanted.clone()))?;
        let algorithm = signer.key.algorithm();
        if algorithm.purpose() == purpose { Ok(signer) } else { Err(NotSigned::OtherPurpose(algorithm.as_str())) }
    }
}

#[cfg(test)]
mod tests {
    use aftercall_core::{
        signing::{Algorithm, Encoding},
        time::Timestamp,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        credential::{
            jwt::tests::opened,
            key::tests::{EC256, RSA},
        },
        testing::Stopped,
    };

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn manifest() -> Manifest {
        serde_json::from_value(json!({
            "name": "test", "version": "1", "description": "t",
            "signing": {
                "hook": {"description": "a hook's secret", "algorithm": "hmac-sha256"},
                "token": {"description": "a private key", "algorithm": "rs256"},
            },
        }))
        .expect("a manifest")
    }

    fn grants(change: impl FnOnce(&mut BTreeMap<String, SigningGrant>)) -> BTreeMap<String, SigningGrant> {
        let grant = |key: &str, terms: Value| SigningGrant {
            key: Secret::new(key.into()),
            terms: serde_json::from_value(terms).expect("terms"),
        };
        let mut all = BTreeMap::from([
            ("hook".to_owned(), grant(SECRET, json!({"payload_prefix": "v0:"}))),
            ("token".to_owned(), grant(RSA, json!({"claims": {"iss": "acme"}, "key_id": "k1"}))),
        ]);
        change(&mut all);
        all
    }

    fn signers(grants: &BTreeMap<String, SigningGrant>) -> Result<Signers, Error> {
        Signers::new(&manifest(), grants, Arc::new(Stopped(Timestamp::from_millis(1_000_000))))
    }

    #[test]
    fn keys_sign_what_the_grant_allows() {
        let signers = signers(&grants(|_| {})).expect("fits");
        let hook = Key::secret(&Secret::new(SECRET.into()), Encoding::Text, Algorithm::HmacSha256).expect("a key");
        let token = Key::private(&Secret::new(RSA.into()), None).expect("a key");

        let code = signers.hmac("hook", b"v0:1:{}", false).expect("is signed");
        assert!(hook.verifies(b"v0:1:{}", &code));
        assert_eq!(signers.hmac("hook", b"v0:1:{}", true), Ok(vec![0; 32]), "rehearsed");

        let jwt = signers.jwt("token", r#"{"iss":"guest","sub":"s"}"#, false).expect("is signed");
        let (header, claims) = opened(&jwt, &token).expect("verifies by the public key");
        assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        assert_eq!(claims, json!({"iss": "acme", "sub": "s", "iat": 1000, "exp": 1300}));
        let rehearsed = signers.jwt("token", "{}", true).expect("is rehearsed");
        assert_eq!(opened(&rehearsed, &token), None);

        for (got, expected) in [
            (signers.hmac("hook", b"v1:", false).map(drop), "payload_prefix"),
            (signers.hmac("hook", b"v1:", true).map(drop), "payload_prefix"),
            (signers.hmac("token", b"v0:", false).map(drop), "rs256"),
            (signers.hmac("other", b"v0:", false).map(drop), "[signing.NAME]"),
            (signers.jwt("hook", "{}", false).map(drop), "hmac-sha256"),
            (signers.jwt("token", "[]", false).map(drop), "JSON object"),
            (signers.jwt("token", "[]", true).map(drop), "JSON object"),
            (signers.jwt("", "{}", false).map(drop), "[signing.NAME]"),
        ] {
            let error = got.expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_key_that_is_not_granted_does_not_sign() {
        let signers = signers(&grants(|all| drop(all.remove("hook")))).expect("fits");
        let error = signers.hmac("hook", b"v0:", false).expect_err("is not granted").to_string();
        assert_eq!(error, "add `signing.hook.key` to the tenant's grant of the plugin (a hook's secret)");
        signers.jwt("token", "{}", false).expect("is granted");
    }

    #[test]
    fn a_grant_must_fit_the_manifest() {
        let set = |name: &'static str, key: &'static str, terms: Value| {
            move |all: &mut BTreeMap<String, SigningGrant>| {
                let terms = serde_json::from_value(terms).expect("terms");
                all.insert(name.to_owned(), SigningGrant { key: Secret::new(key.into()), terms });
            }
        };
        type Change = Box<dyn FnOnce(&mut BTreeMap<String, SigningGrant>)>;
        let cases: [(Change, &str); 5] = [
            (Box::new(set("other", SECRET, json!({}))), "no signing key `other`: its keys are `hook`, `token`"),
            (Box::new(set("hook", "short", json!({}))), "`hook` of plugin test is unusable: it must have 16"),
            (Box::new(set("hook", SECRET, json!({"claims": {"a": 1}}))), "`claims` means nothing"),
            (Box::new(set("token", EC256, json!({}))), "it takes an RSA key"),
            (Box::new(set("token", "hush-hush-hush-hush", json!({}))), "no private key"),
        ];
        for (change, words) in cases {
            let grants = grants(change);
            let error = signers(&grants).map(drop).expect_err(words);
            assert!(error.to_string().contains(words), "{error}");
            for grant in grants.values() {
                assert!(!format!("{error:?} {error} {grants:?}").contains(grant.key.expose()), "{error:?}");
            }
        }
    }
}
