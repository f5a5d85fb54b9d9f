//! What happened: the journal's words.

use serde::{Deserialize, Serialize};

use crate::{
    assistant::{Budgets, Jitter, PostCallSteps, Retries},
    binding::Bindings,
    effect::EffectKey,
    facts::Fact,
    gate::Skip,
    id::{AssistantName, PluginName, Sha256Hex},
    insights::{self, Insights},
    json::Json,
    left_out::LeftOut,
    live::{Instance, NotOffered},
    model::{self, ModelPin, Reply},
    repair::Repair,
    run::{ApprovalAsk, Said, Timer},
    seed::{Seeded, Unseeded},
    shared::Shared,
    time::Timestamp,
    tool::{CapturedWrite, Effect, Failure, LogLine, Outcome},
    usage::Used,
};

/// One line of a run's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened, by the engine's clock.
    pub at: Timestamp,
    /// What happened.
    pub kind: Kind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// The run began, on this footing. The first event, but for [`Kind::Declined`].
    Started(Box<Pins>),
    /// There will be no run: the first and only event.
    Declined(Decline),
    /// The model replied. Journaled before any of its tool calls runs.
    Replied {
        /// Which turn, from 1.
        turn: u32,
        /// Which attempt at it, from 1.
        attempt: u32,
        /// When it was asked.
        asked_at: Timestamp,
        /// What it said.
        reply: Box<Reply>,
        /// Where it closes: tools whose action it claims though no call of them succeeded.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unfounded: Vec<String>,
        /// Where it answers the question for insights: what that comes to. Judged when it came, since another version of this
        /// program may judge otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        insights: Option<insights::Answer>,
    },
    /// The model did not reply.
    AskFailed {
        /// Which turn, from 1.
        turn: u32,
        /// Which attempt at it, from 1.
        attempt: u32,
        /// Why not.
        failure: model::Failure,
        /// Drawn for the pause before the next attempt.
        jitter: Jitter,
    },
    /// The model may not be asked yet.
    AskPostponed {
        /// Which turn, from 1.
        turn: u32,
        /// Which attempt at it, from 1.
        attempt: u32,
        /// Until when.
        until: Timestamp,
        /// Why, for people.
        why: String,
    },
    /// An attempt at a tool call ended.
    Attempted {
        /// Which call.
        call: CallId,
        /// Which attempt of this run at it, from 1.
        attempt: u32,
        /// What came of it.
        outcome: Box<Attempt>,
    },
    /// An attempt at a tool call may not begin yet.
    Postponed {
        /// Which call.
        call: CallId,
        /// Which attempt of this run at it, from 1.
        attempt: u32,
        /// Until when.
        until: Timestamp,
        /// Why, for people.
        why: String,
    },
    /// An attempt at a tool call may not begin unless a person approves it.
    ApprovalAsked {
        /// Which call.
        call: CallId,
        /// Which attempt of this run at it, from 1.
        attempt: u32,
        /// What is to be approved.
        ask: Box<ApprovalAsk>,
    },
    /// A person said something about a call.
    Decided {
        /// Which call.
        call: CallId,
        /// Who.
        by: String,
        /// What.
        said: Box<Said>,
    },
    /// An effect in doubt was asked about.
    Settled {
        /// Which call.
        call: CallId,
        /// How often it was asked about, from 1.
        round: u32,
        /// What was found.
        found: Found,
        /// Drawn for the pause before the next round.
        jitter: Jitter,
    },
    /// A timer rang.
    Woke {
        /// Which one.
        timer: Timer,
    },
    /// Somebody asked for the run to end.
    CancelRequested {
        /// Why, in their words.
        reason: String,
    },
}

/// What a run stands on. Replay does not depend on what is configured today.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pins {
    /// Digest of the configuration of that day.
    pub configuration: Sha256Hex,
    /// Which assistant.
    pub assistant: AssistantName,
    /// What it is to do.
    pub steps: PostCallSteps,
    /// The model that goes on.
    pub model: ModelPin,
    /// The tools offered, in order.
    pub tools: Vec<Shared<PinnedTool>>,
    /// When the run stops, done or not.
    pub budgets: Budgets,
    /// How failed attempts are repeated.
    pub retries: Retries,
    /// What had to be repaired in the history.
    pub repairs: Vec<Repair>,
    /// Whether some of the history goes to the model in its provider's own bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_bytes: bool,
    /// What of the history doesn't reach the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// What doesn't reach it besides, once its provider has refused its own bytes and the history is written anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost_if_rewritten: Vec<LeftOut>,
    /// What the live call did of what the tools do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeded: Vec<Seeded>,
    /// What it was to have done, and doesn't count as that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseeded: Vec<Unseeded>,
    /// Tools of the live call that are not offered again, where the assistant wants them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_offered: Vec<NotOffered>,
    /// Whether this is a rehearsal: no write leaves.
    #[serde(default)]
    pub rehearsal: bool,
    /// What the model is asked for once the work is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insights: Option<Insights>,
}

impl Pins {
    /// A footing of which nothing else is said: the budgets and retries that are usual, and a history that is carried over
    /// whole.
    pub fn new(
        configuration: Sha256Hex,
        assistant: AssistantName,
        steps: PostCallSteps,
        model: ModelPin,
        tools: impl IntoIterator<Item = impl Into<Shared<PinnedTool>>>,
    ) -> Self {
        Self {
            configuration,
            assistant,
            steps,
            model,
            tools: tools.into_iter().map(Into::into).collect(),
            budgets: Budgets::default(),
            retries: Retries::default(),
            repairs: Vec::new(),
            own_bytes: false,
            left_out: Vec::new(),
            lost_if_rewritten: Vec::new(),
            seeded: Vec::new(),
            unseeded: Vec::new(),
            not_offered: Vec::new(),
            rehearsal: false,
            insights: None,
        }
    }
}

/// A tool as it was when the run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PinnedTool {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub plugin: PluginName,
    /// Which component.
    pub digest: Sha256Hex,
    /// For the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub schema: Json,
    /// The same without the bound arguments: what the model sees.
    pub offered_schema: Json,
    /// Arguments that the host fills.
    pub bindings: Bindings,
    /// Facts of the call that its grant lets it see.
    pub facts: Vec<Fact>,
    /// What repeating it can do.
    pub effect: Effect,
    /// Which arguments say which effect it is.
    pub identity: Vec<String>,
    /// Whether the component can settle a doubt.
    pub reconcilable: bool,
    /// Live tools that it stands in for.
    pub replaces: Vec<String>,
    /// Of a tool that was made for this call: what the component is asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Instance>,
}

/// Why there is no run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decline {
    /// A gate said no.
    Skipped {
        /// Which and why.
        reason: Skip,
    },
    /// The conversation can't be continued by its model; the words say what would change that.
    CannotContinue {
        /// Why, and the remedy.
        reason: String,
    },
}

/// A tool call's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallId {
    /// Of which turn's reply, from 1.
    pub turn: u32,
    /// Which call of it, from 0.
    pub index: u32,
}

/// One attempt at a tool call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub began_at: Timestamp,
    /// The effect's key. None for a read, or where it didn't come so far.
    pub key: Option<EffectKey>,
    /// Attempts at the effect so far, in this run and in others of the conversation, as the ledger counts.
    pub tries: u32,
    /// What came of it.
    pub result: AttemptResult,
    /// The component's lines.
    pub log: Vec<LogLine>,
    /// Drawn for the pause before the next attempt.
    pub jitter: Jitter,
    /// In a rehearsal: the writes that would have been sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captured: Vec<CapturedWrite>,
    /// How near it came to each of its limits. Empty: nothing ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usage: Vec<Used>,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AttemptResult {
    /// It succeeded.
    Done(Outcome),
    /// It had succeeded before; nothing was sent.
    Known(Outcome),
    /// The same effect was done before, and not as asked now; nothing was sent.
    Conflict(Outcome),
    /// It failed for certain.
    Failed(Failure),
    /// It may have happened.
    InDoubt(Failure),
    /// An earlier attempt may have made it happen, and is to be settled first; nothing was sent.
    Unsettled(Failure),
    /// It may have happened, and no program can tell.
    Unknowable,
}

/// What was found of an effect in doubt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Found {
    /// It happened.
    Happened(Outcome),
    /// It happened, and not as this call asks: by an attempt with other arguments, or so as the vendor has it.
    Otherwise(Outcome),
    /// It did not happen.
    DidNotHappen,
    /// Not to be told yet.
    NotYet {
        /// When to ask again, in milliseconds from now, if the component said.
        ask_again_ms: Option<u64>,
    },
    /// Never to be told by a program.
    Never,
}

impl Kind {
    /// The event's name and place, for errors.
    pub fn name(&self) -> String {
        match self {
            Kind::Started(_) => "started".to_owned(),
            Kind::Declined(_) => "declined".to_owned(),
            Kind::Replied { turn, attempt, .. } => format!("reply {attempt} of turn {turn}"),
            Kind::AskFailed { turn, attempt, .. } => format!("failed ask {attempt} of turn {turn}"),
            Kind::AskPostponed { turn, attempt, .. } => format!("postponement of ask {attempt} of turn {turn}"),
            Kind::Attempted { call, attempt, .. } => format!("attempt {attempt} of {call}"),
            Kind::Postponed { call, attempt, .. } => format!("postponement of attempt {attempt} of {call}"),
            Kind::ApprovalAsked { call, attempt, .. } => format!("question about attempt {attempt} of {call}"),
            Kind::Decided { call, .. } => format!("a person's word on {call}"),
            Kind::Settled { call, round, .. } => format!("settling round {round} of {call}"),
            Kind::Woke { timer } => format!("timer {timer}"),
            Kind::CancelRequested { .. } => "cancel request".to_owned(),
        }
    }
}
