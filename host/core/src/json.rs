//! JSON kept as it was written.

use std::fmt;

use serde::{
    Deserialize, Serialize,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// A JSON document, byte for byte as somebody wrote it: a provider's own message, a tool's schema.
///
/// It is stored as a string, so that the bytes survive any journal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Json(String);

impl Json {
    /// Keeps a text that is one JSON document, no deeper than 128 levels: whatever is kept can be read as a tree.
    ///
    /// # Errors
    /// Says where the text stops being JSON, or gets too deep.
    pub fn parse(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<Readable>(&text)?;
        Ok(Self(text))
    }

    /// Writes a value down.
    pub fn of(value: &impl Serialize) -> Self {
        Self(serde_json::to_string(value).expect("the value serialises: its maps have text keys"))
    }

    /// The document's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The document as a tree.
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).expect("checked when it was made")
    }

    /// The document for embedding in another one without touching its bytes.
    pub fn raw(&self) -> Box<RawValue> {
        RawValue::from_string(self.0.clone()).expect("checked when it was made")
    }
}

impl TryFrom<&RawValue> for Json {
    type Error = serde_json::Error;

    fn try_from(raw: &RawValue) -> Result<Self, serde_json::Error> {
        Self::parse(raw.get())
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        Self(value.to_string())
    }
}

impl Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A document that can be read as a tree, none of which is kept: that takes a third of the time.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Readable {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_storage_and_embedding() {
        let text = r#"{"b": 1.00,  "a":"\u00e9"}"#;
        let json = Json::parse(text).expect("JSON");
        let stored = serde_json::to_string(&json).expect("serialises");
        let back: Json = serde_json::from_str(&stored).expect("reads back");
        assert_eq!(back.as_str(), text);
        assert_eq!(serde_json::to_string(&[back.raw()]).expect("serialises"), format!("[{text}]"));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in ["", "{", "1 2", "nul", &deep] {
            assert!(Json::parse(text).is_err(), "`{text}` must be refused");
        }
    }

    #[test]
    fn what_is_kept_can_be_read_as_a_tree_and_nothing_else_is() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        let (most, more) = (nested(127), nested(128));
        let member = |value: &str| format!("{{\"a\":{value}}}");
        let values = [
            "null",
            "true",
            "0",
            "-1",
            "1.5",
            "1e999",
            "-0",
            "18446744073709551616",
            "01",
            "\"\"",
            r#""\ud800""#,
            r#""\ud83d\ude00""#,
            r#""\x""#,
            "\"\n\"",
            "[]",
            "[1,]",
            "{}",
            r#"{"b":1,"b":2}"#,
            r#"{"\udfff":1}"#,
            "{1:2}",
            &most,
            &more,
        ];
        for text in values.iter().map(|value| (*value).to_owned()).chain(values.iter().map(|value| member(value))) {
            let tree = serde_json::from_str::<serde_json::Value>(&text);
            assert_eq!(Json::parse(&*text).is_ok(), tree.is_ok(), "{text}");
        }
    }
}
