//! What a request that failed means: the one place where statuses and broken connections become failures.

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Method, Response, StatusCode};
use serde_json::Value;

use crate::transport::TransportError;
use crate::{Failure, FailureKind, path};

/// The longest message of a vendor that is handed on. Protects the model's context.
const VENDOR_MESSAGE_CHARS_MAX: usize = 500;

/// Where vendors put the one message of a refusal.
const MESSAGES: [&str; 7] = [
    "/message",
    "/error/message",
    "/error_description",
    "/detail",
    "/description",
    // An OperationOutcome of FHIR.
    "/issue/0/diagnostics",
    "/issue/0/details/text",
];
/// Where they put its code, the more telling places first.
const CODES: [&str; 12] = [
    "/code",
    "/error/errors/0/reason",
    "/error/code",
    "/error/status",
    "/error/type",
    "/category",
    "/errors/0/code",
    "/errors/0/errorCode",
    "/0/errorCode",
    "/0/code",
    "/issue/0/code",
    "/error",
];

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
            TransportError::Misleading { setting } => {
                let message = format!("{method} {url} can't be sent: {}", path::WORDS);
                match setting {
                    Some(setting) => Failure::of_settings(&[setting], message),
                    None => Failure::invalid_arguments(format!("{message}; give ids as they were found")),
                }
            }
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

/// The vendor's own words. Texts of a list and reasons by field say what a message beside them leaves out; other errors of a
/// list say it again.
fn said(body: &Value) -> Option<String> {
    let errors = body.get("errors").unwrap_or(body);
    let (mut each, mut rest) = (Vec::new(), Vec::new());
    for error in list(errors).iter().chain(list(&body["errorMessages"])) {
        match error {
            Value::String(text) => rest.push(text.clone()),
            error => each.extend(text_at(error, &["/message", "/detail", "/title"])),
        }
    }
    if let Some(Value::Object(by_field)) = body.get("errors") {
        for (field, why) in by_field {
            rest.extend(text_at(why, &["", "/0"]).map(|why| format!("{field}: {why}")));
        }
    }
    let message = text_at(body, &MESSAGES).map(str::to_owned);
    let message = message.or_else(|| (!each.is_empty()).then(|| each.join("; ")));
    let message = message.or_else(|| text_at(body, &["/error", "/title"]).map(str::to_owned));
    match (message, rest.is_empty()) {
        (message, true) => message,
        (Some(message), false) => Some(format!("{message}: {}", rest.join("; "))),
        (None, false) => Some(rest.join("; ")),
    }
}

/// The first text at one of these places.
fn text_at<'a>(body: &'a Value, places: &[&str]) -> Option<&'a str> {
    places.iter().find_map(|place| body.pointer(place)?.as_str())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A body that says of itself that it is text for people. A page in HTML isn't.
fn plain_text(response: &Response<Vec<u8>>) -> Option<String> {
    let media = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let text = std::str::from_utf8(response.body()).ok()?.trim();
    (media.trim().to_ascii_lowercase().starts_with("text/plain") && !text.is_empty()).then(|| text.to_owned())
}

/// The vendor's own code: a word where there is one, since it says more than the number beside it.
fn code(body: &Value) -> Option<String> {
    let mut number = None;
    for place in CODES {
        match body.pointer(place) {
            Some(Value::String(word)) if !word.is_empty() && !word.contains(' ') => {
                return Some(word.chars().take(VENDOR_MESSAGE_CHARS_MAX).collect());
            }
            Some(Value::Number(found)) => number = number.or(Some(found)),
            _ => {}
        }
    }
    number.map(ToString::to_string)
}

fn retry_after_ms(response: &Response<Vec<u8>>) -> Option<u64> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse::<u64>().ok()?.checked_mul(1000)
}
