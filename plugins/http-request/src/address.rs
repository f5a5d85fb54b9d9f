//! Addresses in which arguments stand for parts of the path.

use aftercall::{Failure, path_segment};
use serde_json::{Map, Value};

use crate::fields::text;
use crate::mistakes::Mistakes;
use crate::template::Declared;

/// The one scheme that there are rules for.
const SCHEME: &str = "https://";

/// An address over https. Its arguments are in the path, each within one segment.
pub(crate) struct Address {
    /// Scheme and host.
    origin: String,
    path: Vec<Segment>,
    /// What the settings have after `?`.
    query: Option<String>,
}

struct Segment(Vec<Piece>);

enum Piece {
    Fixed(String),
    Argument(String),
}

impl Address {
    /// An address of the settings.
    pub(crate) fn read(text: &str, declared: &Declared<'_>, place: &str, mistakes: &mut Mistakes) -> Self {
        let (whole, query) = text.split_once('?').map_or((text, None), |(whole, query)| (whole, Some(query)));
        let Some(rest) = whole.strip_prefix(SCHEME) else {
            mistakes.at(place, format_args!("`{text}` must begin with {SCHEME}"));
            return Self { origin: String::new(), path: Vec::new(), query: None };
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if let Some(wrong) = wrong_authority(authority) {
            mistakes.at(place, wrong);
        }
        if let Some(query) = query
            && !query.bytes().all(|byte| is_plain(byte) || b"/?:@".contains(&byte))
        {
            mistakes.at(place, "what follows `?` is fixed and percent-encoded text: arguments go into `query`");
        }
        let mut segments = Vec::new();
        let last = path.split('/').count().saturating_sub(1);
        for (index, part) in path.split('/').enumerate() {
            let segment = Segment::read(part, declared, place, mistakes);
            if part.is_empty() && index != last {
                mistakes.at(place, "its path has an empty segment: write one `/` between two");
            }
            segments.push(segment);
        }
        Self { origin: format!("{SCHEME}{authority}"), path: segments, query: query.map(str::to_owned) }
    }

    /// Scheme and host.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The address in one call.
    ///
    /// # Errors
    /// `invalid-arguments`, where an argument can't be one part of a path.
    pub(crate) fn fill(&self, arguments: &Map<String, Value>) -> Result<String, Failure> {
        let mut url = self.origin.clone();
        for segment in &self.path {
            url.push('/');
            url.push_str(&segment.fill(arguments)?);
        }
        if let Some(query) = &self.query {
            url.push('?');
            url.push_str(query);
        }
        Ok(url)
    }
}

impl Segment {
    fn read(part: &str, declared: &Declared<'_>, place: &str, mistakes: &mut Mistakes) -> Self {
        let mut pieces = Vec::new();
        let mut rest = part;
        while let Some((fixed, behind)) = rest.split_once('{') {
            let Some((name, behind)) = behind.split_once('}') else {
                mistakes.at(place, format_args!("`{{{behind}` is not closed: write an argument as `{{name}}`"));
                return Self(Vec::new());
            };
            declared.check(name, place, mistakes);
            pieces.push(Piece::Fixed(fixed.to_owned()));
            pieces.push(Piece::Argument(name.to_owned()));
            rest = behind;
        }
        pieces.push(Piece::Fixed(rest.to_owned()));
        let fixed = pieces.iter().filter_map(|piece| match piece {
            Piece::Fixed(fixed) => Some(fixed.as_str()),
            Piece::Argument(_) => None,
        });
        if !fixed.flat_map(str::bytes).all(|byte| is_plain(byte) || b":@".contains(&byte)) {
            mistakes.at(place, format_args!("`{part}` has characters that a path must have percent-encoded"));
        }
        if matches!(part, "." | "..") {
            mistakes.at(place, format_args!("`{part}` is no segment: write the path as the server is to see it"));
        }
        Self(pieces)
    }

    fn fill(&self, arguments: &Map<String, Value>) -> Result<String, Failure> {
        let mut plain = String::new();
        let mut encoded = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Fixed(fixed) => {
                    plain.push_str(fixed);
                    encoded.push_str(fixed);
                }
                Piece::Argument(name) => {
                    let value = part_of_path(name, arguments)?;
                    plain.push_str(&value);
                    // Dots need no code, and the host lets none pass that isn't needed.
                    encoded.push_str(&if matches!(value.as_str(), "." | "..") { value } else { path_segment(&value) });
                }
            }
        }
        if matches!(plain.as_str(), "." | "..") {
            return Err(Failure::invalid_arguments(format!("`{plain}` can't be a part of the address")));
        }
        Ok(encoded)
    }
}

/// An argument as text that a segment can hold: what servers take for syntax once it is decoded, the host lets nowhere
/// pass.
fn part_of_path(name: &str, arguments: &Map<String, Value>) -> Result<String, Failure> {
    let value = arguments
        .get(name)
        .filter(|value| !value.is_null())
        .ok_or_else(|| Failure::invalid_arguments(format!("`{name}` is needed: it is a part of the address")))?;
    let text = text(value).filter(|text| !text.is_empty()).ok_or_else(|| {
        Failure::invalid_arguments(format!(
            "`{name}` must be a text that isn't empty, or a number: it is a part of the address"
        ))
    })?;
    if text.contains(|character: char| matches!(character, '/' | '\\' | '%' | ';') || character.is_control()) {
        return Err(Failure::invalid_arguments(format!(
            "`{name}` is a part of the address, and can't have `/`, `\\`, `%`, `;` or control characters"
        )));
    }
    Ok(text)
}

fn wrong_authority(authority: &str) -> Option<&'static str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_:[]".contains(&byte);
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    if authority.contains('@') {
        Some("it has a user name: a credential belongs in the plugin's grant, in `credentials.token`")
    } else if authority.contains(['{', '}']) {
        Some("an argument can be a part of the path alone: a grant names its hosts whole")
    } else if authority.is_empty() || !authority.bytes().all(plain) {
        Some("its host must be a name in small letters")
    } else if has_port {
        // No rule of the manifest is for another, and none can be for all.
        Some("it has a port: leave it out, since this plugin's requests go to port 443 alone")
    } else {
        None
    }
}

/// What stands in a path and in a query as itself (RFC 3986, section 3.3), and the sign of a code. `;` is left out: some
/// servers cut a segment there.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=%".contains(&byte)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use aftercall::FailureKind;
    use serde_json::json;

    use super::*;

    fn read(url: &str) -> Result<Address, String> {
        let parameters = json!({ "type": "object", "properties": { "id": {}, "format": {} } });
        let mut mistakes = Mistakes::default();
        let address = Address::read(url, &Declared(parameters.as_object().unwrap()), "url", &mut mistakes);
        mistakes.none().map(|()| address)
    }

    #[test]
    fn an_argument_is_one_part_of_the_path() {
        fn check(url: &str, arguments: Value, expected: Result<&str, &str>) {
            let address = read(url).map_err(|why| why.clone()).ok().unwrap();
            match (address.fill(arguments.as_object().unwrap()), expected) {
                (Ok(url), Ok(expected)) => assert_eq!(url, expected),
                (Err(failure), Err(words)) => {
                    assert_eq!(failure.kind, FailureKind::InvalidArguments);
                    assert!(failure.message.contains(words), "{}", failure.message);
                }
                (got, expected) => panic!("{url} {arguments}: {got:?} instead of {expected:?}"),
            }
        }
        let id = |id: &str| json!({ "id": id });
        let of = "https://api.acme.example/orders/{id}/lines";
        check(of, id("A-7"), Ok("https://api.acme.example/orders/A-7/lines"));
        check(of, json!({ "id": 7 }), Ok("https://api.acme.example/orders/7/lines"));
        check(of, json!({ "id": true }), Ok("https://api.acme.example/orders/true/lines"));
        check(of, id("a b?c#d&e=ü"), Ok("https://api.acme.example/orders/a%20b%3Fc%23d%26e%3D%C3%BC/lines"));
        check(of, id("..."), Ok("https://api.acme.example/orders/.../lines"));
        check(of, id("{id}"), Ok("https://api.acme.example/orders/%7Bid%7D/lines"));
        check(of, id("."), Err("`.` can't be a part"));
        check(of, id(".."), Err("`..` can't be a part"));
        check(of, id(""), Err("`id` must be a text that isn't empty"));
        check(of, json!({}), Err("`id` is needed"));
        check(of, json!({ "id": null }), Err("`id` is needed"));
        check(of, json!({ "id": ["7"] }), Err("`id` must be a text"));
        for value in ["a/b", "a\\b", "%2e%2e", "..;x", "a\nb"] {
            check(of, id(value), Err("can't have `/`"));
        }
        let both = "https://api.acme.example/orders/v{id}.{format}?expand=lines&x=%20";
        let arguments = json!({ "id": ".", "format": "json" });
        check(both, arguments, Ok("https://api.acme.example/orders/v..json?expand=lines&x=%20"));
        let dots = "https://api.acme.example/{id}{format}";
        check(dots, json!({ "id": ".", "format": "." }), Err("`..` can't be a part"));
        check("https://api.acme.example/.{id}", id("."), Err("`..` can't be a part"));
        check("https://api.acme.example", json!({}), Ok("https://api.acme.example/"));
        check("https://api.acme.example/a/", json!({}), Ok("https://api.acme.example/a/"));
    }

    #[test]
    fn an_address_is_whole_and_over_https() {
        fn check(url: &str, words: &str) {
            let complaints = read(url).err().unwrap_or_default();
            assert!(complaints.contains(words), "{url}: {complaints}");
        }
        check("http://api.acme.example/", "must begin with https://");
        check("{id}", "must begin with https://");
        check("https://{id}.acme.example/", "a part of the path alone");
        check("https://api.acme.example:{id}/", "a part of the path alone");
        check("https://api.acme.example:8443/", "it has a port: leave it out");
        check("https://[2001:db8::1]:8443/", "it has a port");
        check("https://me:pw@api.acme.example/", "`credentials.token`");
        check("https:///orders", "its host must be a name");
        check("https://API.acme.example/", "in small letters");
        check("https://api.acme.example/a//b", "empty segment");
        check("https://api.acme.example/a/../b", "`..` is no segment");
        check("https://api.acme.example/a b", "percent-encoded");
        check("https://api.acme.example/a#b", "percent-encoded");
        check("https://api.acme.example/a;b", "percent-encoded");
        check("https://api.acme.example/{id", "is not closed");
        check("https://api.acme.example/id}", "percent-encoded");
        check("https://api.acme.example/{order}", "no property `order`; there is `format`, `id`");
        check("https://api.acme.example/?id={id}", "arguments go into `query`");
    }
}
