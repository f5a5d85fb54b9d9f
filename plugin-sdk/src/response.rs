//! A vendor's answer.

use std::borrow::Cow;

use http::header::HeaderName;
use serde::de::DeserializeOwned;

use crate::Failure;
use crate::vendor::Exchange;

/// A vendor's answer, whatever its status.
#[derive(Debug)]
pub struct Response {
    exchange: Exchange,
    response: http::Response<Vec<u8>>,
}

impl Response {
    pub(crate) fn new(exchange: Exchange, response: http::Response<Vec<u8>>) -> Self {
        Self { exchange, response }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The first header of this name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let name: HeaderName = name.parse().ok()?;
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The body as text; what isn't UTF-8 is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.response.body())
    }

    /// The body as it came.
    pub fn bytes(&self) -> &[u8] {
        self.response.body()
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// `outcome-unknown` where the request wrote: the vendor did something that this plugin can't read;
    /// else `other`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(self.response.body()).map_err(|error| self.exchange.unreadable(&error))
    }

    /// This response if its status is 2xx, else the failure that the status stands for, with the vendor's
    /// own message.
    ///
    /// # Errors
    /// 400 and 422 `invalid-arguments`; 401, 402 and 403 `denied`; 404 and 410 `not-found`; 409 and 412
    /// `conflict`; 429 `rate-limited` with the vendor's `Retry-After`; 408 and 5xx `outcome-unknown` where the
    /// request wrote, else `unavailable`; any other `other`.
    pub fn ok(self) -> Result<Self, Failure> {
        if self.response.status().is_success() { Ok(self) } else { Err(self.exchange.refused(&self.response)) }
    }

    /// The same, and the plugin says more of the failure: it gets the status, and the body as whatever it reads of it
    /// (`serde_json::Value` for all). A body that isn't such a one is the default.
    ///
    /// ```
    /// # use aftercall::{Failure, FailureKind, testing::{Fake, Reply, block_on}};
    /// # use serde_json::{Value, json};
    /// fn explained(failure: Failure, status: u16, body: Value) -> Failure {
    ///     match body["code"].as_str() {
    ///         Some("LOCKED") if status == 400 => Failure { kind: FailureKind::Conflict, ..failure },
    ///         _ => failure,
    ///     }
    /// }
    /// # let url = "https://api.example.com/v1/things";
    /// # let fake = Fake::new().expect(&format!("GET {url}"), Reply::json(400, json!({ "code": "LOCKED" })));
    /// # let answer = block_on(fake.context().get(url).send()).unwrap();
    /// assert_eq!(answer.ok_or(explained).unwrap_err().kind, FailureKind::Conflict);
    /// ```
    ///
    /// # Errors
    /// What `explain` makes of the failure of [`ok`](Response::ok).
    pub fn ok_or<T: DeserializeOwned + Default>(
        self,
        explain: impl FnOnce(Failure, u16, T) -> Failure,
    ) -> Result<Self, Failure> {
        if self.response.status().is_success() {
            return Ok(self);
        }
        let body = serde_json::from_slice(self.response.body()).unwrap_or_default();
        Err(explain(self.exchange.refused(&self.response), self.status(), body))
    }
}
