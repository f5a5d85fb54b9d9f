//! Deliberate faults: each a promise that is not kept.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use aftercall_core::{
    assistant::Budgets,
    effect::EffectKey,
    id::{PluginName, Tenant},
    ledger::{Begin, Change, Decision},
    ports::{Accept, Asked, Clock, EffectOf, Grants, StoredRun},
    run::{Event, Intervention, Kind, Said},
    terms::{Approval, Terms},
    time::Timestamp,
    tool::Effect,
};

/// A promise that is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The same call is accepted as a new one each time.
    AcceptsAnew,
    /// The records take what a replaced process writes.
    FenceIgnored,
    /// The ledger lets each attempt begin.
    AlwaysFresh,
    /// Whether an effect may be repeated in doubt isn't looked at.
    DoubtIgnored,
    /// The door says that a write is recorded, and records nothing.
    WriteNotRecorded,
    /// What no program can tell is tried again.
    UnknowableTriedAgain,
    /// A new process finds no runs under way.
    UnfinishedForgotten,
    /// A new process finds no runs that sleep.
    SleepersForgotten,
    /// The process's clock goes twice as fast as time.
    ClockRunsFast,
    /// A pause begins anew with each process.
    TimersRestart,
    /// A run's time begins anew with each process.
    DeadlineRestarts,
    /// Nobody hears of a cancel.
    CancelDropped,
    /// A cancel that a process left behind isn't found by the next one.
    CancelForgotten,
    /// The approval that a grant demands isn't asked for.
    ApprovalSkipped,
    /// Any approval counts for what is asked about.
    ApprovalUnbound,
    /// People have more time to approve than the grant says.
    ApprovalOutlasts,
    /// Nobody hears what people say of an effect.
    ResolutionDropped,
    /// Each revision has a ledger of its own.
    LedgerOfRevision,
    /// What was done with other arguments counts as done with these.
    ConflictHidden,
    /// Runs may cost what they like.
    BudgetsForgotten,
    /// More runs go on at once than may.
    RoomIgnored,
    /// All tenants weigh the same.
    WeightsIgnored,
    /// All tenants wait in one queue.
    OneQueueForAll,
}

/// What a deliberate fault does to records.
pub(crate) struct Flawed {
    flaw: Option<Flaw>,
    /// When the process began.
    began_at: Timestamp,
    /// Under which key an effect is kept.
    keys: Mutex<BTreeMap<EffectKey, EffectKey>>,
    count: AtomicU64,
}

impl Flawed {
    pub(crate) fn new(flaw: Option<Flaw>, clock: &dyn Clock) -> Self {
        Self { flaw, began_at: clock.now(), keys: Mutex::default(), count: AtomicU64::new(0) }
    }

    pub(crate) fn is(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(crate) fn accepted(&self, accept: &Accept) -> Accept {
        let mut accept = accept.clone();
        if self.is(Flaw::AcceptsAnew) {
            let count = self.count.fetch_add(1, Ordering::Relaxed);
            if count > 0 {
                accept.identity.conversation = format!("{}#{count}", accept.identity.conversation);
            }
        }
        if let (Some(Flaw::BudgetsForgotten), Kind::Started(pins)) = (self.flaw, &mut accept.first.kind) {
            pins.budgets = Budgets::default();
        }
        accept
    }

    pub(crate) fn read(&self, mut stored: StoredRun) -> StoredRun {
        for event in &mut stored.journal {
            let ago = self.began_at.ms_since(event.at);
            let waits = match &mut event.kind {
                Kind::Postponed { until, .. } => {
                    if self.is(Flaw::TimersRestart) {
                        *until = until.plus_ms(ago);
                    }
                    true
                }
                Kind::AskFailed { .. } | Kind::Attempted { .. } | Kind::Settled { .. } => true,
                _ => false,
            };
            let begins = matches!(event.kind, Kind::Started(_));
            if (waits && self.is(Flaw::TimersRestart)) || (begins && self.is(Flaw::DeadlineRestarts)) {
                event.at = event.at.plus_ms(ago);
            }
        }
        stored
    }

    pub(crate) fn due(&self, from: Timestamp, to: Timestamp) -> (Timestamp, Timestamp) {
        let under_way = Timestamp::from_millis(0);
        match self.flaw {
            Some(Flaw::UnfinishedForgotten) => (from.max(under_way.plus_ms(1)), to),
            Some(Flaw::SleepersForgotten) if from == under_way => (from, under_way),
            _ => (from, to),
        }
    }

    pub(crate) fn asked(&self, mut asked: Vec<Asked>) -> Vec<Asked> {
        asked.retain(|asked| match (self.flaw, &asked.what) {
            (Some(Flaw::CancelDropped), Intervention::Cancel { .. }) => false,
            (Some(Flaw::CancelForgotten), Intervention::Cancel { .. }) => asked.at > self.began_at,
            (Some(Flaw::ResolutionDropped), Intervention::Decide { said: Said::Resolve(_), .. }) => false,
            _ => true,
        });
        asked
    }

    /// Whatever was approved counts for what was asked about last.
    pub(crate) fn approved(&self, mut asked: Vec<Asked>, journal: &[Event]) -> Vec<Asked> {
        let asked_for = journal.iter().rev().find_map(|event| match &event.kind {
            Kind::ApprovalAsked { ask, .. } => Some(ask),
            _ => None,
        });
        for asked in &mut asked {
            if let (Intervention::Decide { said: Said::Approve(ask), .. }, Some(asked_for)) =
                (&mut asked.what, asked_for)
            {
                ask.clone_from(asked_for);
            }
        }
        asked
    }

    pub(crate) fn begin(&self, begin: Begin) -> Begin {
        if self.is(Flaw::DoubtIgnored) { Begin { effect: Effect::Idempotent, ..begin } } else { begin }
    }

    pub(crate) fn effect(&self, effect: &EffectOf) -> EffectOf {
        if self.is(Flaw::LedgerOfRevision) {
            self.keep_apart(effect, effect.call.revision.into())
        } else {
            effect.clone()
        }
    }

    /// Under which key an attempt begins nevertheless.
    pub(crate) fn begins_again(&self, effect: &EffectOf, decision: &Decision) -> Option<EffectOf> {
        let begins = self.is(Flaw::AlwaysFresh) && !matches!(decision, Decision::Fresh { .. } | Decision::Fenced);
        begins.then(|| self.keep_apart(effect, self.began_at.as_millis() + self.count.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn decided(&self, decision: Decision) -> Decision {
        match decision {
            Decision::Conflict(outcome) if self.is(Flaw::ConflictHidden) => Decision::Done(outcome),
            decision => decision,
        }
    }

    /// None: the change isn't made, though it is said to be.
    pub(crate) fn change(&self, change: &Change) -> Option<Change> {
        match (self.flaw, change) {
            (Some(Flaw::WriteNotRecorded), Change::WriteLeaves) => None,
            (Some(Flaw::UnknowableTriedAgain), Change::GivenUp) => Some(Change::SettledNot),
            _ => Some(change.clone()),
        }
    }

    /// The key under which an effect is kept.
    pub(crate) fn key(&self, key: &EffectKey) -> EffectKey {
        self.keys.lock().expect("nothing panics while it holds the lock").get(key).unwrap_or(key).clone()
    }

    fn keep_apart(&self, effect: &EffectOf, number: u64) -> EffectOf {
        let key = EffectKey::from_stored(format!("{}#{number}", effect.key));
        self.keys.lock().expect("nothing panics while it holds the lock").insert(effect.key.clone(), key.clone());
        EffectOf { key, ..effect.clone() }
    }
}

/// A clock, perhaps with a deliberate fault.
pub(crate) struct FlawedClock {
    clock: Arc<dyn Clock>,
    flaw: Option<Flaw>,
    began_at: Timestamp,
}

impl FlawedClock {
    pub(crate) fn new(clock: Arc<dyn Clock>, flaw: Option<Flaw>) -> Self {
        Self { began_at: clock.now(), clock, flaw }
    }
}

impl Clock for FlawedClock {
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        let ahead = if self.flaw == Some(Flaw::ClockRunsFast) { now.ms_since(self.began_at) } else { 0 };
        now.plus_ms(ahead)
    }
}

/// What grants say, perhaps with a deliberate fault.
pub(crate) struct FlawedGrants {
    pub(crate) grants: Arc<dyn Grants>,
    pub(crate) flaw: Option<Flaw>,
}

impl Grants for FlawedGrants {
    fn terms(&self, tenant: &Tenant, plugin: &PluginName, tool: &str) -> Option<Arc<Terms>> {
        let terms = self.grants.terms(tenant, plugin, tool)?;
        let approval = match (self.flaw, terms.approval()) {
            (Some(Flaw::ApprovalSkipped), _) => None,
            (Some(Flaw::ApprovalOutlasts), Some(Approval { within_ms })) => Some(Approval { within_ms: 2 * within_ms }),
            (_, approval) => approval,
        };
        Some(Arc::new(Terms::clone(&terms).held_by(terms.timing().cloned(), approval)))
    }
}
