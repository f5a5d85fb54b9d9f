//! One model turn: what is asked and what comes back.

use serde::{Deserialize, Serialize};

use crate::{
    conversation::{Conversation, Dialect, Opaque, ToolCall},
    json::Json,
    price::Price,
};

/// Which model goes on, pinned when the run begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPin {
    /// The operator's route to it, by the name that the platform calls the model.
    pub route: String,
    /// The name that goes on the wire.
    pub model: String,
    /// The wire format.
    pub dialect: Dialect,
    /// How much it thinks before it speaks. None: as the call's parameters and the provider have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Reasoning>,
    /// What it costs. None: nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

impl ModelPin {
    /// A model that is called the same on its route and on the wire, of which nothing else is said.
    pub fn new(name: impl Into<String>, dialect: Dialect) -> Self {
        let name = name.into();
        Self { route: name.clone(), model: name, dialect, reasoning: None, price: None }
    }
}

/// How much a model thinks before it speaks. Each provider takes one of the two or both; of a word that it doesn't have, it
/// is told the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Reasoning {
    /// In words.
    Effort(Effort),
    /// In tokens of a turn.
    Tokens(std::num::NonZeroU32),
}

/// How much a model thinks, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Hardly at all.
    Minimal,
    /// A little.
    Low,
    /// As most do.
    Medium,
    /// Much.
    High,
}

impl Effort {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// What it comes to in tokens of a turn, where a provider counts them.
    pub const fn tokens(self) -> u32 {
        match self {
            Self::Minimal => 1_024,
            Self::Low => 4_096,
            Self::Medium => 12_288,
            Self::High => 32_768,
        }
    }

    /// The word for so many tokens of a turn.
    pub fn of_tokens(tokens: u32) -> Self {
        let words = [Self::Minimal, Self::Low, Self::Medium];
        words.into_iter().find(|word| tokens <= word.tokens()).unwrap_or(Self::High)
    }
}

impl Reasoning {
    /// In words.
    pub fn effort(self) -> Effort {
        match self {
            Self::Effort(effort) => effort,
            Self::Tokens(tokens) => Effort::of_tokens(tokens.get()),
        }
    }

    /// In tokens of a turn.
    pub const fn tokens(self) -> u32 {
        match self {
            Self::Effort(effort) => effort.tokens(),
            Self::Tokens(tokens) => tokens.get(),
        }
    }
}

impl std::fmt::Display for Reasoning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Effort(effort) => write!(f, "{} effort", effort.as_str()),
            Self::Tokens(tokens) => write!(f, "at most {tokens} tokens a turn"),
        }
    }
}

/// A tool as the model sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it does.
    pub description: &'a str,
    /// JSON Schema of its arguments, without the bound ones.
    pub schema: &'a Json,
}

/// An earlier turn of the same run: what the model replied, and what its calls came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange<'a> {
    /// The reply.
    pub reply: &'a Reply,
    /// For each call of the reply, in order: what the model is told of it.
    pub results: Vec<ToolAnswer>,
    /// What the model is told about the reply, before it is asked again.
    pub objection: Option<String>,
}

/// What the model is told of one of its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolAnswer {
    /// The text that it sees.
    pub text: String,
    /// Whether the call did not do what it was asked, as far as is known. Some providers have a place for that beside the
    /// text.
    pub is_error: bool,
}

/// What one turn is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnRequest<'a> {
    /// Which model.
    pub model: &'a ModelPin,
    /// The ended call.
    pub conversation: &'a Conversation,
    /// What the model is told now that the call has ended.
    pub instruction: &'a str,
    /// The tools offered.
    pub tools: &'a [Offer<'a>],
    /// The turns since.
    pub exchanges: &'a [Exchange<'a>],
    /// In which form the history goes out.
    pub history: History,
    /// Whether the reply is to be words alone: the tools are told of, since earlier turns called them, and may not be called.
    pub words_only: bool,
}

/// In which form the history of a call goes to the model that continues it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum History {
    /// In its provider's own bytes, wherever they are kept; translated elsewhere.
    #[default]
    AsWritten,
    /// All of it translated, since its provider refused its own bytes. What has no translation is left out.
    Rewritten,
}

/// What a model replied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Its words, if any.
    pub text: Option<String>,
    /// The tool calls that it makes, in its order.
    pub calls: Vec<ToolCall>,
    /// Why it stopped.
    pub finish: Finish,
    /// What it cost.
    pub usage: Usage,
    /// The provider's own message, for the next request.
    pub message: Opaque,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// It had no more to say, or waits for its tools.
    Stop,
    /// It ran into the provider's limit on length.
    Length,
    /// It, or the provider's filter, refused.
    Refusal,
}

/// Tokens, as the provider counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Of the request, all of them.
    pub input_tokens: u64,
    /// Those among them that the provider has read from its cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cached_tokens: u64,
    /// Of the reply.
    pub output_tokens: u64,
}

/// serde's shape of a predicate.
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Usage {
    /// Of request and reply.
    pub const fn total(self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Those of both turns.
    #[must_use]
    pub const fn plus(self, more: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(more.input_tokens),
            cached_tokens: self.cached_tokens.saturating_add(more.cached_tokens),
            output_tokens: self.output_tokens.saturating_add(more.output_tokens),
        }
    }
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct Failure {
    /// What the run does next depends on it.
    pub kind: FailureKind,
    /// The provider's words, or ours, for the operator.
    pub message: String,
    /// How long the provider asks us to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// Kinds of model failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The operator's configuration has no such route.
    Unmapped,
    /// The provider refuses the request as it is (400, 404, 422): repeating it can't help.
    Rejected,
    /// The key is missing, wrong, or not allowed this model or its stream (401, 403).
    Unauthorized,
    /// The provider asks for patience (429).
    RateLimited,
    /// The provider can't be reached or can't answer (5xx, no connection, no end).
    Unavailable,
    /// The provider answered what its wire format doesn't allow.
    Nonsense,
}

impl FailureKind {
    /// Whether the same request may succeed later.
    pub const fn passes_with_time(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable | Self::Nonsense)
    }
}

impl std::fmt::Display for FailureKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unmapped => "unmapped",
            Self::Rejected => "rejected",
            Self::Unauthorized => "unauthorized",
            Self::RateLimited => "rate-limited",
            Self::Unavailable => "unavailable",
            Self::Nonsense => "nonsense",
        })
    }
}
