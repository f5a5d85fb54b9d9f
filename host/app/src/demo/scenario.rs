//! A scenario: what goes in, and what must have come of it in the vendors' own state.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use aftercall_sandbox::{Rule, Script, Service, State};
use anyhow::Context as _;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{config::Config, report::Report};

/// Where a scenario's folder has its variants.
const VARIANTS: &str = "variants";

/// One scenario: a folder with `aftercall.toml`, `call.json`, `model.json`, `expected.json`; where the vendors
/// have something before the call, `vendors.json`; where they misbehave, `faults.json`; where it goes on from a call
/// before it, `earlier.json`.
///
/// A variant of it is the same call of a tenant who has other vendors: a folder `variants/NAME` in the scenario's, with
/// those files that differ.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name, which is its folder's: `sales`, or `sales/telnyx` of a variant.
    pub name: String,
    /// The record of a call whose run ends before this one's begins.
    pub earlier: Option<Vec<u8>>,
    /// The call's record.
    pub call: Vec<u8>,
    /// The tenant's configuration.
    pub config: Config,
    /// The model's lines.
    pub script: Script,
    /// What vendors have before the call.
    pub seeds: BTreeMap<Service, Value>,
    /// How the vendors misbehave.
    pub faults: Vec<Rule>,
    /// What must come of it.
    pub expected: Expected,
}

/// What must come of a scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// How the run ends.
    outcome: String,
    /// Model replies.
    turns: usize,
    /// The effects that came about, each with a receipt, in order.
    effects: Vec<Effect>,
    /// Tools that were refused, in order.
    #[serde(default)]
    refused: Vec<String>,
    /// What the vendors must hold.
    vendors: Vec<Held>,
}

/// An effect that must have come about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Effect {
    tool: String,
    /// Attempts that it must have taken.
    attempts: u32,
}

/// Something that a vendor must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    /// The list among the vendors' records, as a JSON pointer: `/hubspot/contacts`.
    list: String,
    /// Which of the list are meant, by JSON pointers into them and the texts that must be there. Absent: all.
    #[serde(default, rename = "where")]
    filter: BTreeMap<String, String>,
    /// How many there must be.
    count: usize,
    /// What the first one must contain, by JSON pointers into it.
    #[serde(default)]
    says: BTreeMap<String, String>,
}

impl Scenario {
    /// Reads a scenario's folder, or a variant's. What that one lacks is the scenario's.
    ///
    /// # Errors
    /// A file is missing or broken.
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        let base = base(folder);
        let place = |name: &str| {
            let own = folder.join(name);
            base.filter(|_| !own.exists()).map_or_else(|| own.clone(), |base| base.join(name))
        };
        let file = |name: &str| -> anyhow::Result<(PathBuf, Vec<u8>)> {
            let path = place(name);
            let bytes = std::fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
            Ok((path, bytes))
        };
        let (path, script) = file("model.json")?;
        let script = Script::parse(&String::from_utf8(script)?).with_context(|| path.display().to_string())?;
        let seeds = if place("vendors.json").exists() { json(file("vendors.json")?)? } else { BTreeMap::new() };
        let faults = if place("faults.json").exists() { json(file("faults.json")?)? } else { Vec::new() };
        let earlier = place("earlier.json").exists().then(|| file("earlier.json")).transpose()?;
        let names = base.into_iter().chain([folder]).filter_map(Path::file_name);
        Ok(Self {
            name: names.map(|name| name.to_string_lossy()).collect::<Vec<_>>().join("/"),
            earlier: earlier.map(|(_, record)| record),
            call: file("call.json")?.1,
            config: Config::read(&place("aftercall.toml"))?,
            script,
            seeds,
            faults,
            expected: json(file("expected.json")?)?,
        })
    }

    /// The folders of a scenario's variants, in order.
    ///
    /// # Errors
    /// They can't be listed.
    pub fn variants(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let parent = folder.join(VARIANTS);
        if !parent.exists() {
            return Ok(Vec::new());
        }
        let listed = || std::fs::read_dir(&parent)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
        let mut folders = listed().with_context(|| format!("{} can't be listed", parent.display()))?;
        folders.sort();
        Ok(folders)
    }
}

/// The folder of the scenario that a folder is a variant of.
fn base(folder: &Path) -> Option<&Path> {
    let parent = folder.parent().filter(|parent| parent.ends_with(VARIANTS))?;
    parent.parent()
}

fn json<T: DeserializeOwned>((path, bytes): (PathBuf, Vec<u8>)) -> anyhow::Result<T> {
    serde_json::from_slice(&bytes).with_context(|| path.display().to_string())
}

impl Expected {
    /// Where a run and the vendors differ from it, in words. Empty: nowhere.
    pub fn deviations(&self, report: &Report, state: &State) -> Vec<String> {
        let done = report.effects.iter().map(|effect| {
            let proof = if effect.receipt.is_some() { "" } else { " without a receipt" };
            format!("{} at attempt {}{proof}", effect.tool, effect.attempts)
        });
        let wanted = self.effects.iter().map(|effect| format!("{} at attempt {}", effect.tool, effect.attempts));
        let refused = report.refused.iter().map(|refused| refused.tool.clone());
        let mut differences = vec![
            difference("outcome", report.outcome.clone(), self.outcome.clone()),
            difference("turns", report.turns.to_string(), self.turns.to_string()),
            difference("effects", list(done), list(wanted)),
            difference("refused", list(refused), list(self.refused.iter().cloned())),
        ];
        let records = serde_json::to_value(&state.records).expect("the sandbox's state serialises");
        differences.extend(self.vendors.iter().flat_map(|held| held.differences(&records)));
        differences.into_iter().flatten().collect()
    }

    /// The lists of vendors' records that it speaks of, and how many records it wants there.
    pub fn counts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.vendors.iter().map(|held| (held.list.as_str(), held.count))
    }
}

/// The records of a list, by its JSON pointer.
///
/// # Errors
/// No vendor has such a list; in words, with those that there are.
pub(super) fn records_of<'a>(state: &'a Value, list: &str) -> Result<&'a [Value], String> {
    if let Some(Value::Array(records)) = state.pointer(list) {
        return Ok(records);
    }
    let vendors = state.as_object().into_iter().flatten();
    let lists = vendors.flat_map(|(vendor, lists)| {
        let lists = lists.as_object().into_iter().flatten().filter(|(_, records)| records.is_array());
        lists.map(move |(list, _)| format!("/{vendor}/{list}"))
    });
    Err(format!("{list} is no list of a vendor's; there are {}", lists.collect::<Vec<_>>().join(", ")))
}

impl Held {
    fn differences(&self, records: &Value) -> Vec<Option<String>> {
        let is_meant = |record: &&Value| {
            self.filter.iter().all(|(pointer, wanted)| record.pointer(pointer).is_some_and(|value| *value == **wanted))
        };
        let held: Vec<&Value> = match records_of(records, &self.list) {
            Ok(held) => held.iter().filter(is_meant).collect(),
            Err(words) => return vec![Some(words)],
        };
        let mut differences = vec![difference(&self.list, held.len().to_string(), self.count.to_string())];
        for (pointer, wanted) in &self.says {
            let said = match held.first().and_then(|first| first.pointer(pointer)) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => "nothing".to_owned(),
            };
            let place = format!("{}, {pointer} of the first", self.list);
            let says_it = said.contains(wanted);
            differences.push((!says_it).then(|| format!("{place}: `{said}` does not say `{wanted}`")));
        }
        differences
    }
}

fn difference(what: &str, got: String, wanted: String) -> Option<String> {
    (got != wanted).then(|| format!("{what}: {got} instead of {wanted}"))
}

fn list(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}
