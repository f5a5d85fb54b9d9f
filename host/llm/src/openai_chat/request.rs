//! What goes out.

use std::collections::BTreeMap;

use aftercall_core::model::{Failure, Offer, TurnRequest};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Server, messages::messages, parameters};
use crate::{
    dialect::Delivery,
    openai::schema::{Described, described},
    raw::raw,
};

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    description: String,
    parameters: Box<RawValue>,
}

/// The body of one request to that server: the call's parameters, the history, what the model is told now, and each turn
/// since.
pub(crate) fn body(
    request: &TurnRequest<'_>,
    model: &str,
    delivery: Delivery,
    server: Server,
) -> Result<Vec<u8>, Failure> {
    let quirks = server.quirks();
    let mut body = parameters::of(request, model, quirks)?;
    body.insert("model".to_owned(), raw(model));
    body.insert("messages".to_owned(), raw(&messages(request, quirks)));
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), raw(&request.tools.iter().map(tool).collect::<Vec<_>>()));
        if request.words_only {
            body.insert("tool_choice".to_owned(), raw("none"));
        }
    }
    if delivery == Delivery::Streamed {
        body.insert("stream".to_owned(), raw(&true));
        if quirks.counts_when_asked {
            body.insert("stream_options".to_owned(), raw(&BTreeMap::from([("include_usage", true)])));
        }
    }
    Ok(serde_json::to_vec(&body).expect("a map of JSON documents serialises"))
}

fn tool<'a>(offer: &Offer<'a>) -> Tool<'a> {
    let Described { schema, description } = described(offer.schema, offer.description);
    Tool { r#type: "function", function: Function { name: offer.name, description, parameters: schema } }
}

#[cfg(test)]
mod tests;
