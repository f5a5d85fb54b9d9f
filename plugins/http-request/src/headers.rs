//! Headers with fixed texts: which a tenant may write into the settings.

use std::collections::BTreeMap;

use crate::mistakes::Mistakes;

/// Headers that are the host's alone: it refuses requests that set them.
const HOSTS_ALONE: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// Words in the name of a header that carries a credential.
const CREDENTIAL_WORDS: &[&str] = &[
    "apikey",
    "auth",
    "authentication",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "jwt",
    "key",
    "password",
    "secret",
    "signature",
    "token",
];

/// The fixed headers, with the mistakes in them.
pub(crate) fn read(
    headers: BTreeMap<String, String>,
    idempotency: Option<&str>,
    place: &str,
    mistakes: &mut Mistakes,
) -> Vec<(String, String)> {
    for (name, value) in &headers {
        let place = format!("{place}.{name}");
        check_name(name, &place, mistakes);
        if carries_credential(name) {
            mistakes.at(
                &place,
                "settings are no place for a credential: give it in `credentials.token` of the plugin's grant, with its host \
                 and this header as its `placement`, and the host puts it on the request",
            );
        }
        if idempotency.is_some_and(|header| header.eq_ignore_ascii_case(name)) {
            mistakes.at(&place, "`idempotency.header` fills it: leave it out here");
        }
        if !value.chars().all(|character| character == '\t' || !character.is_control()) {
            mistakes.at(&place, "its text has a control character, which no header can carry");
        }
    }
    headers.into_iter().collect()
}

/// That a header of this name can be set by a component.
pub(crate) fn check_name(name: &str, place: &str, mistakes: &mut Mistakes) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(allowed) {
        mistakes.at(place, "it is no name of a header: write one as in `X-Region`");
    }
    if HOSTS_ALONE.contains(&name.to_ascii_lowercase().as_str()) {
        mistakes.at(place, "this header is the host's alone: leave it out");
    }
}

/// Whether a header of this name would carry a credential.
fn carries_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.split(['-', '_', '.']).any(|word| CREDENTIAL_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, expected: Option<&str>) {
        let mut mistakes = Mistakes::default();
        let headers = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        read(headers, Some("Idempotency-Key"), "headers", &mut mistakes);
        match (mistakes.none(), expected) {
            (Ok(()), None) => {}
            (Err(complaint), Some(words)) => assert!(complaint.contains(words), "{complaint}"),
            (got, expected) => panic!("{name}: {got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn headers_are_neither_the_hosts_nor_credentials() {
        check("X-Region", "eu", None);
        check("Accept", "application/vnd.acme+json", None);
        check("Content-Type", "application/vnd.acme+json", None);
        check("X-Author", "aftercall", None);
        check("X-Monkey", "1", None);
        for name in ["Authorization", "cookie", "X-API-Key", "x-vapi-secret", "api_key", "X-Auth", "X-Access-Token"] {
            check(name, "x", Some("give it in `credentials.token` of the plugin's grant, with its host"));
        }
        for name in ["Host", "content-length", "X-HTTP-Method-Override"] {
            check(name, "x", Some("the host's alone"));
        }
        check("idempotency-KEY", "x", Some("`idempotency.header` fills it"));
        check("X Region", "x", Some("no name of a header"));
        check("", "x", Some("no name of a header"));
        check("X-Region", "a\r\nHost: b", Some("control character"));
    }
}
