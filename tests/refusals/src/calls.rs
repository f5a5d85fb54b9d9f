//! The calls: those of the sets of `aftercall-twice`, and of the tools that read.

use std::collections::BTreeMap;

use aftercall_twice::set::{Call, Set};
use serde::Deserialize;

/// A call and those before it.
#[derive(Debug)]
pub struct Scene<'a> {
    /// Whose settings there are, and what vendors have.
    pub set: &'a Set,
    /// Undisturbed.
    pub before: Vec<Call>,
    /// The one whose requests are refused.
    pub call: Call,
}

/// A call of a tool that reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(default)]
    before: Vec<Call>,
    tool: String,
    arguments: serde_json::Value,
}

/// All calls of all sets.
///
/// # Panics
/// Where `reads.toml` can't be read, or is of a set that there isn't: that is a mistake in it.
pub fn all(sets: &[Set]) -> Vec<Scene<'_>> {
    let mut reads: BTreeMap<String, Vec<Read>> = toml::from_str(include_str!("../reads.toml")).expect("it is a list");
    let mut scenes = Vec::new();
    for set in sets {
        for case in &set.cases {
            let call = Call { tool: case.tool.clone(), arguments: case.arguments.clone() };
            scenes.push(Scene { set, before: case.before.clone(), call });
        }
        for Read { before, tool, arguments } in reads.remove(&set.name).unwrap_or_default() {
            scenes.push(Scene { set, before, call: Call { tool, arguments } });
        }
    }
    assert!(reads.is_empty(), "reads.toml has calls of no set: {reads:?}");
    scenes
}
