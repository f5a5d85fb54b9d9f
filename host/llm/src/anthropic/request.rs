//! What goes out.

use aftercall_core::model::{Failure, Offer, TurnRequest};
use serde::Serialize;
use serde_json::{json, value::RawValue};

use super::{generation::Generation, schema::offered, settings::settings, transcript::transcript};
use crate::{dialect::Delivery, raw::raw};

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    description: String,
    input_schema: Box<RawValue>,
}

/// The body of one request: the call's parameters, the history, what the model is told now, and each turn since.
pub(crate) fn body(request: &TurnRequest<'_>, model: &str, delivery: Delivery) -> Result<Vec<u8>, Failure> {
    let conversation = request.conversation;
    let (system, turns) = transcript(request);
    let (generation, unthinking) = (Generation::of(model), turns.resumes_without_thought());
    let parameters = &conversation.model.parameters;
    let mut body = settings(parameters, request.model.reasoning, &generation, unthinking)?;
    body.insert("model".to_owned(), raw(&model));
    body.insert("system".to_owned(), raw(&system));
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), raw(&request.tools.iter().map(tool).collect::<Vec<_>>()));
        if request.words_only {
            body.insert("tool_choice".to_owned(), raw(&json!({"type": "none"})));
        }
    } else if turns.has_calls() {
        // A request that tells of calls must define tools.
        let none = json!({"name": "none", "description": "Does nothing.", "input_schema": {"type": "object"}});
        body.insert("tools".to_owned(), raw(&[none]));
        body.insert("tool_choice".to_owned(), raw(&json!({"type": "none"})));
    }
    body.insert("messages".to_owned(), raw(&turns));
    if delivery == Delivery::Streamed {
        body.insert("stream".to_owned(), raw(&true));
    }
    Ok(serde_json::to_vec(&body).expect("a map of JSON documents serialises"))
}

fn tool<'a>(offer: &Offer<'a>) -> Tool<'a> {
    let (description, input_schema) = offered(offer.description, offer.schema);
    Tool { name: offer.name, description, input_schema }
}

#[cfg(test)]
mod tests;
