//! What is said about a tool, about a call of it, and about what came of it.
//!
//! The shapes are those of the contract (`wit/next/tool.wit`), with the failures that only a host can see
//! added to the ones that a tool can report.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    conversation::Conversation,
    effect::EffectKey,
    id::{PluginName, RunId, Sha256Hex, Tenant},
    json::Json,
    time::Timestamp,
    usage::{Limit, Used},
};

/// What repeating a call can do to the outside world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Repeating it under one key leaves one effect, by the vendor's own means.
    Idempotent,
    /// Never repeated while in doubt.
    Once,
}

impl Effect {
    /// Whether a call can change the outside world.
    pub const fn writes(self) -> bool {
        !matches!(self, Effect::Read)
    }
}

impl std::fmt::Display for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Effect::Read => "read",
            Effect::Idempotent => "idempotent",
            Effect::Once => "once",
        })
    }
}

/// One function that a plugin offers the model, as its component describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Unique in the plugin.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// For the model.
    pub description: String,
    /// JSON Schema 2020-12 of an object.
    pub input_schema: Json,
    /// JSON Schema of [`Outcome::data`].
    pub output_schema: Option<Json>,
    /// What repeating it can do.
    pub effect: Effect,
    /// Top-level arguments that say which effect this is. Empty: all of them.
    pub identity: Vec<String>,
    /// Whether the component can say afterwards whether an effect happened.
    pub reconcilable: bool,
}

/// Whether a text may name a tool: `[a-z][a-z0-9_]{0,47}`.
pub fn is_tool_name(text: &str) -> bool {
    text.len() <= 48
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// One attempt to answer one tool call, for the plugin host.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// Whose grants hold.
    pub tenant: Tenant,
    /// Which plugin.
    pub plugin: PluginName,
    /// Which component: the one that was pinned when the run began.
    pub digest: Sha256Hex,
    /// Which tool of it.
    pub tool: String,
    /// Settings that take the place of those of the same names in the grant: a JSON object. None: the grant's alone.
    pub settings: Option<Json>,
    /// What the tool declared, which decides what may leave.
    pub effect: Effect,
    /// A JSON object that has passed the tool's schema and the tenant's bindings.
    pub arguments: Json,
    /// What the component is told about this attempt.
    pub context: CallContext,
    /// The ended call, for components that may see something of it.
    pub conversation: Arc<Conversation>,
}

/// What a component is told about one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct CallContext {
    /// Opaque; the tenant is never named.
    pub conversation: String,
    /// The run.
    pub run: RunId,
    /// The same on every attempt, after any crash, and in `reconcile`.
    pub key: EffectKey,
    /// From 1.
    pub attempt: u32,
    /// When this effect was first tried.
    pub first_attempt_at: Timestamp,
    /// When this attempt began; in `reconcile`, the one in doubt.
    pub attempt_at: Timestamp,
    /// Whether an earlier attempt may have made the effect happen.
    pub doubted: bool,
    /// In `reconcile`: since when nothing of the attempt in doubt can have left.
    pub quiet_since: Option<Timestamp>,
    /// The instance is ended then, by the clock that the host looks at.
    pub deadline: Timestamp,
    /// Facts that the grant lets this plugin see: name and JSON value, null where the call has none.
    pub facts: Vec<(String, Json)>,
    /// Whether this is a rehearsal: no write leaves.
    pub dry_run: bool,
}

/// The vendor's proof of an effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Receipt {
    /// The vendor's own identifier of what was made or changed.
    pub id: String,
    /// What it is, in the vendor's words.
    pub kind: String,
    /// Where a person can look at it.
    pub url: Option<String>,
}

/// What a successful call returned.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Outcome {
    /// For the model.
    pub text: String,
    /// Matches the tool's output schema.
    pub data: Option<Json>,
    /// One for each effect that came about.
    pub receipts: Vec<Receipt>,
}

/// What an unsuccessful call returned, or what the host saw happen to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Failure {
    /// What the host does next depends on it.
    pub kind: FailureKind,
    /// For the model: what was wrong and what would be right.
    pub message: String,
    /// The vendor's own code, for people.
    pub code: Option<String>,
    /// How long the vendor asks us to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// Kinds of failure. The first nine are the contract's; the rest only the host can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FailureKind {
    /// The model can correct its arguments.
    InvalidArguments,
    /// What the arguments name isn't there.
    NotFound,
    /// The vendor, or the grant, says no.
    Denied,
    /// It clashes with what is there, or with what was already done.
    Conflict,
    /// What the tenant set for the plugin can't work.
    Misconfigured,
    /// The vendor did nothing, and asks for patience.
    RateLimited,
    /// The vendor can't be reached or can't answer.
    Unavailable,
    /// The effect may have happened.
    OutcomeUnknown,
    /// Fits nothing above.
    Other,
    /// The component trapped, or broke the contract.
    Trapped,
    /// The component reached that limit.
    LimitReached(Limit),
    /// The host can't run this tool: no such component, no such grant.
    NotRunnable,
}

/// Whose doing a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The model's arguments.
    Model,
    /// The component.
    Guest,
    /// The vendor.
    Vendor,
    /// The grant, the configuration, or whoever runs the host.
    Operator,
}

/// A word that names no kind of failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of failure")]
pub struct UnknownKind(String);

impl TryFrom<String> for FailureKind {
    type Error = UnknownKind;

    fn try_from(word: String) -> Result<Self, UnknownKind> {
        Self::all().find(|kind| kind.as_str() == word).ok_or(UnknownKind(word))
    }
}

impl From<FailureKind> for String {
    fn from(kind: FailureKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl FailureKind {
    /// All kinds, each limit's own among them.
    pub fn all() -> impl Iterator<Item = Self> {
        let named = [
            Self::InvalidArguments,
            Self::NotFound,
            Self::Denied,
            Self::Conflict,
            Self::Misconfigured,
            Self::RateLimited,
            Self::Unavailable,
            Self::OutcomeUnknown,
            Self::Other,
            Self::Trapped,
            Self::NotRunnable,
            Self::LimitReached(Limit::Unnamed),
        ];
        named.into_iter().chain(Limit::ALL.into_iter().map(Self::LimitReached))
    }

    /// The word that the timeline and the model see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArguments => "invalid-arguments",
            Self::NotFound => "not-found",
            Self::Denied => "denied",
            Self::Conflict => "conflict",
            Self::Misconfigured => "misconfigured",
            Self::RateLimited => "rate-limited",
            Self::Unavailable => "unavailable",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::Other => "other",
            Self::Trapped => "trapped",
            Self::LimitReached(limit) => limit.failure(),
            Self::NotRunnable => "not-runnable",
        }
    }

    /// Whether trying again later, unchanged, can help.
    pub const fn passes_with_time(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable)
    }

    /// Whether it says that the vendor refused for good, and did nothing: the same again would be refused again.
    pub const fn refuses(self) -> bool {
        matches!(self, Self::InvalidArguments | Self::NotFound | Self::Denied | Self::Conflict | Self::Misconfigured)
    }

    /// Whether it says that the vendor did nothing. Not `unavailable`: a component says that of what isn't the vendor's, too,
    /// such as a state that can't be written.
    pub const fn says_not_done(self) -> bool {
        self.refuses() || matches!(self, Self::RateLimited)
    }

    /// Whose doing it is.
    pub const fn blame(self) -> Blame {
        match self {
            Self::InvalidArguments | Self::NotFound | Self::Conflict => Blame::Model,
            Self::Trapped | Self::LimitReached(_) | Self::Other => Blame::Guest,
            Self::RateLimited | Self::Unavailable | Self::OutcomeUnknown => Blame::Vendor,
            Self::Denied | Self::Misconfigured | Self::NotRunnable => Blame::Operator,
        }
    }
}

impl std::fmt::Display for FailureKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Failure {
    /// A failure with neither code nor patience asked for.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, retry_after_ms: None }
    }
}

/// What the vendor says of an effect in doubt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Finding {
    /// It happened, and this is what came of it.
    Happened(Outcome),
    /// There is an effect with this key that isn't what was asked for: this is what is there.
    HappenedOtherwise(Outcome),
    /// It did not happen: it may be tried again.
    DidNotHappen,
    /// Not known yet.
    Unknown {
        /// Ask again after this many milliseconds. None: it will never be known.
        ask_again_ms: Option<u64>,
    },
}

/// What the vendor answered to one write that left through the egress door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteAnswer {
    /// A status that says it was done: 2xx, 3xx but for 300.
    Accepted,
    /// 2xx, of a vendor that also refuses in the bodies of its successes, as the manifest says, and the last request of the
    /// call: the component knows. Not 3xx, which says where to look, not what became of it.
    InBody,
    /// A status that says it was not done: 4xx but for 408, and 300, which leaves the choice to the client.
    Refused,
    /// Nothing came back, or a status that says nothing: 5xx, 408.
    Silent,
}

impl WriteAnswer {
    /// What an HTTP status says about a write (RFC 9110, section 15). A server that fails with 5xx may have
    /// done the work before it failed; 408 means that it stopped waiting, not what it did.
    pub const fn of_status(status: u16) -> Self {
        match status {
            408 => Self::Silent,
            300 => Self::Refused,
            200..=399 => Self::Accepted,
            400..=499 => Self::Refused,
            _ => Self::Silent,
        }
    }
}

/// How one attempt ended, as the plugin host saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptEnd {
    /// What the component returned, or what stopped it.
    pub result: Result<Outcome, Failure>,
    /// What became of each write that left, in order. Empty: nothing was written.
    pub writes: Vec<WriteAnswer>,
    /// The component's lines for the timeline.
    pub log: Vec<LogLine>,
    /// In a rehearsal: the writes that would have been sent, in order.
    pub captured: Vec<CapturedWrite>,
    /// How near the call came to each of its limits, in the order of [`Limit::ALL`].
    pub usage: Vec<Used>,
}

impl AttemptEnd {
    /// An end with nothing to tell beside its result and its writes.
    pub fn of(result: Result<Outcome, Failure>, writes: &[WriteAnswer]) -> Self {
        Self { result, writes: writes.to_vec(), log: Vec::new(), captured: Vec::new(), usage: Vec::new() }
    }
}

/// A write that a rehearsal kept at the door, as it would have been sent. Credentials are named, never shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CapturedWrite {
    /// The HTTP method.
    pub method: String,
    /// Where to, with the query.
    pub url: String,
    /// The headers, in the order of their names.
    pub headers: Vec<(String, String)>,
    /// The body as text; what is no UTF-8 is replaced, what is too long is cut.
    pub body: String,
    /// The status of the canned answer. None: there is none, and the call ended there.
    pub answered: Option<u16>,
}

/// A component's line for the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The words. Whatever secrets the component got to see in a response are scrubbed.
    pub message: String,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_became_of_a_write() {
        for (status, expected) in [
            (200, WriteAnswer::Accepted),
            (201, WriteAnswer::Accepted),
            (300, WriteAnswer::Refused),
            (303, WriteAnswer::Accepted),
            (400, WriteAnswer::Refused),
            (408, WriteAnswer::Silent),
            (409, WriteAnswer::Refused),
            (429, WriteAnswer::Refused),
            (500, WriteAnswer::Silent),
            (504, WriteAnswer::Silent),
            (100, WriteAnswer::Silent),
            (999, WriteAnswer::Silent),
        ] {
            assert_eq!(WriteAnswer::of_status(status), expected, "{status}");
        }
    }

    #[test]
    fn a_kind_of_failure_is_stored_as_its_word() {
        for kind in FailureKind::all() {
            let stored = serde_json::to_string(&kind).expect("serialises");
            assert_eq!(stored, format!("\"{}\"", kind.as_str()));
            assert_eq!(serde_json::from_str::<FailureKind>(&stored).expect("reads"), kind);
        }
        assert_eq!(FailureKind::LimitReached(Limit::Memory).as_str(), "memory-limit-reached");
        // As journals say that were written before limits had names.
        let older = serde_json::from_str::<FailureKind>("\"limit-reached\"").expect("reads");
        assert_eq!(older, FailureKind::LimitReached(Limit::Unnamed));
        assert!(serde_json::from_str::<FailureKind>("\"limit\"").is_err());
    }

    #[test]
    fn tool_names_are_the_contracts() {
        for (name, expected) in
            [("send_sms", true), ("a", true), ("", false), ("_a", false), ("9a", false), ("a-b", false)]
        {
            assert_eq!(is_tool_name(name), expected, "{name}");
        }
        assert!(is_tool_name(&"a".repeat(48)) && !is_tool_name(&"a".repeat(49)));
    }
}
