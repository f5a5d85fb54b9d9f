//! How a vendor answers in a test.

use http::{Response, StatusCode};
use serde_json::Value;

use crate::transport::TransportError;

/// How the fake answers a request.
#[derive(Debug)]
pub struct Reply(pub(super) Result<Response<Vec<u8>>, TransportError>);

impl Reply {
    /// A response with a JSON body, which says that it has one.
    ///
    /// # Panics
    /// Where this is no HTTP status.
    pub fn json(status: u16, body: Value) -> Self {
        Self::text(status, body.to_string()).with_header("content-type", "application/json")
    }

    /// A response with any text as its body, which doesn't say of what type.
    ///
    /// # Panics
    /// Where this is no HTTP status.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        let mut response = Response::new(body.into().into_bytes());
        *response.status_mut() = StatusCode::from_u16(status).expect("a test gives an HTTP status");
        Self(Ok(response))
    }

    /// A response that isn't the vendor's: a page of a proxy between, or an answer that was damaged on its way. A check of answers
    /// against the vendor's own document leaves it out.
    ///
    /// # Panics
    /// Where this is no HTTP status.
    pub fn stray(status: u16, body: impl Into<String>) -> Self {
        let mut reply = Self::text(status, body);
        reply.0.as_mut().expect("it is a response").extensions_mut().insert(Stray);
        reply
    }

    /// No response: the request may have arrived, and the connection broke.
    pub fn cut() -> Self {
        Self(Err(TransportError::Cut("the connection broke".to_owned())))
    }

    /// No response: the vendor couldn't be reached.
    pub fn unreachable() -> Self {
        Self(Err(TransportError::Unreachable("connection refused".to_owned())))
    }

    /// No response: the grant doesn't allow the request.
    pub fn denied() -> Self {
        Self(Err(TransportError::Denied))
    }

    /// Adds a header to a response.
    ///
    /// # Panics
    /// Where the header is none, or this is no response.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        let response = self.0.as_mut().expect("only a response has headers");
        let value = value.parse().expect("a test gives a header that can be sent");
        response.headers_mut().append(name, value);
        self
    }
}

impl Reply {
    /// The vendor's response, where it is one.
    pub(super) fn answer(&self) -> Option<&Response<Vec<u8>>> {
        self.0.as_ref().ok().filter(|response| response.extensions().get::<Stray>().is_none())
    }
}

/// Marks a response that isn't the vendor's.
#[derive(Clone, Copy, Debug)]
struct Stray;

impl From<Response<Vec<u8>>> for Reply {
    fn from(response: Response<Vec<u8>>) -> Self {
        Self(Ok(response))
    }
}
