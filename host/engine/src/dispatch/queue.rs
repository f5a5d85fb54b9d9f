//! Which run is next: tenants in turn, each within its own limits, all within the host's.

use std::collections::{BTreeMap, HashSet, VecDeque};

use aftercall_core::id::{RunId, Tenant};

/// How much may go on at once, and how much may wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Runs side by side.
    pub runs_max: u32,
    /// Calls that may wait for their run.
    pub waiting_max: u32,
}

/// Why no further call can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// The tenant has as many waiting as it may.
    #[error("this tenant has as many calls waiting as it may (`waiting_max`): send it again later")]
    Tenant,
    /// The host has.
    #[error("as many calls are waiting as may (`server.waiting_max`): send it again later")]
    Host,
}

/// Runs that wait, and how many are under way. Nothing in it is worth keeping: the records have it all.
#[derive(Debug)]
pub(super) struct Queue {
    room: Room,
    lanes: BTreeMap<Tenant, Lane>,
    /// Tenants with anything waiting, in the order in which it is their turn.
    turns: VecDeque<Tenant>,
    /// Runs that wait or are under way: each is there once.
    known: HashSet<RunId>,
    running: u32,
    waiting: u32,
}

#[derive(Debug)]
struct Lane {
    room: Room,
    runs: VecDeque<RunId>,
    running: u32,
    /// Of these, some may have a place and be no run yet.
    waiting: u32,
}

impl Queue {
    pub(super) fn new(room: Room, tenants: BTreeMap<Tenant, Room>) -> Self {
        let lane = |room| Lane { room, runs: VecDeque::new(), running: 0, waiting: 0 };
        let lanes = tenants.into_iter().map(|(tenant, room)| (tenant, lane(room))).collect();
        Self { room, lanes, turns: VecDeque::new(), known: HashSet::new(), running: 0, waiting: 0 }
    }

    /// Keeps a place for a run that is about to be accepted. A tenant that isn't known has none.
    pub(super) fn reserve(&mut self, tenant: &Tenant) -> Result<(), Full> {
        let lane = self.lanes.get_mut(tenant).ok_or(Full::Tenant)?;
        if self.waiting >= self.room.waiting_max {
            return Err(Full::Host);
        }
        if lane.waiting >= lane.room.waiting_max {
            return Err(Full::Tenant);
        }
        lane.waiting += 1;
        self.waiting += 1;
        Ok(())
    }

    /// Gives a place back.
    pub(super) fn release(&mut self, tenant: &Tenant) {
        let lane = self.lanes.get_mut(tenant).expect("it had a place");
        lane.waiting -= 1;
        self.waiting -= 1;
    }

    /// Whether a run waits or is under way.
    pub(super) fn knows(&self, run: &RunId) -> bool {
        self.known.contains(run)
    }

    /// Puts a run in the place that was kept for it. One that is there already needs no second place.
    pub(super) fn fill(&mut self, tenant: &Tenant, run: RunId) {
        if !self.known.insert(run.clone()) {
            return self.release(tenant);
        }
        let lane = self.lanes.get_mut(tenant).expect("it had a place");
        if lane.runs.is_empty() {
            self.turns.push_back(tenant.clone());
        }
        lane.runs.push_back(run);
    }

    /// Puts a run in that was accepted before, whatever waits. Says whether its tenant is known.
    pub(super) fn resume(&mut self, tenant: &Tenant, run: RunId) -> bool {
        let Some(lane) = self.lanes.get_mut(tenant) else { return false };
        lane.waiting += 1;
        self.waiting += 1;
        self.fill(tenant, run);
        true
    }

    /// Takes the next run that may begin: of the tenant whose turn it is, if it isn't at its own limit.
    pub(super) fn next(&mut self) -> Option<(Tenant, RunId)> {
        if self.running >= self.room.runs_max {
            return None;
        }
        for _ in 0..self.turns.len() {
            let tenant = self.turns.pop_front()?;
            let lane = self.lanes.get_mut(&tenant).expect("only known tenants have turns");
            if lane.running >= lane.room.runs_max {
                self.turns.push_back(tenant);
                continue;
            }
            let run = lane.runs.pop_front().expect("only tenants with something waiting have turns");
            lane.running += 1;
            lane.waiting -= 1;
            self.running += 1;
            self.waiting -= 1;
            if !lane.runs.is_empty() {
                self.turns.push_back(tenant.clone());
            }
            return Some((tenant, run));
        }
        None
    }

    /// A run of that tenant is no longer under way.
    pub(super) fn ended(&mut self, tenant: &Tenant, run: &RunId) {
        self.known.remove(run);
        self.lanes.get_mut(tenant).expect("it was under way").running -= 1;
        self.running -= 1;
    }

    pub(super) fn running(&self) -> u32 {
        self.running
    }

    pub(super) fn waiting(&self) -> u32 {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn room(runs_max: u32, waiting_max: u32) -> Room {
        Room { runs_max, waiting_max }
    }

    fn tenant(name: &str) -> Tenant {
        name.parse().expect("a name")
    }

    fn queue(all: Room, tenants: &[(&str, Room)]) -> Queue {
        Queue::new(all, tenants.iter().map(|(name, room)| (tenant(name), *room)).collect())
    }

    fn put(queue: &mut Queue, name: &str, run: &str) -> Result<(), Full> {
        queue.reserve(&tenant(name))?;
        queue.fill(&tenant(name), RunId::from_stored(run.to_owned()));
        Ok(())
    }

    fn end(queue: &mut Queue, run: &str) {
        queue.ended(&tenant(&run[..1]), &RunId::from_stored(run.to_owned()));
    }

    /// The runs that may begin now, in order.
    fn begin(queue: &mut Queue) -> String {
        std::iter::from_fn(|| queue.next()).map(|(_, run)| run.to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tenants_take_turns_within_their_limits() {
        let mut queue = queue(room(4, 100), &[("a", room(2, 100)), ("b", room(2, 100)), ("c", room(9, 100))]);
        for run in ["a1", "a2", "a3", "b1", "c1", "c2"] {
            put(&mut queue, &run[..1], run).expect("there is room");
        }
        assert_eq!(begin(&mut queue), "a1 b1 c1 a2");
        assert_eq!((queue.running(), queue.waiting()), (4, 2));
        end(&mut queue, "b1");
        assert_eq!(begin(&mut queue), "c2", "a is at its own limit");
        end(&mut queue, "c1");
        assert_eq!(begin(&mut queue), "");
        end(&mut queue, "a1");
        assert_eq!(begin(&mut queue), "a3");
        assert_eq!((queue.running(), queue.waiting()), (3, 0));
    }

    #[test]
    fn one_tenants_rush_delays_another_by_one_turn() {
        let mut queue = queue(room(1, 10_000), &[("r", room(1, 10_000)), ("c", room(1, 10_000))]);
        for number in 0..1_000 {
            put(&mut queue, "r", &format!("r{number}")).expect("there is room");
        }
        assert_eq!(begin(&mut queue), "r0");
        put(&mut queue, "c", "c0").expect("there is room");
        end(&mut queue, "r0");
        assert_eq!(begin(&mut queue), "r1");
        end(&mut queue, "r1");
        assert_eq!(begin(&mut queue), "c0");
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let mut queue = queue(room(1, 3), &[("a", room(1, 2)), ("b", room(1, 2))]);
        assert_eq!(put(&mut queue, "a", "a1"), Ok(()));
        assert_eq!(queue.reserve(&tenant("a")), Ok(()));
        assert_eq!(put(&mut queue, "a", "a3"), Err(Full::Tenant));
        assert_eq!(put(&mut queue, "b", "b1"), Ok(()));
        assert_eq!(put(&mut queue, "b", "b2"), Err(Full::Host));
        assert_eq!(put(&mut queue, "nobody", "n1"), Err(Full::Tenant));
        queue.release(&tenant("a"));
        assert_eq!(put(&mut queue, "b", "b2"), Ok(()));
        assert!(queue.resume(&tenant("a"), RunId::from_stored("a0".into())), "what was accepted is never refused");
        assert!(!queue.resume(&tenant("nobody"), RunId::from_stored("n0".into())));
        assert_eq!(queue.waiting(), 4);
    }

    #[test]
    fn a_run_is_there_once() {
        let mut queue = queue(room(9, 9), &[("a", room(9, 9))]);
        for _ in 0..2 {
            put(&mut queue, "a", "a1").expect("there is room");
        }
        assert_eq!((queue.waiting(), begin(&mut queue).as_str()), (1, "a1"));
        put(&mut queue, "a", "a1").expect("there is room");
        assert!(queue.knows(&RunId::from_stored("a1".into())));
        assert_eq!((queue.waiting(), begin(&mut queue).as_str()), (0, ""), "it is under way");
        end(&mut queue, "a1");
        assert!(!queue.knows(&RunId::from_stored("a1".into())));
        assert_eq!((queue.running(), queue.waiting()), (0, 0));
    }
}
