//! Places in a JSON answer.

use std::fmt::Display;

use serde_json::Value;

use crate::mistakes::Mistakes;

/// A JSON pointer (RFC 6901).
pub(crate) struct Pointer(String);

impl Pointer {
    /// A pointer of the settings.
    pub(crate) fn read(text: String, place: impl Display, mistakes: &mut Mistakes) -> Self {
        if !text.is_empty() && !text.starts_with('/') {
            mistakes.at(place, format_args!("`{text}` is no JSON pointer: write `/{text}`"));
        }
        Self(text)
    }

    /// What stands there.
    pub(crate) fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        value.pointer(&self.0)
    }

    /// What stands there, if it says something.
    pub(crate) fn said<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.of(value).filter(|value| says_something(value))
    }
}

/// Whether a value says that there is something: a server that has nothing to tell of writes null, `false`, 0, or
/// something empty.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(said) => *said,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_empty_says_nothing() {
        fn check(value: Value, expected: bool) {
            let pointer = Pointer::read("/a/0".to_owned(), "result", &mut Mistakes::default());
            let body = json!({ "a": [value] });
            assert_eq!(pointer.said(&body).is_some(), expected, "{body}");
        }
        check(json!("no"), true);
        check(json!(4), true);
        check(json!(true), true);
        check(json!([null]), true);
        check(json!({ "id": null }), true);
        check(json!(null), false);
        check(json!(false), false);
        check(json!(0), false);
        check(json!(0.0), false);
        check(json!(""), false);
        check(json!([]), false);
        check(json!({}), false);
    }

    #[test]
    fn a_pointer_begins_with_a_slash() {
        fn check(text: &str, expected: Result<(), &str>) {
            let mut mistakes = Mistakes::default();
            Pointer::read(text.to_owned(), "result", &mut mistakes);
            assert_eq!(mistakes.none(), expected.map_err(str::to_owned));
        }
        check("", Ok(()));
        check("/a~1b/0", Ok(()));
        check("a", Err("result: `a` is no JSON pointer: write `/a`"));
    }
}
