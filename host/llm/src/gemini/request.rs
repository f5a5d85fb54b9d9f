//! What goes out.

use std::collections::BTreeMap;

use aftercall_core::{
    conversation::{Content, Role},
    model::{Failure, Offer, TurnRequest},
};
use serde::Serialize;
use serde_json::{json, value::RawValue};

use super::{
    contents::{Contents, instructions},
    schema::{self, Parameters},
    settings::settings,
};
use crate::{
    history::{Group, groups},
    names::{Form, Names, is_word},
    notes::Notes,
    raw::raw,
};

/// What a function may be called: what the API reference allows both for those that are declared and for those that are
/// called. The provider's words in refusing a longer name say 64.
const NAME: Form =
    Form { allowed: is_word, first: |c| c.is_ascii_alphabetic() || c == '_', chars_max: 64, nothing: "unnamed" };

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<Box<RawValue>>,
}

/// The body of one request: the settings, the instructions, the history, what the model is told now, and each turn since.
pub(crate) fn body(request: &TurnRequest<'_>, model: &str) -> Result<Vec<u8>, Failure> {
    let conversation = request.conversation;
    let settings = settings(&conversation.model.parameters, request.model.reasoning, model)?;
    let groups: Vec<Group<'_>> = groups(&conversation.items).collect();
    let first = groups.iter().position(|group| !is_system(group)).unwrap_or(groups.len());
    let (system, spoken) = groups.split_at(first);
    let (names, notes) = (Names::of_tools(request, &NAME), Notes::of(request));

    let mut contents = Contents::new(&names, &notes);
    contents.history(spoken, request.history);
    contents.note(request.instruction);
    request.exchanges.iter().for_each(|exchange| contents.exchange(exchange));

    let mut instructions = instructions(system);
    instructions.push(raw(&BTreeMap::from([("text", notes.rule())])));
    let mut body = BTreeMap::from([
        ("contents", raw(&contents.finish())),
        ("systemInstruction", raw(&BTreeMap::from([("parts", instructions)]))),
    ]);
    if !settings.generation.is_empty() {
        body.insert("generationConfig", raw(&settings.generation));
    }
    body.extend(settings.safety.map(|safety| ("safetySettings", safety)));
    if !request.tools.is_empty() {
        let declarations: Vec<Declaration<'_>> = request.tools.iter().map(declaration).collect();
        body.insert("tools", raw(&[BTreeMap::from([("functionDeclarations", declarations)])]));
        if request.words_only {
            body.insert("toolConfig", raw(&json!({"functionCallingConfig": {"mode": "NONE"}})));
        }
    }
    Ok(serde_json::to_vec(&body).expect("a map of JSON documents serialises"))
}

fn is_system(group: &Group<'_>) -> bool {
    matches!(group.leader().content, Content::Message { role: Role::System, .. })
}

fn declaration<'a>(offer: &Offer<'a>) -> Declaration<'a> {
    let declared = |parameters, parameters_json_schema| Declaration {
        name: offer.name,
        description: offer.description,
        parameters,
        parameters_json_schema,
    };
    match schema::parameters(offer.schema) {
        Parameters::None => declared(None, None),
        Parameters::Subset(subset) => declared(Some(subset), None),
        Parameters::Whole(schema) => declared(None, Some(schema)),
    }
}

#[cfg(test)]
mod tests;
