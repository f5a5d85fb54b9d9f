//! What `list-tools` answered, checked before anybody stands on it.

use std::collections::BTreeSet;

use aftercall_core::{
    json::Json,
    limits::SCHEMA_BYTES_MAX,
    schema::{self, Schema},
    tool::{Tool, is_tool_name},
};
use serde_json::Value;

use crate::{
    bindings::exports::aftercall::tool::tools as exports,
    contract,
    limits::{DESCRIPTION_BYTES_MAX, TITLE_BYTES_MAX, TOOLS_PER_PLUGIN_MAX},
    text::clip_line,
};

/// What is wrong with a plugin's description of its tools.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More than a model can choose from.
    #[error("it offers {0} tools, more than {TOOLS_PER_PLUGIN_MAX}")]
    TooMany(usize),
    /// A name that providers would refuse.
    #[error("`{0}` is no tool's name: it takes 1 to 48 characters of a-z, 0-9 and `_`, a letter first")]
    Name(String),
    /// Two tools of one name.
    #[error("it offers `{0}` twice")]
    Twice(String),
    /// A text that is missing or too long.
    #[error("the {part} of `{tool}` must have 1 to {max} bytes, and has {bytes}")]
    Text {
        /// Of which tool.
        tool: String,
        /// Which text.
        part: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// A schema that isn't one.
    #[error("the {part} of `{tool}` is not usable: {why}")]
    Schema {
        /// Of which tool.
        tool: String,
        /// Which schema.
        part: &'static str,
        /// Why.
        why: String,
    },
    /// An identity argument that the schema doesn't have.
    #[error("`{tool}` names `{argument}` in its identity, which is not among the properties of its input schema")]
    Identity {
        /// Of which tool.
        tool: String,
        /// Which argument.
        argument: String,
    },
}

/// The tools, as core knows them. A plugin whose tools come from its settings may offer none under these.
pub(crate) fn tools(raw: Vec<exports::Tool>) -> Result<Vec<Tool>, Error> {
    if raw.len() > TOOLS_PER_PLUGIN_MAX {
        return Err(Error::TooMany(raw.len()));
    }
    let tools = raw.into_iter().map(tool).collect::<Result<Vec<_>, _>>()?;
    let mut names = BTreeSet::new();
    match tools.iter().find(|tool| !names.insert(tool.name.as_str())) {
        Some(twice) => Err(Error::Twice(twice.name.clone())),
        None => Ok(tools),
    }
}

fn tool(raw: exports::Tool) -> Result<Tool, Error> {
    let exports::Tool { name, title, description, input_schema, output_schema, effect, identity, reconcilable } = raw;
    if !is_tool_name(&name) {
        return Err(Error::Name(clip_line(&name, 80)));
    }
    let read = |part, text: String| match text.len() {
        bytes if bytes > SCHEMA_BYTES_MAX => Err(unusable(&name, part, schema::Error::TooLarge { bytes })),
        _ => Json::parse(text).map_err(|error| unusable(&name, part, error)),
    };
    let input_schema = read("input schema", input_schema)?;
    let output_schema = output_schema.map(|text| read("output schema", text)).transpose()?;
    let effect = contract::effect(effect);
    let tool = Tool { name, title, description, input_schema, output_schema, effect, identity, reconcilable };
    check(&tool)?;
    Ok(tool)
}

/// Whether a model can be offered what a tool says of itself, beside its name.
pub(crate) fn check(tool: &Tool) -> Result<(), Error> {
    let text = |part, text: &str, max| match text.len() {
        bytes if text.trim().is_empty() || bytes > max => {
            Err(Error::Text { tool: tool.name.clone(), part, bytes, max })
        }
        _ => Ok(()),
    };
    text("description", &tool.description, DESCRIPTION_BYTES_MAX)?;
    tool.title.as_deref().map_or(Ok(()), |title| text("title", title, TITLE_BYTES_MAX))?;
    let tree = tool.input_schema.value();
    Schema::compile(&tree).map_err(|error| unusable(&tool.name, "input schema", error))?;
    let properties = tree.get("properties").and_then(Value::as_object);
    let unknown = |argument: &&String| !properties.is_some_and(|properties| properties.contains_key(*argument));
    match tool.identity.iter().find(unknown) {
        Some(argument) => Err(Error::Identity { tool: tool.name.clone(), argument: clip_line(argument, 80) }),
        None => Ok(()),
    }
}

fn unusable(tool: &str, part: &'static str, why: impl ToString) -> Error {
    Error::Schema { tool: tool.to_owned(), part, why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use crate::bindings::aftercall::tool::types::Effect;

    use super::*;

    fn good() -> exports::Tool {
        exports::Tool {
            name: "send_sms".into(),
            title: Some("Send a text".into()),
            description: "Sends a text.".into(),
            input_schema: r#"{"type":"object","properties":{"to":{"type":"string"}}}"#.into(),
            output_schema: Some("{}".into()),
            effect: Effect::Once,
            identity: vec!["to".into()],
            reconcilable: true,
        }
    }

    fn check(change: impl FnOnce(&mut exports::Tool), expected: Result<(), &str>) {
        let mut raw = good();
        change(&mut raw);
        match (tools(vec![raw]), expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn a_description_is_checked() {
        check(|_| {}, Ok(()));
        check(|t| t.title = None, Ok(()));
        check(|t| t.identity = vec![], Ok(()));
        check(|t| t.name = "Send".into(), Err("`Send` is no tool's name"));
        check(|t| t.description = " ".into(), Err("description of `send_sms`"));
        check(|t| t.description = "x".repeat(DESCRIPTION_BYTES_MAX + 1), Err("description of `send_sms`"));
        check(|t| t.title = Some(String::new()), Err("title of `send_sms`"));
        check(|t| t.input_schema = "{".into(), Err("input schema of `send_sms`"));
        check(|t| t.input_schema = "[]".into(), Err("input schema of `send_sms`"));
        check(|t| t.input_schema = r#"{"type":"object","properties":7}"#.into(), Err("input schema of `send_sms`"));
        check(|t| t.input_schema = " ".repeat(SCHEMA_BYTES_MAX + 1), Err("more than"));
        check(|t| t.output_schema = Some("nonsense".into()), Err("output schema of `send_sms`"));
        check(|t| t.identity = vec!["from".into()], Err("`from` in its identity"));
    }

    #[test]
    fn tools_are_told_apart() {
        assert_eq!(tools(vec![]), Ok(vec![]), "its settings may come to nothing");
        assert_eq!(tools(vec![good(), good()]), Err(Error::Twice("send_sms".into())));
        assert_eq!(tools(vec![good(); TOOLS_PER_PLUGIN_MAX + 1]), Err(Error::TooMany(TOOLS_PER_PLUGIN_MAX + 1)));
    }
}
