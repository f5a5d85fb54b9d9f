//! The parameters of the live call, in this format's words.

use std::collections::BTreeMap;

use aftercall_core::model::{Failure, TurnRequest};
use serde_json::{Map, Value, value::RawValue};

use crate::{
    openai::{model, sound},
    parameters::passed_on,
    raw::raw,
};

/// Those that go out as they are. The format's other ones are set by the request itself, or concern what it hasn't: the
/// provider's memory, its tools, streams.
const KNOWN: [&str; 10] = [
    "instructions",
    "metadata",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "temperature",
    "top_p",
    "truncation",
    "user",
];

/// What a model that thinks refuses.
const OF_SAMPLING: [&str; 2] = ["temperature", "top_p"];

/// The parameters, by their names on the wire; `include` among them, where the model has thoughts to include.
pub(super) fn of(request: &TurnRequest<'_>, model: &str) -> Result<BTreeMap<String, Box<RawValue>>, Failure> {
    let given = passed_on(&request.conversation.model.parameters, &[])?;
    let value = |name: &str| given.get(name).and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
    let reasoning = reasoning(request, model, value("reasoning"), value("reasoning_effort"));
    let effort = reasoning.get("effort").and_then(Value::as_str);
    let thinks = effort.map_or_else(|| model::thinks(model), |effort| effort != "none");
    let is_known = |name: &str| KNOWN.contains(&name) && !(thinks && OF_SAMPLING.contains(&name));
    let mut parameters: BTreeMap<_, _> = given
        .iter()
        .filter(|(name, value)| is_known(name) && sound::is_taken(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut set = |name: &str, value: Value| parameters.insert(name.to_owned(), raw(&value));
    let verbosity = || value("text")?.get("verbosity").cloned();
    if let Some(verbosity) = verbosity().or_else(|| value("verbosity")).filter(|verbosity| !verbosity.is_null()) {
        set("text", Value::from_iter([("verbosity", verbosity)]));
    }
    if !reasoning.is_empty() {
        set("reasoning", reasoning.into());
    }
    if thinks {
        set("include", vec!["reasoning.encrypted_content"].into());
    }
    Ok(parameters)
}

/// How the model is to think: as it is pinned, else as on the call.
fn reasoning(
    request: &TurnRequest<'_>,
    model: &str,
    given: Option<Value>,
    effort: Option<Value>,
) -> Map<String, Value> {
    let mut reasoning = match given {
        Some(Value::Object(mut given)) => {
            given.retain(|name, value| name != "effort" || value.is_null() || sound::is_effort(value));
            given
        }
        _ => Map::new(),
    };
    let pinned = request.model.reasoning.map(|pinned| model::effort(model, pinned.effort()).into());
    if let Some(effort) = pinned.or_else(|| effort.filter(sound::is_effort)) {
        reasoning.insert("effort".to_owned(), effort);
    }
    reasoning
}
