//! The little of Vapi's Liquid templates that can be filled in after the call: what was signalled of the call itself.
//! Whatever else stands in one only Vapi knows (<https://docs.vapi.ai/assistants/dynamic-variables>).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::document::Tree;

/// What stands for what, and where the report has it. None of it was said on the call.
const KNOWN: &[(&str, &[&str])] = &[
    ("call.id", &["/call/id"]),
    ("call.type", &["/call/type"]),
    ("customer.number", &["/customer/number", "/call/customer/number"]),
    ("phoneNumber.number", &["/phoneNumber/number", "/call/phoneNumber/number"]),
];

/// What is written with a percent sign in an address: all but what never needs it (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Fills templates in with what a report says.
#[derive(Clone, Copy)]
pub(super) struct Liquid<'a>(pub(super) Tree<'a>);

impl Liquid<'_> {
    /// A fixed value, with all that stands in its texts.
    pub(super) fn value(self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => self.text(text, |expression| self.known(expression)).map(Value::String),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) if members.contains_key("$") => {
                Err("an object with the key `$` would be read as a template".to_owned())
            }
            Value::Object(members) => {
                let filled = members.iter().map(|(name, member)| Ok((name.clone(), self.value(member)?)));
                filled.collect::<Result<Map<_, _>, String>>().map(Value::Object)
            }
            other => Ok(other.clone()),
        }
    }

    /// An address, in which an argument of the model's becomes `{NAME}`.
    pub(super) fn address(self, text: &str, arguments: Option<&Map<String, Value>>) -> Result<String, String> {
        let is_argument = |name: &str| arguments.is_some_and(|arguments| arguments.contains_key(name));
        self.text(text, |expression| match is_argument(expression) {
            true => Ok(format!("{{{expression}}}")),
            false => self.known(expression).map(|known| utf8_percent_encode(&known, RESERVED).to_string()),
        })
    }

    fn known(self, expression: &str) -> Result<String, String> {
        let places = KNOWN.iter().find(|(name, _)| *name == expression).map(|(_, places)| *places);
        let places = places.ok_or_else(|| format!("`{{{{{expression}}}}}` is filled in by Vapi alone"))?;
        self.0.text(places).ok_or_else(|| format!("this call has no `{expression}`"))
    }

    fn text(self, text: &str, fill: impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
        if text.contains("{%") {
            return Err("`{%` begins what only Vapi fills in".to_owned());
        }
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (expression, behind) = after.split_once("}}").ok_or("`{{` begins what never ends")?;
            filled.push_str(before);
            filled.push_str(&fill(expression.trim())?);
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}
