//! A variable that the platform extracted, and how it compares with what an operator wrote.
//!
//! Platforms write the same thing in many ways: `false` and `"false"`, `5` and `"5"`. What is to be a boolean or a
//! number is read out of a text too. What can't be read as what it is compared with is neither equal nor unequal.

use std::{cmp::Ordering, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::{conversation::Conversation, json::Json};

/// Most characters of what a platform wrote that are repeated. Protects journals, and whoever reads them.
const ECHO_CHARS_MAX: usize = 64;

/// A variable's place: a JSON pointer (RFC 6901) without the slash in front, as in `lead/score`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Variable(String);

/// A text that is no variable's place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no variable: write its name, or the way to it as in `lead/score`, where `~1` stands for a `/` and `~0` \
     for a `~` in a name"
)]
pub struct InvalidVariable(String);

/// What becomes of a call without the variable, or without a reason for its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// This gate holds it back.
    #[default]
    Skip,
    /// It passes this gate.
    Pass,
}

impl Missing {
    pub(super) fn pass() -> Self {
        Self::Pass
    }

    pub(super) fn is_pass(&self) -> bool {
        *self == Self::Pass
    }
}

/// All that a platform extracted from one call.
pub(super) struct Variables(Option<Value>);

impl Variables {
    pub(super) fn of(call: &Conversation) -> Self {
        Self(call.variables.as_ref().map(Json::value))
    }

    /// What the platform wrote there. `null` and blank texts are how platforms say that they found nothing.
    pub(super) fn get(&self, variable: &Variable) -> Option<&Value> {
        let found = self.0.as_ref()?.pointer(&format!("/{}", variable.0))?;
        let is_nothing = found.is_null() || found.as_str().is_some_and(|text| text.trim().is_empty());
        (!is_nothing).then_some(found)
    }
}

/// Whether what was found is what is wanted. None: it can't be read as such.
pub(super) fn same(wanted: &Value, found: &Value) -> Option<bool> {
    match wanted {
        Value::Bool(wanted) => truth(found).map(|found| found == *wanted),
        Value::Number(wanted) => order(found, wanted).map(Ordering::is_eq),
        Value::String(wanted) => plain(found).map(|found| folded(&found) == folded(wanted)),
        _ => None,
    }
}

/// A boolean, or its name.
pub(super) fn truth(found: &Value) -> Option<bool> {
    found.as_bool().or_else(|| found.as_str()?.trim().to_ascii_lowercase().parse().ok())
}

/// How what was found compares with a number. None: it is none, nor the text of one.
pub(super) fn order(found: &Value, wanted: &Number) -> Option<Ordering> {
    let found = match found {
        Value::Number(found) => found.clone(),
        Value::String(text) => serde_json::from_str(text.trim()).ok()?,
        _ => return None,
    };
    // As floating-point numbers, two long integers may seem the same.
    match (found.as_i128(), wanted.as_i128()) {
        (Some(found), Some(wanted)) => Some(found.cmp(&wanted)),
        _ => found.as_f64()?.partial_cmp(&wanted.as_f64()?),
    }
}

/// A text as it is, and a boolean or a number as it is written. None: it is a list or an object.
pub(super) fn plain(found: &Value) -> Option<String> {
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(found.to_string()),
        _ => None,
    }
}

/// A text as it is compared: platforms and their models write `Interested` as well as `interested`.
pub(super) fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A text to be repeated: short, and without control characters.
pub(super) fn echo(text: &str) -> String {
    let short = text.chars().take(ECHO_CHARS_MAX);
    let more = text.chars().nth(ECHO_CHARS_MAX).map(|_| '…');
    short.map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).chain(more).collect()
}

impl TryFrom<String> for Variable {
    type Error = InvalidVariable;

    fn try_from(text: String) -> Result<Self, InvalidVariable> {
        let is_escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        // An empty name is an empty step too: `/lead` and `lead/` are slips, not variables.
        if text.split('/').any(str::is_empty) || !is_escaped { Err(InvalidVariable(text)) } else { Ok(Self(text)) }
    }
}

impl From<Variable> for String {
    fn from(variable: Variable) -> String {
        variable.0
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
