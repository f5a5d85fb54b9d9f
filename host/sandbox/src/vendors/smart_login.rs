//! Where a clinic gives access tokens to backend services (SMART App Launch 2.2, "Backend Services" and "Client
//! Authentication: Asymmetric"). It looks at everything about an assertion but its signature, and gives the one token that
//! the clinic's FHIR server takes, for five minutes.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::endpoint::{Class, Endpoint, Refusal, Reply, Request, has_content_type};
use crate::service::Access;
use crate::vendors::login::refused;

const PATH: &str = "/oauth2/token";
const TOKEN_URL: &str = "https://login.lakeside-clinic.example/oauth2/token";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Those that every server and client must know, one of them at least.
const ALGORITHMS: [&str; 2] = ["RS384", "ES384"];
/// How long tokens hold, and how far ahead an assertion's end may be, in seconds.
const LIFE_S: u64 = 300;

#[derive(Clone)]
pub(crate) struct SmartLogin {
    token: String,
    given: u64,
    /// The assertions that were used, each of which is good for one token.
    used: BTreeSet<String>,
}

/// Why no token is given: the error's code (RFC 6749, section 5.2), and words.
type Refused = (&'static str, &'static str);

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    jti: String,
}

impl SmartLogin {
    pub(crate) fn new(token: String) -> SmartLogin {
        SmartLogin { token, given: 0, used: BTreeSet::new() }
    }

    /// The scope that is asked for, if a token may be given for it.
    fn asked(&mut self, request: &Request, now_ms: u64) -> Result<String, Refused> {
        let form = has_content_type(request, "application/x-www-form-urlencoded");
        let fields: Vec<_> = form_urlencoded::parse(if form { request.body() } else { b"" }).collect();
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref());
        if field("grant_type") != Some("client_credentials") {
            return Err(("unsupported_grant_type", "grant_type must be client_credentials"));
        }
        if field("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(("invalid_client", "client_assertion_type must be that of a JWT"));
        }
        let claims =
            read(field("client_assertion").unwrap_or_default()).ok_or(("invalid_client", "no such assertion"))?;
        if claims.iss != claims.sub || claims.aud != TOKEN_URL {
            return Err(("invalid_client", "iss and sub must be the client, aud the token URL"));
        }
        let now_s = now_ms / 1000;
        if claims.exp <= now_s || claims.exp > now_s + LIFE_S {
            return Err(("invalid_client", "exp must be within five minutes"));
        }
        if !self.used.insert(claims.jti) {
            return Err(("invalid_client", "the assertion was used before"));
        }
        match field("scope").filter(|scope| scope.split(' ').all(|one| one.starts_with("system/"))) {
            Some(scope) => Ok(scope.to_owned()),
            None => Err(("invalid_scope", "scopes of backend services begin with system/")),
        }
    }
}

/// The claims of an assertion whose header and form are right.
fn read(assertion: &str) -> Option<Claims> {
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, signature] = parts[..] else { return None };
    let header: Header = decoded(header)?;
    let is_right = header.typ == "JWT" && ALGORITHMS.contains(&&*header.alg) && !header.kid.is_empty();
    decoded(claims).filter(|_| is_right && !signature.is_empty())
}

fn decoded<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

impl Endpoint for SmartLogin {
    /// A token changes nothing that a tenant would see.
    fn classify(&self, _: &Request) -> Class {
        Class { access: Access::Read, turn: None }
    }

    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        if (request.method(), request.uri().path()) != (&Method::POST, PATH) {
            return refused(StatusCode::NOT_FOUND, "not_found", "tokens are given elsewhere");
        }
        match self.asked(request, now_ms) {
            Ok(scope) => {
                self.given += 1;
                let token = &self.token;
                let given =
                    json!({ "access_token": token, "token_type": "bearer", "expires_in": LIFE_S, "scope": scope });
                Reply::json(StatusCode::OK, &given)
            }
            Err((error, words)) => refused(StatusCode::BAD_REQUEST, error, words),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        refused(refusal.status(), "server_error", "no token is given now")
    }

    fn records(&self) -> Value {
        json!({ "given": self.given })
    }
}
