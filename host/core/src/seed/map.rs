//! The operator's map: which live tool does what a post-call tool does, and where its arguments are found.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{facts::Fact, run::PinnedTool, schema::Schema};

/// A live tool that does what a post-call tool does, as the configuration says it:
///
/// ```toml
/// [[already]]
/// live = "book_slot"
/// arguments = { patient = "arguments/patient_id", start = "result/slot/start", location = "=main" }
/// succeeded = { "result/status" = "booked" }
/// receipt = "result/booking_id"
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Already {
    /// The live tool's name.
    pub live: String,
    /// The post-call tool's arguments, and what each of them is in the live call. Those that say which effect it is
    /// must be there. Where no others are, an attempt at the same effect is answered as done before, whatever else
    /// it asks for; else it must agree on all its arguments, and is a conflict if it doesn't. Of a tool all of whose
    /// arguments say which effect it is, an attempt with one more is another effect.
    pub arguments: BTreeMap<String, Source>,
    /// Whether the post-call tool is the live tool itself: its arguments are all that the live call has, and `arguments` go
    /// over them. The configuration can't say so.
    #[serde(skip)]
    pub is_same: bool,
    /// What must stand where for the live call to have done it. Something else there: it didn't. Nothing there: it is
    /// unclear. What stands in the arguments tells apart what a live tool was asked for, as to book or to cancel.
    ///
    /// Where this is empty, the result's own words count: if `ok` or `success` is false, or `error` says something, it
    /// wasn't done. An empty result, and one that the platform marks as an error, leave it unclear: a tool that ran
    /// out of time is marked so too. With any other result it was done.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub succeeded: BTreeMap<Place, Value>,
    /// Where the vendor's identifier of what was made stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Place>,
    /// Who clears it up if the live call leaves open what it did.
    #[serde(default)]
    pub unclear: Unclear,
}

/// Who clears up an effect that the live call may have had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unclear {
    /// The post-call tool: one that is idempotent does it once more, one that isn't asks the vendor. Right only if
    /// it knows the effect again without its key, which the live call never had: by the content, or because doing it
    /// twice is doing it once.
    Settle,
    /// A person: it is never tried after the call.
    #[default]
    Person,
}

/// A place in a live call: a JSON pointer (RFC 6901) behind `arguments` or `result`. A result that isn't JSON is text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// In what the live tool was asked for.
    Arguments(String),
    /// In what it answered.
    Result(String),
}

/// What an argument of the post-call tool is: a text in the form of a [`Place`]; one that begins with `=` stands for
/// what follows; what is no text stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Source {
    /// What stands there.
    At(Place),
    /// The same in every call.
    Always(Value),
}

/// A text that is no place in a live call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no place in a live call: write `arguments/NAME` or `result/NAME`, where `~1` stands for a `/` and `~0` \
     for a `~` in a name; an argument that is always the same is written `=TEXT`"
)]
pub struct InvalidPlace(String);

/// What is wrong with a map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is nothing that could be done twice.
    #[error("`{tool}` only reads, so it does nothing twice: map nothing to it")]
    Reads {
        /// The post-call tool.
        tool: String,
    },
    /// The post-call tool has no such argument.
    #[error("`{tool}` has no argument `{argument}`; it has: {known}")]
    NoSuchArgument {
        /// The post-call tool.
        tool: String,
        /// What the map names.
        argument: String,
        /// What the tool does have.
        known: String,
    },
    /// The host fills it already.
    #[error("`{argument}` is bound to {fact} in the grant: leave it out of the map")]
    Bound {
        /// The argument.
        argument: String,
        /// To what.
        fact: Fact,
    },
    /// It can't be told which effect it is.
    #[error(
        "`{argument}` says which effect of `{tool}` it is: say where it stands in a call of `{live}`, as \
         `arguments/NAME` or `result/NAME`, or what it always is, as `=TEXT`"
    )]
    Incomplete {
        /// The post-call tool.
        tool: String,
        /// The live tool.
        live: String,
        /// The argument.
        argument: String,
    },
    /// What it always is, it can't be.
    #[error("`{argument}` can't be that: {complaint}")]
    Unfit {
        /// The argument.
        argument: String,
        /// What the post-call tool's schema says.
        complaint: String,
    },
}

/// Checks a map against the tool that it is for. Empty: nothing is wrong.
pub fn check(map: &Already, tool: &PinnedTool) -> Vec<Error> {
    let name = || tool.name.clone();
    if !tool.effect.writes() {
        return vec![Error::Reads { tool: name() }];
    }
    let schema = tool.schema.value();
    let none = Map::new();
    let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let properties = properties(tool);
    let mut errors = Vec::new();
    for (argument, source) in &map.arguments {
        let argument = argument.clone();
        let complaint = match (&properties, source) {
            (Some(schema), Source::Always(value)) => complaint(schema, &argument, value),
            _ => None,
        };
        if let Some(fact) = tool.bindings.get(&argument) {
            errors.push(Error::Bound { argument, fact: *fact });
        } else if !known.contains_key(&argument) {
            let known = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            errors.push(Error::NoSuchArgument { tool: name(), argument, known });
        } else if let Some(complaint) = complaint {
            errors.push(Error::Unfit { argument, complaint });
        }
    }
    let is_given =
        |argument: &String| map.is_same || map.arguments.contains_key(argument) || tool.bindings.contains_key(argument);
    let missing = identifying(tool).into_iter().filter(|argument| !is_given(argument));
    errors.extend(missing.map(|argument| Error::Incomplete { tool: name(), live: map.live.clone(), argument }));
    errors
}

/// The arguments without which it can't be told which effect it is. Where all arguments say so, those that may not be
/// left out.
pub(super) fn identifying(tool: &PinnedTool) -> Vec<String> {
    if !tool.identity.is_empty() {
        return tool.identity.clone();
    }
    let schema = tool.schema.value();
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    required.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// What the tool's schema says of each argument by itself. None: that can't be told apart from the rest of it.
pub(super) fn properties(tool: &PinnedTool) -> Option<Schema> {
    let mut schema = tool.schema.value();
    schema.as_object_mut()?.retain(|keyword, _| matches!(keyword.as_str(), "type" | "properties" | "$defs"));
    Schema::compile(&schema).ok()
}

/// What is wrong with a value of an argument. None: nothing.
pub(super) fn complaint(properties: &Schema, argument: &str, value: &Value) -> Option<String> {
    properties.complaints(&json!({ argument: value })).into_iter().next()
}

impl TryFrom<String> for Place {
    type Error = InvalidPlace;

    fn try_from(text: String) -> Result<Self, InvalidPlace> {
        let (root, pointer) = text.split_at(text.find('/').unwrap_or(text.len()));
        let is_escaped = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        match root {
            "arguments" if is_escaped => Ok(Self::Arguments(pointer.to_owned())),
            "result" if is_escaped => Ok(Self::Result(pointer.to_owned())),
            _ => Err(InvalidPlace(text)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Arguments(pointer) => write!(f, "arguments{pointer}"),
            Place::Result(pointer) => write!(f, "result{pointer}"),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        place.to_string()
    }
}

impl TryFrom<Value> for Source {
    type Error = InvalidPlace;

    fn try_from(value: Value) -> Result<Self, InvalidPlace> {
        match value {
            Value::String(text) => match text.strip_prefix('=') {
                Some(always) => Ok(Self::Always(always.into())),
                None => text.try_into().map(Self::At),
            },
            other => Ok(Self::Always(other)),
        }
    }
}

impl From<Source> for Value {
    fn from(source: Source) -> Value {
        match source {
            Source::At(place) => place.to_string().into(),
            Source::Always(Value::String(text)) => format!("={text}").into(),
            Source::Always(other) => other,
        }
    }
}
