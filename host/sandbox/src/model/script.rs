//! A script: what the model says, as data.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::openai_chat::is_function_name;

/// What the model says in each call that it is asked to continue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The first whose marker is found in the history is played.
    pub scenes: Vec<Scene>,
}

/// The lines for one call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// For messages and for the replies' ids: letters, digits, `-` and `_`.
    pub name: String,
    /// A part of any string in the request's messages; without one, the scene fits every history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// One for each reply. The line played is the one whose index is the number of replies after the newest
    /// instruction.
    pub lines: Vec<Line>,
}

/// One reply. `text` and the calls' `arguments` may hold placeholders: `{{tool:/json/pointer}}` is read from the newest
/// result of that tool in the request. A string that is one placeholder becomes the value found, of whatever type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What the model says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The tool calls that it makes, side by side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// What it thinks before it speaks, where the provider's format has a place for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// What it says in declining.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// `stop`, `length`, `tool_calls` or `content_filter`, or what the provider has for it; without one, the first or the third by whether there are calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// Further fields of a message of Chat Completions, such as `reasoning_content`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
    /// How often a reply that is made in the background is asked for until it is there; without a number, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polls: Option<u32>,
    /// What is answered instead, at first or always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<LineFault>,
}

/// A tool call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The tool's name as the model would write it.
    pub name: String,
    /// Usually an object; a string is sent as it is, valid JSON or not.
    #[serde(default = "empty_object")]
    pub arguments: Value,
}

/// An answer in the place of a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineFault {
    /// The HTTP status.
    #[serde(default = "ok")]
    pub status: u16,
    /// A string is sent as it is, anything else as JSON; without one, the provider's error shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The `Retry-After` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// Where the reply is streamed: how many of its events come before the fault. An error then comes in an event; with a
    /// status that is none, the stream breaks off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_events: Option<usize>,
    /// How many of the first requests for the line get it; without a number, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// Why a script can't be played. Scenes and lines are counted from 0.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON, or not a script.
    #[error("the script is not as it should be: {0}")]
    Json(#[from] serde_json::Error),
    /// It has nothing to play.
    #[error("give the script a scene")]
    NoScene,
    /// A scene is wrong as a whole.
    #[error("scene {scene}: {remedy}")]
    Scene {
        /// Its index.
        scene: usize,
        /// What to do.
        remedy: &'static str,
    },
    /// A line is wrong.
    #[error("scene {scene}, line {line}: {remedy}")]
    Line {
        /// The scene's index.
        scene: usize,
        /// Its index in the scene.
        line: usize,
        /// What to do.
        remedy: &'static str,
    },
}

impl Script {
    /// Reads a script from JSON and checks it.
    pub fn parse(json: &str) -> Result<Script, Error> {
        let script: Script = serde_json::from_str(json)?;
        script.check()?;
        Ok(script)
    }

    /// A script of one scene that fits every history.
    pub fn of(lines: impl IntoIterator<Item = Line>) -> Script {
        let scene = Scene { name: "only".to_owned(), marker: None, lines: lines.into_iter().collect() };
        Script { scenes: vec![scene] }
    }

    /// Checks what the types don't.
    pub fn check(&self) -> Result<(), Error> {
        if self.scenes.is_empty() {
            return Err(Error::NoScene);
        }
        for (scene, part) in self.scenes.iter().enumerate() {
            let wrong = if !is_function_name(&part.name) {
                Some("name it with letters, digits, - and _")
            } else if part.lines.is_empty() {
                Some("give it a line")
            } else if part.marker.as_ref().is_some_and(String::is_empty) {
                Some("leave the marker out or give it letters")
            } else {
                None
            };
            if let Some(remedy) = wrong {
                return Err(Error::Scene { scene, remedy });
            }
            for (line, reply) in part.lines.iter().enumerate() {
                reply.check().map_err(|remedy| Error::Line { scene, line, remedy })?;
            }
        }
        Ok(())
    }

    pub(crate) fn scene_for(&self, told: &[&Value]) -> Option<(usize, &Scene)> {
        self.scenes.iter().enumerate().find(|(_, scene)| {
            scene.marker.as_ref().is_none_or(|marker| told.iter().any(|told| mentions(told, marker)))
        })
    }
}

impl Line {
    /// A line that says something and calls nothing.
    pub fn text(text: &str) -> Line {
        Line { text: Some(text.to_owned()), ..Line::default() }
    }

    /// A line that makes one call and says nothing.
    pub fn call(name: &str, arguments: Value) -> Line {
        Line::default().and_call(name, arguments)
    }

    /// The line with one more call beside those that it has.
    pub fn and_call(mut self, name: &str, arguments: Value) -> Line {
        self.calls.push(Call { name: name.to_owned(), arguments });
        self
    }

    pub(crate) fn finish_reason(&self) -> &str {
        let usual = if self.calls.is_empty() { "stop" } else { "tool_calls" };
        self.finish_reason.as_deref().unwrap_or(usual)
    }

    fn check(&self) -> Result<(), &'static str> {
        let silent = self.text.is_none() && self.calls.is_empty() && self.refusal.is_none();
        let always_fault = self.fault.as_ref().is_some_and(|fault| fault.times.is_none());
        if silent && !always_fault {
            return Err("give it text, calls, a refusal, or a fault without times");
        }
        if self.calls.iter().any(|call| !is_function_name(&call.name)) {
            return Err("name tools with letters, digits, - and _, at most 64");
        }
        if !["stop", "length", "tool_calls", "content_filter"].contains(&self.finish_reason()) {
            return Err("finish with stop, length, tool_calls or content_filter");
        }
        match &self.fault {
            Some(fault) if !(200..600).contains(&fault.status) => Err("fault with a status from 200 to 599"),
            Some(fault) if fault.times == Some(0) => Err("leave the fault out or have it at least once"),
            _ => Ok(()),
        }
    }
}

fn mentions(value: &Value, marker: &str) -> bool {
    match value {
        Value::String(text) => text.contains(marker),
        Value::Array(items) => items.iter().any(|item| mentions(item, marker)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, marker)),
        _ => false,
    }
}

fn empty_object() -> Value {
    Value::Object(Map::new())
}

fn ok() -> u16 {
    200
}
