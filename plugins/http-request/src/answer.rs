//! What comes back: what the model sees of it, whether it says that the call failed, and what it proves.

use aftercall::{Context, Failure, Outcome, Receipt, Response};
use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::pointer::Pointer;

/// How much of an answer the model is shown, in bytes. Protects the model's context.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// How much of a refusal the model is shown, in bytes. Protects the model's context.
const REFUSAL_BYTES_MAX: usize = 1 << 10;
/// The longest part of a receipt, in bytes; the host's own limit. A longer one is left out.
const RECEIPT_PART_BYTES_MAX: usize = 2048;

/// The body of an answer.
enum Body<'a> {
    Nothing,
    Json(Value),
    Text(&'a str),
    /// Anything else. Its content is for no model.
    Bytes {
        bytes: usize,
        media: &'a str,
    },
}

impl Endpoint {
    /// What came of a call, by an answer of 2xx.
    ///
    /// # Errors
    /// `invalid-arguments`, where the answer says that the call failed.
    pub(crate) fn outcome(&self, response: &Response, cx: &Context) -> Result<Outcome, Failure> {
        let body = Body::of(response);
        let answered = format!("{} answered with {}", self.line(), response.status());
        if let (Some(error), Body::Json(value)) = (&self.error, &body)
            && let Some(said) = error.said(value)
        {
            let said = cut(&plain(said), REFUSAL_BYTES_MAX);
            return Err(Failure::invalid_arguments(format!("{answered}, and says that it failed: {said}")));
        }
        let outcome = body.told(self.result.as_ref(), &answered);
        if !self.writes() {
            return Ok(outcome);
        }
        let value = if let Body::Json(value) = &body { value } else { &Value::Null };
        let mut receipt = receipt(&self.name, self.receipt.as_ref(), value, cx);
        receipt.url = response.header("location").filter(|url| url.starts_with("https://")).and_then(fits);
        Ok(outcome.with_receipt(receipt))
    }

    /// That a check was answered: a server that says in an answer of 2xx that it failed tells nothing of the effect.
    ///
    /// # Errors
    /// `unavailable`, where the answer says that the check failed.
    pub(crate) fn check_answer(&self, body: &Value) -> Result<(), Failure> {
        let Some(said) = self.error.as_ref().and_then(|error| error.said(body)) else { return Ok(()) };
        let said = cut(&plain(said), REFUSAL_BYTES_MAX);
        Err(Failure::unavailable(format!("the answer to the check says that it failed: {said}")))
    }
}

impl<'a> Body<'a> {
    fn of(response: &'a Response) -> Self {
        let bytes = response.bytes();
        if bytes.is_empty() {
            return Self::Nothing;
        }
        if let Ok(value) = serde_json::from_slice(bytes) {
            return Self::Json(value);
        }
        let binary = |text: &&str| text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n'));
        match std::str::from_utf8(bytes).ok().filter(|text| !binary(text)) {
            Some(text) => Self::Text(text),
            None => {
                let media = response.header("content-type").unwrap_or("no stated type");
                Self::Bytes { bytes: bytes.len(), media: media.split(';').next().unwrap_or(media).trim() }
            }
        }
    }

    /// The outcome, as the model is told of it.
    fn told(&self, result: Option<&Pointer>, answered: &str) -> Outcome {
        match self {
            Self::Nothing => Outcome::new(answered),
            Self::Text(text) => Outcome::new(bounded(text)),
            Self::Bytes { bytes, media } => Outcome::new(format!("{answered}: {bytes} bytes of {media}")),
            Self::Json(value) => match result.map_or(Some(value), |result| result.of(value)) {
                None | Some(Value::Null) => Outcome::new(format!("{answered}, without a result")),
                Some(whole @ (Value::Array(_) | Value::Object(_))) => {
                    let json = whole.to_string();
                    if json.len() > ANSWER_BYTES_MAX {
                        return Outcome::new(bounded(&json));
                    }
                    Outcome { data: Some(json), ..Outcome::new(answered) }
                }
                Some(single) => Outcome::new(bounded(&plain(single))),
            },
        }
    }
}

/// The proof of an effect: what the answer names, else the key under which it was asked for.
pub(crate) fn receipt(tool: &str, place: Option<&Pointer>, body: &Value, cx: &Context) -> Receipt {
    let named = place.and_then(|place| place.said(body)).map(plain);
    Receipt::new(tool, named.as_deref().and_then(fits).unwrap_or_else(|| cx.key().to_owned()))
}

/// A text as long as the model is shown it, and where it is longer, that it was cut.
pub(crate) fn bounded(text: &str) -> String {
    cut(text, ANSWER_BYTES_MAX)
}

fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let kept = text.floor_char_boundary(bytes_max);
    format!("{}… (cut: the first {kept} of {} bytes)", &text[..kept], text.len())
}

fn fits(part: &str) -> Option<String> {
    (!part.is_empty() && part.len() <= RECEIPT_PART_BYTES_MAX).then(|| part.to_owned())
}

/// A value in words: a text as itself, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
