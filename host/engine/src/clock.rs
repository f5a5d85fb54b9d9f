//! Waiting for an instant by a clock that may be stepped.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aftercall_core::{ports::Clock, time::Timestamp};
use tokio::time::Instant;

/// Longest sleep without a look at the clock, in milliseconds: how late a step forward is noticed.
const SLEEP_MS_MAX: u64 = 60_000;

/// Waits until it is that time. Gives the instant at which it saw that it was.
pub(crate) async fn sleep_until(now: impl Fn() -> Timestamp, until: Timestamp) -> Timestamp {
    loop {
        let now = now();
        match until.ms_since(now) {
            0 => return now,
            left => tokio::time::sleep(Duration::from_millis(left.min(SLEEP_MS_MAX))).await,
        }
    }
}

/// The time of one run, which never goes back: where the clock is set back, as much has passed since it was last looked at
/// as really did. So a pause takes no longer than it was to take.
#[derive(Clone)]
pub(crate) struct RunClock {
    clock: Arc<dyn Clock>,
    /// The latest time that it has shown, and when that was: the same for all who look at it.
    shown: Arc<Mutex<(Timestamp, Instant)>>,
}

impl RunClock {
    /// From the run's newest event on.
    pub(crate) fn new(clock: Arc<dyn Clock>, newest: Timestamp) -> Self {
        let from = clock.now().max(newest);
        Self { clock, shown: Arc::new(Mutex::new((from, Instant::now()))) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, since) = *shown;
        let passed = from.plus_ms(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX));
        let now = self.clock.now();
        if now > passed {
            *shown = (now, Instant::now());
        }
        now.max(passed)
    }

    /// When the clock, which others look at, will show what the run's time is to be, unless it is stepped before that.
    pub(crate) fn on_the_clock(&self, at: Timestamp) -> Timestamp {
        let left = at.ms_since(self.now());
        self.clock.now().plus_ms(left)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    struct Stepped(AtomicU64);

    impl Clock for Stepped {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_run_goes_on_from_the_latest_that_was_seen() {
        let clock = Arc::new(Stepped(AtomicU64::new(1_000)));
        let run = RunClock::new(clock.clone(), Timestamp::from_millis(0));
        let step = run.clone();
        clock.0.store(900_000, Ordering::Relaxed);
        assert_eq!(step.now().as_millis(), 900_000);
        clock.0.store(2_000, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!([run.now(), step.now()].map(Timestamp::as_millis), [900_005; 2]);
        for (own, on_the_clock) in [(900_012, 2_007), (900_005, 2_000), (5, 2_000)] {
            assert_eq!(run.on_the_clock(Timestamp::from_millis(own)).as_millis(), on_the_clock);
        }
    }
}
