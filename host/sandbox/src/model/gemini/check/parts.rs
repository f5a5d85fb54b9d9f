//! One part of a content.

use serde_json::Value;

use super::{Object, Refused, field, function_name, invalid, known, list, object, text, wrong};
use crate::model::gemini::seal::{self, Wrong};

/// What a part may be, one at a time.
const DATA: [&str; 9] = [
    "text",
    "inlineData",
    "functionCall",
    "functionResponse",
    "fileData",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

/// What stands beside it.
const BESIDE: [&str; 5] = ["thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata"];

const STRUCT: &str = "type.googleapis.com/google.protobuf.Struct";

pub(super) fn check(at: &str, value: &Value) -> Result<(), Refused> {
    let part = object(at, value)?;
    known(at, part, &[&DATA[..], &BESIDE].concat())?;
    let signature = field(part, "thoughtSignature");
    let mut data = DATA.iter().filter(|name| field(part, name).is_some());
    let uninitialised = || wrong(&format!("{at}.data"), "required oneof field 'data' must have one initialized field");
    let Some(first) = data.next() else { return Err(uninitialised()) };
    if let Some(second) = data.next() {
        let message =
            format!("Invalid value at '{at}' (oneof), oneof field 'data' is already set. Cannot set '{second}'");
        return Err(Refused::new(message));
    }
    match field(part, "thought") {
        None | Some(Value::Bool(_)) => {}
        Some(other) => return Err(invalid(&format!("{at}.thought"), "TYPE_BOOL", other)),
    }
    match *first {
        "text" if text(&format!("{at}.text"), field(part, "text"))?.is_empty() && signature.is_none() => {
            return Err(uninitialised());
        }
        "functionCall" => call(&format!("{at}.function_call"), &part_of(part, "functionCall"))?,
        "functionResponse" => response(&format!("{at}.function_response"), &part_of(part, "functionResponse"))?,
        "inlineData" => media(&format!("{at}.inline_data"), &part_of(part, "inlineData"), &["mimeType", "data"])?,
        "fileData" => media(&format!("{at}.file_data"), &part_of(part, "fileData"), &["fileUri"])?,
        _ => {}
    }
    signature.map_or(Ok(()), |signature| sealed(&format!("{at}.thought_signature"), signature, value))
}

fn part_of(part: &Object, name: &str) -> Value {
    field(part, name).cloned().unwrap_or_default()
}

fn call(at: &str, value: &Value) -> Result<(), Refused> {
    let call = object(at, value)?;
    known(at, call, &["id", "name", "args"])?;
    text(&format!("{at}.id"), field(call, "id"))?;
    function_name(at, field(call, "name"))?;
    match field(call, "args") {
        None | Some(Value::Object(_)) => Ok(()),
        Some(other) => Err(invalid(&format!("{at}.args"), STRUCT, other)),
    }
}

fn response(at: &str, value: &Value) -> Result<(), Refused> {
    let response = object(at, value)?;
    known(at, response, &["id", "name", "response", "parts", "scheduling", "willContinue"])?;
    text(&format!("{at}.id"), field(response, "id"))?;
    function_name(at, field(response, "name"))?;
    list(&format!("{at}.parts"), field(response, "parts"))?;
    match field(response, "response") {
        Some(Value::Object(_)) => Ok(()),
        Some(other) => Err(invalid(&format!("{at}.response"), STRUCT, other)),
        None => Err(wrong(&format!("{at}.response"), "Response cannot be empty.")),
    }
}

fn media(at: &str, value: &Value, required: &[&str]) -> Result<(), Refused> {
    let media = object(at, value)?;
    known(at, media, &["mimeType", "data", "fileUri", "displayName"])?;
    for name in required {
        let at = format!("{at}.{}", super::snake(name));
        if text(&at, field(media, name))?.is_empty() {
            return Err(wrong(&at, "must not be empty."));
        }
    }
    Ok(())
}

fn sealed(at: &str, signature: &Value, part: &Value) -> Result<(), Refused> {
    let seal = signature.as_str().ok_or_else(|| invalid(at, "TYPE_BYTES", signature))?;
    seal::check(seal, part).map_err(|why| match why {
        Wrong::Encoding => {
            Refused::new(format!("Invalid value at '{at}' (TYPE_BYTES), Base64 decoding failed for {signature}"))
        }
        Wrong::Corrupted => Refused::new("Corrupted thought signature."),
    })
}
