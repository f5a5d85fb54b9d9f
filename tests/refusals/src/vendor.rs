//! The data: one file for each vendor, named as the sandbox names it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aftercall_contracts_tests::{pages, sent::Sent};
use aftercall_sandbox::Service;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::kind::Kind;

/// What a vendor documents of its refusals, and what they mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// As the sandbox names it.
    #[serde(skip)]
    pub service: Option<Service>,
    /// Where the vendor, or its standard, lists them.
    pub pages: Vec<String>,
    /// How its refusals look, with `{{status}}`, `{{code}}` and `{{says}}` in their places. A text is no JSON.
    body: Value,
    /// Of what media type they are.
    #[serde(default = "json")]
    media: String,
    /// What there is. Of each status, the first stands for the examples in the vendor's document too: the plainest.
    pub errors: Vec<Row>,
    /// What a tool makes otherwise of some.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// Errors that mean the same: one for each of the statuses with each of the codes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The HTTP statuses.
    pub status: Vec<u16>,
    /// The vendor's codes. None: it has none for this.
    #[serde(default)]
    code: Vec<Value>,
    /// The operations that it may answer so, such as `GET https://api.example.com/messages/{id}`. None: all of them.
    #[serde(default)]
    pub on: Vec<String>,
    /// The vendor's words.
    says: Option<String>,
    /// How it looks, where it looks otherwise than others.
    body: Option<Value>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The kind of the failure. None: that which the SDK makes of the status.
    pub kind: Option<Kind>,
    /// Why it is another than the SDK makes of the status.
    pub why: Option<String>,
    /// How long the host has to wait, in milliseconds, where it isn't the `Retry-After` among the headers.
    retry_after_ms: Option<u64>,
    /// When the host may ask again, in seconds since 1970, where the vendor says it so.
    retry_at_s: Option<u64>,
    /// The code that is told to people, where it isn't the vendor's.
    told_code: Option<String>,
}

/// What tools make otherwise of errors: of all that fit what it names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The plugins and tools: `oncall`, `oncall page_oncall`. None: all.
    #[serde(default)]
    pub tools: Vec<String>,
    /// The operations. None: all.
    #[serde(default)]
    pub on: Vec<String>,
    /// The statuses. None: all.
    #[serde(default)]
    pub status: Vec<u16>,
    /// The codes. None: all.
    #[serde(default)]
    pub code: Vec<String>,
    /// Whether an earlier request of the same call has written.
    #[serde(default)]
    pub after_write: bool,
    /// Whether the tool was asked whether what it did before happened.
    #[serde(default)]
    pub reconcile: bool,
    /// What comes of it.
    pub kind: Kind,
    /// Why.
    pub why: String,
    /// Whether the tool says in its own words what the vendor's words say, and has no code of the vendor's.
    #[serde(default)]
    pub own_words: bool,
    /// How long the host has to wait, in milliseconds, where the vendor doesn't say it.
    pub retry_after_ms: Option<u64>,
}

/// One error of a row.
#[derive(Clone, Debug)]
pub struct Error {
    /// The row's place in the file.
    pub row: usize,
    /// The HTTP status.
    pub status: u16,
    /// The vendor's code.
    pub code: Option<String>,
    /// The words that must reach the model.
    pub says: String,
    /// The code that must reach people: none, where there is none. None: which it is, isn't asked.
    pub told_code: Option<Option<String>>,
    /// How long the host has to wait, in milliseconds.
    retry_after_ms: Option<u64>,
    /// When it may ask again, in seconds since 1970.
    retry_at_s: Option<u64>,
    answer: Response<Vec<u8>>,
}

fn json() -> String {
    "application/json".to_owned()
}

/// All vendors.
///
/// # Panics
/// Where a file can't be read, or one of its rows has no source: that is a mistake in it.
pub fn all() -> BTreeMap<Service, Vendor> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendors");
    let files = fs::read_dir(folder).expect("there are vendors").map(|file| file.expect("it can be listed").path());
    let read = |file: std::path::PathBuf| {
        let text = fs::read_to_string(&file).expect("it can be read");
        let mut vendor: Vendor = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let name = file.file_stem().expect("it has a name").to_string_lossy().into_owned();
        let service = serde_json::from_value(name.into()).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let is_sourced = !vendor.pages.is_empty() && vendor.pages.iter().all(|page| page.starts_with("https://"));
        assert!(is_sourced, "{} names no page", file.display());
        let mut reasons = vendor.exceptions.iter().map(|exception| &exception.why);
        let has_reasons = reasons.all(|why| !why.is_empty());
        assert!(has_reasons, "{} has an exception without a reason", file.display());
        vendor.service = Some(service);
        (service, vendor)
    };
    files.map(read).collect()
}

impl Vendor {
    /// All errors, in the order of their rows.
    pub fn errors(&self) -> Vec<Error> {
        let of_row = |(number, row): (usize, &Row)| {
            let codes: Vec<Option<&Value>> =
                if row.code.is_empty() { vec![None] } else { row.code.iter().map(Some).collect() };
            let pairs = row.status.iter().flat_map(|status| codes.iter().map(move |code| (*status, *code)));
            pairs.map(|(status, code)| self.error(number, row, status, code)).collect::<Vec<_>>()
        };
        self.errors.iter().enumerate().flat_map(of_row).collect()
    }

    /// Whether a request may be answered with an error.
    pub fn may_answer(&self, error: &Error, sent: &Sent) -> bool {
        let on = &self.errors[error.row].on;
        on.is_empty() || on.iter().any(|operation| pages::is_of(operation, sent))
    }

    fn error(&self, number: usize, row: &Row, status: u16, code: Option<&Value>) -> Error {
        let text = code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
        let default = || format!("not this way ({status} {})", text.as_deref().unwrap_or("without a code"));
        let says = row.says.clone().unwrap_or_else(default);
        let body = filled(row.body.as_ref().unwrap_or(&self.body), status, code, &says);
        let mut answer = Response::new(match &body {
            Value::String(text) => text.clone().into_bytes(),
            body => body.to_string().into_bytes(),
        });
        *answer.status_mut() = status.try_into().expect("a row gives HTTP statuses");
        *answer.headers_mut() = headers(&row.headers, (!answer.body().is_empty()).then_some(&self.media));
        let seconds = row.headers.get("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
        Error {
            row: number,
            status,
            told_code: Some(row.told_code.clone().or_else(|| text.clone())),
            code: text,
            retry_at_s: row.retry_at_s,
            retry_after_ms: row.retry_after_ms.or(seconds.map(|seconds| seconds * 1_000)),
            says: if told(&body, &says) { says } else { String::new() },
            answer,
        }
    }
}

impl Error {
    /// The same error with another body, and its words. Its code is whichever it has.
    #[must_use]
    pub fn with_body(&self, body: &Value, says: &str) -> Self {
        let mut error = Self { says: says.to_owned(), told_code: None, ..self.clone() };
        *error.answer.body_mut() = body.to_string().into_bytes();
        error
    }

    /// How long the host has to wait at an instant, both in milliseconds.
    pub fn retry_after_ms(&self, now_ms: u64) -> Option<u64> {
        self.retry_after_ms.or(self.retry_at_s.map(|at_s| at_s * 1_000 - now_ms))
    }

    /// The vendor's answer.
    pub const fn answer(&self) -> &Response<Vec<u8>> {
        &self.answer
    }
}

/// Whether words stand in a body.
fn told(body: &Value, says: &str) -> bool {
    match body {
        Value::String(text) => text.contains(says),
        Value::Array(items) => items.iter().any(|item| told(item, says)),
        Value::Object(fields) => fields.values().any(|value| told(value, says)),
        _ => false,
    }
}

/// A body with each place filled. One that is a place alone becomes what it stands for, of its own type.
fn filled(body: &Value, status: u16, code: Option<&Value>, says: &str) -> Value {
    let code = code.unwrap_or(&Value::Null);
    match body {
        Value::String(text) if text == "{{status}}" => status.into(),
        Value::String(text) if text == "{{code}}" => code.clone(),
        Value::String(text) => {
            let word = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
            text.replace("{{status}}", &status.to_string()).replace("{{code}}", &word).replace("{{says}}", says).into()
        }
        Value::Array(items) => items.iter().map(|item| filled(item, status, Some(code), says)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), filled(value, status, Some(code), says)))
            .filter(|(_, value)| !value.is_null())
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn headers(listed: &BTreeMap<String, String>, media: Option<&String>) -> HeaderMap {
    let given = listed.iter().map(|(name, value)| (name.as_str(), value));
    let typed = media.map(|media| ("content-type", media));
    let header = |(name, value): (&str, &String)| {
        let name: HeaderName = name.parse().expect("a row names a header");
        let value: HeaderValue = value.parse().expect("a row gives a header's value");
        (name, value)
    };
    typed.into_iter().chain(given).map(header).collect()
}
