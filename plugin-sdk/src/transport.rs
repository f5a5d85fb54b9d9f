//! What a context stands on: the host of a component, or the fake of a test.

use std::future::Future;
use std::pin::Pin;

use http::{Request, Response};

use crate::Level;

/// A request on its way.
pub(crate) type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, TransportError>> + 'a>>;

pub(crate) trait Host {
    /// The plugin's settings in this tenant, as JSON.
    fn settings(&self) -> String;
    fn log(&self, level: Level, message: &str);
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> u64;
    fn send(&self, request: Request<Vec<u8>>) -> Sending<'_>;
}

/// Why a request has no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TransportError {
    /// The grant doesn't allow the request. It has not left.
    Denied,
    /// It can't be sent as it is: a part of it is too long or unsound. It has not left.
    Unsendable(String),
    /// The vendor can't be reached. It has not left.
    Unreachable(String),
    /// It may have left, and there is no whole response.
    Cut(String),
}
