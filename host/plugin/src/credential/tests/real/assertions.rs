//! Signed assertions (RFC 7523): as a proof of the application, as SMART's backend services use them, and as a grant.

use aftercall_core::signing::Algorithm::{self, Es256, Es384, Rs256, Rs384, Rs512};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};

use super::{server::USER, *};

/// More than the server allows for clocks that disagree and for an assertion to hold, in milliseconds.
const FAR_MS: u64 = 10 * 60 * 1000;

/// Each algorithm that the host signs with, and a key for it.
const ALGORITHMS: [(Algorithm, &str, &str); 5] =
    [(Rs256, "rsa", RSA), (Rs384, "rsa", RSA), (Rs512, "rsa", RSA), (Es256, "ec256", EC256), (Es384, "ec384", EC384)];

fn by_assertion() -> Value {
    client_credentials_by("jwt")
}

fn bearer() -> Value {
    json!({"oauth2-jwt-bearer": {}})
}

/// An application that signs with one of its keys.
fn signing(client_id: &str, change: Change) -> Supplied {
    parts_of(client_id, |parts| {
        parts.private_key = secret(EC256);
        parts.key_id = Some("ec256".to_owned());
        change(parts);
    })
}

/// The same about the user.
fn about_user(client_id: &str, change: Change) -> Supplied {
    let Supplied::Parts(mut parts) = signing(client_id, |parts| parts.subject = Some(USER.to_owned())) else {
        unreachable!("it has parts")
    };
    change(&mut parts);
    Supplied::Parts(parts)
}

/// A key that nobody knows.
fn nobodys_key() -> Secret {
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
    let lines = STANDARD.encode(made.as_ref());
    Secret::new(format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n"))
}

#[tokio::test]
async fn an_application_proves_itself_by_an_assertion_of_each_algorithm() {
    let Some(real) = Real::new().await else { return };
    for (algorithm, key_id, key) in ALGORITHMS {
        let supplied = parts_of("signs", |parts| {
            parts.private_key = secret(key);
            parts.key_id = Some(key_id.to_owned());
            parts.algorithm = Some(algorithm);
            parts.scope = Some("profile".to_owned());
        });
        let said = real.token(&by_assertion(), supplied).await;
        assert_eq!(
            (&said["active"], &said["client_id"], &said["scope"]),
            (&json!(true), &json!("signs"), &json!("profile")),
            "{algorithm}"
        );
    }
}

#[tokio::test]
async fn an_assertion_about_a_user_gives_a_token_of_the_user() {
    let Some(real) = Real::new().await else { return };
    for (algorithm, key_id, key) in ALGORITHMS {
        let supplied = parts_of("trusted", |parts| {
            parts.private_key = secret(key);
            parts.key_id = Some(key_id.to_owned());
            parts.algorithm = Some(algorithm);
            parts.subject = Some(USER.to_owned());
            parts.scope = Some("openid profile".to_owned());
        });
        let said = real.token(&bearer(), supplied).await;
        assert_eq!(
            (&said["active"], &said["client_id"], &said["sub"], &said["scope"]),
            (&json!(true), &json!("trusted"), &json!(USER), &json!("openid profile")),
            "{algorithm}"
        );
    }
}

/// What is wrong with any assertion: the key, its name (which is that of another, of none, or left out where there are
/// several), the server that it is for.
const WRONG: [Change; 5] = [
    |parts| parts.private_key = Some(nobodys_key()),
    |parts| parts.key_id = Some("ec384".to_owned()),
    |parts| parts.key_id = Some("other".to_owned()),
    |parts| parts.key_id = None,
    |parts| parts.audience = Some("https://other.test/token".to_owned()),
];

#[tokio::test]
async fn an_assertion_that_proves_nothing_is_refused() {
    let Some(real) = Real::new().await else { return };
    for change in WRONG {
        real.check_refused(&by_assertion(), signing("signs", change), "invalid_client, status 400").await;
        real.check_refused(&bearer(), about_user("trusted", change), "invalid_grant, status 400").await;
    }
    for client_id in ["nobody", "basic"] {
        real.check_refused(&by_assertion(), signing(client_id, |_| {}), "invalid_client, status 400").await;
    }
}

#[tokio::test]
async fn an_assertion_about_somebody_who_did_not_consent_is_refused() {
    let Some(real) = Real::new().await else { return };
    let unknown: Change = |parts| parts.subject = Some("bob".to_owned());
    for (client_id, change, words) in [
        ("trusted", unknown, "invalid_grant, status 400"),
        ("untrusted", |_| {}, "invalid_client, status 400"),
        ("bearerless", |_| {}, "unauthorized_client, status 400"),
        ("nobody", |_| {}, "invalid_grant, status 400"),
    ] {
        real.check_refused(&bearer(), about_user(client_id, change), words).await;
    }
}

#[tokio::test]
async fn an_assertion_by_a_clock_that_is_wrong_is_refused() {
    let Some(mut real) = Real::new().await else { return };
    let now = real.world.clock.now();
    for millis in [now.as_millis() - FAR_MS, now.as_millis() + FAR_MS] {
        real.world.clock = Arc::default();
        real.world.clock.by_ms(millis);
        real.check_refused(&by_assertion(), signing("signs", |_| {}), "invalid_client, status 400").await;
        real.check_refused(&bearer(), about_user("trusted", |_| {}), "invalid_grant, status 400").await;
    }
}
