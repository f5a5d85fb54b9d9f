//! When the next run that sleeps is to go on. The records have all of them; nothing here grows with their number.

use aftercall_core::time::Timestamp;

/// How long it waits before it looks into records again that failed, in milliseconds.
const AGAIN_MS: u64 = 5_000;

/// What is known of the sleepers.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    /// From which instant on sleepers haven't been looked for.
    from: Timestamp,
    /// The first instant at which one is to go on. None: there is none.
    next: Option<Timestamp>,
}

impl Wakes {
    /// From which instant on runs are to be looked for that are to go on.
    pub(super) fn from(&self) -> Timestamp {
        self.from
    }

    /// All that are to go on by now were found; `next` is the first one after that.
    pub(super) fn looked(&mut self, now: Timestamp, next: Option<Timestamp>) {
        self.from = now.plus_ms(1);
        self.next = [next, self.next.filter(|next| *next > now)].into_iter().flatten().min();
    }

    /// They couldn't be looked for.
    pub(super) fn look_again(&mut self, now: Timestamp) {
        self.next = Some(now.plus_ms(AGAIN_MS));
    }

    /// A run has gone to sleep. Its instant lies before what was looked through where the clock was put back.
    pub(super) fn sleeps_until(&mut self, until: Timestamp) {
        self.from = self.from.min(until);
        self.next = Some(self.next.map_or(until, |next| next.min(until)));
    }

    /// The first instant at which a run is to go on.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next
    }
}
