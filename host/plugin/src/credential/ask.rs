//! What is sent to obtain a token. Pure but for the identifiers of assertions.

use std::fmt;

use aftercall_core::{
    credential::{ClientAuth, Kind},
    secret::Secret,
    time::Timestamp,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use serde_json::{Map, Value};
use url::form_urlencoded::{Serializer, byte_serialize};

use super::{
    jwt,
    key::{self, Key, Unsigned, unique_text},
    supplied::Parts,
};

/// How long an assertion holds, in seconds. At most five minutes are allowed (SMART App Launch 2.2, section
/// "Authenticating to the token endpoint"); the fifth is left for clocks that disagree.
const ASSERTION_S: u64 = 4 * 60;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const GRANT_JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How one slot asks for its tokens.
pub(super) struct Asking {
    grant: Grant,
    client_id: String,
    proof: Proof,
    scope: Option<String>,
}

enum Grant {
    ClientCredentials,
    Refresh,
    JwtBearer { subject: String, signer: Signer },
}

/// How the application proves who it is.
enum Proof {
    Basic(Secret),
    Body(Secret),
    Signed(Signer),
    /// A public client names itself, and an assertion as the grant is proof enough.
    None,
}

struct Signer {
    key: Key,
    key_id: Option<String>,
    audience: String,
}

/// One request for a token. It has secrets in it, which its `Debug` hides.
pub(super) struct Form {
    pub(super) authorization: Option<HeaderValue>,
    pub(super) body: String,
    /// Assertions in it, which hold for a while.
    pub(super) assertions: Vec<Secret>,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(…)")
    }
}

impl Asking {
    /// Of a kind's parts, which have been found to be there. None: the kind asks for nothing.
    pub(super) fn of(kind: &Kind, parts: &Parts) -> Result<Option<Self>, key::Error> {
        let Some(ask) = kind.token_request() else { return Ok(None) };
        let client_id = parts.client_id.clone().unwrap_or_default();
        let signer = || -> Result<Signer, key::Error> {
            let url = || parts.token_url.as_ref().map(ToString::to_string);
            let audience = parts.audience.clone().or_else(|| ask.audience.clone()).or_else(url).unwrap_or_default();
            let pem = parts.private_key.as_ref().ok_or(key::Error::NotPem)?;
            let key = Key::private(pem, parts.algorithm.or(ask.algorithm))?;
            Ok(Signer { key, key_id: parts.key_id.clone(), audience })
        };
        let grant = match kind {
            Kind::Oauth2JwtBearer(_) => {
                let subject = parts.subject.clone().unwrap_or_else(|| client_id.clone());
                Grant::JwtBearer { subject, signer: signer()? }
            }
            Kind::Oauth2Refresh(_) => Grant::Refresh,
            _ => Grant::ClientCredentials,
        };
        let proof = match (&grant, ask.client_auth, &parts.client_secret) {
            (Grant::JwtBearer { .. }, _, _) => Proof::None,
            (_, ClientAuth::Jwt, _) => Proof::Signed(signer()?),
            (_, ClientAuth::Basic, Some(secret)) => Proof::Basic(secret.clone()),
            (_, ClientAuth::Body, Some(secret)) => Proof::Body(secret.clone()),
            (_, _, None) => Proof::None,
        };
        let scope = parts.scope.clone().or_else(|| ask.scope.clone());
        Ok(Some(Self { grant, client_id, proof, scope }))
    }

    /// Whether it needs a refresh token.
    pub(super) fn refreshes(&self) -> bool {
        matches!(self.grant, Grant::Refresh)
    }

    /// The request, as of now.
    pub(super) fn form(&self, refresh_token: Option<&Secret>, now: Timestamp) -> Result<Form, Unsigned> {
        let mut form = Serializer::new(String::new());
        let mut assertions = Vec::new();
        match &self.grant {
            Grant::ClientCredentials => drop(form.append_pair("grant_type", "client_credentials")),
            Grant::Refresh => {
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("refresh_token", refresh_token.map_or("", Secret::expose));
            }
            Grant::JwtBearer { subject, signer } => {
                let assertion = signer.assertion(&self.client_id, subject, self.scope.as_deref(), now)?;
                form.append_pair("grant_type", GRANT_JWT_BEARER).append_pair("assertion", &assertion);
                assertions.push(Secret::new(assertion));
            }
        }
        let mut authorization = None;
        match &self.proof {
            Proof::Basic(secret) => authorization = Some(basic(&self.client_id, secret)),
            Proof::Body(secret) => {
                form.append_pair("client_id", &self.client_id).append_pair("client_secret", secret.expose());
            }
            Proof::Signed(signer) => {
                let assertion = signer.assertion(&self.client_id, &self.client_id, None, now)?;
                form.append_pair("client_id", &self.client_id).append_pair("client_assertion_type", ASSERTION_TYPE);
                form.append_pair("client_assertion", &assertion);
                assertions.push(Secret::new(assertion));
            }
            Proof::None if self.refreshes() => drop(form.append_pair("client_id", &self.client_id)),
            Proof::None => {}
        }
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        Ok(Form { authorization, body: form.finish(), assertions })
    }
}

impl Signer {
    /// An assertion (RFC 7523, section 3). The scope is a claim too where Google wants it; others ignore it.
    fn assertion(&self, issuer: &str, subject: &str, scope: Option<&str>, now: Timestamp) -> Result<String, Unsigned> {
        let now_s = now.as_millis() / 1000;
        let mut claims = Map::<String, Value>::new();
        for (name, value) in [("iss", issuer), ("sub", subject), ("aud", &self.audience), ("jti", &unique_text()?)] {
            claims.insert(name.to_owned(), value.into());
        }
        claims.insert("iat".to_owned(), now_s.into());
        claims.insert("exp".to_owned(), now_s.saturating_add(ASSERTION_S).into());
        if let Some(scope) = scope {
            claims.insert("scope".to_owned(), scope.into());
        }
        jwt::sign(&self.key, self.key_id.as_deref(), &claims)
    }
}

/// Both halves are form-encoded before they are joined (RFC 6749, section 2.3.1). A space is `%20`, which whoever decodes
/// a form reads as well as `+`, and servers that decode a URL read alone (Authlib does).
fn basic(client_id: &str, secret: &Secret) -> HeaderValue {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let joined = format!("{}:{}", encode(client_id), encode(secret.expose()));
    let text = format!("Basic {}", STANDARD.encode(joined));
    let mut value = HeaderValue::try_from(text).expect("base64 is printable");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aftercall_core::signing::Algorithm;
    use serde_json::json;
    use url::form_urlencoded::parse;

    use super::*;
    use crate::credential::{
        jwt::tests::opened,
        key::tests::{EC384, RSA},
    };

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_999);

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret::new(text.into()))
    }

    fn parts() -> Parts {
        Parts {
            token_url: Some("https://login.test/token?p=1".parse().expect("a URL")),
            client_id: Some("cli ent".into()),
            ..Parts::default()
        }
    }

    fn form(kind: Value, parts: &Parts) -> (Option<String>, BTreeMap<String, String>) {
        let kind: Kind = serde_json::from_value(kind).expect("a kind");
        let asking = Asking::of(&kind, parts).expect("fits").expect("asks");
        let form = asking.form(parts.refresh_token.as_ref(), NOW).expect("signs");
        assert_eq!(format!("{form:?}"), "Form(…)");
        let pairs = parse(form.body.as_bytes()).into_owned().collect();
        (form.authorization.map(|value| value.to_str().expect("text").to_owned()), pairs)
    }

    fn check(kind: Value, parts: &Parts, authorization: Option<&str>, expected: &[(&str, &str)]) {
        let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(form(kind, parts), (authorization.map(str::to_owned), expected));
    }

    #[test]
    fn secrets_go_as_the_manifest_says() {
        let with_secret = Parts { client_secret: secret("s+ü:1"), ..parts() };
        let grant = ("grant_type", "client_credentials");
        // cli%20ent:s%2B%C3%BC%3A1
        let basic = Some("Basic Y2xpJTIwZW50OnMlMkIlQzMlQkMlM0Ex");
        let client = |ask: Value| json!({"oauth2-client-credentials": ask});
        check(client(json!({})), &with_secret, basic, &[grant]);
        check(client(json!({"scope": "a b"})), &with_secret, basic, &[grant, ("scope", "a b")]);
        let scoped = Parts { scope: Some("c".into()), ..with_secret.clone() };
        check(client(json!({"scope": "a b"})), &scoped, basic, &[grant, ("scope", "c")]);
        let in_body = [grant, ("client_id", "cli ent"), ("client_secret", "s+ü:1")];
        check(client(json!({"client_auth": "body"})), &with_secret, None, &in_body);
        let refresh = Parts { refresh_token: secret("r1"), ..with_secret };
        let grant = [("grant_type", "refresh_token"), ("refresh_token", "r1")];
        check(json!({"oauth2-refresh": {}}), &refresh, basic, &grant);
        let public = Parts { client_secret: None, ..refresh };
        check(json!({"oauth2-refresh": {}}), &public, None, &[grant[0], grant[1], ("client_id", "cli ent")]);
    }

    #[test]
    fn a_client_assertion_is_as_smart_backend_services_want_it() {
        let parts = Parts { private_key: secret(EC384), key_id: Some("k1".into()), ..parts() };
        let ask = json!({"oauth2-client-credentials": {"client_auth": "jwt", "scope": "system/Patient.rs"}});
        let key = Key::private(&Secret::new(EC384.into()), None).expect("a key");
        let mut seen = Vec::new();
        for _ in 0..2 {
            let (authorization, mut pairs) = form(ask.clone(), &parts);
            assert_eq!(authorization, None);
            let assertion = pairs.remove("client_assertion").expect("an assertion");
            let (header, mut claims) = opened(&assertion, &key).expect("verifies by the public key");
            assert_eq!(header, json!({"alg": "ES384", "typ": "JWT", "kid": "k1"}));
            seen.push(claims["jti"].take());
            let expected = json!({
                "iss": "cli ent", "sub": "cli ent", "aud": "https://login.test/token?p=1", "jti": null,
                "iat": 1_800_000_000, "exp": 1_800_000_240,
            });
            assert_eq!(claims, expected);
            let rest = json!({
                "grant_type": "client_credentials", "client_id": "cli ent", "scope": "system/Patient.rs",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            });
            assert_eq!(json!(pairs), rest);
        }
        assert_ne!(seen[0], seen[1], "an assertion is used once");
    }

    #[test]
    fn a_bearers_assertion_is_about_a_user() {
        let parts = Parts {
            private_key: secret(RSA),
            subject: Some("ann@a.com".into()),
            audience: Some("https://login.salesforce.test".into()),
            algorithm: Some(Algorithm::Rs384),
            ..parts()
        };
        let key = Key::private(&Secret::new(RSA.into()), Some(Algorithm::Rs384)).expect("a key");
        let (authorization, pairs) = form(json!({"oauth2-jwt-bearer": {"algorithm": "rs256"}}), &parts);
        assert_eq!((authorization, pairs.len()), (None, 2));
        assert_eq!(pairs["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let (header, claims) = opened(&pairs["assertion"], &key).expect("verifies by the public key");
        assert_eq!(header, json!({"alg": "RS384", "typ": "JWT"}));
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["aud"]),
            (&json!("cli ent"), &json!("ann@a.com"), &json!("https://login.salesforce.test"))
        );
        let own = Parts { subject: None, scope: Some("cal".into()), algorithm: None, audience: None, ..parts };
        let (_, pairs) = form(json!({"oauth2-jwt-bearer": {"audience": "https://oauth2.google.test"}}), &own);
        let key = Key::private(&Secret::new(RSA.into()), None).expect("a key");
        let (_, claims) = opened(&pairs["assertion"], &key).expect("verifies by the public key");
        assert_eq!(
            (&claims["sub"], &claims["aud"], &claims["scope"]),
            (&json!("cli ent"), &json!("https://oauth2.google.test"), &json!("cal"))
        );
    }
}
