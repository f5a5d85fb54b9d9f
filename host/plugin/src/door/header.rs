//! Which headers are the host's alone, and the credential that it puts on a request.

use std::collections::BTreeMap;

use aftercall_core::{manifest::Placement, secret::Secret};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::value::{RawValue, to_raw_value};

use super::Error;

/// Headers that a component can neither set nor read, beside those that carry a credential of its manifest.
/// The first row frames messages, the second would be another way to authenticate or to be remembered, the
/// third makes some servers see another method or path than the one that was decided about.
const HOSTS_ALONE: &[&str] = &[
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "host",
    "http2-settings",
    "expect",
    "authorization",
    "cookie",
    "set-cookie",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// Whether a header is the host's alone.
pub(crate) fn is_forbidden(name: &HeaderName, injected: &[HeaderName]) -> bool {
    HOSTS_ALONE.contains(&name.as_str()) || injected.contains(name)
}

/// What a vendor answered, without what the component may not read.
pub(crate) fn readable(headers: HeaderMap, injected: &[HeaderName]) -> HeaderMap {
    let mut last = None;
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        // The map names a header once, and then gives its further values without a name.
        last = name.or(last);
        if let Some(name) = &last
            && !is_forbidden(name, injected)
        {
            kept.append(name.clone(), value);
        }
    }
    kept
}

/// How a credential goes on a request.
#[derive(Clone)]
pub(crate) enum Credential {
    Header { name: HeaderName, value: HeaderValue },
    Field(Field),
}

/// A field of a JSON body that the host fills in.
#[derive(Clone)]
pub(crate) struct Field {
    name: String,
    value: Secret,
}

/// Why a credential can't be put on a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it must be written as `user:password`")]
    NoColon,
    #[error("the manifest places it in `{0}`, which is no header's name")]
    NoHeader(String),
    #[error("it has characters that no header can carry")]
    NotPrintable,
}

impl Credential {
    pub(crate) fn new(placement: &Placement, secret: &Secret) -> Result<Self, Unusable> {
        let secret_text = secret.expose();
        let (name, text) = match placement {
            Placement::Json { field } => {
                return Ok(Self::Field(Field { name: field.clone(), value: secret.clone() }));
            }
            Placement::Basic if !secret_text.contains(':') => return Err(Unusable::NoColon),
            Placement::Basic => ("authorization", format!("Basic {}", STANDARD.encode(secret_text))),
            Placement::Header { name, prefix } => (name.as_str(), format!("{prefix}{secret_text}")),
        };
        let name = HeaderName::try_from(name).map_err(|_| Unusable::NoHeader(name.chars().take(80).collect()))?;
        let mut value = HeaderValue::from_str(&text).map_err(|_| Unusable::NotPrintable)?;
        value.set_sensitive(true);
        Ok(Self::Header { name, value })
    }

    /// The parts of it that must never come back: of `user:password` the whole and the password, since the user
    /// is often a public identifier.
    pub(crate) fn hidden<'a>(placement: &Placement, secret: &'a Secret) -> Vec<&'a str> {
        let whole = secret.expose();
        match (placement, whole.split_once(':')) {
            (Placement::Basic, Some((_, password))) => vec![whole, password],
            _ => vec![whole],
        }
    }
}

impl Field {
    /// The body with the field in it. Numbers and the like stay as the component wrote them.
    pub(crate) fn fill(&self, body: &[u8], value: &str) -> Result<Bytes, Error> {
        const NO_OBJECT: Error = Error::Invalid("its body must be a JSON object, in which the host fills in a field");
        let mut object: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).map_err(|_| NO_OBJECT)?;
        let value = to_raw_value(value).map_err(|_| NO_OBJECT)?;
        if object.insert(self.name.clone(), value).is_some() {
            return Err(Error::Invalid("its body sets the field that the host fills in: leave it out"));
        }
        serde_json::to_vec(&object).map(Bytes::from).map_err(|_| NO_OBJECT)
    }

    /// The same, with the credential.
    pub(crate) fn fill_secret(&self, body: &[u8]) -> Result<Bytes, Error> {
        self.fill(body, self.value.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_placed_as_the_manifest_says() {
        let header = |header: &str, prefix: &str| Placement::Header { name: header.into(), prefix: prefix.into() };
        for (placement, secret, expected) in [
            (Placement::Basic, "user:pass", Ok(("authorization", "Basic dXNlcjpwYXNz"))),
            (Placement::Basic, "userpass", Err(Unusable::NoColon)),
            (header("authorization", "Bearer "), "tok", Ok(("authorization", "Bearer tok"))),
            (header("x-api-key", ""), "tok", Ok(("x-api-key", "tok"))),
            (header("x api", ""), "tok", Err(Unusable::NoHeader("x api".into()))),
            (header("x-api-key", ""), "tok\r\nx: y", Err(Unusable::NotPrintable)),
        ] {
            let got = Credential::new(&placement, &Secret::new(secret.into()));
            let got = got.map(|credential| match credential {
                Credential::Header { name, value } => (name.to_string(), value.to_str().expect("text").to_owned()),
                Credential::Field(_) => panic!("no header"),
            });
            assert_eq!(got, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
    }

    #[test]
    fn a_credential_is_filled_into_a_json_body() {
        let placement = Placement::Json { field: "routing_key".into() };
        let Ok(Credential::Field(field)) = Credential::new(&placement, &Secret::new("s3cr\"t".into())) else {
            panic!("a field");
        };
        for (body, expected) in [
            (
                r#"{"n":1.50,"a":{"routing_key":"x"}}"#,
                Ok(r#"{"a":{"routing_key":"x"},"n":1.50,"routing_key":"s3cr\"t"}"#),
            ),
            ("{}", Ok(r#"{"routing_key":"s3cr\"t"}"#)),
            (r#"{"routing_key":"mine"}"#, Err("leave it out")),
            (r#"{"routing\u005fkey":"mine"}"#, Err("leave it out")),
            ("[]", Err("must be a JSON object")),
            ("", Err("must be a JSON object")),
        ] {
            match (field.fill_secret(body.as_bytes()), expected) {
                (Ok(filled), Ok(expected)) => assert_eq!(filled, expected),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (got, expected) => panic!("{got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn a_component_reads_no_header_of_the_hosts() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("set-cookie", "a"), ("x-a", "1"), ("x-a", "2"), ("x-api-key", "k"), ("set-cookie", "b")]
        {
            headers.append(name, HeaderValue::from_static(value));
        }
        let kept = readable(headers, &[HeaderName::from_static("x-api-key")]);
        assert_eq!(kept.len(), 2);
        assert_eq!(kept.get_all("x-a").iter().count(), 2);
    }
}
