//! Refresh tokens, of which each is used once there: with a new one the server revokes the old, and the access token
//! that came with it.

use super::{server::USER, *};

/// How an application proves itself, which it is, and its parts.
fn applications() -> [(&'static str, &'static str, Change); 4] {
    [
        ("basic", "basic", |parts| parts.client_secret = secret(SECRET)),
        ("body", "body", |parts| parts.client_secret = secret(SECRET)),
        ("basic", "public", |_| {}),
        ("jwt", "signs", |parts| {
            parts.private_key = secret(EC384);
            parts.key_id = Some("ec384".to_owned());
        }),
    ]
}

fn refresh_by(client_auth: &str) -> Value {
    json!({"oauth2-refresh": {"client_auth": client_auth}})
}

#[tokio::test]
async fn a_refresh_token_is_rotated_with_each_use_and_an_old_one_refused() {
    let Some(mut real) = Real::new().await else { return };
    for (client_auth, client_id, change) in applications() {
        real.world.kept = Arc::new(SealedTokens::in_memory());
        let kind = refresh_by(client_auth);
        let supplied = parts_of(client_id, |parts| {
            change(parts);
            parts.refresh_token = Some(Secret::new(format!("r3fresh-{client_id}")));
        });
        let mut tokens = Vec::new();
        for _restart in 0..3 {
            let said = real.token(&kind, supplied.clone()).await;
            assert_eq!(
                (&said["active"], &said["client_id"], &said["sub"], &said["scope"]),
                (&json!(true), &json!(client_id), &json!(USER), &json!("openid profile"))
            );
            tokens.push(real.last_in_use());
        }
        for old in &tokens[..2] {
            assert_eq!(real.server.said_of(old).await, json!({"active": false}), "{client_id}");
        }
        // As if its records had been lost: the granted one has been used.
        real.world.kept = Arc::new(SealedTokens::in_memory());
        real.check_refused(&kind, supplied, "invalid_grant, status 400").await;
    }
}

#[tokio::test]
async fn a_refresh_token_of_another_application_is_refused() {
    let Some(real) = Real::new().await else { return };
    let supplied = parts_of("basic", |parts| {
        parts.client_secret = secret(SECRET);
        parts.refresh_token = secret("r3fresh-shared-body");
    });
    real.check_refused(&refresh_by("basic"), supplied, "invalid_grant, status 400").await;
}

#[tokio::test]
async fn a_token_that_another_process_made_worthless_is_replaced() {
    let Some(mut real) = Real::new().await else { return };
    // Requests go to the server too, which tells who the user is.
    real.world.api = Vendor { port: real.server.port, requests: Events::default() };
    let supplied = parts_of("basic", |parts| {
        parts.client_secret = secret(SECRET);
        parts.refresh_token = secret("r3fresh-shared-basic");
    });
    let processes = [(), ()].map(|()| real.world.outlet(&refresh_by("basic"), supplied.clone()).expect("fits"));
    for (process, after_ms, status) in [(0, 0, 200), (1, 0, 200), (0, PAUSE_MS, 401), (0, 0, 200), (1, PAUSE_MS, 401)] {
        real.world.clock.by_ms(after_ms);
        let answer = Call::of(&processes[process]).send("GET", "/oauth/userinfo").await.expect("is answered");
        assert_eq!(answer.status(), status, "process {process}");
        if status == 200 {
            let user: Value = serde_json::from_slice(answer.body()).expect("JSON");
            assert_eq!(user["sub"], USER);
        }
    }
}
