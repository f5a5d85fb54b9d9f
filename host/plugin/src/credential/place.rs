//! Where on a request a credential goes.

use std::collections::BTreeMap;

use aftercall_core::{manifest::Placement, secret::Secret};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::value::{RawValue, to_raw_value};
use url::Url;

use crate::door::is_forbidden;

/// What stands where a credential would be, for people.
const SHOWN: &str = "[credential]";

/// How often a name in a query is decoded. Whoever encodes it more often is up to something, and costs time.
const DECODED_MAX: usize = 8;

/// All but the unreserved characters (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The place of a slot's credential.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Basic,
    Header { name: HeaderName, prefix: String },
    Query(String),
    Field(String),
}

/// Why a credential can't be put on a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it must be written as `user:password`")]
    NoColon,
    #[error("it is placed in `{0}`, which is no header's name")]
    NoHeader(String),
    #[error("the grant places it in `{0}`, which is a header of the host's own: name the one that the vendor wants")]
    HostsOwn(HeaderName),
    #[error("the grant places it under an empty name: write the vendor's")]
    NoName,
    #[error("it has characters that no header can carry")]
    NotPrintable,
}

/// A credential in the form in which it goes there. It has no `Debug`, since it is one.
#[derive(Clone)]
pub(crate) enum Placed {
    Header { name: HeaderName, value: HeaderValue },
    Query { name: String, encoded: String },
    Field { name: String, value: Secret },
}

impl Place {
    pub(crate) fn of(placement: &Placement) -> Result<Self, Unusable> {
        Ok(match placement {
            Placement::Basic => Self::Basic,
            Placement::Header { name, prefix } => {
                let no_header = |_| Unusable::NoHeader(name.chars().take(80).collect());
                Self::Header { name: name.as_str().try_into().map_err(no_header)?, prefix: prefix.clone() }
            }
            Placement::Query { name } => Self::Query(name.clone()),
            Placement::Json { field } => Self::Field(field.clone()),
        })
    }

    /// The place that a tenant names: held against what its manifest's author would be told.
    pub(crate) fn of_tenant(placement: &Placement) -> Result<Self, Unusable> {
        let place = Self::of(placement)?;
        match &place {
            Self::Header { name, .. }
                if *name != AUTHORIZATION && is_forbidden(name, &[ACCEPT_ENCODING, CONTENT_LENGTH]) =>
            {
                Err(Unusable::HostsOwn(name.clone()))
            }
            Self::Query(name) | Self::Field(name) if name.is_empty() => Err(Unusable::NoName),
            _ => Ok(place),
        }
    }

    /// The header that it fills.
    pub(crate) fn header(&self) -> Option<HeaderName> {
        match self {
            Self::Basic => Some(AUTHORIZATION),
            Self::Header { name, .. } => Some(name.clone()),
            Self::Query(_) | Self::Field(_) => None,
        }
    }

    /// A secret in its place.
    pub(crate) fn with(&self, secret: &Secret) -> Result<Placed, Unusable> {
        let text = secret.expose();
        Ok(match self {
            Self::Basic if !text.contains(':') => return Err(Unusable::NoColon),
            Self::Basic => in_header(AUTHORIZATION, &format!("Basic {}", STANDARD.encode(text)))?,
            Self::Header { name, prefix } => in_header(name.clone(), &format!("{prefix}{text}"))?,
            Self::Query(name) => {
                Placed::Query { name: name.clone(), encoded: utf8_percent_encode(text, ENCODED).to_string() }
            }
            Self::Field(name) => Placed::Field { name: name.clone(), value: secret.clone() },
        })
    }

    /// What is shown in its place.
    pub(crate) fn shown(&self) -> Placed {
        match self {
            Self::Basic => Placed::Header { name: AUTHORIZATION, value: HeaderValue::from_static(SHOWN) },
            Self::Header { name, .. } => Placed::Header { name: name.clone(), value: HeaderValue::from_static(SHOWN) },
            Self::Query(name) => Placed::Query { name: name.clone(), encoded: SHOWN.to_owned() },
            Self::Field(name) => Placed::Field { name: name.clone(), value: Secret::new(SHOWN.to_owned()) },
        }
    }

    /// The parts of a secret that must never come back: of `user:password` the whole and the password, since the
    /// user is often a public identifier.
    pub(crate) fn hidden<'a>(&self, secret: &'a Secret) -> Vec<&'a str> {
        let whole = secret.expose();
        match (self, whole.split_once(':')) {
            (Self::Basic, Some((_, password))) => vec![whole, password],
            _ => vec![whole],
        }
    }

    /// That a component leaves the place to the host. Headers are looked at where they are made, bodies where they
    /// are filled.
    pub(crate) fn check_query(&self, url: &Url) -> Result<(), &'static str> {
        let Self::Query(name) = self else { return Ok(()) };
        let pairs = url.query().unwrap_or_default().split(['&', ';']);
        match pairs.map(|pair| pair.split('=').next().unwrap_or_default()).any(|found| is_named(found, name)) {
            true => Err("its query sets the parameter that the host fills in: leave it out"),
            false => Ok(()),
        }
    }
}

/// Whether some server may take a query's name for that one: decoded as often as it can be, in any case, and with
/// what some frameworks take for an index into it.
fn is_named(found: &str, name: &str) -> bool {
    let plain = |text: &str| text.split('[').next().unwrap_or_default().trim().to_lowercase();
    let mut found = found.replace('+', " ");
    for _ in 0..DECODED_MAX {
        let decoded = percent_decode_str(&found).decode_utf8_lossy().into_owned();
        if decoded == found {
            return plain(&found) == plain(name);
        }
        found = decoded;
    }
    true
}

fn in_header(name: HeaderName, text: &str) -> Result<Placed, Unusable> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Unusable::NotPrintable)?;
    value.set_sensitive(true);
    Ok(Placed::Header { name, value })
}

impl Placed {
    /// Puts it on a request, and gives back the body. Other fields of it stay as the component wrote them.
    pub(crate) fn put(&self, headers: &mut HeaderMap, url: &mut Url, body: Bytes) -> Result<Bytes, &'static str> {
        match self {
            Self::Header { name, value } => {
                headers.insert(name.clone(), value.clone());
                Ok(body)
            }
            Self::Query { name, encoded } => {
                let before = url.query().map(|query| format!("{query}&")).unwrap_or_default();
                let name = utf8_percent_encode(name, ENCODED);
                url.set_query(Some(&format!("{before}{name}={encoded}")));
                Ok(body)
            }
            Self::Field { name, value } => fill(name, value.expose(), &body),
        }
    }
}

fn fill(name: &str, value: &str, body: &[u8]) -> Result<Bytes, &'static str> {
    const NO_OBJECT: &str = "its body must be a JSON object, in which the host fills in a field";
    let mut object: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).map_err(|_| NO_OBJECT)?;
    let value = to_raw_value(value).map_err(|_| NO_OBJECT)?;
    if object.insert(name.to_owned(), value).is_some() {
        return Err("its body sets the field that the host fills in: leave it out");
    }
    serde_json::to_vec(&object).map(Bytes::from).map_err(|_| NO_OBJECT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(placement: &Placement, secret: &str, url: &str, body: &'static str) -> Result<String, String> {
        let place = Place::of(placement).map_err(|error| error.to_string())?;
        let mut url: Url = url.parse().expect("a URL");
        place.check_query(&url)?;
        let placed = place.with(&Secret::new(secret.into())).map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        let body = placed.put(&mut headers, &mut url, Bytes::from_static(body.as_bytes()))?;
        let headers = headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")));
        let headers: Vec<String> = headers.collect();
        Ok([headers.join(";"), url.to_string(), String::from_utf8_lossy(&body).into_owned()].join(" | "))
    }

    fn check(placement: &Placement, secret: &str, url: &str, body: &'static str, expected: Result<&str, &str>) {
        match (put(placement, secret, url, body), expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected),
            (Err(error), Err(words)) => assert!(error.contains(words), "{error}"),
            (got, expected) => panic!("{url}: {got:?} instead of {expected:?}"),
        }
    }

    const URL: &str = "https://a.com/x";

    #[test]
    fn in_a_header() {
        let header = |header: &str, prefix: &str| Placement::Header { name: header.into(), prefix: prefix.into() };
        for (placement, secret, expected) in [
            (Placement::Basic, "user:pass", Ok("authorization: Basic dXNlcjpwYXNz | https://a.com/x | ")),
            (Placement::Basic, "userpass", Err("user:password")),
            (header("authorization", "Bearer "), "tok", Ok("authorization: Bearer tok | https://a.com/x | ")),
            (header("x-api-key", ""), "tok", Ok("x-api-key: tok | https://a.com/x | ")),
            (header("x api", ""), "tok", Err("no header's name")),
            (header("x-api-key", ""), "tok\r\nx: y", Err("no header can carry")),
        ] {
            check(&placement, secret, URL, "", expected);
        }
    }

    #[test]
    fn in_a_json_body() {
        let placement = Placement::Json { field: "routing_key".into() };
        for (body, expected) in [
            (
                r#"{"n":1.50,"a":{"routing_key":"x"}}"#,
                Ok(r#" | https://a.com/x | {"a":{"routing_key":"x"},"n":1.50,"routing_key":"s3cr\"t"}"#),
            ),
            ("{}", Ok(r#" | https://a.com/x | {"routing_key":"s3cr\"t"}"#)),
            (r#"{"routing_key":"mine"}"#, Err("leave it out")),
            (r#"{"routing\u005fkey":"mine"}"#, Err("leave it out")),
            ("[]", Err("must be a JSON object")),
            ("", Err("must be a JSON object")),
        ] {
            check(&placement, "s3cr\"t", URL, body, expected);
        }
    }

    #[test]
    fn in_the_query() {
        let placement = Placement::Query { name: "api_key".into() };
        let taken = Err("sets the parameter that the host fills in");
        for (query, expected) in [
            ("", Ok("?api_key=s%26%2B%20%C3%BC-1")),
            ("?", Ok("?&api_key=s%26%2B%20%C3%BC-1")),
            ("?q=1&r=%26", Ok("?q=1&r=%26&api_key=s%26%2B%20%C3%BC-1")),
            ("?q=api_key", Ok("?q=api_key&api_key=s%26%2B%20%C3%BC-1")),
            ("?api_keys=1&my_api_key=2", Ok("?api_keys=1&my_api_key=2&api_key=s%26%2B%20%C3%BC-1")),
            ("?api_key=mine", taken),
            ("?api_key", taken),
            ("?q=1&api_key=mine", taken),
            ("?q=1;api_key=mine", taken),
            ("?%61pi_key=mine", taken),
            ("?%61%70%69%5f%6B%65%79=mine", taken),
            ("?%2561pi_key=mine", taken),
            ("?%252561pi_key=mine", taken),
            (&*format!("?%{}61pi_key=mine", "25".repeat(30_000)), taken),
            ("?API_KEY=mine", taken),
            ("?api_key[]=mine", taken),
            ("?api_key%5B0%5D=mine", taken),
            ("?+api_key=mine", taken),
            ("?api_key%20=mine", taken),
        ] {
            let expected = expected.map(|query| format!(" | {URL}{query} | "));
            check(&placement, "s&+ ü-1", &format!("{URL}{query}"), "", expected.as_deref().map_err(|words| *words));
        }
    }

    #[test]
    fn what_is_shown_is_no_secret() {
        let mut headers = HeaderMap::new();
        let mut url: Url = "https://a.com/x?q=1".parse().expect("a URL");
        for (placement, expected) in [
            (Placement::Basic, r#"{"authorization": "[credential]"} https://a.com/x?q=1 {}"#),
            (
                Placement::Query { name: "k".into() },
                r#"{"authorization": "[credential]"} https://a.com/x?q=1&k=[credential] {}"#,
            ),
            (
                Placement::Json { field: "f".into() },
                r#"{"authorization": "[credential]"} https://a.com/x?q=1&k=[credential] {"f":"[credential]"}"#,
            ),
        ] {
            let shown = Place::of(&placement).expect("a place").shown();
            let body = shown.put(&mut headers, &mut url, Bytes::from_static(b"{}")).expect("fits");
            assert_eq!(format!("{headers:?} {url} {}", String::from_utf8_lossy(&body)), expected);
        }
    }
}
