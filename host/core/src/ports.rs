//! What core asks of the edges. The engine speaks to them through these traits alone.

use std::{ops::RangeInclusive, sync::Arc};

use async_trait::async_trait;

use crate::{
    consent::Consent,
    conversation::Conversation,
    effect::EffectKey,
    forget::{Batch, Forget, Forgotten},
    id::{ConversationIdentity, PluginName, RunId, RunIdentity, Sha256Hex, Tenant},
    inbox::{Analysis, Arrival, KeptEvent, Received, WaitingCall, WaitingEvents, WaitingNumber},
    ledger::{Begin, Change, Decision, Entry, Fence},
    model::{self, Reply, TurnRequest},
    run::{Ending, Event, Intervention, Standing},
    seed::Seed,
    spent::{Day, DaySpent, Spent, UsedUp},
    state::{Expected, Put, Quota, Space, Value},
    terms::Terms,
    time::Timestamp,
    tool::{AttemptEnd, Failure, Finding, Invocation},
};

/// Takes one turn of a model. Implemented by the dialects.
#[async_trait]
pub trait Model: Send + Sync {
    /// Asks once. It neither repeats nor waits beyond its own time limit.
    async fn turn(&self, request: &TurnRequest<'_>) -> Result<Reply, model::Failure>;
}

/// Runs tools. Implemented by the plugin host.
#[async_trait]
pub trait Tools: Send + Sync {
    /// Makes one attempt. `door` is told before the first write leaves; if it says no, nothing leaves.
    async fn call(&self, invocation: &Invocation, door: Arc<dyn WriteRecord>) -> AttemptEnd;

    /// Asks the component whether an effect in doubt happened. Only reads leave.
    async fn reconcile(&self, invocation: &Invocation) -> Result<Finding, Failure>;
}

/// Where the egress door records that a write is about to leave.
#[async_trait]
pub trait WriteRecord: Send + Sync {
    /// Returns once the record is durable. Asked before every write; only the first costs something.
    async fn write_leaves(&self) -> Result<(), RecordsError>;
}

/// Why the records can't do what they are asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    /// A newer engine holds the records: whoever gets this must stop.
    #[error("a newer engine has taken over: this one must stop")]
    Fenced,
    /// The journal has another event in that place already.
    #[error("the journal of {run} already has an event in place {seq}")]
    Taken {
        /// Of which run.
        run: RunId,
        /// Which place.
        seq: u64,
    },
    /// The journal has no event yet in the place before that one: a fault of the engine.
    #[error("the journal of {run} can't take place {seq}: its next one is {next}")]
    Gap {
        /// Of which run.
        run: RunId,
        /// Which place.
        seq: u64,
        /// The place that is next.
        next: u64,
    },
    /// The run has ended, and its journal is closed.
    #[error("{0} has ended: nothing can be added to its journal")]
    Ended(RunId),
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NoSuchRun(String),
    /// The run has not ended, so that what is kept of its conversation is still needed.
    #[error(
        "{0} has not ended, and what is kept of its conversation is needed until then: wait until it has, or end it with \
         `aftercall runs cancel {0}` (`aftercall runs resolve {0}` where it needs attention)"
    )]
    NotEnded(RunId),
    /// The ledger doesn't allow the change.
    #[error("ledger entry {key}: {why}")]
    Ledger {
        /// Of which effect.
        key: EffectKey,
        /// Why.
        why: crate::ledger::Refused,
    },
    /// What was read back isn't what this version writes.
    #[error("stored data can't be read: {0}")]
    Unreadable(String),
    /// The database failed: disk full, locked, gone.
    #[error("the records database failed: {0}")]
    Unavailable(String),
}

/// A conversation that is accepted for processing.
#[derive(Debug, Clone, PartialEq)]
pub struct Accept {
    /// Which run it is.
    pub identity: RunIdentity,
    /// When it arrived.
    pub at: Timestamp,
    /// The payload as it arrived.
    pub raw: Vec<u8>,
    /// The same, translated.
    pub conversation: Conversation,
    /// The run's first event, which pins what it stands on.
    pub first: Event,
    /// How the run ended, where the first event ends it.
    pub ending: Option<Ending>,
    /// What the live call already did. Effects that the ledger knows already stay as they are.
    pub seeds: Vec<Seed>,
}

impl Accept {
    /// The same call as the first revision of the conversation after the one that began with it.
    pub fn revised(mut self) -> Self {
        self.identity.revision = self.identity.revision.saturating_add(1);
        self
    }
}

/// An event on its way into a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Append<'a> {
    /// Whose journal.
    pub run: &'a RunId,
    /// Which place in it, from 0.
    pub seq: u64,
    /// The event.
    pub event: &'a Event,
    /// Where the run stands after it.
    pub standing: Standing,
    /// How the run ended, if this event ended it.
    pub ending: Option<&'a Ending>,
    /// What somebody asked for that this event does: it is asked for no longer.
    pub does: Option<InterventionNumber>,
    /// What the event tells of as used of a model: it is counted with it, or not at all.
    pub spent: Option<Spent>,
}

impl<'a> Append<'a> {
    /// An event that leaves its run under way, and of which nothing else is said.
    pub const fn new(run: &'a RunId, seq: u64, event: &'a Event) -> Self {
        Self { run, seq, event, standing: Standing::Working, ending: None, does: None, spent: None }
    }
}

/// Whether a conversation was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acceptance {
    /// It is: the run begins.
    New,
    /// It isn't: the run of that identity is there already.
    Known,
    /// It was deleted: nothing begins, whatever the revision.
    Forgotten,
}

/// A run as it stands in the records.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    /// Which run.
    pub identity: RunIdentity,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The conversation.
    pub conversation: Conversation,
    /// Its journal, in order.
    pub journal: Vec<Event>,
}

/// The place of what somebody asked for in the order in which it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterventionNumber(pub u64);

/// Something that somebody asked for and that has not been done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its place.
    pub number: InterventionNumber,
    /// When it was asked.
    pub at: Timestamp,
    /// What.
    pub what: Intervention,
}

/// A run that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Which run.
    pub run: RunId,
    /// Whose.
    pub tenant: Tenant,
}

/// One line of a list of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLine {
    /// Which run.
    pub run: RunId,
    /// Its identity.
    pub identity: RunIdentity,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// How it ended, in one word; none: it hasn't.
    pub ending: Option<String>,
    /// Where it stands otherwise, in one word.
    pub standing: String,
}

impl RunLine {
    /// How it ended, or where it stands, in one word.
    pub fn outcome(&self) -> &str {
        self.ending.as_ref().unwrap_or(&self.standing)
    }
}

/// The durable records of runs.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Accepts a conversation: payload, translation and first event, all or nothing, durable on return.
    async fn accept(&self, accept: &Accept) -> Result<Acceptance, RecordsError>;

    /// Reads a run.
    async fn read(&self, run: &RunId) -> Result<StoredRun, RecordsError>;

    /// Appends an event to a run's journal, durable on return.
    async fn append(&self, fence: Fence, append: &Append<'_>) -> Result<(), RecordsError>;

    /// Runs that something is to be done for from one instant to another, both among them, in that order. Those that are
    /// under way are for the instant 0. One that waits for a person is for none.
    async fn due(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Unfinished>, RecordsError>;

    /// The first instant, from that one on, at which something is to be done for a run.
    async fn next_due(&self, from: Timestamp) -> Result<Option<Timestamp>, RecordsError>;

    /// Records where a run stands that stays where its journal ends, unless it has ended. Each event says so anyway.
    async fn stand(&self, fence: Fence, run: &RunId, standing: Standing) -> Result<(), RecordsError>;

    /// Runs of which somebody asked for something that has not been done.
    async fn asked_of(&self) -> Result<Vec<Unfinished>, RecordsError>;

    /// What was asked of a run and has not been done, in order.
    async fn asked(&self, run: &RunId) -> Result<Vec<Asked>, RecordsError>;

    /// Forgets something that was asked and can't be done.
    async fn decline(&self, fence: Fence, number: InterventionNumber) -> Result<(), RecordsError>;

    /// The newest runs of a tenant (none: of all), newest first.
    async fn runs(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<RunLine>, RecordsError>;
}

/// The durable records of calls of which no run has begun, and of events that are of none.
///
/// They stand under no fence: what came in is kept, whoever works on it. A run that begins twice is one.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Keeps an event, durable on return. With an instant its call waits until then, or as long as an event of it before said,
    /// whichever is sooner; without one it is added to a call that waits, or kept for people to look at.
    async fn receive(&self, arrival: &Arrival, ready_at: Option<Timestamp>) -> Result<Received, RecordsError>;

    /// Calls whose instant has come, in its order, at most so many.
    async fn ready(&self, now: Timestamp, most: u32) -> Result<Vec<WaitingCall>, RecordsError>;

    /// The first instant at which a call is ready.
    async fn next_ready(&self) -> Result<Option<Timestamp>, RecordsError>;

    /// The events of a waiting call. None: it doesn't wait any more.
    async fn events(&self, number: WaitingNumber) -> Result<Option<WaitingEvents>, RecordsError>;

    /// Has a call wait longer, since its run could not begin.
    async fn postpone(&self, number: WaitingNumber, until: Timestamp, trouble: &str) -> Result<(), RecordsError>;

    /// A run has begun of a call and its events up to that one: they are removed. If later ones came meanwhile, the call
    /// goes on waiting with those.
    async fn begun(&self, number: WaitingNumber, newest: u64) -> Result<(), RecordsError>;

    /// Whether anything is known of a conversation: a run, a waiting call, that it was deleted.
    async fn knows(&self, of: &ConversationIdentity) -> Result<bool, RecordsError>;

    /// Adds an analysis to a run's conversation, if it adds anything. False: it doesn't, or there is no such run.
    async fn analysed(&self, run: &RunId, analysis: &Analysis) -> Result<bool, RecordsError>;

    /// Calls that wait (none: of all tenants), those that are ready first in front, at most so many.
    async fn waiting(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<WaitingCall>, RecordsError>;

    /// Events that are of no call that waits (none: of all tenants), newest first, at most so many.
    async fn kept(&self, tenant: Option<&Tenant>, most: u32) -> Result<Vec<KeptEvent>, RecordsError>;

    /// Removes events that are of no call that waits and came before an instant. Says how many.
    async fn expire(&self, before: Timestamp) -> Result<u64, RecordsError>;
}

/// The durable records of effects.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Asks whether an attempt may begin, and records it as open if so: [`crate::ledger::begin`] by
    /// compare-and-set, durable on return. What counts against its caps is counted in the same transaction.
    async fn begin(&self, effect: &EffectOf, begin: &Begin) -> Result<Decision, RecordsError>;

    /// What is known of an effect. None: nothing.
    async fn entry(&self, key: &EffectKey) -> Result<Option<Entry>, RecordsError>;

    /// Records a change: [`crate::ledger::change`] by compare-and-set, durable on return.
    async fn change(&self, key: &EffectKey, fence: Fence, change: &Change) -> Result<(), RecordsError>;
}

/// Which effect, and where it belongs: for deletion of a conversation, and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectOf {
    /// Its key.
    pub key: EffectKey,
    /// Of which conversation, and in which run of it it is tried.
    pub call: RunIdentity,
    /// `plugin/tool`.
    pub tool: String,
    /// On whom it is counted: [`crate::cap::contact`].
    pub contact: Sha256Hex,
}

/// The durable records of what tenants consented to.
///
/// They stand under no fence: a person consents beside a running engine, and an engine asks only as it starts.
#[async_trait]
pub trait Consents: Send + Sync {
    /// What a tenant has consented to, of all its plugins, oldest first.
    async fn consents(&self, tenant: &Tenant) -> Result<Vec<Consent>, RecordsError>;

    /// Records consents, all or none, durable on return. One to a digest that was consented to before takes the
    /// earlier one's place, and is the newest then.
    async fn consent(&self, consents: &[Consent]) -> Result<(), RecordsError>;
}

/// Where people leave what they want of runs. It stands under no fence: whoever drives the run does it.
#[async_trait]
pub trait Interventions: Send + Sync {
    /// Asks for something, durable on return.
    async fn ask(&self, run: &RunId, at: Timestamp, what: &Intervention) -> Result<(), RecordsError>;
}

/// What tenants have used of models, by the day. It is counted as events are appended to journals, and says nothing of
/// what was used before it was counted, nor of deleted tenants; that of deleted conversations stays counted.
#[async_trait]
pub trait Spending: Send + Sync {
    /// What a tenant (none: each of them) has used on each of these days on which it used anything, by tenant and day.
    async fn spent(&self, tenant: Option<&Tenant>, days: RangeInclusive<Day>) -> Result<Vec<DaySpent>, RecordsError>;
}

/// Deletes what is kept. It stands under no fence: a person deletes beside a running engine.
#[async_trait]
pub trait Forgetting: Send + Sync {
    /// Deletes a part: whole conversations, at most so many, each with all that is kept of it; all or nothing, durable on
    /// return. A part is small, so that live runs don't wait for it: whoever wants all deleted asks until it was the last.
    ///
    /// Of each conversation its digest is left, by which [`Journal::accept`] knows that it was deleted at `at`.
    async fn forget(&self, what: &Forget, at: Timestamp, most: u32) -> Result<Batch, RecordsError>;

    /// How much would be deleted by now.
    async fn count(&self, what: &Forget) -> Result<Forgotten, RecordsError>;

    /// Removes what deleted rows have left in files beside the records' own. False: somebody reads what was there before,
    /// and it is still to be asked for.
    async fn erase(&self) -> Result<bool, RecordsError>;

    /// Tenants of whom anything is kept.
    async fn tenants(&self) -> Result<Vec<Tenant>, RecordsError>;
}

/// What tenants' grants say at this moment: what a tenant takes back today holds for a run that began before.
pub trait Grants: Send + Sync {
    /// The terms on which a tenant lets a model use a tool. None: it grants no such plugin.
    fn terms(&self, tenant: &Tenant, plugin: &PluginName, tool: &str) -> Option<Arc<Terms>>;
}

/// What tenants may use of models at this moment, asked before each turn. Runs side by side don't know of each other's turns
/// under way: a budget is overrun by those that begin before it is used up.
#[async_trait]
pub trait DayBudgets: Send + Sync {
    /// What of a tenant's day is used up at an instant of it. None: its models may be asked.
    async fn used_up(&self, tenant: &Tenant, now: Timestamp) -> Result<Option<UsedUp>, RecordsError>;
}

/// Budgets that nobody has set.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDayBudgets;

#[async_trait]
impl DayBudgets for NoDayBudgets {
    async fn used_up(&self, _: &Tenant, _: Timestamp) -> Result<Option<UsedUp>, RecordsError> {
        Ok(None)
    }
}

/// What plugins keep, in a space for each tenant and plugin. Durable on return.
#[async_trait]
pub trait PluginState: Send + Sync {
    /// What stands under a key.
    async fn get(&self, space: &Space, key: &str) -> Result<Option<Value>, RecordsError>;

    /// Writes, if there is what is expected and the space then holds no more than its quota.
    async fn put(
        &self,
        space: &Space,
        key: &str,
        bytes: &[u8],
        expected: Expected,
        quota: Quota,
    ) -> Result<Put, RecordsError>;

    /// Removes a key. That it isn't there is no error.
    async fn delete(&self, space: &Space, key: &str) -> Result<(), RecordsError>;

    /// Keys with a prefix, in the order of their bytes, after the cursor.
    async fn keys(
        &self,
        space: &Space,
        prefix: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<String>, RecordsError>;
}

/// Where refresh tokens are kept that a vendor has given in the place of a granted one (RFC 6749, section 6): from then
/// on the granted one may be worth nothing. They come and go sealed: the records can't read them.
///
/// They stand under no fence: what a vendor has given replaces what was there, whoever asked for it.
#[async_trait]
pub trait RefreshTokens: Send + Sync {
    /// The newest one, sealed. None: the granted one is.
    async fn newest(&self, of: &RefreshTokenOf) -> Result<Option<Vec<u8>>, RecordsError>;

    /// Keeps a newer one, in the place of all before it, durable on return.
    async fn keep(&self, of: &RefreshTokenOf, sealed: &[u8]) -> Result<(), RecordsError>;

    /// Claims the use of the newest one until an instant, unless another claim holds now: a vendor that is shown one twice
    /// may take it for stolen. False: another claim holds.
    async fn claim(&self, of: &RefreshTokenOf, now: Timestamp, until: Timestamp) -> Result<bool, RecordsError>;

    /// Ends the claim that was made until that instant.
    async fn release(&self, of: &RefreshTokenOf, until: Timestamp) -> Result<(), RecordsError>;
}

/// Which refresh token. A tenant that grants another one begins anew with that.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefreshTokenOf {
    /// Whose.
    pub tenant: Tenant,
    /// Of which plugin.
    pub plugin: PluginName,
    /// Which slot of its manifest.
    pub slot: String,
    /// The digest of the one that the tenant granted.
    pub granted: Sha256Hex,
}

/// What time it is. Only the binary has a real one.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Chance. Only the binary has a real one.
pub trait Chance: Send + Sync {
    /// A part of a pause.
    fn jitter(&self) -> crate::assistant::Jitter;
}
