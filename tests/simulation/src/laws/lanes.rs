//! Which runs of a process wait and which are under way.
//!
//! What fair means: while a tenant has a run waiting and is below its own limit, each other tenant begins at most one
//! run before it. So at most as many begin as there are other tenants, however much they have waiting.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aftercall_core::{
    id::{RunId, Tenant},
    time::Timestamp,
};
use aftercall_engine::Room;

use super::{Found, Law};

/// How much room there is, and whose runs there are.
pub(super) struct Rooms {
    pub(super) host: Room,
    pub(super) tenants: BTreeMap<Tenant, Room>,
    pub(super) whose: BTreeMap<RunId, Tenant>,
}

/// The runs of one process.
pub(crate) struct Lanes {
    found: Found,
    rooms: Arc<Rooms>,
    /// Runs that the dispatcher has nothing to do with.
    alone: BTreeSet<RunId>,
    tenants: BTreeMap<Tenant, Lane>,
}

#[derive(Default)]
struct Lane {
    waiting: BTreeSet<RunId>,
    running: BTreeSet<RunId>,
    /// Since when it could have begun one.
    could_since: Option<Timestamp>,
    /// Which others began one since.
    passed_by: BTreeMap<Tenant, u32>,
}

impl Lanes {
    pub(super) fn new(rooms: Arc<Rooms>, found: Found) -> Self {
        let tenants = rooms.tenants.keys().map(|tenant| (tenant.clone(), Lane::default())).collect();
        Self { found, rooms, alone: BTreeSet::new(), tenants }
    }

    /// A run that is driven without the dispatcher.
    pub(crate) fn goes_alone(&mut self, run: &RunId) {
        self.alone.insert(run.clone());
    }

    pub(crate) fn is_alone(&self, run: &RunId) -> bool {
        self.alone.contains(run)
    }

    /// A run waits for its turn.
    pub(crate) fn waits(&mut self, tenant: &Tenant, run: &RunId, now: Timestamp) {
        let lane = self.tenants.get_mut(tenant).expect("tenants are known");
        if lane.running.contains(run) || self.alone.contains(run) {
            return;
        }
        if lane.waiting.is_empty() {
            lane.could_since(now);
        }
        lane.waiting.insert(run.clone());
    }

    /// A run begins, or is driven again.
    pub(crate) fn begun(&mut self, run: &RunId, now: Timestamp) {
        let tenant = self.rooms.whose[run].clone();
        let lane = self.tenants.get_mut(&tenant).expect("tenants are known");
        if self.alone.contains(run) || !lane.running.insert(run.clone()) {
            return;
        }
        lane.waiting.remove(run);
        lane.passed_by.clear();
        self.check_room(&tenant);
        self.pass(&tenant, now);
    }

    fn check_room(&self, tenant: &Tenant) {
        let running = self.tenants[tenant].running.len();
        let all = self.tenants.values().map(|lane| lane.running.len()).sum::<usize>();
        let above = |count: usize, room: Room| u32::try_from(count).is_ok_and(|count| count > room.runs_max);
        if above(running, self.rooms.tenants[tenant]) {
            self.found.add(Law::Concurrency, format!("{running} runs of {tenant} at once"));
        }
        if above(all, self.rooms.host) {
            self.found.add(Law::Concurrency, format!("{all} runs at once"));
        }
    }

    /// A tenant begins a run before others that could have begun one.
    fn pass(&mut self, tenant: &Tenant, now: Timestamp) {
        for (other, lane) in self.tenants.iter_mut().filter(|(other, _)| *other != tenant) {
            let below = u32::try_from(lane.running.len()).is_ok_and(|count| count < self.rooms.tenants[other].runs_max);
            // What happens at one instant has no order that anybody could tell.
            if lane.waiting.is_empty() || !below || lane.could_since.is_none_or(|since| since >= now) {
                continue;
            }
            let times = lane.passed_by.entry(tenant.clone()).or_default();
            *times += 1;
            if *times > 1 {
                self.found.add(Law::Fairness, format!("{tenant} began {times} runs while {other} waited"));
            }
        }
    }

    /// A run has ended.
    pub(crate) fn ended(&mut self, run: &RunId, now: Timestamp) {
        let tenant = &self.rooms.whose[run];
        let lane = self.tenants.get_mut(tenant).expect("tenants are known");
        let at_limit =
            u32::try_from(lane.running.len()).is_ok_and(|count| count >= self.rooms.tenants[tenant].runs_max);
        if lane.running.remove(run) && at_limit {
            lane.could_since(now);
        }
    }
}

impl Lane {
    fn could_since(&mut self, now: Timestamp) {
        self.could_since = Some(now);
        self.passed_by.clear();
    }
}
