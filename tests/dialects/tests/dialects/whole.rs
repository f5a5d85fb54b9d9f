//! Whether a body says all that the conversation did, in order and to the letter.
//!
//! What may differ: neighbours are one message, words that were cut off are marked, instructions in the middle stand
//! where the format has room, a call's words come before it, a tool's name is one that the provider takes, identifiers
//! are others as long as a result answers its call, and what nobody said (where a format wants words) may be there.

use std::collections::BTreeMap;

use aftercall_core::{
    conversation::{Content, Conversation, Dialect, Item, Role},
    model::History,
};
use aftercall_dialects_tests::{Side, Told, told};
use serde_json::Value;

use crate::request::{Asked, INSTRUCTION, OBJECTION, RESULTS};

/// The tool of a result whose call the record doesn't have.
const UNRECORDED: &str = "unrecorded_call";

/// What a body is to say.
enum Wanted {
    Words(Side, String),
    Call { name: String, arguments: String, result: Option<String> },
}

/// Checks it.
pub(crate) fn check(asked: &Asked, conversation: &Conversation) -> Result<(), String> {
    let body = asked.body(conversation)?;
    let read = asked.taken(&body)?;
    let told = told(asked.pin.dialect, &read);
    let wanted = wanted(asked, conversation);
    calls(asked, &wanted, &told)?;
    in_order(&wanted, &told)?;
    own_bytes(asked, conversation, &body)
}

fn wanted(asked: &Asked, conversation: &Conversation) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let mut rest = conversation.items.as_slice();
    while !rest.is_empty() {
        let length = 1 + rest.iter().skip(1).take_while(|item| item.continues).count();
        let (group, after) = rest.split_at(length);
        let results = after.iter().take_while(|item| matches!(item.content, Content::ToolResult { .. })).count();
        let (results, after) = after.split_at(results);
        wanted.extend(of_group(group, results, asked.pin.dialect));
        rest = after;
    }
    wanted.push(Wanted::Words(Side::System, INSTRUCTION.to_owned()));
    for reply in asked.replies() {
        wanted.extend(reply.text.map(|text| Wanted::Words(Side::Assistant, text)));
        let calls = reply.calls.into_iter().zip(RESULTS);
        let has_calls = calls.len() > 0;
        wanted.extend(calls.map(|(call, result)| Wanted::Call {
            name: call.name,
            arguments: call.arguments,
            result: Some(result.to_owned()),
        }));
        wanted.extend((!has_calls).then(|| Wanted::Words(Side::System, OBJECTION.to_owned())));
    }
    wanted
}

fn of_group(group: &[Item], results: &[Item], dialect: Dialect) -> Vec<Wanted> {
    let mut results: Vec<&Content> = results.iter().map(|item| &item.content).collect();
    let mut wanted = Vec::new();
    for item in group {
        match &item.content {
            Content::Message { role, text, .. } => wanted.push(Wanted::Words(side(*role), text.clone())),
            Content::ToolCall(made) => {
                let is_answer =
                    |content: &&Content| matches!(content, Content::ToolResult { call, .. } if *call == made.id);
                let answer = results.iter().position(is_answer).map(|at| results.remove(at));
                let result = answer.and_then(|content| match content {
                    Content::ToolResult { output, is_error, .. } => {
                        // Of a failure without words, some providers want words.
                        Some(output.clone()).filter(|output| !(*is_error && output.trim().is_empty()))
                    }
                    Content::Message { .. } | Content::ToolCall(_) => None,
                });
                wanted.push(Wanted::Call { name: made.name.clone(), arguments: made.arguments.clone(), result });
            }
            Content::ToolResult { .. } => {}
        }
    }
    if dialect == Dialect::OpenaiChat {
        wanted.sort_by_key(|wanted| matches!(wanted, Wanted::Call { .. }));
    }
    wanted
}

fn side(role: Role) -> Side {
    match role {
        Role::System => Side::System,
        Role::User => Side::User,
        Role::Assistant => Side::Assistant,
    }
}

/// The calls, each with its arguments and its result, under names that tell the tools apart.
fn calls(asked: &Asked, wanted: &[Wanted], told: &[Told]) -> Result<(), String> {
    let mut names = BTreeMap::new();
    let mut results: BTreeMap<usize, &Value> = BTreeMap::new();
    for told in told {
        let Told::Result { call, output } = told else { continue };
        let call = call.ok_or_else(|| format!("a result answers no call: {output}"))?;
        results.insert(call, output);
    }
    let mut made = told.iter().filter_map(|told| match told {
        Told::Call { name, arguments } => Some((name, arguments)),
        Told::Words { .. } | Told::Result { .. } => None,
    });
    let mut number = 0;
    for wanted in wanted {
        let Wanted::Call { name, arguments, result } = wanted else { continue };
        let (as_told, given) = made.next().ok_or_else(|| format!("the call of {name:?} is lost"))?;
        if !same_arguments(arguments, given) {
            return Err(format!("the arguments of {name:?} were {arguments} and are {given}"));
        }
        // A result that the record has no call for names its tool itself, in its provider's own form.
        if name != UNRECORDED {
            told_apart(asked, &mut names, name, as_told)?;
        }
        let answered = results.remove(&number).ok_or_else(|| format!("the result of {name:?} is lost"))?;
        if result.as_ref().is_some_and(|result| !same_text(result, answered)) {
            return Err(format!("the result of {name:?} was {result:?} and is {answered}"));
        }
        number += 1;
    }
    match made.next() {
        Some((name, _)) => Err(format!("a call of {name:?} is told that nobody made")),
        None => Ok(()),
    }
}

/// Whether the name is this tool's alone.
fn told_apart<'a>(
    asked: &Asked,
    names: &mut BTreeMap<&'a str, &'a str>,
    name: &'a str,
    as_told: &'a str,
) -> Result<(), String> {
    if let Some(other) = names.insert(as_told, name).filter(|other| *other != name) {
        return Err(format!("{other:?} and {name:?} are both called {as_told:?}"));
    }
    if as_told != name && asked.tools.iter().any(|(offered, _)| offered == as_told) {
        return Err(format!("{name:?} is called {as_told:?}, as an offered tool is"));
    }
    Ok(())
}

/// Where they aren't an object, the text stands as it is, or alone in an object.
fn same_arguments(written: &str, given: &Value) -> bool {
    let read = serde_json::from_str::<Value>(written).ok().filter(Value::is_object);
    let given = if given.is_null() { Value::Object(serde_json::Map::new()) } else { given.clone() };
    match (read, &given) {
        (Some(read), given) => read == *given,
        (None, Value::String(text)) => text == written,
        (None, Value::Object(fields)) if fields.is_empty() => written.trim().is_empty(),
        (None, Value::Object(fields)) => fields.len() == 1 && fields.values().all(|value| value == written),
        (None, _) => false,
    }
}

fn same_text(wanted: &str, told: &Value) -> bool {
    let text = match told {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let tree = |text: &str| serde_json::from_str::<Value>(text).ok();
    compact(&text) == compact(wanted) || tree(&text).is_some_and(|told| tree(wanted) == Some(told))
}

/// Without what separates words: parts of a message may be joined by one thing or another.
fn compact(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What is said and called, one thing after the other. Neighbouring words of one side are one run.
fn in_order(wanted: &[Wanted], told: &[Told]) -> Result<(), String> {
    let mut runs: Vec<Option<(Side, String)>> = Vec::new();
    for told in told {
        match (told, runs.last_mut()) {
            (Told::Result { .. }, _) => {}
            (Told::Call { .. }, _) => runs.push(None),
            (Told::Words { side, text }, Some(Some((last, said)))) if last == side => said.push_str(&compact(text)),
            (Told::Words { side, text }, _) => runs.push(Some((*side, compact(text)))),
        }
    }
    let (mut run, mut offset) = (0, 0);
    for wanted in wanted {
        match wanted {
            Wanted::Call { name, .. } => {
                let next = runs.iter().skip(run).position(Option::is_none);
                run += next.ok_or_else(|| format!("the call of {name:?} is out of order"))? + 1;
                offset = 0;
            }
            Wanted::Words(side, text) => {
                let text = compact(text);
                let lost = || format!("words of {side:?} are lost or out of order: {text:?}");
                loop {
                    let Some(Some((speaker, said))) = runs.get(run) else {
                        if text.is_empty() {
                            break;
                        }
                        return Err(lost());
                    };
                    // Instructions in the middle stand where the format has room.
                    let is_theirs = speaker == side || (*side == Side::System && *speaker == Side::User);
                    let found = said.get(offset..).and_then(|rest| rest.find(&text)).filter(|_| is_theirs);
                    if let Some(at) = found {
                        offset += at + text.len();
                        break;
                    }
                    if text.is_empty() {
                        break;
                    }
                    (run, offset) = (run + 1, 0);
                }
            }
        }
    }
    Ok(())
}

/// The provider's own bytes, part by part, since neighbours may be put together.
fn own_bytes(asked: &Asked, conversation: &Conversation, body: &str) -> Result<(), String> {
    let is_system = |item: &Item| matches!(item.content, Content::Message { role: Role::System, .. });
    let dialect = asked.pin.dialect;
    let own = conversation.items.iter().filter(|_| asked.history == History::AsWritten);
    // The formats that have instructions apart have none among their messages.
    let own = own.filter(|item| !(is_system(item) && [Dialect::Anthropic, Dialect::Gemini].contains(&dialect)));
    let own = own.filter_map(|item| item.opaque.as_ref()).filter(|own| own.dialect == dialect);
    let replies = asked.replies();
    for own in own.chain(replies.iter().map(|reply| &reply.message)) {
        for part in crate::parts::of(dialect, own.data.as_str()) {
            if !body.contains(&part) {
                return Err(format!("bytes of the provider's own are altered or lost: {part}"));
            }
        }
    }
    Ok(())
}
