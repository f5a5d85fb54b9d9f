//! Calls that are refused before anything runs, in words that the model can go on from.

use serde::{Deserialize, Serialize};

use crate::{
    conversation::ToolCall,
    limits::CALLS_PER_TURN_MAX,
    run::{PinnedTool, Pins},
    shared::Shared,
};

/// Why a call is refused without an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It acts on a live call, and this one has ended.
    Telephony,
    /// It isn't among the tools offered.
    NotOffered,
    /// The reply makes more calls than one may.
    TooManyAtOnce,
    /// The run's tool calls are used up.
    BudgetExhausted,
    /// The work is over, and the model is asked for insights alone.
    WorkIsOver,
}

/// Words that mark a tool as one that acts on the live call. A tool's name is split at everything that is
/// no letter; one of these sequences in it is enough.
const TELEPHONY: &[&[&str]] = &[
    &["hangup"],
    &["hang", "up"],
    &["end", "call"],
    &["transfer"],
    &["invite"],
    &["dtmf"],
    &["hold"],
    &["unhold"],
    &["mute"],
    &["dial"],
    &["handoff"],
    &["leave", "voicemail"],
];

/// Whether a tool acts on a live call. Such tools stay in the history and are never offered afterwards.
pub fn is_telephony(name: &str) -> bool {
    let words = words_of(name);
    TELEPHONY.iter().any(|marks| {
        words.windows(marks.len()).any(|window| window.iter().map(String::as_str).eq(marks.iter().copied()))
    })
}

/// The words of a name, in small letters: `transferCall`, `transfer_call` and `transfer-call` are the same.
pub fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in name.chars() {
        if !c.is_ascii_alphabetic() || (c.is_ascii_uppercase() && after_small) {
            words.push(String::new());
        }
        after_small = c.is_ascii_lowercase();
        if c.is_ascii_alphabetic() {
            words.last_mut().expect("there is always one").push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

impl Refusal {
    /// Decides about one call: none, if it may be attempted.
    ///
    /// `index` is its place in the reply, `made` counts the run's calls before it.
    pub(super) fn of(call: &ToolCall, index: usize, made: u32, pins: &Pins) -> Option<Self> {
        if !pins.tools.iter().any(|tool| tool.name == call.name) {
            let telephony = is_telephony(&call.name);
            return Some(if telephony { Refusal::Telephony } else { Refusal::NotOffered });
        }
        if index >= CALLS_PER_TURN_MAX {
            return Some(Refusal::TooManyAtOnce);
        }
        (made >= pins.budgets.tool_calls_max).then_some(Refusal::BudgetExhausted)
    }

    /// What the model is told.
    pub fn words(&self, name: &str, tools: &[Shared<PinnedTool>]) -> String {
        let offered = tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", ");
        let instead = tools
            .iter()
            .find(|tool| tool.replaces.iter().any(|live| live == name))
            .map(|tool| format!(" Use `{}` for this.", tool.name))
            .unwrap_or_default();
        match self {
            Refusal::Telephony => format!(
                "`{name}` acts on a live call, and this call has ended: nothing was done. Go on with the remaining \
                 steps; where one needs a person, say so in your closing account. Tools that can be used: {offered}.{instead}"
            ),
            Refusal::NotOffered => format!(
                "there is no tool `{name}` after the call: nothing was done. Tools that can be used: {offered}.{instead}"
            ),
            Refusal::TooManyAtOnce => format!(
                "one reply may make {CALLS_PER_TURN_MAX} calls at most: this one was not made. Make it in the next reply."
            ),
            Refusal::WorkIsOver => "the work is over: this call was not made.".to_owned(),
            Refusal::BudgetExhausted => "this run has used up its tool calls: this one was not made.".to_owned(),
        }
    }

    /// The word for programs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Refusal::Telephony => "telephony",
            Refusal::NotOffered => "not-offered",
            Refusal::TooManyAtOnce => "too-many-at-once",
            Refusal::BudgetExhausted => "budget-exhausted",
            Refusal::WorkIsOver => "work-is-over",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephony_is_told_by_its_words() {
        for (name, expected) in [
            ("transfer_call", true),
            ("transferCall", true),
            ("warm-transfer", true),
            ("hangup", true),
            ("hang_up", true),
            ("endCall", true),
            ("send_dtmf", true),
            ("sendDTMF", true),
            ("hold", true),
            ("household_lookup", false),
            ("send_sms", false),
            ("schedule_callback", false),
            ("end_subscription", false),
            ("call_end_survey", false),
            ("", false),
        ] {
            assert_eq!(is_telephony(name), expected, "{name}");
        }
    }
}
