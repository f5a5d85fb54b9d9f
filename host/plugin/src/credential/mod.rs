//! Credentials: what goes on a tenant's requests in a component's place, how it comes about, and what hides it.
//!
//! A slot's secret is the tenant's own, or a token that the host obtains with the tenant's parts and keeps while it
//! holds. Either goes on a request as it leaves; neither is ever given to a component, shown to people, or let back
//! in by an answer. A request for a token is the host's: it counts as no request of the component's, and it is
//! answered before a write is recorded, so that a token that can't be had is a certain failure.

mod answer;
mod ask;
mod by_host;
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
    egress::Target,
    id::{PluginName, Tenant},
    manifest::Manifest,
    ports::Clock,
    secret::Secret,
};
use http::HeaderName;

use self::{by_host::ByHost, hidden::Hidden};
pub(crate) use self::{
    no_token::NoToken,
    slot::{Ready, Slot},
};
pub use self::{
    sealed::SealedTokens,
    supplied::{HostSecret, Parts, Supplied},
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
    slots: BTreeMap<String, Filled>,
    hidden: Arc<Hidden>,
}

/// What fills a slot of a manifest.
enum Filled {
    /// One credential, on every request that the manifest wants it on.
    One(Arc<Slot>),
    /// One for each host.
    ByHost(ByHost),
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
            let filled = match asked.by_host {
                true => ByHost::of(name, asked, supplied, &hidden).map(Filled::ByHost),
                false => {
                    Slot::of((plugin, name), asked, supplied, around, &hidden).map(|slot| Filled::One(slot.into()))
                }
            };
            let unusable = |why| Error::Unusable { plugin: plugin.clone(), slot: name.clone(), why };
            slots.insert(name.clone(), filled.map_err(unusable)?);
        }
        Ok(Self { slots, hidden })
    }

    /// The one of that name that goes on a request to that place.
    pub(crate) fn slot(&self, name: &str, target: &Target) -> Option<&Arc<Slot>> {
        match self.slots.get(name)? {
            Filled::One(slot) => Some(slot),
            Filled::ByHost(by_host) => by_host.slot(target),
        }
    }

    /// The headers that they fill: a component may neither set nor read them.
    pub(crate) fn headers(&self) -> Vec<HeaderName> {
        let mut headers = Vec::new();
        for filled in self.slots.values() {
            match filled {
                Filled::One(slot) => headers.extend(slot.place.header()),
                Filled::ByHost(by_host) => headers.extend(by_host.slots().filter_map(|slot| slot.place.header())),
            }
        }
        headers
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
