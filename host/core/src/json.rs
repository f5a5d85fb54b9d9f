//! JSON kept as it was written.

use std::fmt;

use serde::{
    Deserialize, Serialize,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

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
        serde_json::from_str::<Tree>(&text)?;
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
    pub fn value(&self) -> Value {
        let Tree(tree) = serde_json::from_str(&self.0).expect("checked when it was made");
        tree
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

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
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

/// A document as a tree, of which no key is more than a key. `serde_json` reads its own trees otherwise: it takes an object
/// whose first key is a certain one for something of its own, and may refuse it.
struct Tree(Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor).map(Self)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Tree(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Tree(value))) = members.next_entry()? {
            object.insert(name, value);
        }
        Ok(object.into())
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
    fn what_is_kept_can_be_read_as_a_tree() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        let (most, more) = (nested(126), nested(127));
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
        for value in values {
            let text = format!("{{\"a\":{value}}}");
            let tree: Result<Value, _> = serde_json::from_str(&text);
            assert_eq!(Json::parse(&*text).ok().map(|json| json.value()), tree.ok(), "{text}");
        }
    }

    /// Of all keys there are, `serde_json` takes one for its own where it is the first.
    #[test]
    fn no_key_is_more_than_a_key() {
        const KEY: &str = "$serde_json::private::RawValue";
        for value in ["1", "\"{\"", "\"{}\"", "[]"] {
            for text in [format!(r#"{{"{KEY}":{value}}}"#), format!(r#"[{{"{KEY}":{value},"a":1}}]"#)] {
                let tree = Json::parse(&*text).expect("it is JSON").value();
                assert_eq!(tree.to_string(), text);
                assert_eq!(Json::from(&tree).value(), tree);
            }
        }
    }
}
