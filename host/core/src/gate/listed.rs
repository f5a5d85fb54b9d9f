//! Gates that are lists of a platform's words: how a call ended, and what came of it.

use serde::{Deserialize, Serialize};

use super::{
    Skip,
    variable::{Missing, Variable, Variables, echo, folded, plain},
};

/// Which ends of a call pass. `skip` counts first, where both lists name one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndReasons {
    /// Those that pass. Empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Pattern>,
    /// Those that don't.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<Pattern>,
    /// What becomes of a call of which the platform doesn't say why it ended. By default it passes.
    #[serde(default = "Missing::pass", skip_serializing_if = "Missing::is_pass")]
    pub missing: Missing,
}

/// Which outcomes of a call pass. `skip` counts first, where both lists name one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disposition {
    /// The variable that says the outcome. A boolean or a number counts as it is written.
    pub variable: Variable,
    /// Those that pass. Empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Pattern>,
    /// Those that don't.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<Pattern>,
    /// What becomes of a call without that variable. By default it passes.
    #[serde(default = "Missing::pass", skip_serializing_if = "Missing::is_pass")]
    pub missing: Missing,
}

/// A platform's word, in whatever case; with a `*` at its end, all words that begin so.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` can't be matched: write the platform's word, or its beginning and a `*` as its last character")]
pub struct InvalidPattern(String);

/// What a gate with lists has against a call. What was found is shortened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listed {
    /// Nothing is said, and `missing` wants it said.
    Missing,
    /// It is among `skip`.
    Skipped {
        /// What is said.
        found: String,
    },
    /// It is not among `only`.
    NotListed {
        /// What is said.
        found: String,
    },
}

impl EndReasons {
    pub(super) fn is_empty(&self) -> bool {
        self.only.is_empty() && self.skip.is_empty()
    }

    pub(super) fn check(&self, reason: Option<&str>) -> Result<(), Skip> {
        let said = reason.filter(|reason| !reason.trim().is_empty());
        check(&self.only, &self.skip, self.missing, said).map_err(|why| Skip::EndReason { why })
    }
}

impl Disposition {
    pub(super) fn is_empty(&self) -> bool {
        self.only.is_empty() && self.skip.is_empty()
    }

    pub(super) fn check(&self, variables: &Variables) -> Result<(), Skip> {
        let said = variables.get(&self.variable).map(|found| plain(found).unwrap_or_else(|| found.to_string()));
        check(&self.only, &self.skip, self.missing, said.as_deref())
            .map_err(|why| Skip::Disposition { variable: self.variable.clone(), why })
    }
}

fn check(only: &[Pattern], skip: &[Pattern], missing: Missing, said: Option<&str>) -> Result<(), Listed> {
    let Some(said) = said else {
        return if missing.is_pass() { Ok(()) } else { Err(Listed::Missing) };
    };
    let word = folded(said);
    let is_in = |list: &[Pattern]| list.iter().any(|pattern| pattern.matches(&word));
    if is_in(skip) {
        return Err(Listed::Skipped { found: echo(said) });
    }
    if only.is_empty() || is_in(only) { Ok(()) } else { Err(Listed::NotListed { found: echo(said) }) }
}

impl Pattern {
    /// Whether a word that is folded already is meant.
    fn matches(&self, word: &str) -> bool {
        let pattern = folded(&self.0);
        pattern.strip_suffix('*').map_or(word == pattern, |beginning| word.starts_with(beginning))
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        let word = text.trim();
        let is_one = !word.is_empty() && !word.strip_suffix('*').unwrap_or(word).contains('*');
        if is_one { Ok(Self(text)) } else { Err(InvalidPattern(text)) }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.0
    }
}
