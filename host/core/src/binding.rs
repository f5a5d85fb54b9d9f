//! Arguments that the host fills, so that no sentence spoken on a call can change them.
//!
//! A bound argument is taken out of the schema that the model sees. What the model writes there all the
//! same is refused by the schema, not overwritten in silence.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{conversation::Conversation, facts::Fact};

/// Which argument is filled with which fact of the call.
pub type Bindings = BTreeMap<String, Fact>;

/// Why arguments can't be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The tool has no such argument.
    #[error("`{argument}` is bound to {fact}, but the tool has no such argument; it has: {known}")]
    NoSuchArgument {
        /// The argument that the grant binds.
        argument: String,
        /// To what.
        fact: Fact,
        /// What the tool does have.
        known: String,
    },
    /// The platform didn't say what the binding needs.
    #[error("`{argument}` is bound to {fact}, which this call doesn't have")]
    FactMissing {
        /// The argument that the grant binds.
        argument: String,
        /// What is missing.
        fact: Fact,
    },
}

/// The schema that the model sees: bound arguments are gone from it.
///
/// # Errors
/// A binding names an argument that the tool doesn't have.
pub fn offered_schema(schema: &Value, bindings: &Bindings) -> Result<Value, Error> {
    let mut offered = schema.clone();
    for (argument, fact) in bindings {
        let properties = offered.get_mut("properties").and_then(Value::as_object_mut);
        let known = || match schema.get("properties").and_then(Value::as_object) {
            Some(properties) => properties.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
            None => String::new(),
        };
        if properties.and_then(|properties| properties.remove(argument)).is_none() {
            return Err(Error::NoSuchArgument { argument: argument.clone(), fact: *fact, known: known() });
        }
        if let Some(required) = offered.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| name.as_str() != Some(argument));
        }
    }
    Ok(offered)
}

/// The arguments that the tool gets: what the model wrote, and the bound ones.
///
/// # Errors
/// A fact that a binding needs is missing from this call.
pub fn fill(
    mut arguments: Map<String, Value>,
    bindings: &Bindings,
    conversation: &Conversation,
) -> Result<Map<String, Value>, Error> {
    for (argument, fact) in bindings {
        let missing = || Error::FactMissing { argument: argument.clone(), fact: *fact };
        arguments.insert(argument.clone(), fact.of(conversation).ok_or_else(missing)?);
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conversation::Direction;

    fn conversation() -> Conversation {
        Conversation {
            direction: Some(Direction::Inbound),
            from: Some("+15550100".into()),
            to: Some("+15550199".into()),
            ..Conversation::new("vapi".parse().expect("a name"), "c")
        }
    }

    #[test]
    fn a_bound_argument_leaves_the_schema_and_comes_back_from_the_call() {
        let schema = json!({"type": "object", "required": ["to", "text"], "properties": {"to": {}, "text": {}}});
        let bindings = Bindings::from([("to".to_owned(), Fact::Contact)]);
        let offered = offered_schema(&schema, &bindings).expect("it has `to`");
        assert_eq!(offered, json!({"type": "object", "required": ["text"], "properties": {"text": {}}}));

        let written = json!({"text": "hi"}).as_object().cloned().expect("an object");
        let filled = fill(written.clone(), &bindings, &conversation()).expect("the call has a contact");
        assert_eq!(Value::Object(filled), json!({"text": "hi", "to": "+15550100"}));

        let outbound = Conversation { direction: Some(Direction::Outbound), ..conversation() };
        assert_eq!(fill(written.clone(), &bindings, &outbound).expect("it has one")["to"], "+15550199");
        let unknown = Conversation { direction: None, ..conversation() };
        let error = fill(written, &bindings, &unknown).expect_err("nobody knows").to_string();
        assert!(error.contains("`to`") && error.contains("call.contact"), "{error}");
    }

    #[test]
    fn a_binding_of_no_argument_names_those_there_are() {
        let schema = json!({"type": "object", "properties": {"to": {}, "text": {}}});
        let bindings = Bindings::from([("too".to_owned(), Fact::Contact)]);
        let error = offered_schema(&schema, &bindings).expect_err("no such argument").to_string();
        assert!(error.contains("`too`") && error.contains("to"), "{error}");
    }
}
