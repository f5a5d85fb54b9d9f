//! Errors as `application/problem+json` (RFC 9457): what is wrong, and what would be right.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    /// One word for programs and counters.
    kind: &'static str,
    detail: String,
    /// After how many seconds it may be sent again.
    retry_after: Option<u32>,
    /// Whether a name and a password would help.
    asks_for_login: bool,
}

/// How long a sender is asked to wait before it sends again, in seconds.
const RETRY_AFTER_SECONDS: u32 = 5;

impl Problem {
    fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), retry_after: None, asks_for_login: false }
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    pub(super) fn unverified(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unverified", detail)
    }

    /// A page is for those who have its password.
    pub(super) fn no_login() -> Self {
        let detail = "give the tenant's name and its `pages_password`, or `operator` and `server.operator_password`";
        Self { asks_for_login: true, ..Self::new(StatusCode::UNAUTHORIZED, "no-login", detail) }
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "post calls, and get everything else")
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the body did not come in time")
    }

    pub(super) fn too_large(bytes_max: u32) -> Self {
        let detail = format!("the body is larger than {bytes_max} bytes: leave out recordings and logs");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    }

    pub(super) fn encoded() -> Self {
        let detail = "send the body as it is, without Content-Encoding: signatures go over the raw bytes";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoded", detail)
    }

    /// The call is understood, and nobody here takes it.
    pub(super) fn not_taken(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not-taken", detail)
    }

    /// The tenant has too much waiting.
    pub(super) fn too_many(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", detail);
        Self { retry_after: Some(RETRY_AFTER_SECONDS), ..problem }
    }

    /// It can't be taken now, whoever sends it.
    pub(super) fn unavailable(kind: &'static str, detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, detail);
        Self { retry_after: Some(RETRY_AFTER_SECONDS), ..problem }
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": format!("urn:aftercall:problem:{}", self.kind),
            "title": self.status.canonical_reason().unwrap_or(self.kind),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.asks_for_login {
            let basic = HeaderValue::from_static("Basic realm=\"aftercall\", charset=\"UTF-8\"");
            headers.insert(header::WWW_AUTHENTICATE, basic);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
