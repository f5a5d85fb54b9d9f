//! The context of a component: the host's imports, and `wasi:http` for requests.

mod http;

use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use ::http::{Request, Response};

use crate::bindings::aftercall::tool::{conversation, log, settings, signing, state, types};
use crate::transport::{Host, TransportError};
use crate::{Context, ConversationError, Entry, Level, Said, SigningError, StateError};

/// The host of the component.
pub(crate) struct Live;

/// The context of one attempt, standing on the host.
pub(crate) fn context(attempt: types::Context) -> Context {
    Context::new(attempt, Rc::new(Live))
}

impl Host for Live {
    fn settings(&self) -> String {
        settings::get()
    }

    fn log(&self, level: Level, message: &str) {
        log::write(level, message);
    }

    fn now(&self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }

    async fn send(&self, request: Request<Vec<u8>>, _reads: bool) -> Result<Response<Vec<u8>>, TransportError> {
        http::send(request).await
    }

    fn state_get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        state::get(key)
    }

    fn state_put(&self, key: &str, value: &[u8]) -> Result<u64, StateError> {
        state::put(key, value)
    }

    fn state_put_if(&self, key: &str, value: &[u8], version: Option<u64>) -> Result<u64, StateError> {
        state::put_if(key, value, version)
    }

    fn state_delete(&self, key: &str) -> Result<(), StateError> {
        state::delete(key)
    }

    fn state_keys(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StateError> {
        state::keys(prefix, after)
    }

    fn items(&self, after: Option<&str>) -> Result<Vec<Said>, ConversationError> {
        conversation::items(after)
    }

    fn summary(&self) -> Result<Option<String>, ConversationError> {
        conversation::summary()
    }

    fn variables(&self) -> Result<String, ConversationError> {
        conversation::variables()
    }

    fn hmac(&self, key: &str, payload: &[u8]) -> Result<Vec<u8>, SigningError> {
        signing::hmac(key, payload)
    }

    fn jwt(&self, key: &str, claims: &str) -> Result<String, SigningError> {
        signing::jwt(key, claims)
    }
}
