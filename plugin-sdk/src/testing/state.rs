//! What a plugin keeps, in a test.

use std::collections::BTreeMap;

use crate::{Entry, StateError};

/// The host's own limits, so that a test finds what it would refuse.
const KEY_BYTES_MAX: usize = 256;
const VALUE_BYTES_MAX: usize = 64 << 10;
const KEYS_LISTED_MAX: usize = 100;

/// The plugin's space; until it is granted, nothing in it can be reached.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) granted: bool,
    keys_max: usize,
    bytes_max: usize,
    kept: BTreeMap<String, Entry>,
    /// In a rehearsal: the space as the call sees it.
    rehearsed: Option<BTreeMap<String, Entry>>,
    /// Of the last write.
    version: u64,
}

impl Default for Space {
    fn default() -> Self {
        Self {
            granted: false,
            keys_max: 1_000,
            bytes_max: 256 << 10,
            kept: BTreeMap::new(),
            rehearsed: None,
            version: 0,
        }
    }
}

impl Space {
    /// Puts something there before the call.
    pub(super) fn seed(&mut self, key: &str, value: &[u8]) {
        self.granted = true;
        self.put(key, value, |_| true).expect("a test keeps what the host would keep");
    }

    pub(super) fn limit(&mut self, keys_max: usize, bytes_max: usize) {
        self.granted = true;
        self.keys_max = keys_max;
        self.bytes_max = bytes_max;
    }

    /// Begins a call. A rehearsal leaves no trace.
    pub(super) fn begin(&mut self, rehearses: bool) {
        self.rehearsed = rehearses.then(|| self.kept.clone());
    }

    pub(super) fn values(&self) -> BTreeMap<String, Vec<u8>> {
        self.kept.iter().map(|(key, entry)| (key.clone(), entry.value.clone())).collect()
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        self.check(key)?;
        Ok(self.seen().get(key).cloned())
    }

    /// Writes, if the version that is there is as expected.
    pub(super) fn put(
        &mut self,
        key: &str,
        value: &[u8],
        expected: impl FnOnce(Option<u64>) -> bool,
    ) -> Result<u64, StateError> {
        self.check(key)?;
        if value.len() > VALUE_BYTES_MAX {
            return Err(StateError::Full);
        }
        let seen = self.seen();
        if !expected(seen.get(key).map(|entry| entry.version)) {
            return Err(StateError::Stale);
        }
        let others = || seen.iter().filter(|(other, _)| *other != key);
        let bytes: usize = others().map(|(other, entry)| other.len() + entry.value.len()).sum();
        if others().count() + 1 > self.keys_max || bytes + key.len() + value.len() > self.bytes_max {
            return Err(StateError::Full);
        }
        self.version += 1;
        let entry = Entry { value: value.to_vec(), version: self.version };
        self.seen_mut().insert(key.to_owned(), entry);
        Ok(self.version)
    }

    pub(super) fn delete(&mut self, key: &str) -> Result<(), StateError> {
        self.check(key)?;
        self.seen_mut().remove(key);
        Ok(())
    }

    pub(super) fn keys(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StateError> {
        // The prefix of all keys is none itself.
        if prefix.is_empty() {
            self.check_granted()?
        } else {
            self.check(prefix)?
        }
        let follows = |key: &&String| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after);
        Ok(self.seen().keys().filter(follows).take(KEYS_LISTED_MAX).cloned().collect())
    }

    fn seen(&self) -> &BTreeMap<String, Entry> {
        self.rehearsed.as_ref().unwrap_or(&self.kept)
    }

    fn seen_mut(&mut self) -> &mut BTreeMap<String, Entry> {
        self.rehearsed.as_mut().unwrap_or(&mut self.kept)
    }

    fn check(&self, key: &str) -> Result<(), StateError> {
        self.check_granted()?;
        let is_key = !key.is_empty() && key.len() <= KEY_BYTES_MAX && !key.contains(char::is_control);
        if is_key { Ok(()) } else { Err(StateError::InvalidKey) }
    }

    fn check_granted(&self) -> Result<(), StateError> {
        if self.granted { Ok(()) } else { Err(StateError::Unavailable) }
    }
}
