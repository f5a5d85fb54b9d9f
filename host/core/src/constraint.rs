//! What a tenant's grant lets a model write into an argument, within what the tool's own schema takes.
//!
//! A constraint narrows the schema that the model is offered, and is enforced again on what it answered. The offered
//! schema is pinned with the run, as all that the model was told; what is enforced is the grant of the moment, so
//! that what a tenant narrows today holds for a run that began before. Arguments that are bound need no constraint.
//!
//! An argument that may be left out may still be left out. One that is there must be of the constraint's kind: `null`,
//! or a number written as text, is no way around a `maximum`.

mod narrow;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};

pub use narrow::{Error, narrow};

use crate::{conversation::Conversation, facts::Fact, schema::Schema};

/// What one argument must be, in the words of a grant: `{ pattern = "\\+1[0-9]{10}" }`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Constraint {
    /// One of these values.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// A text that this expression matches from its first character to its last. The engine is the linear-time one:
    /// no look-around, no back-references.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// A text of at most that many characters (Unicode code points, as JSON Schema counts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// A number from this one on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// A number up to this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    /// What this fact of the call is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals_fact: Option<Fact>,
}

/// Constraints, by argument.
pub type Constraints = BTreeMap<String, Constraint>;

impl Constraint {
    fn is_of_text(&self) -> bool {
        self.pattern.is_some() || self.max_length.is_some()
    }

    fn is_of_number(&self) -> bool {
        self.minimum.is_some() || self.maximum.is_some()
    }

    /// As a schema of the argument. What depends on the call is not in it.
    fn schema(&self) -> Map<String, Value> {
        let kind = match (self.is_of_text(), self.is_of_number()) {
            (true, _) => Some("string"),
            (_, true) => Some("number"),
            _ => None,
        };
        let all = [
            ("type", kind.map(|kind| json!(kind))),
            ("enum", self.one_of.as_ref().map(|values| json!(values))),
            ("pattern", self.pattern.as_deref().map(|pattern| json!(whole(pattern)))),
            ("maxLength", self.max_length.map(|most| json!(most))),
            ("minimum", self.minimum.as_ref().map(|number| json!(number))),
            ("maximum", self.maximum.as_ref().map(|number| json!(number))),
        ];
        all.into_iter().filter_map(|(keyword, value)| Some((keyword.to_owned(), value?))).collect()
    }
}

/// The expression that matches whole texts alone.
fn whole(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

/// What constraints say of arguments, as a schema of them all. None: nothing that a schema could say.
pub fn enforced(constraints: &Constraints) -> Option<Value> {
    let parts: Map<String, Value> = constraints
        .iter()
        .map(|(argument, constraint)| (argument.clone(), constraint.schema()))
        .filter(|(_, schema)| !schema.is_empty())
        .map(|(argument, schema)| (argument, Value::Object(schema)))
        .collect();
    (!parts.is_empty()).then(|| json!({ "type": "object", "properties": parts }))
}

/// Why arguments may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The model wrote something else than the grant allows.
    #[error("the tenant's grant allows only some values here: {}", .0.join("; "))]
    Arguments(Vec<String>),
    /// The platform didn't say what the constraint compares with.
    #[error("`{argument}` must equal {fact}, which this call doesn't have")]
    FactMissing {
        /// The argument that the grant constrains.
        argument: String,
        /// What is missing.
        fact: Fact,
    },
}

/// Holds arguments to constraints; `enforced` is what [`enforced`] makes of these, ready.
///
/// # Errors
/// Says, for the model, which constraint an argument breaks.
pub fn hold(
    constraints: &Constraints,
    enforced: Option<&Schema>,
    arguments: &Map<String, Value>,
    conversation: &Conversation,
) -> Result<(), Refused> {
    let document = Value::Object(arguments.clone());
    let mut complaints = enforced.map(|schema| schema.complaints(&document)).unwrap_or_default();
    for (argument, constraint) in constraints {
        let (Some(fact), Some(written)) = (constraint.equals_fact, arguments.get(argument)) else { continue };
        let missing = || Refused::FactMissing { argument: argument.clone(), fact };
        let wanted = fact.of(conversation).ok_or_else(missing)?;
        if !same(written, &wanted) {
            complaints.push(format!("at /{argument}: it must be {wanted} ({fact})"));
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(Refused::Arguments(complaints)) }
}

/// Numbers are the same however they are written.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Direction;

    fn check(constraint: Value, argument: Value, expected: Result<(), &str>) {
        let constraint: Constraint = serde_json::from_value(constraint).expect("a constraint");
        let constraints = Constraints::from([("a".to_owned(), constraint)]);
        let schema = enforced(&constraints).map(|schema| Schema::compile(&schema).expect("a schema"));
        let conversation = Conversation {
            direction: Some(Direction::Inbound),
            from: Some("+15550100".into()),
            ..Conversation::new("vapi".parse().expect("a name"), "c")
        };
        let arguments = Map::from_iter([("a".to_owned(), argument.clone()), ("b".to_owned(), json!("free"))]);
        match (hold(&constraints, schema.as_ref(), &arguments, &conversation), expected) {
            (Ok(()), Ok(())) => {}
            (Err(refused), Err(words)) => assert!(refused.to_string().contains(words), "{refused}"),
            (got, expected) => panic!("{constraints:?} on {argument}: {got:?} instead of {expected:?}"),
        }
        let absent = Map::from_iter([("b".to_owned(), json!("free"))]);
        assert_eq!(hold(&constraints, schema.as_ref(), &absent, &conversation), Ok(()), "it may be left out");
    }

    #[test]
    fn arguments_are_held_to_constraints() {
        let one_of = || json!({"enum": ["low", "high"]});
        check(one_of(), json!("low"), Ok(()));
        check(one_of(), json!("urgent"), Err("at /a: \"urgent\" is not one of"));
        check(one_of(), json!(null), Err("at /a"));
        let pattern = || json!({"pattern": "\\+1[0-9]{10}|none"});
        check(pattern(), json!("+12125550100"), Ok(()));
        check(pattern(), json!("none"), Ok(()));
        for other in ["+121255501000", "x+12125550100", "none of it", "+12125550100\n", "", "+1212555010\u{0661}"] {
            check(pattern(), json!(other), Err("does not match"));
        }
        check(pattern(), json!(12_125_550_100_u64), Err("is not of type \"string\""));
        check(pattern(), json!(null), Err("is not of type \"string\""));
        check(json!({"max_length": 3}), json!("äöü"), Ok(()));
        check(json!({"max_length": 3}), json!("äöüß"), Err("longer than 3 characters"));
        check(json!({"max_length": 3}), json!(["a", "b"]), Err("is not of type \"string\""));
        let range = || json!({"minimum": 0, "maximum": 99.5});
        check(range(), json!(0), Ok(()));
        check(range(), json!(99.5), Ok(()));
        check(range(), json!(100), Err("greater than the maximum of 99.5"));
        check(range(), json!(-1), Err("less than the minimum of 0"));
        check(range(), json!("1000"), Err("is not of type \"number\""));
        check(range(), json!(null), Err("is not of type \"number\""));
    }

    #[test]
    fn an_argument_is_compared_with_the_calls_own_fact() {
        check(json!({"equals_fact": "call.contact"}), json!("+15550100"), Ok(()));
        check(json!({"equals_fact": "call.contact"}), json!("+15550666"), Err("must be \"+15550100\" (call.contact)"));
        check(json!({"equals_fact": "call.to"}), json!("+15550199"), Err("which this call doesn't have"));
        assert!(same(&json!(5), &json!(5.0)) && !same(&json!("5"), &json!(5)));
    }

    #[test]
    fn an_unknown_constraint_is_named() {
        let error = serde_json::from_value::<Constraint>(json!({"maxlength": 3})).expect_err("unknown").to_string();
        assert!(error.contains("unknown field `maxlength`") && error.contains("`max_length`"), "{error}");
    }
}
