//! Who may go in next: so many at once, each tenant no more than its share of them, and tenants in turn where there
//! are more who want to.
//!
//! Calls pass it on their way to an instance, and what they compute passes another one, slice by slice. Nothing is
//! locked but for a look at who waits; a place is never lost, whoever is dropped while it waits or is let in.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use aftercall_core::id::Tenant;
use tokio::sync::oneshot;

/// The way in.
#[derive(Clone)]
pub(crate) struct Admission(Arc<Mutex<Queue>>);

/// Where one tenant's calls wait, whether any does or not.
#[derive(Clone)]
pub(crate) struct Lane {
    admission: Admission,
    /// Its index in the queue.
    index: usize,
}

/// One that was let in. Its place is the next one's when this is dropped.
pub(crate) struct Place(Lane);

/// One that waits. It leaves the queue when it is dropped.
pub(crate) struct Waiting {
    lane: Lane,
    ticket: u64,
    place: oneshot::Receiver<Place>,
}

struct Queue {
    places: usize,
    /// Those that nobody has.
    free: usize,
    /// Most places that one lane has.
    each_max: usize,
    lanes: Vec<Waiters>,
    by_tenant: HashMap<Tenant, usize>,
    /// Lanes in which somebody waits, in the order in which it is their turn.
    turns: VecDeque<usize>,
    next_ticket: u64,
}

#[derive(Default)]
struct Waiters {
    inside: usize,
    waiting: VecDeque<(u64, oneshot::Sender<Place>)>,
}

impl Admission {
    /// With so many places, of which one tenant has so many at most. Neither is less than one.
    pub(crate) fn new(places: u32, each_max: u32) -> Self {
        let size = |number: u32| usize::try_from(number.max(1)).unwrap_or(usize::MAX);
        Self(Arc::new(Mutex::new(Queue {
            places: size(places),
            free: size(places),
            each_max: size(each_max),
            lanes: Vec::new(),
            by_tenant: HashMap::new(),
            turns: VecDeque::new(),
            next_ticket: 0,
        })))
    }

    /// The lane of a tenant, which is kept: only for tenants that an operator has configured.
    pub(crate) fn lane(&self, tenant: &Tenant) -> Lane {
        let mut queue = self.queue();
        let next = queue.lanes.len();
        let index = *queue.by_tenant.entry(tenant.clone()).or_insert(next);
        if index == next {
            queue.lanes.push(Waiters::default());
        }
        drop(queue);
        Lane { admission: self.clone(), index }
    }

    /// The lane of work that is no tenant's.
    pub(crate) fn operators_lane(&self) -> Lane {
        let mut queue = self.queue();
        queue.lanes.push(Waiters::default());
        let index = queue.lanes.len() - 1;
        drop(queue);
        Lane { admission: self.clone(), index }
    }

    /// How many are inside.
    pub(crate) fn inside(&self) -> usize {
        let queue = self.queue();
        queue.places - queue.free
    }

    /// Whether nobody is.
    pub(crate) fn is_idle(&self) -> bool {
        self.inside() == 0
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    /// A place at once, or one to wait for.
    pub(crate) fn enter(&self) -> Result<Place, Waiting> {
        let mut queue = self.admission.queue();
        let each_max = queue.each_max;
        // Where a lane may have one more and one is free, nobody of that lane waits.
        if queue.free > 0 && queue.lanes[self.index].inside < each_max {
            queue.free -= 1;
            queue.lanes[self.index].inside += 1;
            return Ok(Place(self.clone()));
        }
        let (sender, place) = oneshot::channel();
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        if queue.lanes[self.index].waiting.is_empty() {
            queue.turns.push_back(self.index);
        }
        queue.lanes[self.index].waiting.push_back((ticket, sender));
        Err(Waiting { lane: self.clone(), ticket, place })
    }

    /// Whether anybody of any lane waits.
    pub(crate) fn is_crowded(&self) -> bool {
        !self.admission.queue().turns.is_empty()
    }

    /// A place, when it is this one's turn.
    pub(crate) async fn place(&self) -> Place {
        match self.enter() {
            Ok(place) => place,
            Err(waiting) => waiting.await,
        }
    }
}

impl Queue {
    /// Lets in whoever may: of the lane that has fewest inside, and among those of the one whose turn it is.
    fn next(&mut self) -> Option<(usize, oneshot::Sender<Place>)> {
        if self.free == 0 {
            return None;
        }
        let turns = self.turns.iter().enumerate().map(|(turn, lane)| (self.lanes[*lane].inside, turn));
        let (inside, turn) = turns.min()?;
        if inside >= self.each_max {
            return None;
        }
        let index = self.turns.remove(turn).expect("it was found there");
        let lane = &mut self.lanes[index];
        let (_, sender) = lane.waiting.pop_front().expect("only lanes in which somebody waits have turns");
        lane.inside += 1;
        self.free -= 1;
        if !lane.waiting.is_empty() {
            self.turns.push_back(index);
        }
        Some((index, sender))
    }

    /// Whoever leaves has had a turn: the others of its lane come after all who waited meanwhile.
    fn leave(&mut self, lane: usize) {
        self.lanes[lane].inside -= 1;
        self.free += 1;
        if let Some(turn) = self.turns.iter().position(|turn| *turn == lane) {
            self.turns.remove(turn);
            self.turns.push_back(lane);
        }
    }

    fn give_up(&mut self, lane: usize, ticket: u64) {
        let waiting = &mut self.lanes[lane].waiting;
        let before = waiting.len();
        waiting.retain(|(other, _)| *other != ticket);
        if before > 0 && waiting.is_empty() {
            self.turns.retain(|turn| *turn != lane);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Lane { admission, index } = &self.0;
        let mut queue = admission.queue();
        queue.leave(*index);
        while let Some((index, sender)) = queue.next() {
            drop(queue);
            // Whoever gave up a moment ago lets the place drop, which comes back here.
            let place = Place(Lane { admission: admission.clone(), index });
            drop(sender.send(place));
            queue = admission.queue();
        }
    }
}

impl Future for Waiting {
    type Output = Place;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Place> {
        Pin::new(&mut self.place).poll(cx).map(|place| place.expect("a ticket stays in the queue until it is served"))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // If it was served meanwhile, the place is in the channel, and is dropped with it.
        self.lane.admission.queue().give_up(self.lane.index, self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn lanes(admission: &Admission) -> [Lane; 2] {
        ["a", "b"].map(|name| admission.lane(&name.parse().expect("a name")))
    }

    /// The place that one who waits was given.
    fn served(waiting: &mut Waiting) -> Option<Place> {
        match Pin::new(waiting).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(place) => Some(place),
            Poll::Pending => None,
        }
    }

    /// One tenant's calls in some order of events.
    #[derive(Default)]
    struct Calls {
        inside: Vec<Place>,
        waiting: VecDeque<Waiting>,
    }

    impl Calls {
        fn enter(&mut self, lane: &Lane) {
            match lane.enter() {
                Ok(place) => self.inside.push(place),
                Err(waiting) => self.waiting.push_back(waiting),
            }
        }

        /// Whoever was served goes in. Those of one tenant are served in the order in which they came.
        fn advance(&mut self) {
            while let Some(place) = self.waiting.front_mut().and_then(served) {
                drop(self.waiting.pop_front());
                self.inside.push(place);
            }
            assert!(self.waiting.iter_mut().all(|waiting| served(waiting).is_none()));
        }
    }

    #[test]
    fn tenants_take_turns() {
        let admission = Admission::new(1, 1);
        let [a, b] = lanes(&admission);
        let inside = a.enter().ok().expect("it is free");
        let mut rush: Vec<_> = (0..100).map(|_| a.enter().err().expect("it is taken")).collect();
        let mut one = b.enter().err().expect("it is taken");
        drop(inside);
        let other = served(&mut one).expect("whose lane had no turn comes before the others of one that had");
        let mut two = b.enter().err().expect("it is taken");
        assert!(served(&mut rush[0]).is_none());
        drop(other);
        let first = served(&mut rush[0]).expect("a lane is never further away than one turn of each other");
        assert!(served(&mut two).is_none());
        drop(first);
        let _two = served(&mut two).expect("it is its turn");
        assert!(served(&mut rush[1]).is_none());
    }

    #[test]
    fn who_has_least_comes_first() {
        let admission = Admission::new(3, 3);
        let [a, b] = lanes(&admission);
        let mut inside: Vec<_> = (0..3).map(|_| a.enter().ok().expect("it is free")).collect();
        let mut more = a.enter().err().expect("all are taken");
        let mut late = [b.enter(), b.enter()].map(|entered| entered.err().expect("all are taken"));
        drop(inside.pop());
        let _one = served(&mut late[0]).expect("it has none");
        drop(inside.pop());
        assert!(served(&mut more).is_none(), "each has one, and the other's turn was longer ago");
        assert!(served(&mut late[1]).is_some());
    }

    #[test]
    fn a_tenant_has_its_share_and_no_more() {
        let admission = Admission::new(4, 2);
        let [a, b] = lanes(&admission);
        let [one, two] = [a.enter(), a.enter()].map(|entered| entered.ok().expect("within its share"));
        let mut third = a.enter().err().expect("over its share, though two are free");
        let _b = [b.enter(), b.enter()].map(|entered| entered.ok().expect("within its share"));
        drop(one);
        assert!(served(&mut third).is_some());
        drop(two);
    }

    #[test]
    fn a_place_survives_whoever_gives_up() {
        let admission = Admission::new(1, 1);
        let [a, b] = lanes(&admission);
        let inside = a.enter().ok().expect("it is free");
        let let_in = b.enter().err().expect("it is taken");
        let gone = a.enter().err().expect("it is taken");
        let mut last = a.enter().err().expect("it is taken");
        drop(gone);
        drop(inside);
        assert!(served(&mut last).is_none(), "it was the other's turn");
        drop(let_in);
        let place = served(&mut last).expect("who was let in and is gone has given the place on");
        drop(place);
        assert!(b.enter().is_ok());
    }

    #[test]
    fn whoever_waits_is_woken() {
        let admission = Admission::new(1, 1);
        let [a, b] = lanes(&admission);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let inside = a.place().await;
            let waiting = tokio::spawn(async move { drop(b.place().await) });
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
            drop(inside);
            waiting.await.expect("is let in");
        });
    }

    /// Every order of so many events: somebody comes, gives up, or is done, of either tenant.
    #[test]
    fn in_every_order_of_events_nobody_waits_for_nothing_and_no_place_is_lost() {
        const EVENTS: u32 = 6;
        const KINDS: u32 = 8;
        for (places, each_max) in [(1, 1), (2, 1), (2, 2), (3, 2)] {
            for order in 0..KINDS.pow(EVENTS) {
                let admission = Admission::new(places, each_max);
                let lanes = lanes(&admission);
                let mut calls = [Calls::default(), Calls::default()];
                for event in (0..EVENTS).map(|event| order / KINDS.pow(event) % KINDS) {
                    let (lane, of) = (&lanes[event as usize % 2], &mut calls[event as usize % 2]);
                    match event / 2 {
                        0 => of.enter(lane),
                        1 => drop(of.inside.pop()),
                        2 => drop(of.waiting.pop_front()),
                        _ => drop(of.waiting.pop_back()),
                    }
                    // Half of the orders look at who was served only at the end.
                    if order % 2 == 0 {
                        calls.iter_mut().for_each(Calls::advance);
                    }
                }
                calls.iter_mut().for_each(Calls::advance);
                check(&admission, &calls, places as usize, each_max as usize);
                drop(calls);
                let queue = admission.queue();
                assert_eq!((queue.free, queue.turns.len()), (places as usize, 0));
            }
        }
    }

    fn check(admission: &Admission, calls: &[Calls; 2], places: usize, each_max: usize) {
        let inside: usize = calls.iter().map(|calls| calls.inside.len()).sum();
        let free = admission.queue().free;
        assert_eq!(free + inside, places);
        for Calls { inside, waiting } in calls {
            assert!(inside.len() <= each_max);
            assert!(waiting.is_empty() || free == 0 || inside.len() == each_max, "it waits for nothing");
        }
    }
}
