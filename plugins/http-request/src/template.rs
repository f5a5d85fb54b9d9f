//! Templates: JSON in which `{"$": "…"}` stands for something of the call.

use aftercall::Context;
use serde_json::{Map, Value};

use crate::mistakes::{Mistakes, listed};

/// JSON with places that are filled in for each call.
pub(crate) enum Template {
    /// No object and no list.
    Fixed(Value),
    List(Vec<Template>),
    Object(Vec<(String, Template)>),
    /// All arguments.
    Arguments,
    /// One top-level argument.
    Argument(String),
    /// The effect's idempotency key.
    Key,
    /// The conversation's opaque name.
    Conversation,
}

/// What templates are filled with.
pub(crate) struct Values<'a> {
    pub(crate) arguments: &'a Map<String, Value>,
    key: &'a str,
    conversation: &'a str,
}

/// The arguments that a tool declares.
pub(crate) struct Declared<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Values<'a> {
    /// Of one call.
    pub(crate) fn of(arguments: &'a Map<String, Value>, cx: &'a Context) -> Self {
        Self { arguments, key: cx.key(), conversation: cx.conversation() }
    }
}

impl Declared<'_> {
    /// That there is such an argument.
    pub(crate) fn check(&self, name: &str, place: &str, mistakes: &mut Mistakes) {
        let properties = self.0.get("properties").and_then(Value::as_object);
        if !properties.is_some_and(|properties| properties.contains_key(name)) {
            let known = listed(properties.into_iter().flatten().map(|(name, _)| name.as_str()));
            mistakes.at(place, format_args!("`parameters` has no property `{name}`; there is {known}"));
        }
    }
}

impl Template {
    /// A template of the settings.
    pub(crate) fn read(value: &Value, declared: &Declared<'_>, place: &str, mistakes: &mut Mistakes) -> Self {
        match value {
            Value::Object(members) => match members.get("$") {
                Some(word) => {
                    if members.len() > 1 {
                        mistakes.at(place, "an object with `$` has no other member: it is replaced as a whole");
                    }
                    Self::place_of(word, declared, place, mistakes)
                }
                None => {
                    let member = |(name, value): (&String, &Value)| {
                        (name.clone(), Self::read(value, declared, &format!("{place}.{name}"), mistakes))
                    };
                    Self::Object(members.iter().map(member).collect())
                }
            },
            Value::Array(items) => {
                let item = |(index, value): (usize, &Value)| {
                    Self::read(value, declared, &format!("{place}[{index}]"), mistakes)
                };
                Self::List(items.iter().enumerate().map(item).collect())
            }
            fixed => Self::Fixed(fixed.clone()),
        }
    }

    fn place_of(word: &Value, declared: &Declared<'_>, place: &str, mistakes: &mut Mistakes) -> Self {
        match word.as_str() {
            Some("arguments") => Self::Arguments,
            Some("key") => Self::Key,
            Some("conversation") => Self::Conversation,
            Some(other) => match other.strip_prefix("arguments.") {
                Some(name) => {
                    declared.check(name, place, mistakes);
                    Self::Argument(name.to_owned())
                }
                None => Self::unknown(word, place, mistakes),
            },
            None => Self::unknown(word, place, mistakes),
        }
    }

    fn unknown(word: &Value, place: &str, mistakes: &mut Mistakes) -> Self {
        let words = "write `arguments`, `arguments.NAME`, `key` or `conversation`";
        mistakes.at(place, format_args!("`$` says {word}, which stands for nothing: {words}"));
        Self::Fixed(Value::Null)
    }

    /// This template in one call. None: an argument that isn't there, so that the member is left out.
    pub(crate) fn fill(&self, values: &Values<'_>) -> Option<Value> {
        match self {
            Self::Fixed(value) => Some(value.clone()),
            Self::List(items) => Some(items.iter().filter_map(|item| item.fill(values)).collect()),
            Self::Object(members) => {
                let filled = members.iter().filter_map(|(name, member)| Some((name.clone(), member.fill(values)?)));
                Some(Value::Object(filled.collect()))
            }
            Self::Arguments => Some(Value::Object(values.arguments.clone())),
            Self::Argument(name) => values.arguments.get(name).cloned(),
            Self::Key => Some(values.key.into()),
            Self::Conversation => Some(values.conversation.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use serde_json::json;

    use super::*;

    fn read(template: &Value) -> Result<Template, String> {
        let parameters = json!({ "type": "object", "properties": { "name": {}, "a.b": {}, "list": {} } });
        let declared = Declared(parameters.as_object().unwrap());
        let mut mistakes = Mistakes::default();
        let template = Template::read(template, &declared, "body", &mut mistakes);
        mistakes.none().map(|()| template)
    }

    #[test]
    fn places_are_filled_in() {
        fn check(template: Value, arguments: Value, expected: Option<Value>) {
            let values = Values { arguments: arguments.as_object().unwrap(), key: "k1", conversation: "c1" };
            assert_eq!(read(&template).map_err(|_| ()).unwrap().fill(&values), expected, "{template}");
        }
        let ana = || json!({ "name": "Ana", "list": [1, 2] });
        check(json!({ "$": "arguments" }), ana(), Some(ana()));
        check(json!({ "$": "arguments.name" }), ana(), Some(json!("Ana")));
        check(json!({ "$": "arguments.name" }), json!({}), None);
        check(json!({ "$": "arguments.name" }), json!({ "name": null }), Some(json!(null)));
        check(json!({ "$": "arguments.a.b" }), json!({ "a.b": 1, "a": { "b": 2 } }), Some(json!(1)));
        check(json!({ "$": "key" }), ana(), Some(json!("k1")));
        check(json!({ "$": "conversation" }), ana(), Some(json!("c1")));
        check(json!("$"), ana(), Some(json!("$")));
        check(json!({}), ana(), Some(json!({})));
        let nested = json!({
            "message": { "toolCallList": [{ "id": { "$": "key" }, "arguments": { "$": "arguments" } }] },
            "name": { "$": "arguments.name" },
            "more": ["x", { "$": "arguments.name" }, 7, true, null],
        });
        let filled = |name: Option<&str>, arguments: Value| {
            let mut filled = json!({
                "message": { "toolCallList": [{ "id": "k1", "arguments": arguments }] },
                "more": ["x", 7, true, null],
            });
            if let Some(name) = name {
                filled["name"] = json!(name);
                filled["more"].as_array_mut().unwrap().insert(1, json!(name));
            }
            Some(filled)
        };
        check(nested.clone(), ana(), filled(Some("Ana"), ana()));
        check(nested, json!({}), filled(None, json!({})));
        // What an argument holds is text, never a template.
        let sly = json!({ "name": { "$": "key" } });
        check(json!({ "$": "arguments.name" }), sly.clone(), Some(json!({ "$": "key" })));
        check(json!({ "$": "arguments" }), sly.clone(), Some(sly));
    }

    #[test]
    fn mistakes_name_their_place() {
        fn check(template: Value, expected: &[&str]) {
            let complaints = read(&template).err().unwrap_or_default();
            for words in expected {
                assert!(complaints.contains(words), "{template}: {complaints}");
            }
            assert_eq!(complaints.split("; body").count(), expected.len(), "{complaints}");
        }
        check(json!({ "$": "arguments", "x": 1 }), &["body: an object with `$` has no other member"]);
        check(
            json!({ "a": [0, { "$": "argument" }] }),
            &["body.a[1]: `$` says \"argument\", which stands for nothing"],
        );
        check(json!({ "a": { "$": 7 }, "b": { "$": "arguments." } }), &["body.a: `$` says 7", "body.b: `parameters`"]);
        let known = "there is `a.b`, `list`, `name`";
        check(json!({ "a": { "$": "arguments.nam" } }), &[&format!("no property `nam`; {known}")]);
    }
}
