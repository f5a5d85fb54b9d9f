//! JSON that is written once and then carried about as it is.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// A value as JSON.
pub(crate) fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    to_raw_value(value).expect("texts, numbers and JSON documents serialise")
}
