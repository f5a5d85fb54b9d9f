//! Which effects this engine is trying, or asking about, at this moment: one at a time at each.
//!
//! The ledger knows that an attempt is open, not whether anybody is still at it: a drive that was dropped leaves
//! one behind under the engine's own fence. This tells the two apart.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aftercall_core::effect::EffectKey;

/// The effects that are being tried or asked about.
#[derive(Default)]
pub(crate) struct Trying(Mutex<HashSet<EffectKey>>);

/// One's turn at an effect, until it is dropped.
pub(crate) struct Turn {
    trying: Arc<Trying>,
    key: EffectKey,
}

impl Trying {
    /// Takes one's turn. None: somebody else has it.
    pub(crate) fn enter(self: &Arc<Self>, key: &EffectKey) -> Option<Turn> {
        let entered = self.keys().insert(key.clone());
        entered.then(|| Turn { trying: Arc::clone(self), key: key.clone() })
    }

    fn keys(&self) -> MutexGuard<'_, HashSet<EffectKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.trying.keys().remove(&self.key);
    }
}
