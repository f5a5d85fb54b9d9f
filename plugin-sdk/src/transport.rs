//! What a context stands on: the host of a component, or the fake of a test.
//!
//! Which of the two is settled when the crate is built, and no call goes through a table of functions: what a
//! plugin doesn't use, the linker drops, so that a component imports no more than it can use.

use http::{Request, Response};

use crate::{ConversationError, Entry, Level, Said, SigningError, StateError};

#[cfg(target_family = "wasm")]
pub(crate) use crate::live::Live as Outside;
#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::testing::World as Outside;

/// All that is outside of a plugin.
pub(crate) trait Host {
    /// The plugin's settings in this tenant, as JSON.
    fn settings(&self) -> String;
    fn log(&self, level: Level, message: &str);
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> u64;
    /// `reads` is the plugin's word that the request changes nothing; the host has its rules instead.
    async fn send(&self, request: Request<Vec<u8>>, reads: bool) -> Result<Response<Vec<u8>>, TransportError>;

    fn state_get(&self, key: &str) -> Result<Option<Entry>, StateError>;
    fn state_put(&self, key: &str, value: &[u8]) -> Result<u64, StateError>;
    fn state_put_if(&self, key: &str, value: &[u8], version: Option<u64>) -> Result<u64, StateError>;
    fn state_delete(&self, key: &str) -> Result<(), StateError>;
    /// A page of keys, which follows the cursor.
    fn state_keys(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StateError>;

    /// A page of the transcript, which follows the cursor.
    fn items(&self, after: Option<&str>) -> Result<Vec<Said>, ConversationError>;
    fn summary(&self) -> Result<Option<String>, ConversationError>;
    /// What the platform extracted, as JSON.
    fn variables(&self) -> Result<String, ConversationError>;

    fn hmac(&self, key: &str, payload: &[u8]) -> Result<Vec<u8>, SigningError>;
    /// A token of these claims, which are JSON.
    fn jwt(&self, key: &str, claims: &str) -> Result<String, SigningError>;
}

/// Why a request has no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TransportError {
    /// The grant doesn't allow the request. It has not left.
    Denied,
    /// It can't be sent as it is: a part of it is too long or unsound. It has not left.
    Unsendable(String),
    /// Its path isn't one that the host lets pass, for what stands in it: the text of a setting, where that is known, else mostly
    /// an argument. It has not left.
    Misleading { setting: Option<String> },
    /// The vendor can't be reached. It has not left.
    Unreachable(String),
    /// It may have left, and there is no whole response.
    Cut(String),
}
