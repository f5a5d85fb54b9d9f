//! What the live call already did, for the ledger: an appointment that was booked on the call is not booked again
//! after it.
//!
//! The operator maps live tools to post-call tools ([`Already`]). What a mapped live call did becomes the ledger's
//! entry of that effect, under the very key that an attempt after the call has. The map must give the values in the
//! form in which the post-call tool takes them: `2026-06-01T09:00` and `2026-06-01T09:00:00Z` are two effects, and
//! nothing here guesses that they are one. Where the tool's schema takes only one of the forms, the other is told of.
//!
//! A seed is for a ledger that knows nothing of its key. One that does, as of an earlier revision of the run, knows
//! better.

mod live;
mod map;

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use live::{Live, Success, WORDS_CHARS_MAX, clip};
pub use live::{RECEIPT_BYTES_MAX, RESULT_CHARS_MAX};
pub use map::{Already, Error, InvalidPlace, Place, Source, Unclear, check};

use crate::{
    binding,
    conversation::Conversation,
    effect::{Arguments, EffectKey},
    id::{PluginName, RunIdentity},
    ledger::{Entry, State},
    repair,
    run::PinnedTool,
    schema::Schema,
    time::Timestamp,
};

/// What a live call did, as the ledger will know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// Whose tool does it after a call.
    pub plugin: PluginName,
    /// That tool.
    pub tool: String,
    /// The effect's key.
    pub key: EffectKey,
    /// What the ledger is to know of it.
    pub entry: Entry,
    /// The live tool.
    pub live: String,
    /// The live call's place in the history, from 0.
    pub item: usize,
}

/// A seed, for the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seeded {
    /// The post-call tool.
    pub tool: String,
    /// The live tool.
    pub live: String,
    /// The live call's place in the history, from 0.
    pub item: usize,
    /// The effect's key.
    pub key: EffectKey,
    /// Whether the live call left open what it did.
    pub in_doubt: bool,
}

/// A mapped live call without a seed, for the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unseeded {
    /// The post-call tool.
    pub tool: String,
    /// The live tool.
    pub live: String,
    /// The live call's place in the history, from 0.
    pub item: usize,
    /// Why there is none.
    pub why: Why,
}

/// Why a mapped live call gives no seed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It didn't do it.
    #[error("the live call says that it was not done")]
    NotDone,
    /// It can't be told which effect it had.
    #[error("`{argument}` says which effect it is, but {words}")]
    Unidentified {
        /// The post-call tool's argument.
        argument: String,
        /// What is wrong with it.
        words: String,
    },
    /// The post-call tool can't be tried at all.
    #[error("{words}")]
    Unbound {
        /// Which bound argument can't be filled.
        words: String,
    },
}

/// Finds what the live call already did of what these tools do; each comes with its maps.
///
/// The history is one that [`repair::repair`] has mended. Live calls with the same effect give one seed, and one that
/// did it counts more than one that may have. `at` is now.
pub fn seeds(
    identity: &RunIdentity,
    tools: &[(&[Already], &PinnedTool)],
    call: &Conversation,
    at: Timestamp,
) -> (Vec<Seed>, Vec<Unseeded>) {
    let mapped = tools.iter().filter(|(maps, tool)| tool.effect.writes() && !maps.is_empty());
    let mapped: Vec<_> = mapped.map(|(maps, tool)| (*maps, Target::of(tool))).collect();
    let mut by_live: HashMap<&str, Vec<(&Already, &Target<'_>)>> = HashMap::new();
    for (map, target) in mapped.iter().flat_map(|(maps, target)| maps.iter().map(move |map| (map, target))) {
        by_live.entry(&map.live).or_default().push((map, target));
    }
    if by_live.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let (mut seeds, mut unseeded): (Vec<Seed>, Vec<Unseeded>) = (Vec::new(), Vec::new());
    let mut known: HashMap<EffectKey, usize> = HashMap::new();
    for (item, made, result) in repair::answers(&call.items) {
        let Some(maps) = by_live.get(made.name.as_str()) else { continue };
        let live = Live::of(item, made, call, result);
        for (map, target) in maps {
            let seed = match target.seed(map, &live, identity, call, at) {
                Ok(seed) => seed,
                Err(why) => {
                    let (tool, live) = (target.tool.name.clone(), made.name.clone());
                    unseeded.push(Unseeded { tool, live, item, why });
                    continue;
                }
            };
            match known.get(&seed.key).and_then(|place| seeds.get_mut(*place)) {
                Some(earlier) if earlier.is_in_doubt() && !seed.is_in_doubt() => *earlier = seed,
                Some(_) => {}
                None => {
                    known.insert(seed.key.clone(), seeds.len());
                    seeds.push(seed);
                }
            }
        }
    }
    (seeds, unseeded)
}

/// A post-call tool that live tools are mapped to.
struct Target<'a> {
    tool: &'a PinnedTool,
    properties: Option<Schema>,
    identifying: Vec<String>,
}

impl<'a> Target<'a> {
    fn of(tool: &'a PinnedTool) -> Self {
        Self { tool, properties: map::properties(tool), identifying: map::identifying(tool) }
    }

    /// Whether the tool could have been given these. One whose schema can't be used can't be tried at all.
    fn takes(&self, arguments: &Map<String, Value>) -> bool {
        let schema = Schema::compile(&self.tool.schema.value());
        schema.is_ok_and(|schema| schema.complaints(&Value::Object(arguments.clone())).is_empty())
    }

    fn seed(
        &self,
        map: &Already,
        live: &Live<'_>,
        identity: &RunIdentity,
        call: &Conversation,
        at: Timestamp,
    ) -> Result<Seed, Why> {
        let state = match live.success(&map.succeeded) {
            Success::No => return Err(Why::NotDone),
            Success::Yes => State::Done(live.outcome(map.receipt.as_ref())),
            Success::Unclear if map.unclear == Unclear::Person => State::Unknowable,
            Success::Unclear => State::InDoubt,
        };
        let tool = self.tool;
        let arguments = self.arguments(map, live, call)?;
        // What the key covers already can't differ.
        let says_more = map.is_same || map.arguments.keys().any(|name| !tool.identity.contains(name));
        let says_more = says_more && !tool.identity.is_empty();
        let given = Arguments::of(&arguments);
        // A tool can be asked about nothing that it couldn't have been given.
        let asks = state == State::InDoubt || state == State::Unknowable;
        let in_question = (asks && self.takes(&arguments)).then(|| given.json().clone());
        let entry = Entry {
            arguments: says_more.then(|| given.digest().clone()),
            attempts: 1,
            first_attempt_at: live.not_before(call, at),
            last_attempt_at: live.not_after(call, at),
            last_attempt_ended_at: None,
            in_question,
            state,
        };
        Ok(Seed {
            plugin: tool.plugin.clone(),
            tool: tool.name.clone(),
            key: EffectKey::of(identity, &tool.plugin, &tool.name, &tool.identity, &arguments),
            entry,
            live: live.name.to_owned(),
            item: live.item,
        })
    }

    /// What the tool would have been given for the same effect. What the live call doesn't say is left out.
    fn arguments(&self, map: &Already, live: &Live<'_>, call: &Conversation) -> Result<Map<String, Value>, Why> {
        let found = map.arguments.iter().filter_map(|(argument, source)| {
            let value = match source {
                Source::At(place) => live.find(place)?,
                Source::Always(value) => value,
            };
            Some((argument.clone(), value.clone()))
        });
        let unidentified = |argument: &str, words: &str| Why::Unidentified {
            argument: argument.to_owned(),
            words: clip(words, WORDS_CHARS_MAX),
        };
        let mut given = Map::new();
        if map.is_same {
            given = live.arguments().map_err(|why| Why::Unbound {
                words: clip(&format!("the arguments of the live call, {why}"), WORDS_CHARS_MAX),
            })?;
        }
        given.extend(found);
        let arguments = binding::fill(given, &self.tool.bindings, call)
            .map_err(|error| Why::Unbound { words: error.to_string() })?;
        for argument in &self.identifying {
            let words = match (arguments.get(argument), map.arguments.get(argument)) {
                (Some(value), _) => {
                    let complaint = self.properties.as_ref().and_then(|all| map::complaint(all, argument, value));
                    complaint.map(|complaint| format!("the tool doesn't take what it is: {complaint}"))
                }
                (None, Some(Source::At(place))) => Some(live.lack(place)),
                (None, _) if map.is_same => Some("the live call doesn't have it".to_owned()),
                (None, _) => Some("the map doesn't name it".to_owned()),
            };
            if let Some(words) = words {
                return Err(unidentified(argument, &words));
            }
        }
        Ok(arguments)
    }
}

impl Seed {
    /// Whether the live call left open what it did.
    pub fn is_in_doubt(&self) -> bool {
        !matches!(self.entry.state, State::Done(_))
    }
}

impl From<&Seed> for Seeded {
    fn from(seed: &Seed) -> Self {
        let Seed { tool, live, item, key, .. } = seed.clone();
        Self { tool, live, item, key, in_doubt: seed.is_in_doubt() }
    }
}

impl fmt::Display for Seeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let did = if self.in_doubt { "may have done" } else { "did" };
        write!(f, "item {} (`{}`): it {did} what `{}` does", self.item, self.live, self.tool)
    }
}

impl fmt::Display for Unseeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tool, live, item, why } = self;
        write!(f, "item {item} (`{live}`): it doesn't count as what `{tool}` does: {why}")
    }
}

#[cfg(test)]
mod tests;
