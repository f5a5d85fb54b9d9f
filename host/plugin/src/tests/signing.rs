//! Guests that sign with a tenant's key, or would like to.

use aftercall_core::{
    ports::Tools as _,
    secret::Secret,
    signing::{Algorithm, Encoding},
    tool::FailureKind::{LimitReached, Other},
    usage::Limit,
};
use serde_json::{Value, json};

use super::{
    case::{
        Case,
        Expected::{Failed, Stopped, Undescribed},
        call, check_all, list_tools,
    },
    world::{NOW, World, grant, host, plugin, tenant},
};
use crate::{
    Grant, Limits, Reroutes, artifact,
    credential::{jwt::tests::opened, key::Key},
    signing::SigningGrant,
    testing::Records,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        call("signs", Failed(Other, "not granted")),
        list_tools("signs", Undescribed("used `signing` in list-tools")),
        // Nothing is granted, and what is asked for counts all the same.
        call("signs-without-end", Stopped(Limit::Signatures)),
    ]
}

#[tokio::test]
async fn signing_is_granted() {
    check_all(cases()).await;
}

/// A world whose guest may sign with `hook`, as far as its author asks for it and the tenant grants it.
fn signing(guest: &str, asked: Value, granted: Option<&SigningGrant>, limits: Limits) -> World {
    let manifest = json!({"name": "guest", "version": "1", "description": "d", "signing": asked});
    let manifest = serde_json::from_value(manifest).expect("a manifest");
    let component = artifact::embed(aftercall_guests::component(guest), &manifest).expect("embeds");
    let host = host(limits, Reroutes::new());
    let installed = host.install(&component).expect("installs");
    let signing = granted.map(|key| ("hook".to_owned(), key.clone())).into_iter().collect();
    let bare = Grant { settings: Value::Null, read: vec![], write: vec![], state: None, limits, ..grant(&installed) };
    host.grant(tenant(), &Grant { signing, credentials: Default::default(), ..bare }).expect("grants");
    World { host, installed }
}

#[tokio::test]
async fn a_token_says_what_the_grant_says() {
    let key = SigningGrant {
        key: Secret::new("0123456789abcdef".into()),
        terms: serde_json::from_value(json!({"claims": {"iss": "acme"}})).expect("terms"),
    };
    let hook = json!({"hook": {"description": "a key", "algorithm": "hs256"}});
    let default = Limits::default();
    for (asked, granted, claims, said, logged) in [
        (json!({}), None, json!({}), "not granted", "its author must add [signing.NAME] to plugin.toml"),
        (hook.clone(), None, json!({}), "not granted", "add `signing.hook.key` to the tenant's grant"),
        (hook.clone(), Some(&key), json!([]), "wrong input", "its claims must be a JSON object"),
    ] {
        let end = signing("signs", asked, granted, default).call(&claims).await;
        assert_eq!(end.result.expect_err(said).message, said);
        assert!(end.log[0].message.contains(logged), "{:?}", end.log);
    }
    let granted = signing("signs", hook.clone(), Some(&key), default);
    let verifying = Key::secret(&key.key, Encoding::Text, Algorithm::Hs256).expect("a key");
    for (dry_run, expected) in [(false, true), (true, false)] {
        let mut invocation = granted.invocation(&json!({"iss": "guest", "sub": "s"}));
        invocation.context.dry_run = dry_run;
        let end = granted.host.call(&invocation, Records::failing()).await;
        let claims = opened(&end.result.expect("a token").text, &verifying).map(|(_, claims)| claims);
        let now_s = NOW.as_millis() / 1000;
        let signed = json!({"iss": "acme", "sub": "s", "iat": now_s, "exp": now_s + 300});
        assert_eq!(claims, expected.then_some(signed), "a rehearsed one is worthless");
        let used = end.usage.iter().find(|used| used.limit == Limit::Signatures);
        assert_eq!(used.map(|used| (used.used, used.max)), Some((1, 32)));
    }
    let error = granted.host.list_tools(&tenant(), &plugin()).await.expect_err("it signs").to_string();
    assert!(error.contains("used `signing` in list-tools"), "{error}");
    for (guest, signatures_max) in [("signs", 0), ("signs-without-end", 3)] {
        let few = Limits { signatures_max, ..default };
        let end = signing(guest, hook.clone(), Some(&key), few).call(&json!({})).await;
        let failure = end.result.expect_err("no more are made");
        assert_eq!(failure.kind, LimitReached(Limit::Signatures), "{guest}: {}", failure.message);
    }
}
