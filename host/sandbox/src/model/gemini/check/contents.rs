//! The turns: whose they are, in which order calls and responses stand, and where the model's thoughts must be sealed.

use serde_json::Value;

use super::{Object, Refused, field, known, list, object, parts, text, wrong};

const CALL_ORDER: &str =
    "Please ensure that function call turn comes immediately after a user turn or after a function response turn.";
const RESPONSE_ORDER: &str = "Please ensure that function response turn comes immediately after a function call turn.";
const RESPONSE_COUNT: &str = "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.";
const LAST: &str = "Please ensure that multiturn requests end with a user turn or a function response turn.";

/// One turn.
struct Turn<'a> {
    is_model: bool,
    parts: &'a [Value],
}

/// The name and identifier of a call or response.
type Named<'a> = (&'a str, Option<&'a str>);

impl<'a> Turn<'a> {
    fn read(at: &str, content: &'a Value) -> Result<Self, Refused> {
        let content = object(at, content)?;
        known(at, content, &["parts", "role"])?;
        let is_model = match text(&format!("{at}.role"), field(content, "role"))? {
            "user" | "" => false,
            "model" => true,
            _ => return Err(Refused::new("Please use a valid role: user, model.")),
        };
        let at = format!("{at}.parts");
        let parts = list(&at, field(content, "parts"))?;
        if parts.is_empty() {
            return Err(wrong(&at, "contents.parts must not be empty."));
        }
        for (index, part) in parts.iter().enumerate() {
            parts::check(&format!("{at}[{index}]"), part)?;
        }
        Ok(Self { is_model, parts })
    }

    fn named(&self, kind: &str) -> Vec<Named<'a>> {
        let objects = self.parts.iter().filter_map(|part| field(part.as_object()?, kind)?.as_object());
        let id = |object: &'a Object| field(object, "id").and_then(Value::as_str).filter(|id| !id.is_empty());
        objects.map(|object| (object["name"].as_str().unwrap_or_default(), id(object))).collect()
    }

    fn calls(&self) -> Vec<Named<'a>> {
        self.named("functionCall")
    }

    fn responses(&self) -> Vec<Named<'a>> {
        self.named("functionResponse")
    }
}

/// The instructions: parts of words alone.
pub(super) fn instruction(content: &Object) -> Result<(), Refused> {
    known("system_instruction", content, &["parts", "role"])?;
    let at = "system_instruction.parts";
    let parts = list(at, field(content, "parts"))?;
    if parts.is_empty() {
        return Err(wrong(at, "contents.parts must not be empty."));
    }
    for (index, part) in parts.iter().enumerate() {
        let at = format!("{at}[{index}]");
        parts::check(&at, part)?;
        if part.get("text").is_none() {
            return Err(wrong(&at, "only text is supported in system instructions"));
        }
    }
    Ok(())
}

pub(super) fn check(contents: &[Value]) -> Result<(), Refused> {
    let read = |(index, content)| Turn::read(&format!("contents[{index}]"), content);
    let turns = contents.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut before: Option<&Turn<'_>> = None;
    for turn in &turns {
        order(before, turn)?;
        before = Some(turn);
    }
    match before {
        Some(last) if !last.calls().is_empty() => return Err(Refused::new(RESPONSE_COUNT)),
        Some(last) if last.is_model => return Err(Refused::new(LAST)),
        _ => {}
    }
    turns.iter().enumerate().skip(current_turn(contents)).try_for_each(|(position, turn)| sealed(position, turn))
}

fn order(before: Option<&Turn<'_>>, turn: &Turn<'_>) -> Result<(), Refused> {
    let (calls, responses) = (turn.calls(), turn.responses());
    if !calls.is_empty() && (!turn.is_model || before.is_none_or(|before| before.is_model)) {
        return Err(Refused::new(CALL_ORDER));
    }
    let mut open = before.map(Turn::calls).unwrap_or_default();
    if !responses.is_empty() && (turn.is_model || open.is_empty()) {
        return Err(Refused::new(RESPONSE_ORDER));
    }
    if open.len() != responses.len() {
        return Err(Refused::new(RESPONSE_COUNT));
    }
    for response in responses {
        let Some(place) = open.iter().position(|call| *call == response) else {
            let (name, id) = response;
            let id = id.map(|id| format!(" with id '{id}'")).unwrap_or_default();
            return Err(Refused::new(format!(
                "No function call of the turn before is answered by the function response '{name}'{id}."
            )));
        };
        open.remove(place);
    }
    Ok(())
}

/// Where the current turn begins: at the newest content of the user's that says something, or at the first content.
pub(crate) fn current_turn(contents: &[Value]) -> usize {
    let is_answer = |part: &Value| part.as_object().is_some_and(|part| field(part, "functionResponse").is_some());
    let says = |content: &Value| {
        content["role"] != "model" && content["parts"].as_array().is_some_and(|parts| !parts.iter().all(is_answer))
    };
    contents.iter().rposition(says).unwrap_or_default()
}

/// The first call of each step of the current turn is sealed.
fn sealed(position: usize, turn: &Turn<'_>) -> Result<(), Refused> {
    let parts = turn.parts.iter().filter_map(Value::as_object);
    let Some(first) = parts.clone().find(|part| field(part, "functionCall").is_some()) else { return Ok(()) };
    if field(first, "thoughtSignature").is_some() {
        return Ok(());
    }
    let name = field(first, "functionCall").and_then(|call| call["name"].as_str()).unwrap_or_default();
    Err(Refused::new(format!(
        "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:{name}` , position {}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
        position + 1
    )))
}
