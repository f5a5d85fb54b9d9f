//! The settings, as a tenant writes them.

use std::collections::{BTreeMap, BTreeSet};

use aftercall::{Effect, Failure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::endpoint::Endpoint;
use crate::mistakes::Mistakes;

/// The plugin's settings. Each entry is read by itself, so that the mistakes of all are found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    requests: Vec<Value>,
}

/// One tool.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) description: String,
    /// JSON Schema of the arguments.
    pub(crate) parameters: Map<String, Value>,
    pub(crate) effect: Option<EffectWord>,
    #[serde(default)]
    pub(crate) identity: Vec<String>,
    pub(crate) method: Method,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) query: Map<String, Value>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<Value>,
    #[serde(default)]
    pub(crate) form: bool,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) receipt: Option<String>,
    pub(crate) check: Option<CheckEntry>,
}

/// Where the key of an effect goes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Idempotency {
    pub(crate) header: String,
}

/// How an effect in doubt is looked up.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckEntry {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) query: Map<String, Value>,
    pub(crate) found: String,
    pub(crate) receipt: Option<String>,
    #[serde(default = "lag_ms")]
    pub(crate) lag_ms: u64,
}

/// How long what was made may be missing from what the server lists, where the settings don't say.
const fn lag_ms() -> u64 {
    60_000
}

/// The methods that a request may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// The contract's effects, by their words.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EffectWord {
    Read,
    Idempotent,
    Once,
}

impl From<EffectWord> for Effect {
    fn from(word: EffectWord) -> Self {
        match word {
            EffectWord::Read => Effect::Read,
            EffectWord::Idempotent => Effect::Idempotent,
            EffectWord::Once => Effect::Once,
        }
    }
}

/// All endpoints of the settings (JSON).
///
/// # Errors
/// Every mistake in them, each with its place and a remedy.
pub(crate) fn read(settings: &str) -> Result<Vec<Endpoint>, String> {
    let settings: Settings =
        serde_json::from_str(settings).map_err(|error| format!("`requests` lists the tools: {error}"))?;
    let mut mistakes = Mistakes::default();
    let mut names = BTreeSet::new();
    let mut endpoints = Vec::new();
    for (index, entry) in settings.requests.iter().enumerate() {
        let place = place(index, entry);
        let Some(endpoint) = endpoint(entry, &place, &mut mistakes) else { continue };
        if !names.insert(endpoint.name.clone()) {
            mistakes.at(&place, "another entry has this name: a tool's name is its own");
        }
        endpoints.push(endpoint);
    }
    mistakes.none()?;
    Ok(endpoints)
}

impl Settings {
    /// The endpoint of this name.
    ///
    /// # Errors
    /// There is none, or its entry is wrong.
    pub(crate) fn find(&self, name: &str) -> Result<Endpoint, Failure> {
        let found = self.requests.iter().enumerate().find(|(_, entry)| entry["name"] == name);
        let (index, entry) = found.ok_or_else(|| Failure::unknown_tool(name))?;
        let mut mistakes = Mistakes::default();
        let endpoint = endpoint(entry, &place(index, entry), &mut mistakes);
        mistakes.none().map_err(|why| Failure::of_settings(&["requests"], why))?;
        Ok(endpoint.expect("an entry that can't be read is a mistake"))
    }
}

/// One entry, as far as it can be read: what is wrong with it is among the mistakes.
fn endpoint(entry: &Value, place: &str, mistakes: &mut Mistakes) -> Option<Endpoint> {
    match Entry::deserialize(entry) {
        Ok(entry) => Some(Endpoint::of(entry, place, mistakes)),
        Err(error) => {
            mistakes.at(place, error);
            None
        }
    }
}

fn place(index: usize, entry: &Value) -> String {
    match entry["name"].as_str() {
        Some(name) => format!("requests[{index}] ({name})"),
        None => format!("requests[{index}]"),
    }
}
