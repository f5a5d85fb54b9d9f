//! Values of the live call's parameters that no provider takes: a record may have been written by anybody, and a request
//! that is refused for a temperature helps nobody.

use std::ops::RangeInclusive;

use serde_json::{Value, value::RawValue};

/// Whether it is a number within.
pub(crate) fn is_number(value: &RawValue, within: RangeInclusive<f64>) -> bool {
    read(value).as_f64().is_some_and(|number| within.contains(&number))
}

/// Whether it is a whole number within.
pub(crate) fn is_whole(value: &RawValue, within: RangeInclusive<i64>) -> bool {
    read(value).as_i64().is_some_and(|number| within.contains(&number))
}

/// Whether it is one of these words.
pub(crate) fn is_word(value: &RawValue, words: &[&str]) -> bool {
    read(value).as_str().is_some_and(|word| words.contains(&word))
}

/// Whether it is a text.
pub(crate) fn is_text(value: &RawValue) -> bool {
    value.get().starts_with('"')
}

fn read(value: &RawValue) -> Value {
    serde_json::from_str(value.get()).unwrap_or_default()
}
