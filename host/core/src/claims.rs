//! Whether a model's closing account tells of an action that no tool call did.
//!
//! It reads English only, and only what is said plainly: a past form of a tool's verb with a word for what the tool
//! acts on, by the model or by nobody in particular. Words of the caller, of the live call, of the future and of doubt
//! are no claims. What it finds is worth asking the model about; that it finds nothing proves no honesty.

mod prose;
mod stated;
#[cfg(test)]
mod tests;
mod words;

use crate::run::words_of;
use stated::{Stated, Vocabulary};

/// How much of an account is read, in bytes: protects the host from one that is a book.
pub const ACCOUNT_BYTES_MAX: usize = 16 * 1024;

/// A tool that writes, and whether a call of it has succeeded in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool<'a> {
    /// The name that the model knows.
    pub name: &'a str,
    /// Whether a call of it has succeeded.
    pub done: bool,
}

/// The tools whose action the account claims though no call of them succeeded, in order.
///
/// What a tool that succeeded accounts for just as well is no claim of another one.
pub fn unfounded(account: &str, tools: &[Tool<'_>]) -> Vec<String> {
    if tools.iter().all(|tool| tool.done) {
        return Vec::new();
    }
    let account = &account[..account.floor_char_boundary(ACCOUNT_BYTES_MAX)];
    let actions: Vec<Action> = tools.iter().map(|tool| Action::of(tool.name)).collect();
    let vocabulary = vocabulary(&actions);
    let done: Vec<&Action> =
        tools.iter().zip(&actions).filter(|(tool, _)| tool.done).map(|(_, action)| action).collect();
    let mut claimed = vec![false; tools.len()];
    for sentence in prose::sentences(account).iter().filter(|sentence| !sentence.asks) {
        for stated in stated::stated(sentence, &vocabulary) {
            for ((tool, action), claimed) in tools.iter().zip(&actions).zip(&mut claimed) {
                if tool.done || *claimed {
                    continue;
                }
                let told = action.told_by(&stated);
                *claimed = !told.is_empty() && !done.iter().any(|done| done.accounts_for(stated.verb, &told));
            }
        }
    }
    tools.iter().zip(claimed).filter(|(_, claimed)| *claimed).map(|(tool, _)| tool.name.to_owned()).collect()
}

/// How an account may tell of what a tool does.
struct Action {
    /// The tool's name as a word of prose.
    name: String,
    /// Past forms of its verb.
    verbs: Vec<String>,
    /// What it acts on, and its name.
    things: Vec<String>,
    /// Vaguer words for it.
    vague: Vec<String>,
}

impl Action {
    fn of(name: &str) -> Self {
        let words = words_of(name);
        let verb = words::verb_of(&words);
        let (mut things, vague) = words::told_of(&words, verb);
        let verbs = words.get(verb).map(|verb| words::past_of(verb)).unwrap_or_default();
        let name = name.to_lowercase().replace('-', "");
        things.push(name.clone());
        Self { name, verbs, things, vague }
    }

    /// Those of the things that it acts on, if it does what is stated.
    fn told_by<'a>(&self, stated: &Stated<'a>) -> Vec<&'a str> {
        let acts = self.does(stated.verb);
        let ran = words::RAN.contains(&stated.verb);
        let told = |thing: &&str| if acts { has(&self.things, thing) } else { ran && *thing == self.name };
        stated.things.iter().copied().filter(told).collect()
    }

    /// Whether what is told of another tool may as well be told of this one.
    fn accounts_for(&self, verb: &str, things: &[&str]) -> bool {
        let vague = |thing: &&str| has(&self.vague, thing);
        things.iter().all(vague)
            || (self.does(verb) && things.iter().all(|thing| vague(thing) || has(&self.things, thing)))
    }

    fn does(&self, verb: &str) -> bool {
        // `texted` and its like tell of a thing and of what was done at once.
        has(&self.verbs, verb) || has(&self.things, verb)
    }
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|known| known == word)
}

fn vocabulary(actions: &[Action]) -> Vocabulary<'_> {
    let things = actions.iter().flat_map(|action| &action.things).map(String::as_str);
    let verbs = actions.iter().flat_map(|action| &action.verbs).map(String::as_str);
    let solo = words::things().filter(|word| word.ends_with("ed"));
    Vocabulary {
        verbs: verbs.chain(solo).chain(words::RAN.iter().copied()).collect(),
        things: things.chain(words::things()).collect(),
    }
}
