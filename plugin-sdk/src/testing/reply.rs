//! How a vendor answers in a test.

use http::{Response, StatusCode};
use serde_json::Value;

use crate::transport::TransportError;

/// How the fake answers a request.
#[derive(Debug)]
pub struct Reply(pub(super) Result<Response<Vec<u8>>, TransportError>);

impl Reply {
    /// A response with a JSON body.
    ///
    /// # Panics
    /// Where this is no HTTP status.
    pub fn json(status: u16, body: Value) -> Self {
        Self::text(status, body.to_string())
    }

    /// A response with any text as its body.
    ///
    /// # Panics
    /// Where this is no HTTP status.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        let mut response = Response::new(body.into().into_bytes());
        *response.status_mut() = StatusCode::from_u16(status).expect("a test gives an HTTP status");
        Self(Ok(response))
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

impl From<Response<Vec<u8>>> for Reply {
    fn from(response: Response<Vec<u8>>) -> Self {
        Self(Ok(response))
    }
}
