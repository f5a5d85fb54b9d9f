//! Which headers are the host's alone.

use http::{HeaderMap, HeaderName};

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
pub(crate) fn readable(mut headers: HeaderMap, injected: &[HeaderName]) -> HeaderMap {
    let forbidden: Vec<_> = headers.keys().filter(|name| is_forbidden(name, injected)).cloned().collect();
    for name in forbidden {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

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
