//! Where a redirect leads: an address of the vendor's making, read as strictly as one of the component's.

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header::LOCATION};
use url::Url;

use crate::limits::URL_BYTES_MAX;

/// Where the vendor says that the answer is (RFC 9110, section 15.4). None: it does not redirect. 300 leaves a choice
/// that is not ours, and 304, 305 and 306 mean something else.
pub(super) fn location(status: StatusCode, headers: &HeaderMap) -> Option<&HeaderValue> {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308).then(|| headers.get(LOCATION)).flatten()
}

/// Whether a request may be sent again elsewhere without being another request: these two ask, and change nothing.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The address that a `Location` means, seen from where it was given.
pub(super) fn target(from: &Url, location: &HeaderValue) -> Result<Uri, &'static str> {
    const NO_ADDRESS: &str = "its Location is no address";
    let bytes = location.as_bytes();
    if bytes.len() > URL_BYTES_MAX {
        return Err("its Location is longer than 8 KiB");
    }
    // A backslash is a slash to some readers, and a tab nothing at all.
    if !bytes.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\') {
        return Err("its Location has characters that no address has");
    }
    let text = location.to_str().map_err(|_| NO_ADDRESS)?;
    let text = text.split('#').next().unwrap_or_default();
    if text.is_empty() {
        return Err("its Location leads nowhere");
    }
    let uri: Uri = if has_scheme(text) {
        text.parse().map_err(|_| NO_ADDRESS)?
    } else if text.starts_with("//") {
        format!("{}:{text}", from.scheme()).parse().map_err(|_| NO_ADDRESS)?
    } else {
        let url = from.join(text).map_err(|_| NO_ADDRESS)?;
        if url.origin() != from.origin() {
            return Err(NO_ADDRESS);
        }
        url.as_str().parse().map_err(|_| NO_ADDRESS)?
    };
    if uri.scheme().is_none() || uri.authority().is_none() {
        return Err(NO_ADDRESS);
    }
    if from.scheme() == "https" && uri.scheme_str() == Some("http") {
        return Err("it leads from https to http");
    }
    Ok(uri)
}

/// Whether a reference begins with a scheme (RFC 3986, section 4.2), and is no path.
fn has_scheme(text: &str) -> bool {
    let end = text.find([':', '/', '?']).unwrap_or(text.len());
    text[end..].starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(location: &str, expected: Result<&str, &str>) {
        let from = Url::parse("https://a.com/x/y?q=1").expect("a URL");
        let got = target(&from, &HeaderValue::from_bytes(location.as_bytes()).expect("a value"));
        match (got, expected) {
            (Ok(uri), Ok(expected)) => assert_eq!(uri.to_string(), expected, "{location}"),
            (Err(why), Err(words)) => assert!(why.contains(words), "{location}: {why}"),
            (got, expected) => panic!("{location}: {got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn a_location_has_one_reading_or_none() {
        check("https://b.com/z", Ok("https://b.com/z"));
        check("https://a.com:8443/z#part", Ok("https://a.com:8443/z"));
        check("/z", Ok("https://a.com/z"));
        check("z?p", Ok("https://a.com/x/z?p"));
        check("../z", Ok("https://a.com/z"));
        check("?p", Ok("https://a.com/x/y?p"));
        check("/z?to=http://b.com/", Ok("https://a.com/z?to=http://b.com/"));
        check("//b.com/z", Ok("https://b.com/z"));
        check("", Err("nowhere"));
        check("#part", Err("nowhere"));
        check("http://a.com/z", Err("https to http"));
        check("https:b.com", Err("no address"));
        check("https:///b.com", Err("no address"));
        check("///b.com", Err("no address"));
        check("javascript:alert(1)", Err("no address"));
        check("mailto:me@a.com", Err("no address"));
        check("/\\b.com", Err("characters"));
        check("\t//b.com", Err("characters"));
        check("https://b\u{3002}com/", Err("characters"));
        check(&format!("/{}", "x".repeat(URL_BYTES_MAX)), Err("longer"));
    }
}
