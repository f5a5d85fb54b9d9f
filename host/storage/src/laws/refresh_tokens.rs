//! The laws of refresh tokens.

use std::sync::Arc;

use aftercall_core::{id::Sha256Hex, ports::RefreshTokenOf, time::Timestamp};

use super::Storage;

pub(crate) fn refresh_token_of(tenant: &str, plugin: &str, slot: &str, granted: &str) -> RefreshTokenOf {
    RefreshTokenOf {
        tenant: tenant.parse().expect("a name"),
        plugin: plugin.parse().expect("a name"),
        slot: slot.to_owned(),
        granted: Sha256Hex::of(granted.as_bytes()),
    }
}

/// The last one given is there, for its tenant, plugin, slot and grant alone, whoever took the records over meanwhile.
/// What an engine was given that another has replaced counts too: the vendor has forgotten the one before.
pub(crate) async fn the_newest_refresh_token_is_kept(storage: &dyn Storage) {
    let mine = refresh_token_of("acme", "crm", "api", "one");
    let first = storage.engine().await.refresh_tokens;
    assert_eq!(first.newest(&mine).await, Ok(None));
    for sealed in [&b"first"[..], b"\0second\xff"] {
        first.keep(&mine, sealed).await.expect("kept");
        assert_eq!(first.newest(&mine).await, Ok(Some(sealed.to_vec())));
    }
    let second = storage.engine().await.refresh_tokens;
    assert_eq!(second.newest(&mine).await, Ok(Some(b"\0second\xff".to_vec())));
    first.keep(&mine, b"third").await.expect("kept");
    for other in [
        refresh_token_of("beta", "crm", "api", "one"),
        refresh_token_of("acme", "ehr", "api", "one"),
        refresh_token_of("acme", "crm", "other", "one"),
        refresh_token_of("acme", "crm", "api", "two"),
    ] {
        assert_eq!(second.newest(&other).await, Ok(None), "{other:?}");
        second.keep(&other, b"another's").await.expect("kept");
    }
    assert_eq!(second.newest(&mine).await, Ok(Some(b"third".to_vec())));
}

/// Of all who want to use the newest one, in this process and in others, one at a time does, until it says that it is done
/// or its time is over. A claim says nothing of what is kept.
pub(crate) async fn a_refresh_token_is_used_by_one_at_a_time(storage: &dyn Storage) {
    let (mine, other) = (refresh_token_of("acme", "crm", "api", "one"), refresh_token_of("acme", "crm", "api", "two"));
    let (first, second) = (storage.engine().await.refresh_tokens, storage.engine().await.refresh_tokens);
    let at = Timestamp::from_millis;
    let claims = (10..30).map(|until| {
        let (tokens, mine) = (Arc::clone(if until % 2 == 0 { &first } else { &second }), mine.clone());
        tokio::spawn(async move { tokens.claim(&mine, at(5), at(until)).await.expect("answers").then_some(until) })
    });
    let mut won = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        won.extend(claim.await.expect("no panic"));
    }
    let [until] = won[..] else { panic!("one at a time: {won:?}") };
    assert_eq!(second.claim(&other, at(5), at(30)).await, Ok(true), "another one is another's");
    assert_eq!(first.newest(&mine).await, Ok(None));
    second.release(&mine, at(until + 1)).await.expect("answers");
    assert_eq!(second.claim(&mine, at(until - 1), at(50)).await, Ok(false), "that was another claim");
    assert_eq!(second.claim(&mine, at(until), at(50)).await, Ok(true), "its time is over");
    first.release(&mine, at(until)).await.expect("answers");
    first.keep(&mine, b"newer").await.expect("kept");
    assert_eq!(first.claim(&mine, at(until), at(60)).await, Ok(false), "who comes late ends nobody else's");
    second.release(&mine, at(50)).await.expect("ends it");
    assert_eq!(first.claim(&mine, at(until), at(60)).await, Ok(true));
    assert_eq!(first.newest(&mine).await, Ok(Some(b"newer".to_vec())));
}
