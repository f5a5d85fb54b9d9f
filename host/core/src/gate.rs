//! Which calls have nothing to be done after them: decided before anything begins, from what the platform recorded.
//!
//! What a platform extracted from a call ([`Conversation::variables`]) is its word about the call, and often a model's
//! guess. It can hold work back and never brings any about: a call that passes all gates has done no more than pass.
//!
//! Gates are asked once, when a call is accepted. Where the platform sends its analysis in an event of its own, gates on
//! variables want [`Start::settle_ms`](crate::assistant::Start::settle_ms), or they look at a call without any.

mod condition;
mod listed;
mod skip;
mod variable;

use serde::{Deserialize, Serialize};

pub use condition::{Condition, Consent};
pub use listed::{Disposition, EndReasons, InvalidPattern, Listed, Pattern};
pub use skip::Skip;
pub use variable::{InvalidVariable, Missing, Variable};

use self::variable::Variables;
use crate::conversation::{Content, Conversation, Role};

/// An assistant's gates. A call that one of them holds back is skipped, and its run says by which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gates {
    /// Times that the person on the line must have spoken.
    pub user_turns_min: u32,
    /// How long the call must have lasted, in milliseconds. A call of which the platform gives no times passes.
    pub duration_ms_min: u64,
    /// Whether calls that a voicemail answered pass.
    pub voicemail_passes: bool,
    /// Whether calls that the platform marks as tests pass.
    pub test_calls_pass: bool,
    /// Which ends of a call pass: `{ skip = ["silence-timed-out", "customer-busy"] }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_reasons: Option<EndReasons>,
    /// The variable that must say yes: `{ variable = "consent/post_call" }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Which outcomes pass, by the variable that says them: `{ variable = "outcome", only = ["interested"] }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// What must hold of variables, all of it: `[{ variable = "lead/score", at_least = 5 }]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Condition>,
}

/// A gate that says nothing, or that no call could pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No list.
    #[error("says nothing: write `only` or `skip`")]
    NoList,
    /// No comparison.
    #[error("says nothing: write `is`, `is_not`, `one_of`, `at_least`, `at_most` or `exists`")]
    NoComparison,
    /// What is there or not is all that `exists` asks.
    #[error("`exists` stands alone: write what else must hold, and `missing`, as another condition or leave it out")]
    ExistsAndMore,
    /// Nothing that a variable could be compared with.
    #[error(
        "`{0}` has to be a text, a number, `true` or `false`; a text must not be blank, since blank ones count as missing"
    )]
    NoScalar(&'static str),
    /// Nothing would do.
    #[error("`one_of` names nothing, so that no call would pass")]
    NoneOf,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            user_turns_min: 1,
            duration_ms_min: 0,
            voicemail_passes: false,
            test_calls_pass: false,
            end_reasons: None,
            consent: None,
            disposition: None,
            when: Vec::new(),
        }
    }
}

impl Gates {
    /// Lets a conversation pass, or says which gate holds it back: the first of test call, voicemail, end reason,
    /// duration, user turns, consent, disposition, and conditions as they are written. What the platform knows comes
    /// before what it extracted.
    ///
    /// # Errors
    /// The gate that holds it back.
    pub fn check(&self, call: &Conversation) -> Result<(), Skip> {
        if call.is_test && !self.test_calls_pass {
            return Err(Skip::TestCall);
        }
        if is_voicemail(call) && !self.voicemail_passes {
            return Err(Skip::Voicemail);
        }
        if let Some(ends) = &self.end_reasons {
            ends.check(call.end_reason.as_deref())?;
        }
        if let (Some(start), Some(end)) = (call.started_at, call.ended_at) {
            let (lasted_ms, duration_ms_min) = (end.ms_since(start), self.duration_ms_min);
            if lasted_ms < duration_ms_min {
                return Err(Skip::TooShort { lasted_ms, duration_ms_min });
            }
        }
        let (turns, user_turns_min) = (user_turns(call), self.user_turns_min);
        if turns < user_turns_min {
            return Err(Skip::FewUserTurns { turns, user_turns_min });
        }
        self.check_variables(&Variables::of(call))
    }

    fn check_variables(&self, variables: &Variables) -> Result<(), Skip> {
        if let Some(consent) = &self.consent {
            consent.check(variables)?;
        }
        if let Some(disposition) = &self.disposition {
            disposition.check(variables)?;
        }
        self.when.iter().try_for_each(|condition| condition.check(variables))
    }

    /// What can't be meant, each with its setting below `gates`. Empty: nothing.
    pub fn errors(&self) -> Vec<(String, Error)> {
        let ends = self.end_reasons.as_ref().filter(|ends| ends.is_empty());
        let ends = ends.map(|_| ("end_reasons".to_owned(), Error::NoList));
        let disposition = self.disposition.as_ref().filter(|disposition| disposition.is_empty());
        let disposition = disposition.map(|_| ("disposition".to_owned(), Error::NoList));
        let when = self.when.iter().enumerate();
        let when = when.filter_map(|(index, condition)| Some((format!("when[{index}]"), condition.error()?)));
        ends.into_iter().chain(disposition).chain(when).collect()
    }
}

/// By the platform's own marks: who answered (`voicemail`, or a `machine…` of an answering machine detection),
/// or why the call ended (Vapi: `voicemail`; Retell: `voicemail_reached`). Such marks are one word; in a sentence somebody
/// may speak of a voicemail.
fn is_voicemail(call: &Conversation) -> bool {
    let says = |field: &Option<String>, mark| {
        field.as_deref().is_some_and(|text| !text.trim().contains(' ') && text.to_ascii_lowercase().contains(mark))
    };
    says(&call.answered_by, "voicemail") || says(&call.answered_by, "machine") || says(&call.end_reason, "voicemail")
}

fn user_turns(call: &Conversation) -> u32 {
    let spoke = |content: &Content| matches!(content, Content::Message { role: Role::User, text, .. } if !text.trim().is_empty());
    let turns = call.items.iter().filter(|item| spoke(&item.content)).count();
    u32::try_from(turns).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
