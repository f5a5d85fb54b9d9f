//! Properties that are to be set.

use aftercall::Instant;
use serde::Serialize;
use serde_json::{Map, Value};

/// Properties that are to be set; what isn't among them stays as it is.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Properties(Map<String, Value>);

impl Properties {
    /// Adds a property, where there is a value for it. A blank one would erase what is there, so it is none.
    #[must_use]
    pub fn set(mut self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        let value = value.as_ref().map_or("", |value| value.as_ref().trim());
        if !value.is_empty() {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Adds a property that is to be erased.
    #[must_use]
    pub fn cleared(mut self, name: &str) -> Self {
        self.0.insert(name.to_owned(), "".into());
        self
    }

    /// Whether none is to be set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one is to be set.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Their names, as a request lists them.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.join(",")
    }

    /// Whether what is told of each is what it is to be set to.
    pub(crate) fn are_those_of<'a>(&self, told: impl Fn(&str) -> &'a str) -> bool {
        self.0.iter().all(|(name, set)| is_same(told(name), set.as_str().unwrap_or_default()))
    }
}

/// Whether a property says what it was set to: the same text, or another form of the same number or instant.
fn is_same(told: &str, set: &str) -> bool {
    let at_ms = |text: &str| text.parse().ok().map(Instant::as_ms);
    told.split_whitespace().eq(set.split_whitespace())
        || number(told).is_some_and(|told| number(set) == Some(told))
        || at_ms(told).is_some_and(|told| at_ms(set) == Some(told))
}

/// A decimal number without zeros at its end that say nothing. `None` of what is none.
fn number(text: &str) -> Option<&str> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if digits.is_empty() || !are_digits(digits) || !are_digits(fraction) {
        return None;
    }
    Some(if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_may_have_another_form() {
        for (told, set, same) in [
            ("150", "150.00", true),
            ("150.0", "150.00", true),
            (" a  b\r\n", "a b", true),
            ("2026-12-01T12:00:00.000Z", "2026-12-01T12:00:00Z", true),
            ("2026-12-01T12:00:01Z", "2026-12-01T12:00:00Z", false),
            ("150.1", "150", false),
            ("150", "15", false),
            ("100", "1", false),
            ("-150.0", "-150", true),
            ("a.0", "a", false),
            ("2026-12-01", "2026-12-02", false),
            ("", "0", false),
            ("", "", true),
        ] {
            assert_eq!(is_same(told, set), same, "{told} {set}");
        }
    }

    #[test]
    fn what_is_blank_erases_nothing() {
        let properties =
            Properties::default().set("a", Some(" x ")).set("b", Some(" \n")).set("c", None::<&str>).cleared("d");
        assert_eq!(serde_json::to_value(&properties).expect("it is JSON"), serde_json::json!({ "a": "x", "d": "" }));
        assert_eq!(properties.names(), "a,d");
    }
}
