//! Credentials: what goes on a tenant's requests in a component's place, how it comes about, and what hides it.
//!
//! A slot's secret is the tenant's own, or a token that the host obtains with the tenant's parts and keeps while it
//! holds. Either goes on a request as it leaves; neither is ever given to a component, shown to people, or let back
//! in by an answer. A request for a token is the host's: it counts as no request of the component's, and it is
//! answered before a write is recorded, so that a token that can't be had is a certain failure.

mod answer;
mod ask;
mod endpoint;
mod hidden;
pub(crate) mod jwt;
mod kept;
pub(crate) mod key;
mod no_token;
mod place;
mod sealed;
mod slot;
mod supplied;
#[cfg(test)]
mod tests;
mod tokens;

use std::{collections::BTreeMap, sync::Arc};

use aftercall_core::{
    id::{PluginName, Tenant},
    manifest::Manifest,
    ports::Clock,
    secret::Secret,
};
use http::HeaderName;

use self::hidden::Hidden;
pub(crate) use self::{
    no_token::NoToken,
    slot::{Ready, Slot},
};
pub use self::{
    sealed::SealedTokens,
    supplied::{Parts, Supplied},
};
use crate::door::{Operator, Scrubber};

/// Why a tenant's credentials don't fit a plugin's manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A slot that requests need is empty.
    #[error("plugin {plugin} needs the credential `{slot}` ({description}): add `credentials.{slot}` to the grant")]
    Missing {
        /// Which plugin.
        plugin: PluginName,
        /// Which slot of its manifest.
        slot: String,
        /// What the manifest says of it.
        description: String,
    },
    /// A slot that the manifest doesn't have.
    #[error("plugin {plugin} has no credential `{slot}`: its slots are {slots}")]
    Unknown {
        /// Which plugin.
        plugin: PluginName,
        /// What the grant names.
        slot: String,
        /// What the manifest names.
        slots: String,
    },
    /// A value that can't go on a request, or can't be told from ordinary text in a response.
    #[error("credential `{slot}` of plugin {plugin} is unusable: {why}")]
    Unusable {
        /// Which plugin.
        plugin: PluginName,
        /// Which slot.
        slot: String,
        /// Why, without its value.
        why: String,
    },
}

/// What credentials stand on beside the grant.
pub(crate) struct Around {
    pub(crate) tenant: Tenant,
    pub(crate) operator: Arc<Operator>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) refresh_tokens: Arc<SealedTokens>,
    /// Longest time to obtain a token, in milliseconds.
    pub(crate) token_ms_max: u64,
}

/// The credentials of one plugin in one tenant.
pub(crate) struct Credentials {
    slots: BTreeMap<String, Arc<Slot>>,
    hidden: Arc<Hidden>,
}

impl Credentials {
    /// What a tenant supplies, in the slots of a manifest.
    pub(crate) fn new(
        manifest: &Manifest,
        supplied: &BTreeMap<String, Supplied>,
        around: &Around,
    ) -> Result<Self, Error> {
        let plugin = &manifest.name;
        if let Some(slot) = supplied.keys().find(|slot| !manifest.credentials.contains_key(*slot)) {
            let slots = manifest.credentials.keys().map(|slot| format!("`{slot}`")).collect::<Vec<_>>().join(", ");
            let slots = if slots.is_empty() { "none".to_owned() } else { slots };
            return Err(Error::Unknown { plugin: plugin.clone(), slot: slot.clone(), slots });
        }
        let hidden = Arc::new(Hidden::default());
        let mut slots = BTreeMap::new();
        for (name, asked) in &manifest.credentials {
            let Some(supplied) = supplied.get(name) else {
                if asked.optional {
                    continue;
                }
                let (slot, description) = (name.clone(), asked.description.clone());
                return Err(Error::Missing { plugin: plugin.clone(), slot, description });
            };
            let slot = Slot::of((plugin, name), asked, supplied, around, &hidden).map_err(|why| Error::Unusable {
                plugin: plugin.clone(),
                slot: name.clone(),
                why,
            })?;
            slots.insert(name.clone(), Arc::new(slot));
        }
        Ok(Self { slots, hidden })
    }

    /// The one of that name.
    pub(crate) fn slot(&self, name: &str) -> Option<&Arc<Slot>> {
        self.slots.get(name)
    }

    /// The headers that they fill: a component may neither set nor read them.
    pub(crate) fn headers(&self) -> Vec<HeaderName> {
        self.slots.values().filter_map(|slot| slot.place.header()).collect()
    }

    /// Hides another secret of the grant from its component.
    pub(crate) fn hide(&self, secret: &Secret) {
        self.hidden.hold([secret.expose()]);
    }

    /// Finds all that is hidden now in what comes back.
    pub(crate) fn scrubber(&self) -> Scrubber {
        self.hidden.scrubber()
    }
}
