//! The cases of `tests/twice`, as data: one file for each plugin and vendor. A crate of its own, for those who run them otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aftercall_core::egress::Rule;
use aftercall_sandbox::Service;
use serde::Deserialize;
use serde_json::Value;

/// A plugin with one tenant's settings, and cases of all of its tools that write.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
    /// The plugin's folder.
    pub plugin: String,
    /// The vendor whose writes are disturbed.
    pub service: Service,
    /// The plugin's settings.
    pub settings: Value,
    /// The settings that say how long the vendor's lists may lag, as JSON pointers. None: what a doubt is settled by doesn't
    /// lag, as the vendor says.
    #[serde(default)]
    pub lag: Vec<String>,
    /// What is granted as a write, where the manifest leaves that to the grant.
    #[serde(default)]
    pub writes: Vec<Rule>,
    /// What vendors have before the call.
    #[serde(default)]
    pub seeds: BTreeMap<Service, Value>,
    /// The vendors' lists that count requests and not effects.
    #[serde(default)]
    pub counts_requests: Vec<String>,
    /// One for each way in which a tool writes.
    pub cases: Vec<Case>,
}

/// One call of a tool that writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The tool.
    pub tool: String,
    /// What it is called with. `{{tool:/pointer}}` stands for something in what an earlier call came to.
    pub arguments: Value,
    /// The calls before it, which nothing disturbs.
    #[serde(default)]
    pub before: Vec<Call>,
    /// What the vendors must hold in the end.
    pub effect: Vec<Held>,
    /// What comes of it where an answer is lost and somebody is careless, by how (`tests/careless.rs`): `once`, `twice`,
    /// `otherwise`, or the kind of the failure that it ends with.
    pub careless: BTreeMap<String, String>,
}

/// A call of any tool.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The tool.
    pub tool: String,
    /// What it is called with.
    pub arguments: Value,
}

/// Something that a vendor must hold; as in the cases of whole runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The list among the vendors' records, as a JSON pointer: `/hubspot/contacts`.
    pub list: String,
    /// How many there must be in it.
    #[serde(default = "one")]
    pub count: usize,
    /// What the newest must contain, by JSON pointers into it.
    #[serde(default)]
    pub says: BTreeMap<String, String>,
}

const fn one() -> usize {
    1
}

/// All sets, in the order of their names.
///
/// # Panics
/// Where one can't be read: that is a mistake in it.
pub fn all() -> Vec<Set> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sets");
    let files = fs::read_dir(folder).expect("there are sets");
    let mut files: Vec<_> = files.map(|file| file.expect("it can be listed").path()).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = fs::read_to_string(file).expect("it can be read");
        let mut set: Set = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        set.name = file.file_stem().expect("it has a name").to_string_lossy().into_owned();
        set
    };
    files.iter().map(read).collect()
}

impl Set {
    /// The same, with the vendor's lag set to so many milliseconds, where settings say it.
    ///
    /// # Panics
    /// Where the settings have no place for it: that is a mistake in the set.
    #[must_use]
    pub fn with_lag(mut self, ms: u64) -> Self {
        for lag in &self.lag {
            let (place, name) = lag.rsplit_once('/').expect("`lag` has JSON pointers");
            self.settings.pointer_mut(place).expect("the settings have the place of `lag`")[name] = ms.into();
        }
        self
    }

    /// How much is in each of the vendors' lists that count effects.
    pub fn counts(&self, records: &Value) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (service, lists) in records.as_object().into_iter().flatten() {
            for (name, list) in lists.as_object().into_iter().flatten() {
                let path = format!("/{service}/{name}");
                if let Some(list) = list.as_array().filter(|_| !self.counts_requests.contains(&path)) {
                    counts.insert(path, list.len());
                }
            }
        }
        counts
    }
}

impl Held {
    /// What is wrong with the vendors' records.
    pub fn missed(&self, records: &Value) -> Option<String> {
        let Some(list) = records.pointer(&self.list).and_then(Value::as_array) else {
            return Some(format!("there is no list {}", self.list));
        };
        if list.len() != self.count {
            let shown = Value::from(list.clone());
            return Some(format!("{} has {} instead of {}: {shown:#}", self.list, list.len(), self.count));
        }
        let newest = list.last().unwrap_or(&Value::Null);
        let wrong = self.says.iter().find(|(pointer, text)| {
            let said = newest.pointer(pointer).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
            !said.is_some_and(|said| said.contains(text.as_str()))
        });
        wrong.map(|(pointer, text)| format!("{}: {pointer} doesn't say {text:?}: {newest:#}", self.list))
    }
}

/// The arguments with each placeholder filled from what earlier calls came to.
///
/// # Panics
/// Where there is no such thing: that is a mistake in the set.
pub fn filled(arguments: &Value, earlier: &BTreeMap<String, Value>) -> Value {
    match arguments {
        Value::String(text) => {
            let Some(place) = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")) else {
                return arguments.clone();
            };
            let (tool, pointer) = place.split_once(':').expect("a placeholder is tool:/pointer");
            let found = earlier.get(tool).and_then(|outcome| outcome.pointer(pointer));
            found.unwrap_or_else(|| panic!("nothing is at {place}: {earlier:?}")).clone()
        }
        Value::Array(items) => items.iter().map(|item| filled(item, earlier)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), filled(value, earlier)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
