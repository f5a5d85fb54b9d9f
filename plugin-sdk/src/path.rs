//! Which paths the host lets pass. The SDK refuses the others itself, so that the fake does too, and says what is wrong.

use serde_json::Value;

use crate::path_segment;

/// What to say of a path that [isn't canonical](is_canonical).
pub(crate) const WORDS: &str = "a part of its path is empty, is `.` or `..`, or holds `/`, `\\`, `%`, `;` or a control \
                                character, and no such path is sent";

/// Whether a path can mean one thing alone, to the host and to any server (RFC 3986, section 6.2.2): no dot segments, no empty
/// segment before the last, and no percent-codes of what needs none or of what servers take for syntax once decoded.
pub(crate) fn is_canonical(path: &str) -> bool {
    let Some(inner) = path.strip_prefix('/') else { return false };
    let last = inner.split('/').count() - 1;
    let mut segments = inner.split('/').enumerate();
    let is_plain = |segment: &str| !matches!(segment.split(';').next(), Some("." | ".."));
    let are_plain = segments.all(|(index, segment)| is_plain(segment) && (index == last || !segment.is_empty()));
    are_plain && !path.contains('\\') && path.split('%').skip(1).all(is_needed)
}

/// Whether what follows a `%` is a code that needs to be one.
fn is_needed(code: &str) -> bool {
    let byte = code.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    byte.is_some_and(|byte| {
        let is_unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        !is_unreserved && !byte.is_ascii_control() && !matches!(byte, b'/' | b'\\' | b'%' | b';')
    })
}

/// Which of the settings has the text for which a URL's path isn't canonical, such as `regions[0].site`. `None`, where none has
/// one: of an empty text nobody can tell whether it came of an argument.
pub(crate) fn setting_in(url: &str, settings: &str) -> Option<String> {
    let url = url.split('?').next()?;
    let is_in_it = |text: &str| !text.is_empty() && (begins(url, text) || is_segment(url, text));
    setting(&serde_json::from_str(settings).ok()?, String::new(), &is_in_it)
}

/// The first setting of a text like this.
fn setting(value: &Value, place: String, is_it: &dyn Fn(&str) -> bool) -> Option<String> {
    match value {
        Value::String(text) => is_it(text).then_some(place),
        Value::Array(each) => {
            each.iter().enumerate().find_map(|(index, each)| setting(each, format!("{place}[{index}]"), is_it))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            setting(field, place, is_it)
        }),
        _ => None,
    }
}

/// Whether a URL begins with this text and can't be sent for it, or for the slash that follows a last one.
fn begins(url: &str, text: &str) -> bool {
    let Some(rest) = url.strip_prefix(text) else { return false };
    let through = if rest.starts_with('/') { format!("{text}/") } else { text.to_owned() };
    through.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some() && !is_canonical(uri.path()))
}

/// Whether this text is a segment of the URL, and of no path that can be sent.
fn is_segment(url: &str, text: &str) -> bool {
    let segment = path_segment(text);
    !is_canonical(&format!("/{segment}")) && url.split('/').any(|each| each == segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_path_may_be_a_setting() {
        let settings = r#"{"site":"a/b","none":"","base":"https://x.example.com/fhir//R4","slash":"https://y.example.com/",
            "regions":[{"name":"..","at":7},{"name":"eu"}],"plain":"eu"}"#;
        let check = |url: &str, expected: Option<&str>| {
            assert_eq!(setting_in(url, settings).as_deref(), expected, "{url}");
        };
        check("https://api.example.com/a%2Fb/1", Some("site"));
        check("https://api.example.com/v1/%2E%2E?q=1", Some("regions[0].name"));
        check("https://x.example.com/fhir//R4/Patient/1", Some("base"));
        check("https://y.example.com//Patient", Some("slash"));
        check("https://y.example.com/a%2Fc", None);
        check("https://y.example.com/eu/%2E", None);
        check("https://api.example.com/c%2Fd/1", None);
        assert_eq!(setting_in("https://api.example.com/%2E", "{"), None);
    }
}
