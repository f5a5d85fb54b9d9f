//! What a provider answered, whatever its dialect, and what a status alone says.

use aftercall_core::{
    model::{Failure, FailureKind},
    secret::Secret,
};
use serde_json::Value;

use crate::error;

/// Largest answer that is read, in bytes: protects the host's memory from an endpoint that never ends.
pub const REPLY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most of a provider's words that a failure shows, in characters.
const ERROR_CHARS_MAX: usize = 500;

/// Most of an answer that isn't understood that a failure shows, in characters.
const EXCERPT_CHARS_MAX: usize = 200;

/// A provider's answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Which route it came by, for the operator.
    pub(crate) route: String,
    pub(crate) status: u16,
    /// How long the provider asks us to wait, in milliseconds.
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) body: Vec<u8>,
    /// What must not show, should the provider echo it.
    pub(crate) key: Option<Secret>,
}

impl Answer {
    /// What an unsuccessful status says.
    pub(crate) fn check_status(&self) -> Result<(), Failure> {
        match self.status {
            200..=299 => Ok(()),
            status => Err(self.failed_with(status)),
        }
    }

    /// A failure of that status, in the provider's words.
    pub(crate) fn failed_with(&self, status: u16) -> Failure {
        let words = self.words();
        let route = &self.route;
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let (kind, message) = match status {
            400 | 401 | 403 if status != 400 || is_about_the_key(&body) => {
                let advice = format!("check the `key` of model route `{route}`, and that it may use the model");
                (FailureKind::Unauthorized, format!("the provider answers {status}: {words}; {advice}"))
            }
            400 if is_about_the_stream(&body) => {
                let advice = format!("give model route `{route}` `stream = false`");
                (FailureKind::Unauthorized, format!("the provider answers {status}: {words}; {advice}"))
            }
            429 => (FailureKind::RateLimited, format!("the provider asks for patience: {words}")),
            300..=399 => {
                let advice = format!("redirects are not followed: give model route `{route}` the final `base_url`");
                (FailureKind::Rejected, format!("the provider answers {status}; {advice}"))
            }
            408 | 409 | 500.. => (FailureKind::Unavailable, format!("the provider answers {status}: {words}")),
            _ => (FailureKind::Rejected, format!("the provider answers {status}: {words}")),
        };
        Failure { kind, message, retry_after_ms: self.retry_after_ms.or_else(|| retry_delay_ms(&body)) }
    }

    /// The failure of an error that the body tells of, of whatever status it came with. What isn't known passes with time.
    pub(crate) fn failed_by(&self, error: &Value) -> Failure {
        match error::status(error) {
            Some(status) => self.failed_with(status),
            None => Failure { kind: FailureKind::Unavailable, ..self.failed_with(self.status) },
        }
    }

    /// A failure to understand the answer.
    pub(crate) fn nonsense(&self, why: &str) -> Failure {
        let shown = shorten(&self.scrubbed(&self.text()), EXCERPT_CHARS_MAX);
        let message = format!("the answer can't be read: {why}; it begins: {shown}");
        Failure { kind: FailureKind::Nonsense, message: self.scrubbed(&message), retry_after_ms: None }
    }

    /// The provider's account of an error: its message, where one is found, else how the body begins.
    pub(crate) fn words(&self) -> String {
        let found = serde_json::from_slice::<Value>(&self.body).ok().and_then(|body| error_message(&body));
        let (words, chars) = match found {
            Some(words) => (words, ERROR_CHARS_MAX),
            None => (self.text(), EXCERPT_CHARS_MAX),
        };
        match shorten(&self.scrubbed(&words), chars) {
            words if words.is_empty() => "(no words)".to_owned(),
            words => words,
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn scrubbed(&self, text: &str) -> String {
        match &self.key {
            Some(key) => text.replace(key.expose(), "…"),
            None => text.to_owned(),
        }
    }
}

/// The message in an error's body, in the shapes that servers give it.
fn error_message(body: &Value) -> Option<String> {
    let body = body.get(0).unwrap_or(body);
    let places = ["/error/message", "/error", "/message", "/detail"];
    places.iter().find_map(|place| body.pointer(place)?.as_str().map(str::to_owned))
}

/// What Google's servers add to an error (`google.rpc.Status`, whose details are of `google/rpc/error_details.proto`).
fn details(body: &Value) -> &[Value] {
    let body = body.get(0).unwrap_or(body);
    body.pointer("/error/details").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether it is the key that Google's servers refuse, which they do with 400.
fn is_about_the_key(body: &Value) -> bool {
    details(body).iter().any(|detail| detail.get("reason").is_some_and(|reason| reason == "API_KEY_INVALID"))
}

/// Whether it is the stream that OpenAI refuses: some models it streams to verified organisations alone
/// (<https://help.openai.com/en/articles/10910291-api-organization-verification>). Nothing is wrong with the history then.
fn is_about_the_stream(body: &Value) -> bool {
    body.pointer("/error/param").is_some_and(|param| param == "stream")
}

#[cfg(test)]
impl Answer {
    /// An answer to whoever showed the key `sk-hush`, by the route `gpt-4.1`.
    pub(crate) fn played(status: u16, body: &str) -> Self {
        let key = Some(Secret::new("sk-hush".to_owned()));
        Self { route: "gpt-4.1".to_owned(), status, retry_after_ms: None, body: body.as_bytes().to_vec(), key }
    }
}

/// How long Google's servers ask us to wait, in milliseconds: a duration like `17.5s`.
fn retry_delay_ms(body: &Value) -> Option<u64> {
    let delay = details(body).iter().find_map(|detail| detail.get("retryDelay")?.as_str()?.strip_suffix('s'))?;
    let span = jiff::SignedDuration::try_from_secs_f64(delay.parse().ok()?).ok()?;
    u64::try_from(span.as_millis()).ok()
}

/// The beginning of a text, on one line.
fn shorten(text: &str, chars_max: usize) -> String {
    let mut chars = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let head: String = chars.by_ref().take(chars_max).collect();
    if chars.next().is_some() { head + "…" } else { head }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, kind: FailureKind, words: &[&str]) {
        let answer = Answer { retry_after_ms: Some(7), ..Answer::played(status, body) };
        let failure = answer.check_status().expect_err("a failure");
        assert_eq!(failure.kind, kind, "{status}: {failure}");
        for word in words {
            assert!(failure.message.contains(word), "`{word}` is not in: {failure}");
        }
        assert!(!failure.message.contains("sk-hush"), "{failure}");
    }

    #[test]
    fn a_status_says_what_to_do() {
        use FailureKind::*;
        for (status, body, kind, words) in [
            (400, r#"{"error":{"message":"bad tool","type":"invalid"}}"#, Rejected, &["400: bad tool"][..]),
            (
                400,
                r#"{"error":{"message":"must be verified to stream this model.","param":"stream"}}"#,
                Unauthorized,
                &["400: must be verified to stream this model.; give model route `gpt-4.1` `stream = false`"],
            ),
            (404, r#"{"error":"model `x` not found"}"#, Rejected, &["model `x` not found"]),
            (422, r#"{"detail":"no such field"}"#, Rejected, &["no such field"]),
            (413, "too\nlarge", Rejected, &["too large"]),
            (400, r#"[{"error":{"code":400,"message":"in a list"}}]"#, Rejected, &["400: in a list"]),
            (
                401,
                r#"{"error":{"message":"wrong key sk-hush given"}}"#,
                Unauthorized,
                &["wrong key … given", "route `gpt-4.1`"],
            ),
            (403, "", Unauthorized, &["(no words)", "route `gpt-4.1`"]),
            (429, r#"{"message":"slow down"}"#, RateLimited, &["slow down"]),
            (307, "", Rejected, &["redirects are not followed", "base_url"]),
            (408, "", Unavailable, &["408"]),
            (409, "", Unavailable, &["409"]),
            (500, "<html>oops</html>", Unavailable, &["500: <html>oops</html>"]),
            (529, r#"{"error":{"message":"overloaded"}}"#, Unavailable, &["overloaded"]),
        ] {
            check(status, body, kind, words);
        }
    }

    #[test]
    fn long_words_are_cut_after_the_key_is_gone() {
        let body = format!("{}sk-hush{}", "x".repeat(196), "y".repeat(500));
        check(500, &body, FailureKind::Unavailable, &[&format!("{}…yyy…", "x".repeat(196))]);
    }
}
