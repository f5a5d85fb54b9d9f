//! A schema with its references followed and its conjunctions drawn together.

use serde_json::{Value, map::Entry};

use super::{Inexpressible, Schema};

/// Most references that lead to one another: core refuses a schema that refers to itself, so this is never reached.
const STEPS_MAX: usize = 64;

/// The schema that a part of `root` is, without a `$ref` or `allOf` of its own, as far as one schema can say it.
pub(super) fn resolved(part: &Value, root: &Value) -> Result<Schema, Inexpressible> {
    draw(part, root, STEPS_MAX)
}

fn draw(part: &Value, root: &Value, steps: usize) -> Result<Schema, Inexpressible> {
    let steps = steps.checked_sub(1).ok_or(Inexpressible)?;
    let mut schema = part.as_object().ok_or(Inexpressible)?.clone();
    if let Some(reference) = schema.remove("$ref") {
        let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
        let target = pointer.and_then(|pointer| root.pointer(pointer)).ok_or(Inexpressible)?;
        let target = draw(target, root, steps)?;
        schema = both(schema, target)?;
    }
    match schema.remove("allOf") {
        Some(Value::Array(parts)) => {
            parts.iter().try_fold(schema, |schema, part| both(schema, draw(part, root, steps)?))
        }
        Some(_) => Err(Inexpressible),
        None => Ok(schema),
    }
}

/// One schema that says what both say. What describes is taken from the first.
fn both(mut one: Schema, other: Schema) -> Result<Schema, Inexpressible> {
    for (name, theirs) in other {
        let entry = match one.entry(name) {
            Entry::Vacant(place) => {
                place.insert(theirs);
                continue;
            }
            Entry::Occupied(entry) => entry,
        };
        let name = entry.key().clone();
        match (name.as_str(), entry.into_mut(), theirs) {
            ("title" | "description" | "default" | "examples" | "$defs" | "definitions", ..) => {}
            ("properties", Value::Object(ours), Value::Object(theirs)) => {
                for (field, theirs) in theirs {
                    let ours = ours.entry(field).or_insert_with(|| theirs.clone());
                    if *ours != theirs {
                        return Err(Inexpressible);
                    }
                }
            }
            ("required", Value::Array(ours), Value::Array(theirs)) => {
                let new: Vec<Value> = theirs.into_iter().filter(|name| !ours.contains(name)).collect();
                ours.extend(new);
            }
            (_, ours, theirs) if *ours == theirs => {}
            _ => return Err(Inexpressible),
        }
    }
    Ok(one)
}
