//! Tools of the live call that can be called again after it, over HTTP: what a payload says of them, which of them an
//! assistant wants, and what each becomes.
//!
//! All of it is data from a payload: it says where a tool is and what it takes, and grants nothing. Such a tool is an
//! instance of a plugin that the tenant has granted, and reaches what that grant allows. What repeating it can do is never
//! taken from the payload: the tenant says it, or it is assumed to be an effect that may not be repeated.

mod offer;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use offer::{Candidate, Instance, NotOffered, sort};

use crate::{
    id::PluginName,
    json::Json,
    limits::{LIVE_DEFINITIONS_BYTES_MAX, LIVE_DEFINITIONS_MAX},
    tool::Effect,
};

/// A tool of the live call, as the payload defines it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveTool {
    /// Its name, as the model knows it.
    pub name: String,
    /// For the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: Json,
    /// How it is called.
    pub call: LiveCall,
}

/// How a tool of the live call is called after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LiveCall {
    /// By a request.
    Http(Box<HttpCall>),
    /// It can't be, and why.
    Unusable(String),
}

/// The request that calls a tool: what an entry of `requests` in the settings of the plugin `http-request` says beside
/// the tool's name, description, parameters, effect and identity.
///
/// A template is JSON in which `{"$": "arguments"}` stands for all arguments, `{"$": "arguments.NAME"}` for one of them, and
/// `{"$": "key"}` for the key of the effect, which a retry keeps; everything else stands for itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpCall {
    /// `GET`, `POST`…
    pub method: String,
    /// `https://host/path`, where `{NAME}` in the path stands for an argument. Without a query.
    pub url: String,
    /// The query's parameters: a template each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, Value>,
    /// Headers without any secret: those that carry one come from the tenant's grant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Whether the body is sent as a form (`application/x-www-form-urlencoded`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub form: bool,
    /// Where the vendor wants the key of the effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
    /// JSON pointer (RFC 6901) to what the model is told of the answer. Absent: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// JSON pointer to what says, in an answer that is a success by its status, that it was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// JSON pointer to the vendor's identifier of what was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// Where the vendor wants the key of an effect, by which it knows a repetition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idempotency {
    /// The header's name.
    pub header: String,
}

/// Which tools of its calls an assistant offers again after them, as the configuration says it:
///
/// ```toml
/// live_tools = { plugin = "http-request", only = ["lookup_order"], effects = { lookup_order = "read" } }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveTools {
    /// The plugin that carries them out: the tenant's grant of it says which hosts they reach, with which credential.
    pub plugin: PluginName,
    /// By their names. Absent: all that don't act on a live call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// What repeating one can do. Default: `once`; of a `GET`, `read`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub effects: BTreeMap<String, Effect>,
    /// The arguments that say which effect it is. Default: all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identity: BTreeMap<String, Vec<String>>,
}

impl LiveTools {
    /// Whether a tool is among those that are wanted, as far as its name tells.
    pub fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|wanted| wanted == name))
    }

    /// The tools that it speaks of by name, some perhaps more than once.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        let only = self.only.iter().flatten();
        only.chain(self.effects.keys()).chain(self.identity.keys()).map(String::as_str)
    }
}

impl LiveTool {
    /// A tool that is called by a request. `description` and `parameters` are as the payload has them: of a tool that has
    /// none, the model is told its name, and that it takes no arguments.
    pub fn http(name: &str, description: Option<&str>, parameters: Option<&Value>, call: HttpCall) -> Self {
        let described = description.filter(|text| !text.trim().is_empty());
        Self {
            name: name.to_owned(),
            description: described.map_or_else(|| format!("`{name}`, as on the call."), str::to_owned),
            parameters: Json::from(parameters.unwrap_or(&json!({"type": "object", "properties": {}}))),
            call: LiveCall::Http(Box::new(call)),
        }
    }

    /// A tool that can't be called after the call. Nothing else of it is kept.
    pub fn unusable(name: &str, why: impl Into<String>) -> Self {
        let parameters = Json::of(&Map::new());
        Self { name: name.to_owned(), description: String::new(), parameters, call: LiveCall::Unusable(why.into()) }
    }

    fn bytes(&self) -> usize {
        let call = match &self.call {
            LiveCall::Http(call) => Json::of(call).as_str().len(),
            LiveCall::Unusable(why) => why.len(),
        };
        self.description.len() + self.parameters.as_str().len() + call
    }
}

/// The definitions of a payload, within what may be kept of them: each name once, and of those that are too many or too
/// large only that they are.
pub fn bounded(defined: impl IntoIterator<Item = LiveTool>) -> Vec<LiveTool> {
    let mut kept: Vec<LiveTool> = Vec::new();
    let mut bytes = 0;
    for tool in defined {
        if kept.iter().any(|other| other.name == tool.name) {
            continue;
        }
        if kept.len() == LIVE_DEFINITIONS_MAX {
            break;
        }
        let more = tool.bytes();
        if bytes + more > LIVE_DEFINITIONS_BYTES_MAX {
            let why = format!("the record's definitions of tools have more than {LIVE_DEFINITIONS_BYTES_MAX} bytes");
            kept.push(LiveTool::unusable(&tool.name, why));
            continue;
        }
        bytes += more;
        kept.push(tool);
    }
    kept
}

#[cfg(test)]
mod tests;
