//! Where journals end that are being written: most events come right after one that this thread has written, and need
//! not look for it.
//!
//! Only the engine that holds the records appends, so that what is known here is true until a transaction is taken back.
//! Whatever it doesn't know, or can't be, the rows decide.

use std::collections::HashMap;

use aftercall_core::id::RunId;

/// Most journals that are known; beyond it all are forgotten. Protects the host's memory.
const TAILS_MAX: usize = 10_000;

/// The end of a journal of a run that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    /// The run's number.
    pub(super) number: i64,
    /// The next place in it.
    pub(super) next: u64,
}

/// The ends that are known.
#[derive(Debug, Default)]
pub(super) struct Tails(HashMap<RunId, Tail>);

impl Tails {
    /// The end of a journal, if the run is known to be under way.
    pub(super) fn get(&self, run: &RunId) -> Option<Tail> {
        self.0.get(run).copied()
    }

    /// An event was written, and the run is under way.
    pub(super) fn set(&mut self, run: &RunId, tail: Tail) {
        if let Some(known) = self.0.get_mut(run) {
            *known = tail;
            return;
        }
        if self.0.len() >= TAILS_MAX {
            self.0.clear();
        }
        self.0.insert(run.clone(), tail);
    }

    /// The run isn't under way any more.
    pub(super) fn remove(&mut self, run: &RunId) {
        self.0.remove(run);
    }

    /// Something was taken back.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_known_until_there_are_too_many() {
        let mut tails = Tails::default();
        let run = |number: usize| RunId::from_stored(format!("run_{number}"));
        for number in 0..TAILS_MAX {
            tails.set(&run(number), Tail { number: 1, next: 1 });
        }
        tails.set(&run(0), Tail { number: 1, next: 2 });
        assert_eq!(tails.get(&run(0)), Some(Tail { number: 1, next: 2 }), "one that is known takes no place");
        tails.remove(&run(1));
        assert_eq!(tails.get(&run(1)), None);
        tails.set(&run(1), Tail { number: 1, next: 1 });
        tails.set(&run(TAILS_MAX), Tail { number: 1, next: 1 });
        assert_eq!((tails.get(&run(0)), tails.0.len()), (None, 1), "all are forgotten");
    }
}
