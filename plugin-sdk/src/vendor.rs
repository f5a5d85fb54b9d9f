//! What a request that failed means: the one place where statuses and broken connections become failures.

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Method, Response, StatusCode};
use serde_json::Value;

use crate::transport::TransportError;
use crate::{Failure, FailureKind, path};

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
            TransportError::Misleading => {
                Failure::invalid_arguments(format!("{method} {url} can't be sent: {}", path::WORDS))
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

/// The vendor's own words. A list of texts beside a message, and reasons by field, say what the message leaves out.
fn said(body: &Value) -> Option<String> {
    let place = [
        "/message",
        "/error/message",
        "/error_description",
        "/detail",
        "/description",
        // An OperationOutcome of FHIR.
        "/issue/0/diagnostics",
        "/issue/0/details/text",
    ];
    let message = place.iter().find_map(|place| body.pointer(place)?.as_str());
    let message = message.map(str::to_owned).or_else(|| each_said(body)).or_else(|| {
        let word = body.get("error").or_else(|| body.get("title"))?;
        word.as_str().map(str::to_owned)
    });
    let listed = ["errors", "errorMessages"].iter().filter_map(|list| body.get(list)?.as_array()).flatten();
    let listed = listed.filter_map(|text| text.as_str().map(str::to_owned));
    let by_field = body.get("errors").and_then(Value::as_object).into_iter().flatten();
    let by_field = by_field.filter_map(|(field, why)| Some(format!("{field}: {}", why.as_str().or(why[0].as_str())?)));
    let rest: Vec<String> = listed.chain(by_field).collect();
    match (message, rest.is_empty()) {
        (message, true) => message,
        (Some(message), false) => Some(format!("{message}: {}", rest.join("; "))),
        (None, false) => Some(rest.join("; ")),
    }
}

/// What each error of a list says: `{"errors":[{"detail":"…"}]}`, or the list alone.
fn each_said(body: &Value) -> Option<String> {
    let errors = body.get("errors").unwrap_or(body).as_array()?;
    let words = |error: &Value| {
        let mut words = ["message", "detail", "title"].iter().filter_map(|name| error.get(name)?.as_str());
        words.next().map(str::to_owned)
    };
    let said: Vec<String> = errors.iter().filter_map(words).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// A body that says of itself that it is text for people. A page in HTML isn't.
fn plain_text(response: &Response<Vec<u8>>) -> Option<String> {
    let media = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let text = std::str::from_utf8(response.body()).ok()?.trim();
    (media.trim().to_ascii_lowercase().starts_with("text/plain") && !text.is_empty()).then(|| text.to_owned())
}

/// The vendor's own code: a word where there is one, since it says more than the number beside it.
fn code(body: &Value) -> Option<String> {
    let place = [
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
    let all = || place.iter().filter_map(|place| body.pointer(place));
    let is_word = |text: &&str| !text.is_empty() && !text.contains(char::is_whitespace);
    let word = all().filter_map(Value::as_str).find(is_word);
    let word = word.map(|word| word.chars().take(VENDOR_MESSAGE_CHARS_MAX).collect());
    word.or_else(|| all().find_map(Value::as_number).map(ToString::to_string))
}

fn retry_after_ms(response: &Response<Vec<u8>>) -> Option<u64> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse::<u64>().ok()?.checked_mul(1000)
}
