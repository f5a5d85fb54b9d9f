//! Gates that look at one variable each: a consent, and conditions of any kind.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::{
    Error, Skip,
    variable::{Missing, Variable, Variables, echo, order, plain, same, truth},
};

/// The variable that must be `true` for any work to be done. Nothing but `true` and the text of it is a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Which variable.
    pub variable: Variable,
    /// What becomes of a call without it. By default it is skipped.
    #[serde(default)]
    pub missing: Missing,
}

/// What must hold of a variable: `{ variable = "lead/score", at_least = 5, at_most = 9 }`. All that is said must hold.
///
/// A text that says `true`, `false` or a number, as platforms write them, is as good as that itself. What can't be read as
/// what it is compared with doesn't hold, `is_not` included. Texts are the same in whatever case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Which variable.
    pub variable: Variable,
    /// It is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Value>,
    /// It is something else than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_not: Option<Value>,
    /// It is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// It is a number from this one on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Number>,
    /// It is a number up to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Number>,
    /// It is there, or it isn't: nothing, `null` and a blank text are not there. Stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// What becomes of a call without it. By default it is skipped.
    #[serde(default)]
    pub missing: Missing,
}

impl Consent {
    pub(super) fn check(&self, variables: &Variables) -> Result<(), Skip> {
        let found = variables.get(&self.variable);
        let is_given = found.map_or(self.missing.is_pass(), |found| truth(found) == Some(true));
        let found = || found.map(|found| echo(&found.to_string()));
        if is_given { Ok(()) } else { Err(Skip::NoConsent { variable: self.variable.clone(), found: found() }) }
    }
}

impl Condition {
    pub(super) fn check(&self, variables: &Variables) -> Result<(), Skip> {
        let found = variables.get(&self.variable);
        let holds = match (self.exists, found) {
            (Some(exists), found) => exists == found.is_some(),
            (None, None) => self.missing.is_pass(),
            (None, Some(found)) => self.holds(found),
        };
        if holds {
            return Ok(());
        }
        let found = found.map(|found| echo(&found.to_string()));
        Err(Skip::Condition { variable: self.variable.clone(), wanted: self.to_string(), found })
    }

    fn holds(&self, found: &Value) -> bool {
        self.is.as_ref().is_none_or(|wanted| same(wanted, found) == Some(true))
            && self.is_not.as_ref().is_none_or(|other| same(other, found) == Some(false))
            && self.one_of.as_ref().is_none_or(|any| any.iter().any(|wanted| same(wanted, found) == Some(true)))
            && self.at_least.as_ref().is_none_or(|least| order(found, least).is_some_and(|order| order.is_ge()))
            && self.at_most.as_ref().is_none_or(|most| order(found, most).is_some_and(|order| order.is_le()))
    }

    /// What can't be meant.
    pub(super) fn error(&self) -> Option<Error> {
        let compares = self.is.is_some()
            || self.is_not.is_some()
            || self.one_of.is_some()
            || self.at_least.is_some()
            || self.at_most.is_some();
        let is_scalar = |value: &Value| plain(value).is_some_and(|text| !text.trim().is_empty());
        let are_scalars = |mut values: std::slice::Iter<'_, Value>| values.all(is_scalar);
        match self.exists {
            None if !compares => Some(Error::NoComparison),
            Some(_) if compares || self.missing.is_pass() => Some(Error::ExistsAndMore),
            _ if self.one_of.as_ref().is_some_and(Vec::is_empty) => Some(Error::NoneOf),
            _ if !are_scalars(self.is.as_slice().iter()) => Some(Error::NoScalar("is")),
            _ if !are_scalars(self.is_not.as_slice().iter()) => Some(Error::NoScalar("is_not")),
            _ if !are_scalars(self.one_of.as_deref().unwrap_or_default().iter()) => Some(Error::NoScalar("one_of")),
            _ => None,
        }
    }
}

/// What is wanted of the variable, without its name: `is at least 5 and is at most 9`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any = self.one_of.as_ref().map(|any| any.iter().map(Value::to_string).collect::<Vec<_>>().join(", "));
        let parts = [
            self.is.as_ref().map(|wanted| format!("is {wanted}")),
            self.is_not.as_ref().map(|other| format!("is not {other}")),
            any.map(|any| format!("is one of {any}")),
            self.at_least.as_ref().map(|least| format!("is at least {least}")),
            self.at_most.as_ref().map(|most| format!("is at most {most}")),
            self.exists.map(|exists| if exists { "is there" } else { "is not there" }.to_owned()),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(" and "))
    }
}
