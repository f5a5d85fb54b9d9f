//! What many runs hold in common.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A value that many hold at once, such as a tool that the runs of an assistant pin: to hold it as well costs nothing, and
/// it is written down once for all of them, as JSON and as nothing else.
pub struct Shared<T>(Arc<Inner<T>>);

struct Inner<T> {
    value: T,
    json: OnceLock<Box<RawValue>>,
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(Inner { value, json: OnceLock::new() }))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = self.0.json.get_or_init(|| {
            serde_json::value::to_raw_value(&**self).expect("the value serialises: its maps have text keys")
        });
        json.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_written_and_read_as_what_it_is() {
        let value = json!({ "b": [1.5, "\"\u{e9}"], "a": null });
        let shared = Shared::from(value.clone());
        for held in [shared.clone(), shared] {
            assert_eq!(serde_json::to_string(&[&held]).expect("JSON"), format!("[{value}]"));
            assert_eq!(serde_json::to_value(&held).expect("JSON"), value);
        }
        let read: Shared<serde_json::Value> = serde_json::from_str(&value.to_string()).expect("it is read");
        assert_eq!(read, Shared::from(value));
        assert_ne!(read, Shared::from(json!(1)));
    }
}
