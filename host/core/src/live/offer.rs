//! Which tools of a call are offered again, and as what.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{HttpCall, LiveCall, LiveTool, LiveTools};
use crate::{
    conversation::Conversation,
    json::Json,
    limits::LIVE_DEFINITIONS_MAX,
    run::{PinnedTool, is_telephony, words_of},
    seed::{Already, Unclear},
    tool::{Effect, Tool, is_tool_name},
};

/// Longest name of a tool that all providers take, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The name under which the plugin knows a tool that has no words in its name which it could have.
const NAMELESS_TOOL: &str = "live_tool";

/// A tool that was made for one call: what its plugin's component is asked, and with which settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The component's name of the tool.
    pub tool: String,
    /// Settings that take the place of those of the same names in the tenant's grant: a JSON object.
    pub settings: Json,
}

/// A tool of the live call that isn't offered after it, for the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NotOffered {
    /// Its name.
    pub name: String,
    /// Why not, and where something would change that, what.
    pub why: String,
}

impl fmt::Display for NotOffered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.name, self.why)
    }
}

/// A tool that is offered again, if its plugin and the tenant's grant take it.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate<'a> {
    /// As the payload defines it.
    pub defined: &'a LiveTool,
    /// How it is called.
    pub call: &'a HttpCall,
    /// What repeating it can do.
    pub effect: Effect,
    /// Which arguments say which effect it is.
    pub identity: Vec<String>,
}

/// Tells tools of a call that can be offered again from those that can't. `others` are the assistant's post-call tools,
/// each with its map of what live tools did already.
pub fn sort<'a>(
    wanted: &LiveTools,
    others: &[(&[Already], &PinnedTool)],
    call: &'a Conversation,
) -> (Vec<Candidate<'a>>, Vec<NotOffered>) {
    let defined = &call.live_definitions;
    let mut candidates = Vec::new();
    let mut not_offered = Vec::new();
    for tool in defined {
        match candidate(wanted, others, tool) {
            Ok(candidate) => candidates.push(candidate),
            Err(why) => not_offered.push(NotOffered { name: tool.name.clone(), why }),
        }
    }
    let undefined = call.live_tools.iter().filter(|name| defined.iter().all(|tool| tool.name != **name));
    not_offered.extend(undefined.map(|name| {
        let why = barred(wanted, others, name).unwrap_or_else(|| match defined.len() {
            LIVE_DEFINITIONS_MAX => format!("{LIVE_DEFINITIONS_MAX} tools of the record are offered at most"),
            _ => "the record doesn't say how it is called".to_owned(),
        });
        NotOffered { name: name.clone(), why }
    }));
    (candidates, not_offered)
}

fn candidate<'a>(
    wanted: &LiveTools,
    others: &[(&[Already], &PinnedTool)],
    tool: &'a LiveTool,
) -> Result<Candidate<'a>, String> {
    if let Some(why) = barred(wanted, others, &tool.name) {
        return Err(why);
    }
    let call = match &tool.call {
        LiveCall::Http(call) => &**call,
        LiveCall::Unusable(why) => return Err(why.clone()),
    };
    if !is_callable(&tool.name) {
        return Err(format!("not all models take its name: use {NAME_BYTES_MAX} of a-z, A-Z, 0-9, `_` and `-`"));
    }
    let usual = if call.method == "GET" { Effect::Read } else { Effect::Once };
    let effect = wanted.effects.get(&tool.name).copied().unwrap_or(usual);
    let identity = wanted.identity.get(&tool.name).cloned().unwrap_or_default();
    Ok(Candidate { defined: tool, call, effect, identity })
}

/// Why a tool of that name isn't offered, whatever it does.
fn barred(wanted: &LiveTools, others: &[(&[Already], &PinnedTool)], name: &str) -> Option<String> {
    if is_telephony(name) {
        return Some("it acts on a live call".to_owned());
    }
    if !wanted.wants(name) {
        return Some("the assistant's `live_tools.only` doesn't name it".to_owned());
    }
    let full = |tool: &PinnedTool| format!("`{}/{}`", tool.plugin, tool.name);
    others.iter().find_map(|(maps, tool)| {
        if tool.name == name {
            Some(format!("{} has the same name", full(tool)))
        } else if tool.replaces.iter().any(|live| live == name) {
            Some(format!("{} stands in for it", full(tool)))
        } else if maps.iter().any(|map| map.live == name) {
            Some(format!("{} does the same", full(tool)))
        } else {
            None
        }
    })
}

/// Whether all providers take it as the name of a function: OpenAI's letters, and Gemini's first one.
fn is_callable(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl Candidate<'_> {
    /// The tool, as a component would describe it.
    pub fn tool(&self) -> Tool {
        Tool {
            name: self.defined.name.clone(),
            title: None,
            description: self.defined.description.clone(),
            input_schema: self.defined.parameters.clone(),
            output_schema: None,
            effect: self.effect,
            identity: self.identity.clone(),
            reconcilable: false,
        }
    }

    /// What its plugin is asked.
    pub fn instance(&self) -> Instance {
        let LiveTool { name, description, parameters, .. } = self.defined;
        let tool = [name.clone(), words_of(name).join("_")].into_iter().find(|name| is_tool_name(name));
        let tool = tool.unwrap_or_else(|| NAMELESS_TOOL.to_owned());
        // What only reads needs no key, and the plugin takes none for it.
        let idempotency = self.call.idempotency.clone().filter(|_| self.effect.writes());
        let mut entry = json!(HttpCall { idempotency, ..self.call.clone() });
        let fields = json!({
            "name": tool,
            "description": description,
            "parameters": parameters.value(),
            "effect": self.effect,
            "identity": self.identity,
        });
        if let (Value::Object(entry), Value::Object(fields)) = (&mut entry, fields) {
            entry.extend(fields);
        }
        Instance { tool, settings: Json::from(&json!({ "requests": [entry] })) }
    }

    /// The map by which what it did on the call is not done again: the same arguments are the same effect, also those of
    /// which its schema doesn't speak. What it left open only a person can tell, since the vendor was given no key then.
    pub fn already(&self) -> Already {
        Already {
            live: self.defined.name.clone(),
            arguments: [].into(),
            is_same: true,
            succeeded: [].into(),
            receipt: None,
            unclear: Unclear::Person,
        }
    }
}
