//! The schema that the model sees, narrowed by constraints, and what stands in the way of that.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value, json};

use super::{Constraint, Constraints, whole};
use crate::{binding::Bindings, facts::Fact, schema::Schema};

/// Deepest chain of references and alternatives that is looked into for what an argument can be.
const KINDS_DEPTH_MAX: u32 = 16;

/// Why a constraint can't hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The tool has no such argument.
    #[error("the tool has no argument `{argument}`; it has: {}", known.join(", "))]
    NoSuchArgument {
        /// The argument that the grant constrains.
        argument: String,
        /// What the tool does have.
        known: Vec<String>,
    },
    /// The host fills it.
    #[error("`{argument}` is bound to {fact}: no model writes it, so leave the constraint out, or the binding")]
    Bound {
        /// The argument that the grant constrains.
        argument: String,
        /// To what it is bound.
        fact: Fact,
    },
    /// It says nothing, or says things that don't go together.
    #[error("`{argument}`: {why}")]
    Senseless {
        /// The argument that the grant constrains.
        argument: String,
        /// What is wrong with it, and what would be right.
        why: String,
    },
    /// Nothing could pass both the tool's schema and the constraint.
    #[error("`{argument}`: the tool's own schema says otherwise: {why}")]
    Contradiction {
        /// The argument that the grant constrains.
        argument: String,
        /// In what.
        why: String,
    },
}

/// The schema that the model sees: constrained arguments are narrowed in it, by `enum`, `pattern`, `maxLength`,
/// `minimum` and `maximum`, which every provider's subset of JSON Schema knows. What these can't say is added to the
/// argument's description.
///
/// # Errors
/// A constraint names no argument that the model writes, contradicts itself, or contradicts the schema.
pub fn narrow(schema: &Value, bindings: &Bindings, constraints: &Constraints) -> Result<Value, Error> {
    let mut narrowed = schema.clone();
    for (argument, constraint) in constraints {
        if let Some(fact) = bindings.get(argument) {
            return Err(Error::Bound { argument: argument.clone(), fact: *fact });
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let known = || properties.map(|all| all.keys().cloned().collect()).unwrap_or_default();
        let own = properties.and_then(|properties| properties.get(argument));
        let own = own.ok_or_else(|| Error::NoSuchArgument { argument: argument.clone(), known: known() })?;
        let property = Property { root: schema, argument, own };
        property.check(constraint)?;
        narrowed["properties"][argument] = property.narrowed(constraint);
    }
    Ok(narrowed)
}

/// One argument in the tool's schema.
struct Property<'a> {
    root: &'a Value,
    argument: &'a str,
    own: &'a Value,
}

impl Property<'_> {
    fn senseless(&self, why: impl Into<String>) -> Error {
        Error::Senseless { argument: self.argument.to_owned(), why: why.into() }
    }

    fn contradiction(&self, why: impl Into<String>) -> Error {
        Error::Contradiction { argument: self.argument.to_owned(), why: why.into() }
    }

    fn check(&self, constraint: &Constraint) -> Result<(), Error> {
        let (text, number) = (constraint.is_of_text(), constraint.is_of_number());
        let fact = constraint.equals_fact;
        if !text && !number && constraint.one_of.is_none() && fact.is_none() {
            let known = "`enum`, `pattern`, `max_length`, `minimum`, `maximum` or `equals_fact`";
            return Err(self.senseless(format!("the constraint says nothing: write {known}")));
        }
        if fact.is_some() && (text || number || constraint.one_of.is_some()) {
            return Err(self.senseless("`equals_fact` says all: leave the others out"));
        }
        if text && number {
            return Err(self.senseless("it can't be a text and a number at once"));
        }
        let is_text = |fact: Fact| !matches!(fact, Fact::StartedAt | Fact::EndedAt);
        if (text || fact.is_some_and(is_text)) && !self.takes(&["string"]) {
            return Err(
                self.contradiction(format!("it takes {}, and the constraint speaks of text", self.kinds_in_words()))
            );
        }
        if (number || fact.is_some_and(|fact| !is_text(fact))) && !self.takes(&["number", "integer"]) {
            let kinds = self.kinds_in_words();
            return Err(self.contradiction(format!("it takes {kinds}, and the constraint speaks of numbers")));
        }
        self.check_pattern(constraint)?;
        self.check_range(constraint)?;
        self.check_length(constraint)?;
        self.check_values(constraint)
    }

    fn check_pattern(&self, constraint: &Constraint) -> Result<(), Error> {
        let Some(pattern) = &constraint.pattern else { return Ok(()) };
        // By itself too: `a)|(b` is one only in brackets that are not its own.
        for expression in [pattern.clone(), whole(pattern)] {
            compiled(&json!({ "pattern": expression }))
                .map_err(|why| self.senseless(format!("the pattern `{pattern}` can't be used: {why}")))?;
        }
        Ok(())
    }

    fn check_range(&self, constraint: &Constraint) -> Result<(), Error> {
        let number = |number: &Option<Number>| number.as_ref().and_then(Number::as_f64);
        let own = |keyword: &str| self.own.get(keyword).and_then(Value::as_f64);
        let (least, most) = (number(&constraint.minimum), number(&constraint.maximum));
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            return Err(self.senseless(format!("no number is from {least} to {most}")));
        }
        if least.is_none() && most.is_none() {
            return Ok(());
        }
        let lower = [least, own("minimum"), own("exclusiveMinimum")].into_iter().flatten().fold(f64::MIN, f64::max);
        let upper = [most, own("maximum"), own("exclusiveMaximum")].into_iter().flatten().fold(f64::MAX, f64::min);
        let (lower, upper, least) = match self.kinds() {
            Some(kinds) if !kinds.contains("number") => (lower.ceil(), upper.floor(), "no whole number"),
            _ => (lower, upper, "no number"),
        };
        let shut = own("exclusiveMinimum") == Some(lower) || own("exclusiveMaximum") == Some(upper);
        if lower > upper || (shut && lower >= upper) {
            return Err(self.contradiction(format!("{least} is within both")));
        }
        Ok(())
    }

    fn check_length(&self, constraint: &Constraint) -> Result<(), Error> {
        let least = self.own.get("minLength").and_then(Value::as_u64).unwrap_or(0);
        match constraint.max_length {
            Some(most) if most < least => {
                Err(self
                    .contradiction(format!("it takes texts from {least} characters on, and `max_length` is {most}")))
            }
            _ => Ok(()),
        }
    }

    /// Listed values must pass; where the tool lists its own, one of those must.
    fn check_values(&self, constraint: &Constraint) -> Result<(), Error> {
        let unusable = |why: String| self.contradiction(format!("its schema can't be used: {why}"));
        if let Some(values) = &constraint.one_of {
            if values.is_empty() {
                return Err(self.senseless("`enum` lists nothing, so nothing could be written there"));
            }
            let tools = self.alone().map_err(unusable)?;
            let rest = Constraint { one_of: None, ..constraint.clone() };
            let rest = compiled(&Value::Object(rest.schema())).map_err(|why| self.senseless(why))?;
            for value in values {
                let of = |schema: &Schema, name: &str| schema.complaints(&json!({ name: value })).into_iter().next();
                if let Some(complaint) = of(&tools, self.argument) {
                    return Err(self.contradiction(complaint));
                }
                if let Some(complaint) = of(&rest, ARGUMENT) {
                    return Err(self.senseless(format!("`enum` lists what the constraint itself refuses: {complaint}")));
                }
            }
        }
        match self.own_values() {
            Some(values) if self.passing(values, constraint).is_empty() => {
                Err(self.contradiction("none of the values that it lists passes the constraint"))
            }
            _ => Ok(()),
        }
    }

    fn own_values(&self) -> Option<&Vec<Value>> {
        self.own.get("enum").and_then(Value::as_array)
    }

    fn passing(&self, values: &[Value], constraint: &Constraint) -> Vec<Value> {
        let schema = compiled(&Value::Object(constraint.schema()));
        let passes = |value: &&Value| match &schema {
            Ok(schema) => schema.complaints(&json!({ ARGUMENT: value })).is_empty(),
            Err(_) => false,
        };
        values.iter().filter(passes).cloned().collect()
    }

    /// The argument's schema as that of the only argument.
    fn alone(&self) -> Result<Schema, String> {
        let mut alone = json!({ "type": "object", "properties": self.root["properties"] });
        for definitions in ["$defs", "definitions"] {
            if let Some(known) = self.root.get(definitions) {
                alone[definitions] = known.clone();
            }
        }
        Schema::compile(&alone).map_err(|error| error.to_string())
    }

    fn narrowed(&self, constraint: &Constraint) -> Value {
        let mut schema = self.own.as_object().cloned().unwrap_or_default();
        let mut also = Vec::new();
        let own = |keyword: &str| self.own.get(keyword).and_then(Value::as_f64);
        for (keyword, value) in constraint.schema() {
            let tighter = match keyword.as_str() {
                "type" if value == "number" && !self.takes(&["number"]) => Some(json!("integer")),
                "pattern" if self.own.get("pattern").is_some_and(|pattern| *pattern != value) => {
                    also.push(format!("It matches `{}`.", value.as_str().unwrap_or_default()));
                    None
                }
                "maxLength" | "maximum" if own(&keyword) <= value.as_f64() && own(&keyword).is_some() => None,
                "minimum" if own(&keyword) >= value.as_f64() => None,
                _ => Some(value),
            };
            schema.extend(tighter.map(|value| (keyword, value)));
        }
        if let (Some(values), None) = (self.own_values(), &constraint.one_of) {
            schema.insert("enum".to_owned(), json!(self.passing(values, constraint)));
        }
        if schema
            .get("default")
            .is_some_and(|default| self.passing(std::slice::from_ref(default), constraint).is_empty())
        {
            schema.remove("default");
        }
        also.extend(constraint.equals_fact.map(|fact| format!("It equals {fact}.")));
        describe(&mut schema, &also);
        Value::Object(schema)
    }

    fn takes(&self, kinds: &[&str]) -> bool {
        self.kinds().is_none_or(|known| kinds.iter().any(|kind| known.contains(kind)))
    }

    fn kinds(&self) -> Option<BTreeSet<&str>> {
        kinds(self.root, self.own, KINDS_DEPTH_MAX)
    }

    fn kinds_in_words(&self) -> String {
        self.kinds().map(|kinds| kinds.into_iter().collect::<Vec<_>>().join(" or ")).unwrap_or_default()
    }
}

/// What a schema that was made for one argument calls it.
const ARGUMENT: &str = "argument";

fn compiled(schema: &Value) -> Result<Schema, String> {
    let whole = json!({ "type": "object", "properties": { ARGUMENT: schema } });
    Schema::compile(&whole).map_err(|error| error.to_string())
}

/// The types that a schema takes. None: it doesn't say.
fn kinds<'a>(root: &'a Value, schema: &'a Value, depth: u32) -> Option<BTreeSet<&'a str>> {
    let depth = depth.checked_sub(1)?;
    match schema.get("type") {
        Some(Value::String(kind)) => return Some(BTreeSet::from([kind.as_str()])),
        Some(Value::Array(all)) => return Some(all.iter().filter_map(Value::as_str).collect()),
        _ => {}
    }
    if let Some(pointer) = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#')) {
        return kinds(root, root.pointer(pointer)?, depth);
    }
    let alternatives = ["anyOf", "oneOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array())?;
    let mut all = BTreeSet::new();
    for alternative in alternatives {
        all.extend(kinds(root, alternative, depth)?);
    }
    Some(all)
}

fn describe(schema: &mut Map<String, Value>, also: &[String]) {
    if also.is_empty() {
        return;
    }
    let own = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let text = format!("{own} {}", also.join(" "));
    schema.insert("description".to_owned(), json!(text.trim()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["to", "text"],
            "$defs": {"phone": {"type": "string", "pattern": "^\\+[1-9][0-9]{1,14}$"}},
            "properties": {
                "to": {"$ref": "#/$defs/phone"},
                "cc": {"anyOf": [{"$ref": "#/$defs/phone"}, {"type": "null"}]},
                "text": {"type": "string", "description": "What to say.", "minLength": 1, "maxLength": 1600},
                "code": {"type": ["string", "null"], "pattern": "^[A-Z]+$", "default": null},
                "level": {"type": "string", "enum": ["low", "high", "urgent"]},
                "count": {"type": "integer", "minimum": 1, "maximum": 10},
                "price": {"type": "number", "exclusiveMaximum": 100},
                "at": {"type": "integer"},
                "what": {},
            },
        })
    }

    fn constraints(argument: &str, constraint: Value) -> Constraints {
        Constraints::from([(argument.to_owned(), serde_json::from_value(constraint).expect("a constraint"))])
    }

    fn check(argument: &str, constraint: Value, expected: Result<Value, &str>) {
        let constraints = constraints(argument, constraint);
        let bindings = Bindings::from([("at".to_owned(), Fact::EndedAt)]);
        match (narrow(&schema(), &bindings, &constraints), expected) {
            (Ok(narrowed), Ok(expected)) => {
                assert_eq!(narrowed["properties"][argument], expected, "{constraints:?}");
                let mut rest = narrowed.clone();
                rest["properties"][argument] = schema()["properties"][argument].clone();
                assert_eq!(rest, schema(), "nothing else changes");
                Schema::compile(&narrowed).expect("it is a schema all the same");
            }
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (got, expected) => panic!("{constraints:?}: {got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn a_constraint_narrows_what_the_model_sees() {
        let text = |more: Value| {
            let mut text = schema()["properties"]["text"].clone();
            text.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            Ok(text)
        };
        check("text", json!({"max_length": 320}), text(json!({"maxLength": 320})));
        check("text", json!({"max_length": 2000}), text(json!({})));
        check("text", json!({"pattern": "a|b"}), text(json!({"pattern": "^(?:a|b)$"})));
        check("text", json!({"enum": ["a"]}), text(json!({"enum": ["a"]})));
        let equal = "What to say. It equals call.contact.";
        check("text", json!({"equals_fact": "call.contact"}), text(json!({"description": equal})));
        check(
            "to",
            json!({"pattern": "\\+1.*"}),
            Ok(json!({"$ref": "#/$defs/phone", "type": "string", "pattern": "^(?:\\+1.*)$"})),
        );
        check("to", json!({"enum": ["+1555"]}), Ok(json!({"$ref": "#/$defs/phone", "enum": ["+1555"]})));
        let cc = schema()["properties"]["cc"]["anyOf"].clone();
        check("cc", json!({"max_length": 5}), Ok(json!({"anyOf": cc, "type": "string", "maxLength": 5})));
        let code = json!({"type": "string", "pattern": "^[A-Z]+$", "description": "It matches `^(?:X.*)$`."});
        check("code", json!({"pattern": "X.*"}), Ok(code));
        check(
            "level",
            json!({"pattern": "low|high"}),
            Ok(json!({"type": "string", "enum": ["low", "high"], "pattern": "^(?:low|high)$"})),
        );
        check("level", json!({"enum": ["low"]}), Ok(json!({"type": "string", "enum": ["low"]})));
        check("count", json!({"maximum": 3}), Ok(json!({"type": "integer", "minimum": 1, "maximum": 3})));
        check(
            "count",
            json!({"maximum": 30, "minimum": 0}),
            Ok(json!({"type": "integer", "minimum": 1, "maximum": 10})),
        );
        check("price", json!({"minimum": 0.5}), Ok(json!({"type": "number", "exclusiveMaximum": 100, "minimum": 0.5})));
        check("what", json!({"maximum": 3}), Ok(json!({"type": "number", "maximum": 3})));
    }

    #[test]
    fn a_constraint_that_can_not_hold_says_why() {
        let cases = [
            ("txt", json!({"max_length": 3}), "no argument `txt`; it has: "),
            ("at", json!({"maximum": 3}), "`at` is bound to call.ended-at"),
            ("text", json!({}), "says nothing: write `enum`"),
            ("text", json!({"equals_fact": "call.from", "max_length": 3}), "says all"),
            ("what", json!({"pattern": "a", "maximum": 3}), "a text and a number at once"),
            ("text", json!({"maximum": 3}), "it takes string, and the constraint speaks of numbers"),
            ("count", json!({"pattern": "1"}), "it takes integer, and the constraint speaks of text"),
            ("count", json!({"equals_fact": "call.from"}), "speaks of text"),
            ("text", json!({"equals_fact": "call.ended-at"}), "speaks of numbers"),
            ("to", json!({"minimum": 3}), "it takes string, and"),
            ("cc", json!({"minimum": 3}), "it takes null or string, and"),
            ("text", json!({"pattern": "("}), "the pattern `(` can't be used"),
            ("text", json!({"pattern": "a)|(?:b"}), "can't be used"),
            ("text", json!({"pattern": "(?=a)"}), "can't be used"),
            ("text", json!({"pattern": "(a)\\1"}), "can't be used"),
            ("text", json!({"max_length": 0}), "texts from 1 characters on"),
            ("count", json!({"minimum": 3, "maximum": 2}), "no number is from 3 to 2"),
            ("count", json!({"minimum": 11}), "no whole number is within both"),
            ("count", json!({"minimum": 1.2, "maximum": 1.8}), "no whole number is within both"),
            ("price", json!({"minimum": 100}), "no number is within both"),
            ("level", json!({"enum": []}), "lists nothing"),
            ("level", json!({"enum": ["low", "lowest"]}), "\"lowest\" is not one of"),
            ("to", json!({"enum": ["555"]}), "\"555\" does not match"),
            ("text", json!({"enum": ["abc"], "max_length": 2}), "what the constraint itself refuses"),
            ("level", json!({"pattern": "x.*"}), "none of the values that it lists"),
        ];
        for (argument, constraint, words) in cases {
            check(argument, constraint, Err(words));
        }
    }
}
