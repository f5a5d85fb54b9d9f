//! Credentials taken out of what a vendor answers, should it echo one.
//!
//! This protects a tenant from a vendor that is careless and a component that would read it, in the forms in
//! which a credential travels. It can't protect from a vendor that works with the component.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::{Engine as _, engine::general_purpose as base64_forms};
use bytes::{Bytes, BytesMut};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::limits::CREDENTIAL_BYTES_MIN;

pub(super) const INSTEAD: &str = "[credential]";

/// Finds credentials in any of their forms. A clone is the same one.
#[derive(Debug, Clone)]
pub(crate) struct Scrubber(Option<Arc<Forms>>);

struct Forms {
    searcher: AhoCorasick,
    /// The longest form, in bytes.
    longest: usize,
}

/// An automaton's own shows what it searches for, letter by letter.
impl std::fmt::Debug for Forms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Scrubber {
    /// One for these secrets.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms: Vec<Vec<u8>> = secrets.into_iter().flat_map(forms).collect();
        forms.retain(|form| form.len() >= CREDENTIAL_BYTES_MIN);
        forms.sort_unstable();
        forms.dedup();
        let Some(longest) = forms.iter().map(Vec::len).max() else {
            return Self(None);
        };
        let searcher = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            // The fastest kind takes megabytes for a long credential, in each tenant.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(forms)
            .expect("some hundred kilobytes of patterns fit the automaton");
        Self(Some(Arc::new(Forms { searcher, longest })))
    }

    /// Whether a credential is in there.
    pub(crate) fn finds(&self, bytes: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|forms| forms.searcher.is_match(bytes))
    }

    /// The bytes without credentials.
    pub(crate) fn bytes(&self, bytes: Bytes) -> Bytes {
        match &self.0 {
            Some(forms) => forms.replace(bytes, usize::MAX).0,
            None => bytes,
        }
    }

    /// Whether bytes come out as they went in, whatever they are.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.is_none()
    }

    /// The same for bytes that come in pieces, wherever these are cut.
    pub(crate) fn stream(&self) -> Stream {
        Stream { forms: self.0.clone(), kept: BytesMut::new() }
    }
}

/// Takes credentials out of a stream of bytes. It keeps back as many bytes as the longest form has, since one may
/// begin among them: what it lets go is what it would be if the whole had been there at once.
#[derive(Debug)]
pub(crate) struct Stream {
    forms: Option<Arc<Forms>>,
    kept: BytesMut,
}

impl Stream {
    /// What can be let go once this piece is there.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        let Some(forms) = &self.forms else { return piece };
        let whole = if self.kept.is_empty() {
            piece
        } else {
            self.kept.extend_from_slice(&piece);
            self.kept.split().freeze()
        };
        // Whatever begins before is there to its end, and so is a longer form that begins at the same place.
        let settled = whole.len().saturating_sub(forms.longest - 1);
        let (out, rest) = forms.replace(whole, settled);
        self.kept.extend_from_slice(&rest);
        out
    }

    /// The rest, once there are no more pieces.
    pub(crate) fn finish(&mut self) -> Bytes {
        let rest = self.kept.split().freeze();
        match &self.forms {
            Some(forms) => forms.replace(rest, usize::MAX).0,
            None => rest,
        }
    }

    /// How many bytes it keeps.
    pub(crate) fn kept(&self) -> usize {
        self.kept.len()
    }
}

impl Forms {
    /// Replaces what begins before `settled`. Gives that part, and the one behind it as it was.
    fn replace(&self, bytes: Bytes, settled: usize) -> (Bytes, Bytes) {
        let settled = settled.min(bytes.len());
        let mut done = 0;
        let mut out = BytesMut::new();
        for found in self.searcher.find_iter(&bytes).take_while(|found| found.start() < settled) {
            out.extend_from_slice(&bytes[done..found.start()]);
            out.extend_from_slice(INSTEAD.as_bytes());
            done = found.end();
        }
        let cut = settled.max(done);
        let rest = bytes.slice(cut..);
        if out.is_empty() {
            return (bytes.slice(..cut), rest);
        }
        out.extend_from_slice(&bytes[done..cut]);
        (out.freeze(), rest)
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
    let ascii = escape(&json, |c| !c.is_ascii());
    // What encoders for web pages escape as well: Go, .NET, PHP.
    let cautious = escape(&json, |c| !c.is_ascii() || "<>&'+".contains(c)).replace("\\\"", "\\u0022");
    let texts = [
        secret.to_owned(),
        json.replace('/', "\\/"),
        ascii.replace('/', "\\/"),
        upper_escapes(&ascii),
        ascii,
        upper_escapes(&cautious),
        cautious.replace('/', "\\/"),
        cautious,
        json,
        lower_codes(&percent),
        lower_codes(&light),
        light.replace("%20", "+"),
        percent,
        light,
    ];
    let mut forms: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    for offset in 0..3 {
        for text in base64_at(secret.as_bytes(), offset) {
            // Base64 travels inside of JSON and of addresses in its turn.
            let percent = text.replace('+', "%2B").replace('/', "%2F");
            forms.extend([text.replace('/', "\\/"), lower_codes(&percent), percent, text].map(String::into_bytes));
        }
    }
    forms
}

/// The same with some characters as `\uXXXX`, in UTF-16 (RFC 8259, section 7).
fn escape(text: &str, escaped: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if escaped(c) {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// The same with the digits of its `\uXXXX`, and nothing else, in capitals.
fn upper_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = 0;
    let mut before = ' ';
    for c in text.chars() {
        out.push(if digits > 0 { c.to_ascii_uppercase() } else { c });
        digits = if before == '\\' && c == 'u' { 4 } else { std::cmp::max(digits, 1) - 1 };
        // Of two backslashes the second begins nothing.
        before = if before == '\\' && c == '\\' { ' ' } else { c };
    }
    out
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
fn base64_at(secret: &[u8], offset: usize) -> [String; 2] {
    let padded = [vec![0; offset], secret.to_vec()].concat();
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    let cut = |text: String| text.get(first..last).unwrap_or_default().to_owned();
    [cut(base64_forms::STANDARD_NO_PAD.encode(&padded)), cut(base64_forms::URL_SAFE_NO_PAD.encode(&padded))]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = r#"s3cr/t "ü".key-1~?>>"#;

    /// Whole, and in pieces of every size.
    fn scrub(secrets: &[&str], text: &str) -> String {
        let scrubber = Scrubber::new(secrets.iter().copied());
        let whole = scrubber.bytes(Bytes::from(text.to_owned()));
        for size in 1..=text.len() {
            let mut stream = scrubber.stream();
            let mut out = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                out.extend_from_slice(&stream.push(Bytes::copy_from_slice(piece)));
            }
            out.extend_from_slice(&stream.finish());
            assert_eq!(out, whole, "in pieces of {size}: {text}");
            assert_eq!(stream.kept(), 0);
        }
        String::from_utf8(whole.to_vec()).expect("text")
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(scrub(&[SECRET], text), expected);
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
        check(r#""s3cr/t \"\u00fc\".key-1~?>>""#, r#""[credential]""#);
        check(r#""s3cr\/t \"\u00FC\".key-1~?>>""#, r#""s3cr\/t \"\u00FC\".key-1~?>>""#);
        check(r#""s3cr/t \"\u00FC\".key-1~?>>""#, r#""[credential]""#);
        check(r#""s3cr/t \u0022\u00fc\u0022.key-1~?\u003e\u003e""#, r#""[credential]""#);
        check(r#""s3cr/t \u0022\u00FC\u0022.key-1~?\u003E\u003E""#, r#""[credential]""#);
    }

    #[test]
    fn capitals_are_for_codes_alone() {
        assert_eq!(upper_escapes(r"\u00fc\\u00fcab\u000aab"), r"\u00FC\\u00fcab\u000Aab");
    }

    #[test]
    fn of_two_that_begin_together_the_longer_goes_wherever_it_is_cut() {
        let secrets = ["user:pass", "pass", "user:passport"];
        for (text, expected) in [
            ("user:passport", "[credential]"),
            ("user:passpor", "[credential]por"),
            ("pass user:pass", "[credential] [credential]"),
            ("passpassuser:user:passpass", "[credential][credential]user:[credential][credential]"),
        ] {
            assert_eq!(scrub(&secrets, text), expected);
        }
    }

    #[test]
    fn base64_goes_wherever_it_stands() {
        for prefix in ["", "u", "us", "usr", "user:"] {
            for engine in [&base64_forms::STANDARD, &base64_forms::URL_SAFE] {
                let text = engine.encode(format!("{prefix}{SECRET}!"));
                let scrubbed = scrub(&[SECRET], &text);
                let in_json = scrub(&[SECRET], &text.replace('/', "\\/"));
                assert_eq!(in_json.replace("\\/", "/"), scrubbed);
                let in_url = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
                assert!(
                    scrub(&[SECRET], &in_url.replace("%2D", "-").replace("%5F", "_")).contains(INSTEAD),
                    "{in_url}"
                );
                assert!(scrubbed.contains(INSTEAD), "{prefix}: {text} became {scrubbed}");
                assert!(scrubbed.len() <= text.len() - SECRET.len() + INSTEAD.len() + 4, "{scrubbed}");
            }
        }
    }

    #[test]
    fn it_does_not_show_what_it_searches_for() {
        assert_eq!(format!("{:?}", Scrubber::new([SECRET])), "Scrubber(Some(…))");
    }

    #[test]
    fn without_secrets_nothing_is_touched() {
        let bytes = Bytes::from_static(b"abc");
        assert_eq!(Scrubber::new([]).bytes(bytes.clone()), bytes);
    }
}
