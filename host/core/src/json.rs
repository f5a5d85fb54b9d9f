//! JSON kept as it was written.

use std::{
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

/// A JSON document, byte for byte as somebody wrote it: a provider's own message, a tool's schema. White space around it
/// isn't part of it.
///
/// It is stored as a string, so that the bytes survive any journal.
#[derive(Debug, Clone)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Keeps a text that is one JSON document, no deeper than 128 levels: whatever is kept can be read as a tree.
    ///
    /// # Errors
    /// Says where the text stops being JSON, or gets too deep.
    pub fn parse(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<Document<()>>(&text)?;
        RawValue::from_string(text).map(Self)
    }

    /// Writes a value down.
    pub fn of(value: &impl Serialize) -> Self {
        Self(serde_json::value::to_raw_value(value).expect("the value serialises: its maps have text keys"))
    }

    /// The document's text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The document as a tree.
    pub fn value(&self) -> Value {
        let Document(tree) = serde_json::from_str(self.as_str()).expect("checked when it was made");
        tree
    }

    /// The document for embedding in another one without touching its bytes.
    pub fn raw(&self) -> &RawValue {
        &self.0
    }
}

impl TryFrom<&RawValue> for Json {
    type Error = serde_json::Error;

    fn try_from(raw: &RawValue) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<Document<()>>(raw.get())?;
        Ok(Self(raw.to_owned()))
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        Self::of(value)
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

impl Hash for Json {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.as_str().hash(hasher);
    }
}

impl Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A document of which no key is more than a key. `serde_json` reads its own trees otherwise: it takes an object whose first
/// key is a certain one for something of its own, and may refuse it.
struct Document<T>(T);

/// What becomes of a document that is read: a tree, or nothing where it is enough that it can be read.
trait Reading: Sized {
    type Key: DeserializeOwned;
    fn scalar(value: impl Into<Value>) -> Self;
    fn list(items: Vec<Self>) -> Self;
    fn object(members: Vec<(Self::Key, Self)>) -> Self;
}

impl Reading for Value {
    type Key = String;

    fn scalar(value: impl Into<Value>) -> Self {
        value.into()
    }

    fn list(items: Vec<Self>) -> Self {
        Self::Array(items)
    }

    fn object(members: Vec<(String, Self)>) -> Self {
        Self::Object(members.into_iter().collect())
    }
}

impl Reading for () {
    type Key = IgnoredAny;

    fn scalar(_: impl Into<Value>) -> Self {}

    fn list(_: Vec<Self>) -> Self {}

    fn object(_: Vec<(IgnoredAny, Self)>) -> Self {}
}

impl<'de, T: Reading> Deserialize<'de> for Document<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor(PhantomData)).map(Self)
    }
}

struct DocumentVisitor<T>(PhantomData<T>);

impl<'de, T: Reading> Visitor<'de> for DocumentVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::scalar(()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::scalar(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::scalar(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::scalar(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(T::scalar(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<T, E> {
        Ok(T::scalar(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        let mut list = Vec::new();
        while let Some(Document(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(T::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<T, A::Error> {
        let mut object = Vec::new();
        while let Some((name, Document(value))) = members.next_entry()? {
            object.push((name, value));
        }
        Ok(T::object(object))
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
