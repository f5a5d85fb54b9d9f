//! Tokens of a real authorisation server, Canaille, which is built on Authlib: what the host sends is taken there, what
//! comes back holds there, and what is wrong is refused.

mod assertions;
mod refreshed;
mod server;

use std::time::{SystemTime, UNIX_EPOCH};

use self::server::Server;
use super::*;

const TOKEN_URL: &str = "https://login.test/oauth/token";

/// Secrets have what form-encoding changes (RFC 6749, section 2.3.1).
const SECRET: &str = "s+ü:1 %2B&=";

/// How long tokens for an application itself hold, in seconds.
const LIFE_S: u64 = 600;

/// What an application's parts have beside those of any other.
type Change = fn(&mut Parts);

/// A world in which `login.test` is that server, and it is now.
struct Real {
    world: World,
    server: &'static Server,
}

impl Real {
    /// None, where there is no server: that is told.
    async fn new() -> Option<Self> {
        let server = Server::get()?;
        let mut world = World::counting().await;
        world.login = Vendor { port: server.port, requests: Events::default() };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        world.clock.by_ms(now.as_millis().try_into().expect("it is before the year 500,000,000"));
        Some(Self { world, server })
    }

    /// What the server says of the token that a first request carries.
    async fn token(&self, kind: &Value, supplied: Supplied) -> Value {
        let outlet = self.world.outlet(kind, supplied).expect("fits");
        if let Err(error) = Call::of(&outlet).send("GET", "/x").await {
            panic!("{error}");
        }
        self.server.said_of(&self.last_in_use()).await
    }

    fn last_in_use(&self) -> String {
        self.world.tokens_in_use().pop().expect("a request")
    }

    /// That there is no token, and the operator is told so.
    async fn check_refused(&self, kind: &Value, supplied: Supplied, words: &str) {
        let before = self.world.tokens_in_use().len();
        let outlet = self.world.outlet(kind, supplied.clone()).expect("fits");
        let error = Call::of(&outlet).send("POST", "/x").await.expect_err("there is no token");
        let door::Error::NoToken(no_token) = &error else { panic!("{error:?}") };
        assert_eq!(no_token.kind(), FailureKind::Denied, "{error}");
        let signs = matches!(&supplied, Supplied::Parts(parts) if parts.private_key.is_some());
        let clock = if signs { ", and the clock of this machine" } else { "" };
        let expected = format!(
            "no token for the credential `api`: login.test refuses it ({words}); check what `credentials.api` of the \
             grant says{clock}"
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(self.world.tokens_in_use().len(), before, "nothing has left");
    }
}

/// The parts of an application, with the token URL of that server.
fn parts_of(client_id: &str, change: impl FnOnce(&mut Parts)) -> Supplied {
    parts(|parts| {
        parts.token_url = Some(TOKEN_URL.parse().expect("a URL"));
        parts.client_id = Some(client_id.to_owned());
        change(parts);
    })
}

fn with_secret(client_id: &str) -> Supplied {
    parts_of(client_id, |parts| parts.client_secret = secret(SECRET))
}

fn client_credentials_by(client_auth: &str) -> Value {
    json!({"oauth2-client-credentials": {"client_auth": client_auth}})
}

#[tokio::test]
async fn an_application_proves_itself_by_its_secret() {
    let Some(real) = Real::new().await else { return };
    for (client_auth, client_id) in [("basic", "basic"), ("body", "body")] {
        for (authors, tenants, scope) in [
            (None, None, "openid profile email"),
            (Some("profile email"), None, "profile email"),
            (Some("profile email"), Some("email"), "email"),
        ] {
            let mut kind = client_credentials_by(client_auth);
            kind["oauth2-client-credentials"]["scope"] = authors.into();
            let supplied = parts_of(client_id, |parts| {
                parts.client_secret = secret(SECRET);
                parts.scope = tenants.map(str::to_owned);
            });
            let said = real.token(&kind, supplied).await;
            assert_eq!(
                (&said["active"], &said["client_id"], &said["scope"]),
                (&json!(true), &json!(client_id), &json!(scope))
            );
        }
    }
}

#[tokio::test]
async fn a_token_is_replaced_before_the_server_says_that_it_expires() {
    let Some(real) = Real::new().await else { return };
    let outlet = real.world.outlet(&client_credentials(), with_secret("basic")).expect("fits");
    for after_ms in [0, LIFE_S * 900 - 1, 1] {
        real.world.clock.by_ms(after_ms);
        Call::of(&outlet).send("GET", "/x").await.expect("is answered");
    }
    let [first, second, third] = &real.world.tokens_in_use()[..] else { panic!("three requests") };
    assert!(first == second && second != third);
}

#[tokio::test]
async fn an_application_that_can_not_prove_itself_is_refused() {
    let Some(real) = Real::new().await else { return };
    let wrong = parts_of("basic", |parts| parts.client_secret = secret("wrong"));
    for (client_auth, supplied, words) in [
        ("basic", wrong.clone(), "invalid_client, status 401"),
        ("body", wrong, "invalid_client, status 401"),
        ("basic", with_secret("nobody"), "invalid_client, status 401"),
        ("body", with_secret("basic"), "invalid_client, status 401"),
        ("basic", with_secret("grantless"), "unauthorized_client, status 400"),
    ] {
        real.check_refused(&client_credentials_by(client_auth), supplied, words).await;
    }
}
