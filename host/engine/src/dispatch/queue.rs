//! Which run is next: tenants in turn by their weights, each within its own limits, all within the host's.
//!
//! Each tenant has a place on one line, and the one that is furthest behind is next; with each run it goes on by a stride
//! that is the shorter the more it weighs (stride scheduling: Waldspurger and Weihl, 1995). So whatever one sends, another
//! whose run waits, within its limits, waits for as many runs of it as it weighs more, and one.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    num::NonZeroU32,
};

use aftercall_core::id::{RunId, Tenant};

/// How much may go on at once, and how much may wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Runs side by side.
    pub runs_max: u32,
    /// Calls that may wait for their run.
    pub waiting_max: u32,
    /// How many turns a tenant has while another of weight 1 has one. The host's own says nothing.
    pub weight: NonZeroU32,
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

/// How far a tenant of weight 1 goes on with each run.
const STRIDE: u64 = 1 << 20;

/// Runs that wait, and how many are under way. Nothing in it is worth keeping: the records have it all.
#[derive(Debug)]
pub(super) struct Queue {
    room: Room,
    lanes: BTreeMap<Tenant, Lane>,
    /// Tenants with anything waiting, in the order in which it is their turn.
    turns: BTreeSet<Turn>,
    /// How many turns there have been: of two in the same place, the one that took it first is first.
    taken: u64,
    /// Where the tenant stood whose run began last.
    passed: u64,
    /// Runs that wait or are under way: each is there once.
    known: HashSet<RunId>,
    running: u32,
    /// Places that are taken: some may be of no run yet.
    waiting: u32,
    /// Runs that wait without a place.
    resumed: u32,
}

/// A run that waits.
#[derive(Debug)]
struct Waiting {
    run: RunId,
    /// Whether it takes up one of the places that calls are accepted for. One that was accepted long ago, and goes on
    /// now, takes none from those that arrive.
    takes_place: bool,
}

#[derive(Debug)]
struct Lane {
    room: Room,
    runs: VecDeque<Waiting>,
    /// Where it stands on the line.
    place: u64,
    /// Its turn, if anything waits.
    turn: Option<Turn>,
    running: u32,
    /// Of these, some may have a place and be no run yet.
    waiting: u32,
}

/// A tenant's place on the line, and when it took it.
type Turn = (u64, u64, Tenant);

impl Queue {
    pub(super) fn new(room: Room, tenants: BTreeMap<Tenant, Room>) -> Self {
        let lane = |room| Lane { room, runs: VecDeque::new(), place: 0, turn: None, running: 0, waiting: 0 };
        let lanes = tenants.into_iter().map(|(tenant, room)| (tenant, lane(room))).collect();
        Self {
            room,
            lanes,
            turns: BTreeSet::new(),
            taken: 0,
            passed: 0,
            known: HashSet::new(),
            running: 0,
            waiting: 0,
            resumed: 0,
        }
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
        lane.runs.push_back(Waiting { run, takes_place: true });
        if lane.turn.is_none() {
            self.line_up(tenant);
        }
    }

    /// Puts a run in that was accepted before, whatever waits, and takes no place for it. Says whether its tenant is known.
    pub(super) fn resume(&mut self, tenant: &Tenant, run: RunId) -> bool {
        let Some(lane) = self.lanes.get_mut(tenant) else { return false };
        if self.known.insert(run.clone()) {
            lane.runs.push_back(Waiting { run, takes_place: false });
            self.resumed += 1;
            if lane.turn.is_none() {
                self.line_up(tenant);
            }
        }
        true
    }

    /// Takes the next run that may begin: of the tenant whose turn it is, if it isn't at its own limit.
    pub(super) fn next(&mut self) -> Option<(Tenant, RunId)> {
        if self.running >= self.room.runs_max {
            return None;
        }
        let free = |(_, _, tenant): &&Turn| {
            let lane = &self.lanes[tenant];
            lane.running < lane.room.runs_max
        };
        let turn = self.turns.iter().find(free)?.clone();
        self.turns.remove(&turn);
        let (place, _, tenant) = turn;
        let lane = self.lanes.get_mut(&tenant).expect("only known tenants have turns");
        let Waiting { run, takes_place } =
            lane.runs.pop_front().expect("only tenants with something waiting have turns");
        self.passed = place;
        lane.place = place + (STRIDE / u64::from(lane.room.weight.get())).max(1);
        lane.turn = None;
        lane.running += 1;
        self.running += 1;
        if takes_place {
            lane.waiting -= 1;
            self.waiting -= 1;
        } else {
            self.resumed -= 1;
        }
        self.line_up(&tenant);
        Some((tenant, run))
    }

    /// Gives a tenant its place on the line, if anything of it waits. Who had nothing waiting, or was at its own limit,
    /// saves no turns up for later.
    fn line_up(&mut self, tenant: &Tenant) {
        let lane = self.lanes.get_mut(tenant).expect("only known tenants have turns");
        if let Some(turn) = lane.turn.take() {
            self.turns.remove(&turn);
        }
        if lane.runs.is_empty() {
            return;
        }
        lane.place = lane.place.max(self.passed);
        self.taken += 1;
        let turn = (lane.place, self.taken, tenant.clone());
        lane.turn = Some(turn.clone());
        self.turns.insert(turn);
    }

    /// A run of that tenant is no longer under way.
    pub(super) fn ended(&mut self, tenant: &Tenant, run: &RunId) {
        self.known.remove(run);
        let lane = self.lanes.get_mut(tenant).expect("it was under way");
        let was_at_limit = lane.running >= lane.room.runs_max;
        lane.running -= 1;
        self.running -= 1;
        if was_at_limit {
            self.line_up(tenant);
        }
    }

    pub(super) fn running(&self) -> u32 {
        self.running
    }

    pub(super) fn waiting(&self) -> u32 {
        self.waiting + self.resumed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn room(runs_max: u32, waiting_max: u32) -> Room {
        Room { runs_max, waiting_max, weight: NonZeroU32::MIN }
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
        assert_eq!(begin(&mut queue), "c0");
        end(&mut queue, "c0");
        assert_eq!(begin(&mut queue), "r1");
    }

    #[test]
    fn who_weighs_more_has_more_turns_and_saves_none_up() {
        let heavy = Room { weight: NonZeroU32::new(3).expect("not zero"), ..room(9, 100) };
        let mut queue = queue(room(1, 100), &[("h", heavy), ("l", room(9, 100))]);
        let mut begun = String::new();
        for number in 0..8 {
            put(&mut queue, "h", &format!("h{number}")).expect("there is room");
            put(&mut queue, "l", &format!("l{number}")).expect("there is room");
        }
        for _ in 0..8 {
            let run = begin(&mut queue);
            end(&mut queue, &run);
            begun.push_str(&run[..1]);
        }
        assert_eq!(begun, "hlhhhlhh");
        // All that waits of one begins; the other, who comes back, has no more than its share.
        let mut queue = self::queue(room(1, 100), &[("a", room(9, 100)), ("b", room(9, 100))]);
        for number in 0..50 {
            put(&mut queue, "a", &format!("a{number}")).expect("there is room");
        }
        for _ in 0..40 {
            let run = begin(&mut queue);
            end(&mut queue, &run);
        }
        for number in 0..3 {
            put(&mut queue, "b", &format!("b{number}")).expect("there is room");
        }
        let mut begun = String::new();
        for _ in 0..6 {
            let run = begin(&mut queue);
            end(&mut queue, &run);
            begun.push_str(&run[..1]);
        }
        assert_eq!(begun, "bababa");
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
        assert!(
            queue.resume(&tenant("a"), RunId::from_stored("a9".into())),
            "it takes no place from those that arrive"
        );
        assert_eq!(put(&mut queue, "b", "b2"), Ok(()));
        assert!(queue.resume(&tenant("a"), RunId::from_stored("a0".into())), "what was accepted is never refused");
        assert!(!queue.resume(&tenant("nobody"), RunId::from_stored("n0".into())));
        assert_eq!(queue.waiting(), 5);
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
