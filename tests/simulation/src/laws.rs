//! What must hold, whatever happens. Laws are held against what engines were told and what vendors saw, never
//! against what an engine thinks.

mod effects;
mod end;
mod lanes;
mod order;
mod own_time;
mod people;
mod runs;
mod sleepers;
mod watch;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use aftercall_core::{
    id::{RunId, Tenant},
    ports::Append,
    run::{Kind, Said},
    time::Timestamp,
};

pub(crate) use self::effects::Live;
use self::{
    effects::Effects,
    lanes::{Lanes, Rooms},
    order::Order,
    own_time::OwnTime,
    people::People,
    runs::Runs,
    sleepers::Sleepers,
};
use crate::{process::ProcessId, workload::Workload};

/// Something that must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// Every call that was accepted has an end within days after the last thing went wrong, and no effect of it is
    /// left in doubt: each is known, or a person is asked.
    EveryCallEnds,
    /// A call is accepted as new once.
    AcceptedOnce,
    /// What was written into a journal is in it for good.
    JournalKept,
    /// No tool runs whose call isn't in the journal.
    ReplyFirst,
    /// Within a run, nothing runs beside a write, until people settle what the model's work has left.
    WritesAlone,
    /// Nothing that a replaced engine writes is taken.
    Fence,
    /// No write leaves before the ledger has it.
    WriteRecorded,
    /// No write leaves for an effect whose outcome was recorded before.
    NothingRepeated,
    /// No write leaves for a `once` effect while an earlier attempt may have made it happen.
    OnceNotInDoubt,
    /// No `once` effect comes about twice.
    OnceOnly,
    /// What the ledger and the journals say of an effect is what the vendor did.
    ToldTruly,
    /// No run passes its turns, tool calls, tokens or wall time.
    Budgets,
    /// No more effects than the tenant's grant allows.
    Caps,
    /// No more runs at once than there is room for: of the tenant, and of the host.
    Concurrency,
    /// While a tenant has a run waiting and is below its own limit, each other tenant begins at most as many as it weighs
    /// more.
    Fairness,
    /// While two tenants have runs waiting and are below their limits, each begins as many as it weighs, up to one of each.
    Share,
    /// Nothing of a tool that needs a person's approval begins without one, given in time, to just that.
    Approved,
    /// What people say is taken for what they said it of, and what is left to them is left alone until then.
    PersonsWord,
    /// A run that waits for a person is listed as such.
    Listed,
    /// No new effect begins once it is in the journal that the run is to end.
    Cancelled,
    /// Nothing begins before the hour that its grant allows.
    Hours,
    /// Whoever sleeps is driven on when it is time.
    OnTime,
    /// What the live call did isn't done again, and what it may have done isn't without a person's word.
    LiveCallCounts,
    /// The time of a run never goes back.
    TimeForward,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A law that didn't hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub law: Law,
    /// What happened, and to which run or effect.
    pub words: String,
}

/// All that laws know of what has happened.
pub(crate) struct Laws {
    found: Found,
    rooms: Arc<Rooms>,
    newest: ProcessId,
    lanes: BTreeMap<ProcessId, Lanes>,
    pub(crate) runs: Runs,
    pub(crate) order: Order,
    pub(crate) effects: Effects,
    pub(crate) own_time: OwnTime,
    pub(crate) people: People,
    pub(crate) sleepers: Sleepers,
}

/// What was found broken, by whichever law.
#[derive(Clone, Default)]
struct Found(Arc<Mutex<Vec<Broken>>>);

impl Laws {
    pub(crate) fn new(workload: &Workload) -> Self {
        let found = Found::default();
        let tenants: BTreeMap<RunId, Tenant> =
            workload.calls.iter().map(|call| (call.run.clone(), call.identity.tenant.clone())).collect();
        let rooms = Rooms { host: workload.host, tenants: workload.tenants.clone(), whose: tenants };
        Self {
            rooms: Arc::new(rooms),
            newest: 0,
            lanes: BTreeMap::new(),
            runs: Runs::new(found.clone()),
            order: Order::new(found.clone()),
            effects: Effects::new(found.clone()),
            own_time: OwnTime::new(found.clone()),
            people: People::new(found.clone()),
            sleepers: Sleepers::new(found.clone()),
            found,
        }
    }

    /// A process takes the records over.
    pub(crate) fn takes_over(&mut self, process: ProcessId, now: Timestamp) {
        self.newest = process;
        self.sleepers.taken_over(now);
    }

    pub(crate) fn is_newest(&self, process: ProcessId) -> bool {
        self.newest == process
    }

    /// The runs of a process.
    pub(crate) fn lanes(&mut self, process: ProcessId) -> &mut Lanes {
        let new = || Lanes::new(Arc::clone(&self.rooms), self.found.clone());
        self.lanes.entry(process).or_insert_with(new)
    }

    /// The records took something from a process.
    pub(crate) fn written(&self, process: ProcessId, what: &str) {
        if process < self.newest {
            self.broken(Law::Fence, format!("{what} of process {process}, after {} had taken over", self.newest));
        }
    }

    /// The records took an event. `attempts`: how many of the call that a person decides about have ended.
    pub(crate) fn appended(&mut self, append: &Append<'_>, attempts: usize, now: Timestamp) {
        self.runs.appended(append);
        self.sleepers.stands(append.run, append.standing, now);
        match &append.event.kind {
            Kind::CancelRequested { .. } => self.people.cancelled(append.run, now),
            Kind::Decided { said, .. } if matches!(**said, Said::Resolve(_)) => {
                self.people.goes_on(append.run);
            }
            _ => {}
        }
        if let Some(number) = append.does {
            self.people.done(append.run, number, attempts);
        }
    }

    pub(crate) fn broken(&self, law: Law, words: String) {
        self.found.add(law, words);
    }

    /// What was found broken after the first so many.
    pub(crate) fn newly_broken(&self, after: usize) -> Vec<Broken> {
        self.found.0.lock().expect("nothing panics while it holds the lock")[after..].to_vec()
    }
}

impl Found {
    fn add(&self, law: Law, words: String) {
        let broken = Broken { law, words };
        let mut found = self.0.lock().expect("nothing panics while it holds the lock");
        if !found.contains(&broken) {
            found.push(broken);
        }
    }
}
