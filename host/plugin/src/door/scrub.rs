//! Credentials taken out of what a vendor answers, should it echo one.
//!
//! This protects a tenant from a vendor that is careless and a component that would read it, in the forms in
//! which a credential travels. It can't protect from a vendor that works with the component.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::{Engine as _, engine::general_purpose as base64_forms};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::limits::CREDENTIAL_BYTES_MIN;

const INSTEAD: &str = "[credential]";

/// Finds credentials in any of their forms.
#[derive(Debug)]
pub(crate) struct Scrubber(Option<AhoCorasick>);

impl Scrubber {
    /// One for these secrets.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms: Vec<Vec<u8>> = secrets.into_iter().flat_map(forms).collect();
        forms.retain(|form| form.len() >= CREDENTIAL_BYTES_MIN);
        forms.sort_unstable();
        forms.dedup();
        if forms.is_empty() {
            return Self(None);
        }
        let searcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms);
        Self(Some(searcher.expect("a few kilobytes of patterns fit the automaton")))
    }

    /// The bytes without credentials.
    pub(crate) fn bytes(&self, bytes: Bytes) -> Bytes {
        match &self.0 {
            Some(searcher) if searcher.is_match(&bytes) => {
                let instead = vec![INSTEAD.as_bytes(); searcher.patterns_len()];
                searcher.replace_all_bytes(&bytes, &instead).into()
            }
            _ => bytes,
        }
    }
}

/// The forms in which a secret may come back.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    // `-`, `.`, `_` and `~` need no encoding (RFC 3986, section 2.3), and most encoders leave them.
    let light = ["%2D-", "%2E.", "%5F_", "%7E~"].iter().fold(percent.clone(), |text, pair| {
        let (code, plain) = pair.split_at(3);
        text.replace(code, plain)
    });
    let json = serde_json::to_string(secret).expect("a text serialises");
    let json = json[1..json.len() - 1].to_owned();
    let texts = [
        secret.to_owned(),
        json.replace('/', "\\/"),
        json,
        lower_codes(&percent),
        lower_codes(&light),
        light.replace("%20", "+"),
        percent,
        light,
    ];
    let mut forms: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    forms.extend((0..3).flat_map(|offset| base64_at(secret.as_bytes(), offset)));
    forms
}

/// The same with its percent codes, and nothing else, in small letters.
fn lower_codes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut code = 0;
    for c in text.chars() {
        out.push(if code > 0 { c.to_ascii_lowercase() } else { c });
        code = if c == '%' { 2 } else { usize::saturating_sub(code, 1) };
    }
    out
}

/// The base64 of a secret that begins so many bytes after a border of three, as inside of a longer text: without the
/// characters that also depend on its neighbours.
fn base64_at(secret: &[u8], offset: usize) -> [Vec<u8>; 2] {
    let padded = [vec![0; offset], secret.to_vec()].concat();
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    let cut = |text: String| text.as_bytes().get(first..last).unwrap_or_default().to_vec();
    [cut(base64_forms::STANDARD_NO_PAD.encode(&padded)), cut(base64_forms::URL_SAFE_NO_PAD.encode(&padded))]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = r#"s3cr/t "ü".key-1~?>>"#;

    fn check(text: &str, expected: &str) {
        let scrubbed = Scrubber::new([SECRET]).bytes(Bytes::from(text.to_owned()));
        assert_eq!(String::from_utf8_lossy(&scrubbed), expected);
    }

    #[test]
    fn a_secret_goes_in_every_form() {
        check("nothing", "nothing");
        check(&format!("a {SECRET} b {SECRET}"), "a [credential] b [credential]");
        check(&serde_json::json!({"k": SECRET}).to_string(), r#"{"k":"[credential]"}"#);
        check(r#""s3cr\/t \"ü\".key-1~?>>""#, r#""[credential]""#);
        check("k=s3cr%2Ft%20%22%C3%BC%22.key-1~%3F%3E%3E&", "k=[credential]&");
        check("k=s3cr%2ft+%22%C3%BC%22.key-1~%3F%3E%3E", "k=s3cr%2ft+%22%C3%BC%22.key-1~%3F%3E%3E");
        check("k=s3cr%2ft%20%22%c3%bc%22.key-1~%3f%3e%3e", "k=[credential]");
        check("k=s3cr%2Ft+%22%C3%BC%22.key-1~%3F%3E%3E", "k=[credential]");
        check("k=s3cr%2Ft%20%22%C3%BC%22%2Ekey%2D1%7E%3F%3E%3E", "k=[credential]");
    }

    #[test]
    fn base64_goes_wherever_it_stands() {
        for prefix in ["", "u", "us", "usr", "user:"] {
            for engine in [&base64_forms::STANDARD, &base64_forms::URL_SAFE] {
                let text = engine.encode(format!("{prefix}{SECRET}!"));
                let scrubbed = Scrubber::new([SECRET]).bytes(Bytes::from(text.clone()));
                let scrubbed = String::from_utf8(scrubbed.to_vec()).expect("text");
                assert!(scrubbed.contains(INSTEAD), "{prefix}: {text} became {scrubbed}");
                assert!(scrubbed.len() <= text.len() - SECRET.len() + INSTEAD.len() + 4, "{scrubbed}");
            }
        }
    }

    #[test]
    fn without_secrets_nothing_is_touched() {
        let bytes = Bytes::from_static(b"abc");
        assert_eq!(Scrubber::new([]).bytes(bytes.clone()), bytes);
    }
}
