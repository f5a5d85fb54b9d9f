//! The laws of refresh tokens.

use aftercall_core::{id::Sha256Hex, ports::RefreshTokenOf};

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
