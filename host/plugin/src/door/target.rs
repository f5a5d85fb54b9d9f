//! A request in canonical form: what is checked is what is sent.

use aftercall_core::egress::{Scheme, Target};
use http::{Method, Uri};
use url::{Host, Url};

use super::Error;

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
        if authority.as_str().contains('@') {
            return Err(Error::Invalid(
                "it has a user name in its address: a credential belongs in the tenant's grant",
            ));
        }
        check_path(uri.path())?;
        let host = authority.host().to_ascii_lowercase();
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let port = authority.as_str().get(authority.host().len()..).unwrap_or_default();
        let url = Url::parse(&format!("{}://{host}{port}{}{query}", scheme.as_str(), uri.path()))
            .map_err(|_| Error::Invalid("its address is no URL"))?;
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

/// Dot segments mean another path to whoever resolves them (RFC 3986, section 5.2.4), in the clear or encoded.
fn check_path(path: &str) -> Result<(), Error> {
    let dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if path.contains('\\') || path.split('/').any(dots) {
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
        let uri: Uri = uri.parse().expect("a URI");
        match (Canonical::of(&method, &uri), expected) {
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
        check("GET https://a.com./x", Ok("GET https://a.com./x"));
        check("GET https://127.0.0.1/x", Ok("GET https://127.0.0.1/x"));
        check("GET https://[::1]:8443/x", Ok("GET https://::1:8443/x"));
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
        check("GET https://a.com:99999/", Err("no URL"));
        check("GET ftp://a.com/", Err("scheme"));
        check("GET /x", Err("scheme"));
        check("CONNECT https://a.com/", Err("CONNECT"));
        check("TRACE https://a.com/", Err("TRACE"));
    }
}
