//! Waiting for an instant by a clock that may be stepped.

use std::{sync::Arc, time::Duration};

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

/// The time of one run, which never goes back: where the clock is set back, as much has passed since the run's last
/// event as really did. So a pause takes no longer than it was to take.
#[derive(Clone)]
pub(crate) struct RunClock {
    clock: Arc<dyn Clock>,
    from: Timestamp,
    since: Instant,
}

impl RunClock {
    /// From the run's newest event on.
    pub(crate) fn new(clock: Arc<dyn Clock>, newest: Timestamp) -> Self {
        let from = clock.now().max(newest);
        Self { clock, from, since: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let passed = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.clock.now().max(self.from.plus_ms(passed))
    }
}
