//! `aftercall:tool/state`: what a plugin keeps in a tenant, in the records.
//!
//! A rehearsal sees what is kept, and keeps nothing: its writes are there for the call itself alone.

use std::{collections::BTreeMap, sync::Arc};

use aftercall_core::{
    ports::{PluginState, RecordsError},
    state::{Expected, Put, Quota, STATE_KEYS_LISTED_MAX, STATE_VALUE_BYTES_MAX, Space, Value, is_key},
    usage::Limit,
};
use wasmtime::component::{HasSelf, Linker};

use super::State;
use crate::{
    bindings::aftercall::tool::state::{self, Entry, Error},
    grant::Capability,
    limits::Reached,
};

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    state::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

/// A plugin's space, as one call sees it.
pub(crate) enum View {
    /// There is none, and this would make one.
    Shut(&'static str),
    /// It is there.
    Open(Open),
}

/// A space that is there.
pub(crate) struct Open {
    records: Arc<dyn PluginState>,
    space: Space,
    quota: Quota,
    /// In a rehearsal: what the call has written, or deleted.
    rehearsed: Option<BTreeMap<String, Option<Value>>>,
}

impl View {
    /// What one call sees of a space.
    pub(crate) fn new(
        records: Option<&Arc<dyn PluginState>>,
        space: Space,
        quota: Capability<Quota>,
        rehearses: bool,
    ) -> Self {
        match (quota, records) {
            (Capability::NotAsked, _) => Self::Shut("its author must add `state = true` to plugin.toml"),
            (Capability::NotGranted, _) => Self::Shut("add `state = {}` to the tenant's grant of the plugin"),
            (Capability::Given(_), None) => Self::Shut("run it where there are records"),
            (Capability::Given(quota), Some(records)) => {
                let rehearsed = rehearses.then(BTreeMap::new);
                Self::Open(Open { records: Arc::clone(records), space, quota, rehearsed })
            }
        }
    }
}

impl Open {
    async fn get(&self, key: &str) -> Result<Option<Value>, RecordsError> {
        match self.rehearsed.as_ref().and_then(|written| written.get(key)) {
            Some(written) => Ok(written.clone()),
            None => self.records.get(&self.space, key).await,
        }
    }

    async fn put(&mut self, key: String, bytes: Vec<u8>, expected: Expected) -> Result<Put, RecordsError> {
        if self.rehearsed.is_none() {
            return self.records.put(&self.space, &key, &bytes, expected, self.quota).await;
        }
        let found = self.get(&key).await?.map(|value| value.version);
        let written = self.rehearsed.as_mut().expect("it was there above");
        let length = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let size = |(key, value): (&String, &Option<Value>)| key.len() + value.as_ref().map_or(0, |v| v.bytes.len());
        let held: usize = written.iter().filter(|(other, _)| **other != key).map(size).sum();
        // The records are not asked how much they hold already: a rehearsal is bounded, not exact.
        if !self.quota.holds(length(written.len() + 1), length(held + key.len() + bytes.len())) {
            return Ok(Put::Full);
        }
        if !expected.meets(found) {
            return Ok(Put::Stale);
        }
        let version = found.unwrap_or(0).saturating_add(1);
        written.insert(key, Some(Value { bytes, version }));
        Ok(Put::Done(version))
    }

    async fn delete(&mut self, key: String) -> Result<(), RecordsError> {
        if self.rehearsed.is_none() {
            return self.records.delete(&self.space, &key).await;
        }
        // What is there is within the quota; what isn't there is as many as a component cares to name.
        let kept = self.records.get(&self.space, &key).await?.is_some();
        let written = self.rehearsed.as_mut().expect("it was there above");
        if kept {
            written.insert(key, None);
        } else {
            written.remove(&key);
        }
        Ok(())
    }

    async fn keys(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, RecordsError> {
        let mut keys = self.records.keys(&self.space, prefix, after, STATE_KEYS_LISTED_MAX).await?;
        if let Some(written) = &self.rehearsed {
            keys.retain(|key| written.get(key).is_none_or(Option::is_some));
            let fits = |key: &&String| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after);
            let new = written.iter().filter(|(_, value)| value.is_some()).map(|(key, _)| key);
            keys.extend(new.filter(fits).cloned());
            keys.sort_unstable();
            keys.dedup();
            keys.truncate(usize::try_from(STATE_KEYS_LISTED_MAX).expect("a hundred"));
        }
        Ok(keys)
    }
}

impl State {
    /// The space, for one operation, which counts whether or not there is anything to be had.
    fn open_state(&mut self) -> wasmtime::Result<Result<&mut Open, Error>> {
        self.use_fallible("state")?;
        if self.memory.meter().see_state_operation() > self.state_operations_max {
            return Err(Reached::new(Limit::StateOperations, self.state_operations_max).into());
        }
        Ok(match &mut self.kept {
            View::Open(open) => Ok(open),
            View::Shut(remedy) => {
                self.log.host_line(&format!("the tool asked for its state, which it doesn't have: {remedy}"));
                Err(Error::Unavailable)
            }
        })
    }

    async fn put_state(
        &mut self,
        key: String,
        value: Vec<u8>,
        expected: Expected,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let open = match self.open_state()? {
            Ok(open) => open,
            Err(error) => return Ok(Err(error)),
        };
        if !is_key(&key) {
            return Ok(Err(Error::InvalidKey));
        }
        if value.len() > STATE_VALUE_BYTES_MAX {
            return Ok(Err(Error::Full));
        }
        let put = open.put(key, value, expected).await;
        Ok(match put {
            Ok(Put::Done(version)) => Ok(version),
            Ok(Put::Stale) => Err(Error::Stale),
            Ok(Put::Full) => Err(Error::Full),
            Err(error) => Err(self.state_failed(&error)),
        })
    }

    fn state_failed(&self, error: &RecordsError) -> Error {
        self.log.host_line(&format!("the tool's state can't be reached: {error}"));
        Error::Unavailable
    }
}

impl state::Host for State {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Entry>, Error>> {
        let found = match self.open_state()? {
            Ok(_) if !is_key(&key) => return Ok(Err(Error::InvalidKey)),
            Ok(open) => open.get(&key).await,
            Err(error) => return Ok(Err(error)),
        };
        let entry = |value: Value| Entry { value: value.bytes, version: value.version };
        Ok(found.map(|value| value.map(entry)).map_err(|error| self.state_failed(&error)))
    }

    async fn put(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<u64, Error>> {
        self.put_state(key, value, Expected::Anything).await
    }

    async fn put_if(
        &mut self,
        key: String,
        value: Vec<u8>,
        version: Option<u64>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let expected = version.map_or(Expected::Nothing, Expected::Version);
        self.put_state(key, value, expected).await
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), Error>> {
        let deleted = match self.open_state()? {
            Ok(_) if !is_key(&key) => return Ok(Err(Error::InvalidKey)),
            Ok(open) => open.delete(key).await,
            Err(error) => return Ok(Err(error)),
        };
        Ok(deleted.map_err(|error| self.state_failed(&error)))
    }

    async fn keys(&mut self, prefix: String, after: Option<String>) -> wasmtime::Result<Result<Vec<String>, Error>> {
        let keys = match self.open_state()? {
            Ok(_) if !prefix.is_empty() && !is_key(&prefix) => return Ok(Err(Error::InvalidKey)),
            Ok(open) => open.keys(&prefix, after.as_deref()).await,
            Err(error) => return Ok(Err(error)),
        };
        Ok(keys.map_err(|error| self.state_failed(&error)))
    }
}
