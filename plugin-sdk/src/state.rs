//! What a plugin keeps between two calls.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::transport::Host as _;
use crate::{Context, Entry, Failure, StateError};

/// The plugin's durable key-value space in this tenant, seen by every tool and every version of it, and by nothing
/// else. It is there where the manifest says `state = true` and the tenant's grant `state = {}`.
///
/// A call may end after any of its writes, and another may run beside it: [`put_if`](State::put_if) writes only
/// over what was read. In a rehearsal what is written is gone when the call ends. Keys have 1 to 256 bytes and no
/// control characters; a value has at most 64 KiB; the grant limits both in sum. After a request that wrote, an error
/// here is better logged than returned: what the vendor did has happened.
///
/// ```
/// # use aftercall::{Context, Failure};
/// # use aftercall::testing::Fake;
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Sync {
///     token: String,
/// }
///
/// fn advance(cx: &Context, token: &str) -> Result<Option<String>, Failure> {
///     let last: Option<Sync> = cx.state().get_json("sync")?;
///     cx.state().put_json("sync", &Sync { token: token.to_owned() })?;
///     Ok(last.map(|sync| sync.token))
/// }
/// # let fake = Fake::new().keeps("sync", r#"{"token":"a"}"#);
/// # assert_eq!(advance(&fake.context(), "b"), Ok(Some("a".to_owned())));
/// # assert_eq!(fake.kept()["sync"], br#"{"token":"b"}"#);
/// ```
#[derive(Clone, Copy)]
pub struct State<'a> {
    context: &'a Context,
}

impl Context {
    /// What the plugin keeps in this tenant.
    pub fn state(&self) -> State<'_> {
        State { context: self }
    }
}

impl State<'_> {
    /// What stands under a key, and its version.
    ///
    /// # Errors
    /// `invalid-key`, `unavailable`.
    pub fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        self.context.host().state_get(key)
    }

    /// What stands under a key, read from JSON.
    ///
    /// # Errors
    /// As of [`get`](State::get); `other`, where the value doesn't fit `T`.
    pub fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Failure> {
        self.get(key)?.map(|entry| entry.json()).transpose()
    }

    /// Writes, whatever stands there; gives the new version.
    ///
    /// # Errors
    /// `full`, `invalid-key`, `unavailable`.
    pub fn put(&self, key: &str, value: impl AsRef<[u8]>) -> Result<u64, StateError> {
        self.context.host().state_put(key, value.as_ref())
    }

    /// Writes JSON, whatever stands there; gives the new version.
    ///
    /// # Errors
    /// As of [`put`](State::put); `other`, where the value can't be JSON.
    pub fn put_json<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<u64, Failure> {
        let json = serde_json::to_vec(value)
            .map_err(|error| Failure::other(format!("what the plugin would keep is not JSON: {error}")))?;
        Ok(self.put(key, json)?)
    }

    /// Writes if the entry is at this version; `None`: if there is no entry. Gives the new version, which no earlier
    /// entry of the key had.
    ///
    /// # Errors
    /// `stale`, where another version stands there; `full`, `invalid-key`, `unavailable`.
    pub fn put_if(&self, key: &str, value: impl AsRef<[u8]>, version: Option<u64>) -> Result<u64, StateError> {
        self.context.host().state_put_if(key, value.as_ref(), version)
    }

    /// Deletes what stands under a key, if anything does.
    ///
    /// # Errors
    /// `invalid-key`, `unavailable`.
    pub fn delete(&self, key: &str) -> Result<(), StateError> {
        self.context.host().state_delete(key)
    }

    /// All keys with this prefix, in order. An empty prefix is that of all.
    ///
    /// # Errors
    /// `invalid-key`, `unavailable`.
    pub fn keys(&self, prefix: &str) -> Result<Vec<String>, StateError> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let page = self.context.host().state_keys(prefix, keys.last().map(String::as_str))?;
            if page.is_empty() {
                return Ok(keys);
            }
            keys.extend(page);
        }
    }
}

impl Entry {
    /// The value, read from JSON.
    ///
    /// # Errors
    /// `other`, where it doesn't fit `T`: an earlier version of the plugin may have written it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.value)
            .map_err(|error| Failure::other(format!("what the plugin kept is not as expected: {error}")))
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Full => Failure::other(
                "the plugin can't keep this: a value is over 64 KiB, or all of them over the quota, which the \
                 tenant's grant can raise in its `state`",
            ),
            StateError::Stale => Failure::conflict("another call of the plugin wrote at the same time; call it again"),
            StateError::InvalidKey => Failure::other(
                "the plugin can't keep anything under such a key: a key has 1 to 256 bytes and no control characters",
            ),
            StateError::Unavailable => Failure::unavailable(
                "what the plugin keeps can't be reached: the records don't answer, or there is no `state` in its \
                 manifest and the tenant's grant",
            ),
        }
    }
}
