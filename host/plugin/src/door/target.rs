//! A request in canonical form: what is checked is what is sent.

use aftercall_core::egress::{Scheme, Target};
use http::{Method, Uri, uri::Authority};
use url::{Host, Url};

use super::Error;
use crate::limits::URL_BYTES_MAX;

/// Longest name and longest label of a name, in bytes (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// A request's method and address, read once.
#[derive(Debug, Clone)]
pub(crate) struct Canonical {
    /// For the rules.
    pub(crate) target: Target,
    /// For the connection.
    pub(crate) url: Url,
}

impl Canonical {
    /// Reads a request. Whatever two readers could read differently is refused.
    pub(crate) fn of(method: &Method, uri: &Uri) -> Result<Self, Error> {
        if matches!(*method, Method::CONNECT | Method::TRACE) {
            return Err(Error::Invalid("CONNECT and TRACE are never sent"));
        }
        let scheme = match uri.scheme_str() {
            Some("https") => Scheme::Https,
            Some("http") => Scheme::Http,
            _ => return Err(Error::Invalid("its scheme is neither http nor https")),
        };
        let authority = uri.authority().ok_or(Error::Invalid("it names no host"))?;
        let (host, port) = check_authority(authority)?;
        check_path(uri.path())?;
        let mut text = String::with_capacity(64);
        text.extend([scheme.as_str(), "://", &host, port, uri.path()]);
        if let Some(query) = uri.query() {
            text.extend(["?", query]);
        }
        if text.len() > URL_BYTES_MAX {
            return Err(Error::Invalid("its address is longer than 8 KiB"));
        }
        let url = Url::parse(&text).map_err(|_| Error::Invalid("its address is no URL"))?;
        if url.host_str() != Some(&host) {
            return Err(Error::Invalid(
                "its host is not in canonical form: write names in small letters and addresses in full",
            ));
        }
        let target = Target {
            method: method.as_str().to_owned(),
            scheme,
            host: match url.host() {
                Some(Host::Ipv6(address)) => address.to_string(),
                _ => host,
            },
            port: url.port_or_known_default().ok_or(Error::Invalid("it names no port"))?,
            path: url.path().to_owned(),
        };
        Ok(Self { target, url })
    }
}

/// Host in small letters, and port with its colon as it is written.
fn check_authority(authority: &Authority) -> Result<(String, &str), Error> {
    let (host, whole) = (authority.host(), authority.as_str());
    if whole.contains('@') {
        return Err(Error::Invalid("it has a user name in its address: a credential belongs in the tenant's grant"));
    }
    let port = whole.get(host.len()..).unwrap_or_default();
    if let Some(digits) = port.strip_prefix(':') {
        // A reader that doesn't know the port goes to another one: `:0443`, `:` and `:0` are three ways to that.
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if !plain || digits.parse::<u16>().is_err() {
            return Err(Error::Invalid("its port is no number from 1 to 65535 in plain digits"));
        }
    }
    let host = host.to_ascii_lowercase();
    if !host.starts_with('[') {
        check_name(&host)?;
    }
    Ok((host, port))
}

/// Names are ASCII: one of another script comes as punycode, which is a name of its own and looks like itself. A
/// last dot would make another name of the same place.
fn check_name(host: &str) -> Result<(), Error> {
    if host.len() > NAME_BYTES_MAX || host.split('.').any(|label| label.is_empty() || label.len() > LABEL_BYTES_MAX) {
        return Err(Error::Invalid(
            "its host is no name of at most 253 bytes whose parts have 1 to 63, without a last dot",
        ));
    }
    if !host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_')) {
        return Err(Error::Invalid("its host has characters that no name has: write other scripts as punycode"));
    }
    Ok(())
}

/// Dot segments mean another path to whoever resolves them (RFC 3986, section 5.2.4), in the clear or encoded.
fn check_path(path: &str) -> Result<(), Error> {
    let dot = |segment: &str| {
        // `%2e` is the only code that is a dot, and two of them are six bytes.
        segment.len() <= 6 && matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
    };
    if path.contains('\\') || path.contains(['.', '%']) && path.split('/').any(dot) {
        return Err(Error::Invalid("its path has dot segments or backslashes: write it as the server is to see it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: &str, expected: Result<&str, &str>) {
        let (method, uri) = request.split_once(' ').expect("method and address");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let got = match uri.parse() {
            Ok(uri) => Canonical::of(&method, &uri),
            Err(_) => Err(Error::Invalid("it is not even a URI")),
        };
        match (got, expected) {
            (Ok(canonical), Ok(target)) => assert_eq!(canonical.target.to_string(), target),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{request}: {error}"),
            (got, expected) => panic!("{request}: {got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn a_request_has_one_reading_or_none() {
        check("GET https://a.com", Ok("GET https://a.com/"));
        check("GET https://A.com:443/x?q=../y", Ok("GET https://a.com/x"));
        check("GET http://a.com:8080/x", Ok("GET http://a.com:8080/x"));
        check("GET https://xn--bcher-kva.test/", Ok("GET https://xn--bcher-kva.test/"));
        check("GET https://a_b.com/", Ok("GET https://a_b.com/"));
        check("GET https://a.com/x?y#z", Ok("GET https://a.com/x"));
        check("GET https://a.com/caf\u{e9}", Ok("GET https://a.com/caf%C3%A9"));
        check("GET https://a.com//b.com/x", Ok("GET https://a.com//b.com/x"));
        check("GET https://127.0.0.1/x", Ok("GET https://127.0.0.1/x"));
        check("GET https://[::1]:8443/x", Ok("GET https://[::1]:8443/x"));
        check("GET https://a.com/a%20b", Ok("GET https://a.com/a%20b"));
        check("GET https://a.com/{x}", Ok("GET https://a.com/%7Bx%7D"));
        check("get https://a.com/", Ok("get https://a.com/"));
        check("GET https://a.com/x/../y", Err("dot segments"));
        check("GET https://a.com/x/%2E%2e/y", Err("dot segments"));
        check("GET https://a.com/.%2e/y", Err("dot segments"));
        check("GET https://a.com/.", Err("dot segments"));
        check("GET https://a.com/x\\..\\y", Err("backslashes"));
        check("GET https://me:pw@a.com/", Err("user name"));
        check("GET https://a.com@b.com/", Err("user name"));
        check("GET https://0x7f.1/", Err("canonical"));
        check("GET https://2130706433/", Err("canonical"));
        check("GET https://127.1/", Err("canonical"));
        check("GET https://[0:0::1]/", Err("canonical"));
        check("GET https://[fe80::1%25eth0]/", Err("no URL"));
        check("GET https://a.com./x", Err("last dot"));
        check("GET https://a..com/x", Err("last dot"));
        check("GET https://.a.com/x", Err("last dot"));
        check(&format!("GET https://{}.com/", "a".repeat(64)), Err("63"));
        check(&format!("GET https://{}com/", "a.".repeat(126)), Err("253"));
        check("GET https://a%2ecom/", Err("not even a URI"));
        check("GET https://a.com%00.b.com/", Err("not even a URI"));
        check("GET https://a,b.com/", Err("characters"));
        check("GET https://xn--a/", Err("no URL"));
        check("GET https://127.0.0.1.5/", Err("no URL"));
        check("GET https://a.com:99999/", Err("port"));
        check("GET https://a.com:0/", Err("port"));
        check("GET https://a.com:00443/", Err("port"));
        check("GET https://a.com:/", Err("port"));
        check(&format!("GET https://a.com/{}", "x".repeat(URL_BYTES_MAX)), Err("8 KiB"));
        check("GET ftp://a.com/", Err("scheme"));
        check("GET /x", Err("scheme"));
        check("CONNECT https://a.com/", Err("CONNECT"));
        check("TRACE https://a.com/", Err("TRACE"));
    }
}
