//! What OpenAI's Responses refuses, and in what words. Pure.

mod input;
mod pairs;
mod parameters;
mod tools;

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::seal;
use crate::model::{
    format::Refused,
    openai_chat::words::{array, function_name, invalid_value, missing, object, schema, stream, string, wrong_type},
};

/// Whether the real provider would take this body.
pub(super) fn check(body: &Value) -> Result<(), Refused> {
    let fields = object("body", body)?;
    parameters::check(fields)?;
    match fields.get("input").ok_or_else(|| missing("input"))? {
        Value::String(_) => {}
        input @ Value::Array(_) => {
            let items = array("input", input)?;
            input::check(items)?;
            pairs::check(items)?;
        }
        other => return Err(wrong_type("input", "one of a string or array of objects", other)),
    }
    tools::check(fields)
}
