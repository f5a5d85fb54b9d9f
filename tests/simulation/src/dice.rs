//! Chance that a seed decides.

use std::ops::RangeInclusive;

/// Draws, the same ones for the same seed.
pub(crate) struct Dice(fastrand::Rng);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Other dice, which what is drawn from these no longer touches.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.0.fork())
    }

    pub(crate) fn between(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.0.u64(range)
    }

    pub(crate) fn count(&mut self, range: RangeInclusive<u32>) -> u32 {
        self.0.u32(range)
    }

    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.0.u64(0..100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.0.usize(0..of.len())]
    }

    /// Mostly small, at times as large as it may be: each order of magnitude is as likely as the next.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        let bits = 64 - most.leading_zeros();
        let most = most >> self.0.u32(0..bits.max(1));
        self.0.u64(0..=most)
    }
}
