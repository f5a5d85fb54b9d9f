//! The real time and real chance, which only the binary has.

use std::time::{SystemTime, UNIX_EPOCH};

use aftercall_core::{
    assistant::Jitter,
    ports::{Chance, Clock},
    time::Timestamp,
};

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Chance good enough to spread retries.
pub struct SystemChance;

impl Chance for SystemChance {
    fn jitter(&self) -> Jitter {
        Jitter::new(fastrand::u16(0..=1000))
    }
}
