//! Which runs of a process wait and which are under way.
//!
//! What fair means: while a tenant has a run waiting and is below its own limit, each other tenant begins at most as many
//! runs before it as it weighs more, and one where it weighs no more. And while two tenants both could begin runs, what
//! they have begun, each by its weight, differs by no more than one run of each.

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
    /// Tenants of which there was such a run: the dispatcher may give it a turn that comes to nothing.
    unfair: BTreeSet<Tenant>,
    /// How much runs have heard of people that they are yet to do.
    heard: BTreeMap<RunId, usize>,
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
    /// How many it has begun since it and that other both could all the time.
    begun_beside: BTreeMap<Tenant, u32>,
}

impl Lanes {
    pub(super) fn new(rooms: Arc<Rooms>, found: Found) -> Self {
        let tenants = rooms.tenants.keys().map(|tenant| (tenant.clone(), Lane::default())).collect();
        Self { found, rooms, alone: BTreeSet::new(), unfair: BTreeSet::new(), heard: BTreeMap::new(), tenants }
    }

    /// A run that is driven without the dispatcher.
    pub(crate) fn goes_alone(&mut self, run: &RunId) {
        self.alone.insert(run.clone());
        self.unfair.insert(self.rooms.whose[run].clone());
    }

    /// It isn't driven so any more.
    pub(crate) fn goes_with_all(&mut self, run: &RunId) {
        self.alone.remove(run);
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
        let could = self.could(&tenant, now);
        self.heard.remove(run);
        if self.alone.contains(run) || !self.lane(&tenant).running.insert(run.clone()) {
            return;
        }
        self.lane(&tenant).passed_by.clear();
        self.check_room(&tenant);
        self.pass(&tenant, could, now);
        self.lane(&tenant).waiting.remove(run);
        if self.tenants[&tenant].waiting.is_empty() || !self.is_below_limit(&tenant) {
            self.tenants.values_mut().for_each(|lane| lane.begun_beside.retain(|other, _| *other != tenant));
            self.lane(&tenant).begun_beside.clear();
        }
    }

    /// A run that is under way hears what people ask of it.
    pub(crate) fn hears(&mut self, run: &RunId, words: usize) {
        self.heard.insert(run.clone(), words);
    }

    /// It does one of these things, or declines it.
    pub(crate) fn does(&mut self, run: &RunId) {
        if let Some(words) = self.heard.get_mut(run) {
            *words = words.saturating_sub(1);
        }
    }

    /// Whether it has heard something that it is yet to do.
    pub(crate) fn has_heard(&self, run: &RunId) -> bool {
        self.heard.get(run).is_some_and(|words| *words > 0)
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

    /// A tenant begins a run before others that could have begun one. `could`: it has been able to all the while.
    fn pass(&mut self, tenant: &Tenant, could: bool, now: Timestamp) {
        let others: Vec<Tenant> = self.tenants.keys().filter(|other| *other != tenant).cloned().collect();
        for other in others {
            let waits = self.could(&other, now) && !self.unfair.contains(tenant) && !self.unfair.contains(&other);
            if waits {
                self.pass_by(tenant, &other);
            }
            if waits && could {
                self.begin_beside(tenant, &other);
            } else {
                self.lane(&other).begun_beside.remove(tenant);
                self.lane(tenant).begun_beside.remove(&other);
            }
        }
    }

    fn pass_by(&mut self, tenant: &Tenant, other: &Tenant) {
        let most = self.weighs(tenant).div_ceil(self.weighs(other));
        let times = self.lane(other).passed_by.entry(tenant.clone()).or_default();
        *times += 1;
        let times = *times;
        if times > most {
            self.found.add(Law::Fairness, format!("{tenant} began {times} runs while {other} waited"));
        }
    }

    fn begin_beside(&mut self, tenant: &Tenant, other: &Tenant) {
        let (weighs, other_weighs) = (self.weighs(tenant), self.weighs(other));
        let begun = self.lane(tenant).begun_beside.entry(other.clone()).or_default();
        *begun += 1;
        let begun = *begun;
        let by_other = self.tenants[other].begun_beside.get(tenant).copied().unwrap_or_default();
        if begun * other_weighs > by_other * weighs + weighs + other_weighs {
            let words =
                format!("{tenant} (weight {weighs}) began {begun} runs and {other} ({other_weighs}) {by_other}");
            self.found.add(Law::Share, words);
        }
    }

    fn weighs(&self, tenant: &Tenant) -> u32 {
        self.rooms.tenants[tenant].weight.get()
    }

    fn lane(&mut self, tenant: &Tenant) -> &mut Lane {
        self.tenants.get_mut(tenant).expect("tenants are known")
    }

    fn is_below_limit(&self, tenant: &Tenant) -> bool {
        u32::try_from(self.tenants[tenant].running.len()).is_ok_and(|count| count < self.rooms.tenants[tenant].runs_max)
    }

    /// Whether a tenant has been able to begin a run. What happens at one instant has no order that anybody could tell.
    fn could(&self, tenant: &Tenant, now: Timestamp) -> bool {
        let lane = &self.tenants[tenant];
        let since = lane.could_since.is_some_and(|since| since < now);
        since && !lane.waiting.is_empty() && self.is_below_limit(tenant)
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
