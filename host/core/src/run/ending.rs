//! How runs end. Every end is typed, and none but `completed` is success.

use serde::{Deserialize, Serialize};

use crate::{gate::Skip, model, run::Decline, tool::Failure};

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ending {
    /// The model had nothing more to do, and nothing that it tried to do is left undone.
    Completed {
        /// Its account, if it gave one.
        account: Option<String>,
    },
    /// A gate said no before anything began.
    Skipped {
        /// Which and why.
        reason: Skip,
    },
    /// A budget ran out first.
    BudgetExhausted {
        /// Which one.
        budget: Budget,
    },
    /// The model, or its provider's filter, refused to go on.
    Refused {
        /// In its words, if it gave any.
        words: Option<String>,
    },
    /// Something that had to work did not.
    Failed {
        /// What.
        why: Why,
    },
    /// The model closed with a claim that no tool call bears out, also after it was told so.
    Unproven {
        /// The tools whose action it claims.
        tools: Vec<String>,
        /// Its account.
        account: Option<String>,
    },
    /// Somebody ended it.
    Cancelled {
        /// Why, in their words.
        reason: String,
    },
    /// The conversation can't be continued by its model.
    CannotContinue {
        /// Why, and the remedy.
        reason: String,
    },
}

/// What had to work and did not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Why {
    /// The model did not reply, however often it was asked.
    Model(model::Failure),
    /// The model's reply was cut off at the provider's limit on length.
    CutOff,
    /// An effect that the model wanted did not come about, and it went no further.
    Tool {
        /// Which tool.
        tool: String,
        /// Why.
        failure: Failure,
    },
    /// An effect may or may not have happened, and a person left it at that.
    Abandoned {
        /// Of which tool.
        tool: String,
    },
}

/// A run's budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "`assistant::Budgets` has their meaning")]
pub enum Budget {
    Turns,
    ToolCalls,
    Tokens,
    WallTime,
}

impl Budget {
    /// The setting that would have to be raised.
    pub const fn setting(self) -> &'static str {
        match self {
            Budget::Turns => "budgets.turns_max",
            Budget::ToolCalls => "budgets.tool_calls_max",
            Budget::Tokens => "budgets.tokens_max",
            Budget::WallTime => "budgets.wall_ms_max",
        }
    }
}

/// Why a run stops before the model does. Whatever is in flight is awaited, nothing new begins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Stop {
    /// Somebody asked for it.
    Cancel(String),
    /// Its wall time is over.
    Deadline,
}

impl Ending {
    /// The one word that lists and programs use.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Ending::Completed { .. } => "completed",
            Ending::Skipped { .. } => "skipped",
            Ending::BudgetExhausted { .. } => "budget-exhausted",
            Ending::Refused { .. } => "refused",
            Ending::Failed { .. } => "failed",
            Ending::Unproven { .. } => "unproven",
            Ending::Cancelled { .. } => "cancelled",
            Ending::CannotContinue { .. } => "cannot-continue",
        }
    }
}

impl From<Decline> for Ending {
    fn from(decline: Decline) -> Self {
        match decline {
            Decline::Skipped { reason } => Ending::Skipped { reason },
            Decline::CannotContinue { reason } => Ending::CannotContinue { reason },
        }
    }
}

impl From<Stop> for Ending {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancel(reason) => Ending::Cancelled { reason },
            Stop::Deadline => Ending::BudgetExhausted { budget: Budget::WallTime },
        }
    }
}
