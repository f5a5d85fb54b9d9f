//! The parameters of the live call, as a server takes them, and how much the model thinks.

use std::collections::BTreeMap;

use aftercall_core::model::{Effort, Failure, Reasoning as Asked, TurnRequest};
use serde_json::{json, value::RawValue};

use super::server::{Quirks, Reasoning};
use crate::{
    openai::{model, sound},
    parameters::passed_on,
    raw::raw,
};

/// Parameters of the live call that don't hold after it: those that this request sets itself, and those that
/// would change the form of the answer.
const NOT_PASSED_ON: [&str; 10] = [
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "n",
    "stream",
    "stream_options",
];

/// Those that OpenAI's own models take and that leave the form of the answer as it is. OpenAI refuses what it doesn't know;
/// others mostly let it pass.
const KNOWN_TO_OPENAI: [&str; 17] = [
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "metadata",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "temperature",
    "top_p",
    "user",
    "verbosity",
];

/// Those that a request has, by their names on the wire.
pub(super) fn of(
    request: &TurnRequest<'_>,
    model: &str,
    quirks: &Quirks,
) -> Result<BTreeMap<String, Box<RawValue>>, Failure> {
    let mut parameters = passed_on(&request.conversation.model.parameters, &NOT_PASSED_ON)?;
    let thinks = quirks.is_openai && model::thinks(model);
    let takes_effort = match quirks.reasoning {
        Reasoning::Effort(word) => word(model, Effort::Medium).is_some(),
        Reasoning::Object => true,
    };
    let is_refused = |name: &str| {
        quirks.refused.contains(&name)
            || (thinks && model::REFUSED_BY_THINKERS.contains(&name))
            || (!takes_effort && name == "reasoning_effort")
    };
    let is_sound = |name: &str, value: &RawValue| {
        !quirks.is_openai || (KNOWN_TO_OPENAI.contains(&name) && sound::is_taken(name, value))
    };
    parameters.retain(|name, value| !is_refused(name) && is_sound(name, value));
    if let Some(reasoning) = request.model.reasoning {
        think(&mut parameters, reasoning, model, quirks);
    }
    if quirks.is_openai && !request.tools.is_empty() && model::thinks_or_calls(model) {
        parameters.insert("reasoning_effort".to_owned(), raw("none"));
    }
    Ok(parameters)
}

/// Asks the model to think as it is pinned, in the place of what the call had.
fn think(parameters: &mut BTreeMap<String, Box<RawValue>>, asked: Asked, model: &str, quirks: &Quirks) {
    let (name, value) = match (&quirks.reasoning, asked) {
        (Reasoning::Effort(word), _) => match word(model, asked.effort()) {
            Some(word) => ("reasoning_effort", json!(word)),
            None => return,
        },
        (Reasoning::Object, Asked::Effort(effort)) => ("reasoning", json!({"effort": effort.as_str()})),
        (Reasoning::Object, Asked::Tokens(tokens)) => ("reasoning", json!({"max_tokens": tokens})),
    };
    parameters.retain(|name, _| !matches!(name.as_str(), "reasoning" | "reasoning_effort"));
    parameters.insert(name.to_owned(), raw(&value));
    for (name, value) in quirks.to_think {
        let value = RawValue::from_string((*value).to_owned()).expect("the table's values are JSON");
        parameters.insert((*name).to_owned(), value);
    }
}
