//! What one played service is: a synchronous function from a request to a reply, over state of its own.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use dyn_clone::DynClone;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;

use crate::service::Access;

pub(crate) type Request = http::Request<Bytes>;

/// A played service. A new vendor implements this in a file of its own and is named in `vendors.rs`.
pub(crate) trait Endpoint: DynClone + Send {
    /// What kind of request this is; asked before any work is done. What isn't a GET writes, unless the service says
    /// otherwise.
    fn classify(&self, request: &Request) -> Class {
        let access = if request.method() == Method::GET { Access::Read } else { Access::Write };
        Class { access, turn: None }
    }

    /// Whether what this request is answered may lag behind what was written, on a bad day: what reads, unless the service says
    /// otherwise.
    fn lags(&self, request: &Request) -> bool {
        self.classify(request).access == Access::Read
    }

    /// Does the work and answers. `now_ms` is in milliseconds since the Unix epoch.
    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply;

    /// A refusal in the service's own error shape, without any work.
    fn refuse(&mut self, refusal: Refusal) -> Reply;

    /// Everything that the service keeps.
    fn records(&self) -> Value;

    /// Takes in what the service keeps before the first request, in a shape of its own.
    fn seed(&mut self, _: &Value) -> Result<(), String> {
        Err("it begins with nothing".to_owned())
    }
}

dyn_clone::clone_trait_object!(Endpoint);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) access: Access,
    /// The index of the line that a model would play.
    pub(crate) turn: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    TooLarge,
    TooMany,
    Internal,
}

impl Refusal {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What whoever wrote the test should know about this reply; kept in the log, never sent.
    pub(crate) note: Option<String>,
}

impl Reply {
    pub(crate) fn json(status: StatusCode, body: &Value) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Reply { status, headers, body: body.to_string().into(), note: None }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Reply {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn noted(mut self, note: String) -> Reply {
        self.note = Some(note);
        self
    }
}

/// The value of a header, where it is text.
pub(crate) fn header(request: &Request, name: HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

/// Whether the request says that its body has this media type, whatever the parameters.
pub(crate) fn has_content_type(request: &Request, expected: &str) -> bool {
    header(request, CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case(expected))
}

/// The credential of an `Authorization` header of this scheme.
pub(crate) fn credential<'a>(request: &'a Request, scheme: &str) -> Option<&'a str> {
    let (given, credential) = header(request, http::header::AUTHORIZATION)?.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| credential.trim())
}

/// Whether the request has `Authorization: Basic` (RFC 7617) with this user and password, written `user:password`.
pub(crate) fn has_basic(request: &Request, expected: &str) -> bool {
    let given = credential(request, "Basic").and_then(|basic| BASE64_STANDARD.decode(basic).ok());
    given.is_some_and(|given| given == expected.as_bytes())
}

/// The parameters of the query, decoded, in their order.
pub(crate) fn query(request: &Request) -> Vec<(String, String)> {
    form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes()).into_owned().collect()
}

/// The first parameter of this name.
pub(crate) fn parameter<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The segments of the path, decoded.
pub(crate) fn segments(request: &Request) -> Vec<String> {
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    request.uri().path().split('/').skip(1).map(decoded).collect()
}
