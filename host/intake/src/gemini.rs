//! A list of Gemini's contents as items.
//!
//! A content of the user's that answers several calls is several items, each with a content of its own, since in a history
//! each result stands alone.

use aftercall_core::{
    conversation::{Content, Dialect, Item, Opaque, Role, ToolCall},
    json::Json,
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{Error, document};

#[derive(Deserialize)]
struct Turn {
    #[serde(default)]
    role: Side,
    parts: Option<Vec<Box<RawValue>>>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    /// Whose turn it is where that isn't said.
    #[default]
    User,
    Model,
    /// The user's, where an older client answers a call.
    Function,
}

/// What of a part is read, in either of the spellings that Google's libraries write.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    thought: Option<bool>,
    #[serde(alias = "function_call")]
    function_call: Option<FunctionCall>,
    #[serde(alias = "function_response")]
    function_response: Option<FunctionResponse>,
}

#[derive(Deserialize)]
struct FunctionCall {
    id: Option<String>,
    name: String,
    args: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct FunctionResponse {
    id: Option<String>,
    name: String,
    response: Option<Box<RawValue>>,
}

/// A call that has no result yet.
struct Open {
    /// The identifier among the items.
    id: String,
    name: String,
    /// Whether the provider gave the identifier.
    is_given: bool,
}

/// The items of a list of contents that stands at `place` of the payload, each content byte for byte beside its items.
pub(crate) fn items(contents: &[&RawValue], place: &str) -> Result<Vec<Item>, Error> {
    let mut items = Vec::new();
    let mut open = Vec::new();
    for (index, content) in contents.iter().enumerate() {
        let place = format!("{place}/{index}");
        let turn: Turn = document::typed(content.get(), &place)?;
        let raw = turn.parts.unwrap_or_default();
        let read =
            |(at, part): (usize, &RawValue)| document::typed::<Part>(part.get(), format_args!("{place}/parts/{at}"));
        let parts = raw.iter().map(Box::as_ref).enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        let own = |text: String| {
            let data = Json::parse(text).map_err(|error| Error::at(&*place, error.to_string()))?;
            Ok(Opaque { dialect: Dialect::Gemini, data })
        };
        if turn.role == Side::Model {
            let mut group = replied(parts, index, &mut open).into_iter();
            let opaque = Some(own(content.get().to_owned())?);
            items.extend(group.next().map(|leader| Item { opaque, ..Item::plain(None, leader) }));
            items.extend(group.map(|content| Item { continues: true, ..Item::plain(None, content) }));
            continue;
        }
        for (content, bytes) in told(content, &raw, &parts, index, &mut open) {
            items.push(Item { opaque: Some(own(bytes)?), ..Item::plain(None, content) });
        }
    }
    Ok(items)
}

/// What a content of the model's says and calls; at least one thing. A call without an identifier gets one.
fn replied(parts: Vec<Part>, index: usize, open: &mut Vec<Open>) -> Vec<Content> {
    let is_said = |part: &&Part| part.thought != Some(true);
    let text: String = parts.iter().filter(is_said).filter_map(|part| part.text.as_deref()).collect();
    let made = parts.into_iter().filter_map(|part| part.function_call).enumerate();
    let calls = made.map(|(at, made)| {
        let given = made.id.filter(|id| !id.is_empty());
        let is_given = given.is_some();
        let id = given.unwrap_or_else(|| format!("gemini_call_{index}_{at}"));
        open.push(Open { id: id.clone(), name: made.name.clone(), is_given });
        let arguments =
            made.args.filter(|args| args.get() != "null").map_or("{}".to_owned(), |args| args.get().to_owned());
        Content::ToolCall(ToolCall { id, name: made.name, arguments })
    });
    let calls: Vec<Content> = calls.collect();
    let words = (!text.is_empty() || calls.is_empty()).then(|| said(Role::Assistant, text));
    words.into_iter().chain(calls).collect()
}

/// What a content of the user's answers and says, each with a content of its own.
fn told(
    content: &RawValue,
    raw: &[Box<RawValue>],
    parts: &[Part],
    index: usize,
    open: &mut Vec<Open>,
) -> Vec<(Content, String)> {
    let (answers, others): (Vec<_>, Vec<_>) =
        raw.iter().zip(parts).partition(|(_, part)| part.function_response.is_some());
    let count = answers.len() + usize::from(!others.is_empty());
    let bytes = |parts: &[&str]| match count {
        0 | 1 => content.get().to_owned(),
        _ => format!(r#"{{"role":"user","parts":[{}]}}"#, parts.join(",")),
    };
    let results = answers.iter().enumerate().filter_map(|(at, (raw, part))| {
        let answer = part.function_response.as_ref()?;
        let (output, is_error) = output(answer.response.as_deref());
        let call = answered(answer, open).unwrap_or_else(|| format!("gemini_response_{index}_{at}"));
        Some((Content::ToolResult { call, output, is_error }, bytes(&[raw.get()])))
    });
    let results: Vec<_> = results.collect();
    let words: Vec<&str> = others.iter().filter_map(|(_, part)| part.text.as_deref()).collect();
    let rest: Vec<&str> = others.iter().map(|(raw, _)| raw.get()).collect();
    let says = (count == 0 || !rest.is_empty()).then(|| (said(Role::User, words.join("\n")), bytes(&rest)));
    results.into_iter().chain(says).collect()
}

/// The call that a response answers: the one of its identifier, or of those without one, the first of its name. None: it
/// names none, and none is there.
fn answered(answer: &FunctionResponse, open: &mut Vec<Open>) -> Option<String> {
    let given = answer.id.as_ref().filter(|id| !id.is_empty());
    let by_id = open.iter().position(|call| call.is_given && given == Some(&call.id));
    let by_name = || open.iter().position(|call| !call.is_given && call.name == answer.name);
    match by_id.or_else(by_name) {
        Some(place) => Some(open.remove(place).id),
        None => given.cloned(),
    }
}

/// What the model read in a response, and whether it is an error: by the API reference, an object's `output` or `error`, or
/// where neither is there, all of it.
fn output(response: Option<&RawValue>) -> (String, bool) {
    let Some(response) = response else { return (String::new(), false) };
    let tree: Value = serde_json::from_str(response.get()).unwrap_or_default();
    let fields = tree.as_object();
    let alone = fields.filter(|fields| fields.len() == 1).and_then(|fields| fields.iter().next());
    let is_error = fields.is_some_and(|fields| fields.get("error").is_some_and(|error| !error.is_null()));
    let is_output = fields.is_some_and(|fields| fields.contains_key("output"));
    let output = match alone {
        Some((name, Value::String(text))) if ["output", "error", "result"].contains(&name.as_str()) => text.clone(),
        _ => response.get().to_owned(),
    };
    (output, is_error && !is_output)
}

fn said(role: Role, text: String) -> Content {
    Content::Message { role, text, interrupted: false }
}
