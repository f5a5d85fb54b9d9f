//! That a law doesn't hold.

use std::fmt;

/// What happened that a law forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken(String);

impl Broken {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// The same, with where it happened before it.
    pub(crate) fn within(self, place: impl fmt::Display) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What holds or not.
pub(crate) type Held<T = ()> = Result<T, Broken>;

/// Demands that something holds.
pub(crate) fn demand(holds: bool, words: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { Err(Broken::new(words())) }
}

/// Demands that something is what it must be.
pub(crate) fn demand_eq<T, U>(what: &str, found: T, wanted: U) -> Held
where
    T: PartialEq<U> + fmt::Debug,
    U: fmt::Debug,
{
    demand(found == wanted, || format!("{what}: found {found:?}, wanted {wanted:?}"))
}
