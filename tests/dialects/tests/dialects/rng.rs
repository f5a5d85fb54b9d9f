//! Numbers that look random and follow from a seed alone.

/// A generator: xorshift, with the multiplication that hides its weak low bits.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds begin far apart, and none begins at zero, from where it would never leave.
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// Less than that many.
    pub(crate) fn below(&mut self, many: usize) -> usize {
        let many = u64::try_from(many).expect("it fits");
        usize::try_from(self.next() % many).expect("less than what fitted")
    }

    /// Whether the one case of so many is there.
    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        of.get(self.below(of.len())).expect("it is below the length")
    }
}
