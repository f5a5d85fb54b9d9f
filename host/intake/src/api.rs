//! What to ask of a platform's API: for one call's record, or for the calls that ended in a span. Pure: whoever has one of
//! these sends its requests, and hands the answers back.
//!
//! An answer is read by its body alone, so that an error's body is understood too, and told in the platform's own words.
//! After an error the same request is next again.

mod bland;
mod elevenlabs;
mod gather;
mod list;
mod retell;
mod telnyx;
mod vapi;

use aftercall_core::{json::Json, time::Timestamp};
use http::{HeaderName, Method, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{Error, Form, document::Tree};

pub use gather::Gathering;
pub use list::{Listed, Listing};

/// A request to a platform's API. Whoever sends it adds the base address and the key: see [`Api`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// GET or POST. A POST reads as well: it changes nothing.
    pub method: Method,
    /// With its query, percent-encoded; begins with `/`.
    pub path: String,
    /// The body of a POST.
    pub body: Option<Json>,
}

/// How a platform's API is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Scheme and host, without a slash at the end.
    pub base_url: &'static str,
    /// The header that the key goes into.
    pub key_header: HeaderName,
    /// What stands before the key: `Bearer `, or nothing.
    pub key_before: &'static str,
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its beginning, which is in it.
    pub since: Timestamp,
    /// Its end, which is not.
    pub until: Timestamp,
}

impl Form {
    /// How the platform's API is reached. None: this platform has no API that tells of calls.
    ///
    /// Sources: the platforms' API references, pages on authentication.
    pub fn api(self) -> Option<Api> {
        let (base_url, key_header, key_before) = match self {
            Self::Native => return None,
            Self::Telnyx => ("https://api.telnyx.com", header::AUTHORIZATION, "Bearer "),
            Self::Vapi => ("https://api.vapi.ai", header::AUTHORIZATION, "Bearer "),
            Self::Retell => ("https://api.retellai.com", header::AUTHORIZATION, "Bearer "),
            Self::ElevenLabs => ("https://api.elevenlabs.io", HeaderName::from_static("xi-api-key"), ""),
            Self::Bland => ("https://api.bland.ai", header::AUTHORIZATION, ""),
        };
        Some(Api { base_url, key_header, key_before })
    }
}

impl Ask {
    fn get(path: String) -> Self {
        Self { method: Method::GET, path, body: None }
    }
}

impl Span {
    fn has(&self, at: Timestamp) -> bool {
        self.since <= at && at < self.until
    }

    /// The same span, so much earlier.
    fn before(self, millis: u64) -> Self {
        Self { since: earlier(self.since, millis), until: earlier(self.until, millis) }
    }

    /// The same span, its beginning so much earlier.
    fn widened(self, millis: u64) -> Self {
        Self { since: earlier(self.since, millis), ..self }
    }
}

fn earlier(at: Timestamp, millis: u64) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_sub(millis))
}

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as it may stand in a path's segment or in a query.
fn escaped(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A path with a query.
fn with_query(path: &str, query: &[(&str, String)]) -> String {
    let pairs: Vec<String> = query.iter().map(|(key, value)| format!("{}={}", escaped(key), escaped(value))).collect();
    format!("{path}?{}", pairs.join("&"))
}

/// Longest words of a platform's error that are told on, in characters: protects logs.
const REFUSAL_CHARS_MAX: usize = 300;

/// Why a platform didn't answer what it was asked, by what it says itself.
fn refused(form: Form, what: &str, answer: &Value) -> Error {
    let places = [
        "/errors/0/detail",
        "/errors/0/title",
        "/errors/0/message",
        "/errors/0",
        "/detail/message",
        "/detail/0/msg",
        "/detail",
        "/message",
        "/error/message",
        "/error_message",
        "/error",
    ];
    let why = Tree(answer).text(&places).unwrap_or_else(|| "the answer is in no form that is known".to_owned());
    let why: String = why.chars().filter(|char| !char.is_control()).take(REFUSAL_CHARS_MAX).collect();
    Error::at("/", format!("{} didn't give {what}: {why}", form.platform()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_path_is_encoded() {
        for (text, expected) in [
            ("call_7b-1.~", "call_7b-1.~"),
            ("a/../b?c=d#e", "a%2F..%2Fb%3Fc%3Dd%23e"),
            ("gte.2026-03-04T14:00:00Z", "gte.2026-03-04T14%3A00%3A00Z"),
            ("ü %", "%C3%BC%20%25"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn a_platforms_refusal_is_told_in_its_words() {
        for (answer, words) in [
            (r#"{"errors":[{"title":"T","detail":"no such conversation"}]}"#, "no such conversation"),
            (r#"{"errors":["bad key"]}"#, "bad key"),
            (r#"{"detail":{"status":"x","message":"Invalid\nAPI key"}}"#, "InvalidAPI key"),
            (r#"{"status":"error","message":"Item not found"}"#, "Item not found"),
            (r#"{"error":"Unauthorized","statusCode":401}"#, "Unauthorized"),
            ("[]", "in no form that is known"),
        ] {
            let answer = serde_json::from_str(answer).expect("JSON");
            let error = refused(Form::Telnyx, "the call", &answer).to_string();
            assert_eq!(
                error,
                format!(
                    "at /: telnyx didn't give the call: {}",
                    if words.starts_with("in") { format!("the answer is {words}") } else { words.to_owned() }
                )
            );
        }
    }
}
