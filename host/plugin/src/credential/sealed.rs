//! Refresh tokens on their way into the records, and back: sealed, so that whoever has the records alone has none.
//!
//! A seal is ChaCha20-Poly1305 (RFC 8439) under a key that is derived from the host's own, with a nonce by chance, of
//! which 2³² are safe under one key. It is bound to the token's place: what is moved to another one opens no more.

use std::{fmt, sync::Arc};

use aftercall_core::{
    ports::{RecordsError, RefreshTokenOf, RefreshTokens},
    secret::Secret,
    time::Timestamp,
};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};

use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use super::kept::InMemory;

/// Why a refresh token can't be kept or found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Records(#[from] RecordsError),
    #[error(
        "it is damaged, or was sealed under another key than the host has now: bring that key back, or grant a \
         refresh token that the vendor gave anew"
    )]
    OtherKey,
    #[error("the system has no randomness to seal it with")]
    NoRandomness,
}

/// The refresh tokens that vendors gave in the place of granted ones.
pub struct SealedTokens {
    records: Arc<dyn RefreshTokens>,
    key: LessSafeKey,
    /// Read-locked by each request for a newer one that is under way.
    under_way: Arc<RwLock<()>>,
}

impl SealedTokens {
    /// Those in the records. `secret` is the host's own, of any length: what was sealed under another one opens no more.
    pub fn new(records: Arc<dyn RefreshTokens>, secret: &[u8]) -> Self {
        let key = blake3::derive_key("aftercall refresh token v1", secret);
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the cipher's keys have 32 bytes");
        Self { records, key: LessSafeKey::new(key), under_way: Arc::default() }
    }

    /// Some that are lost when the process ends: for tests, and where no vendor gives new ones.
    pub fn in_memory() -> Self {
        Self::new(Arc::new(InMemory::default()), b"of this process")
    }

    /// The newest one. None: the granted one is.
    pub(super) async fn newest(&self, of: &RefreshTokenOf) -> Result<Option<Secret>, Error> {
        let Some(sealed) = self.records.newest(of).await? else { return Ok(None) };
        self.open(of, &sealed).ok_or(Error::OtherKey).map(Some)
    }

    /// Keeps a newer one, durable on return.
    pub(super) async fn keep(&self, of: &RefreshTokenOf, token: &Secret) -> Result<(), Error> {
        let sealed = self.seal(of, token).ok_or(Error::NoRandomness)?;
        Ok(self.records.keep(of, &sealed).await?)
    }

    /// Claims the use of the newest one, as [`RefreshTokens::claim`] does.
    pub(super) async fn claim(&self, of: &RefreshTokenOf, now: Timestamp, until: Timestamp) -> Result<bool, Error> {
        Ok(self.records.claim(of, now, until).await?)
    }

    /// Ends a claim. Where that fails, its time ends it.
    pub(super) async fn release(&self, of: &RefreshTokenOf, until: Timestamp) {
        if let Err(error) = self.records.release(of, until).await {
            tracing::debug!("a claim of a refresh token ends by its time: {error}");
        }
    }

    /// What a request for a newer one holds while it is under way. None: nobody will wait for it.
    pub(super) fn hold(&self) -> Option<OwnedRwLockReadGuard<()>> {
        Arc::clone(&self.under_way).try_read_owned().ok()
    }

    /// Waits until no request for a newer one is under way.
    pub(crate) async fn settled(&self) {
        drop(self.under_way.write().await);
    }

    /// A nonce, what is sealed, and the seal.
    fn seal(&self, of: &RefreshTokenOf, token: &Secret) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut sealed = token.expose().as_bytes().to_vec();
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place(of), &mut sealed).ok()?;
        sealed.splice(..0, nonce);
        Some(sealed)
    }

    fn open(&self, of: &RefreshTokenOf, sealed: &[u8]) -> Option<Secret> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let token = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), place(of), &mut sealed).ok()?;
        String::from_utf8(token.to_vec()).ok().map(Secret::new)
    }
}

impl fmt::Debug for SealedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedTokens(…)")
    }
}

/// The place of a token, in which no two are alike.
fn place(of: &RefreshTokenOf) -> Aad<Vec<u8>> {
    let RefreshTokenOf { tenant, plugin, slot, granted } = of;
    let place = (tenant.as_str(), plugin.as_str(), slot, granted.as_str());
    Aad::from(serde_json::to_vec(&place).expect("texts serialise"))
}

#[cfg(test)]
mod tests {
    use aftercall_core::id::Sha256Hex;

    use super::*;

    fn of(tenant: &str, slot: &str) -> RefreshTokenOf {
        RefreshTokenOf {
            tenant: tenant.parse().expect("a name"),
            plugin: "crm".parse().expect("a name"),
            slot: slot.to_owned(),
            granted: Sha256Hex::of(b"granted"),
        }
    }

    #[tokio::test]
    async fn what_was_sealed_opens_in_its_place_alone() {
        let records = Arc::new(InMemory::default());
        let (one, two) = (SealedTokens::new(records.clone(), b"one"), SealedTokens::new(records.clone(), b"two"));
        let (here, token) = (of("acme", "api"), Secret::new("refr3sh/ü".to_owned()));
        assert_eq!(one.newest(&here).await, Ok(None));
        one.keep(&here, &token).await.expect("kept");
        assert_eq!(one.newest(&here).await, Ok(Some(token.clone())));
        assert_eq!(two.newest(&here).await, Err(Error::OtherKey));

        let sealed = records.newest(&here).await.expect("reads").expect("is there");
        assert!(!sealed.windows(7).any(|part| part == b"refr3sh"));
        assert_ne!(one.seal(&here, &token).expect("seals"), sealed, "equal tokens don't look equal");
        for there in [of("beta", "api"), of("acme", "other")] {
            records.keep(&there, &sealed).await.expect("kept");
            assert_eq!(one.newest(&there).await, Err(Error::OtherKey));
        }
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(one.open(&here, &damaged), None, "byte {at}");
            assert_eq!(one.open(&here, &sealed[..at]), None, "{at} bytes");
        }
    }
}
