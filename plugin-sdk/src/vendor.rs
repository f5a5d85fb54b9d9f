//! What a request that failed means: the one place where statuses and broken connections become failures.

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Method, Response, StatusCode};
use serde_json::Value;

use crate::transport::TransportError;
use crate::{Failure, FailureKind};

/// The longest message of a vendor that is handed on. Protects the model's context.
const VENDOR_MESSAGE_CHARS_MAX: usize = 500;

/// A request that was sent, as far as a failure speaks of it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) method: Method,
    /// Without the query, which may hold what a person said.
    pub(crate) url: String,
    pub(crate) reads: bool,
}

impl Exchange {
    /// The failure of a request that has no response.
    pub(crate) fn unanswered(&self, error: &TransportError) -> Failure {
        let Self { method, url, .. } = self;
        match error {
            TransportError::Denied => {
                Failure::denied(format!("the grant doesn't allow {method} {url}; its egress rules would have to"))
            }
            TransportError::Unsendable(reason) => Failure::other(format!("{method} {url} can't be sent: {reason}")),
            TransportError::Unreachable(reason) => {
                Failure::unavailable(format!("{method} {url} can't be reached: {reason}"))
            }
            TransportError::Cut(reason) => {
                Failure::new(self.doubt(), format!("{method} {url} was sent and has no whole answer: {reason}"))
            }
        }
    }

    /// The failure of a response whose body isn't what the plugin expects.
    pub(crate) fn unreadable(&self, error: &serde_json::Error) -> Failure {
        let kind = if self.reads { FailureKind::Other } else { FailureKind::OutcomeUnknown };
        let Self { method, url, .. } = self;
        Failure::new(kind, format!("the answer to {method} {url} is not as expected: {error}"))
    }

    /// The failure that a status stands for.
    pub(crate) fn refused(&self, response: &Response<Vec<u8>>) -> Failure {
        let status = response.status();
        let kind = match status.as_u16() {
            400 | 422 => FailureKind::InvalidArguments,
            401..=403 => FailureKind::Denied,
            404 | 410 => FailureKind::NotFound,
            409 | 412 => FailureKind::Conflict,
            408 | 500..=599 => self.doubt(),
            429 => FailureKind::RateLimited,
            _ => FailureKind::Other,
        };
        let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let said = said(&body).or_else(|| plain_text(response));
        let mut failure = Failure::new(kind, self.message(status, said));
        failure.code = code(&body);
        failure.retry_after_ms = retry_after_ms(response);
        failure
    }

    fn message(&self, status: StatusCode, said: Option<String>) -> String {
        let Self { method, url, .. } = self;
        match said {
            Some(said) => {
                let said: String = said.chars().take(VENDOR_MESSAGE_CHARS_MAX).collect();
                format!("{method} {url} was answered with {status}: {said}")
            }
            None => format!("{method} {url} was answered with {status}"),
        }
    }

    /// The kind of a failure after which nobody knows what the vendor did.
    fn doubt(&self) -> FailureKind {
        if self.reads { FailureKind::Unavailable } else { FailureKind::OutcomeUnknown }
    }
}

/// The vendor's own words. A list of texts beside a message says what the message leaves out.
fn said(body: &Value) -> Option<String> {
    let place = [
        "/message",
        "/error/message",
        "/error_description",
        "/detail",
        "/description",
        "/errors/0/message",
        "/errors/0/detail",
        // An OperationOutcome of FHIR.
        "/issue/0/diagnostics",
        "/issue/0/details/text",
        "/error",
    ];
    let message = place.iter().find_map(|place| body.pointer(place)?.as_str());
    let listed = body.get("errors").and_then(Value::as_array);
    let listed: Vec<&str> = listed.into_iter().flatten().filter_map(Value::as_str).collect();
    match (message, listed.is_empty()) {
        (message, true) => message.map(str::to_owned),
        (Some(message), false) => Some(format!("{message}: {}", listed.join("; "))),
        (None, false) => Some(listed.join("; ")),
    }
}

/// A body that says of itself that it is text for people. A page in HTML isn't.
fn plain_text(response: &Response<Vec<u8>>) -> Option<String> {
    let media = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let text = std::str::from_utf8(response.body()).ok()?.trim();
    (media.trim().to_ascii_lowercase().starts_with("text/plain") && !text.is_empty()).then(|| text.to_owned())
}

fn code(body: &Value) -> Option<String> {
    let place = ["/code", "/error/code", "/category", "/error/type", "/issue/0/code"];
    place.iter().find_map(|place| match body.pointer(place)? {
        Value::String(code) => Some(code.chars().take(VENDOR_MESSAGE_CHARS_MAX).collect()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    })
}

fn retry_after_ms(response: &Response<Vec<u8>>) -> Option<u64> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse::<u64>().ok()?.checked_mul(1000)
}
