//! A credential for each of some hosts, where tenants alone know what a plugin's endpoints are.

use std::sync::Arc;

use aftercall_core::{
    credential::{CredentialSlot, OwnHost},
    egress::Target,
};

use super::{
    Hidden,
    place::Place,
    slot::Slot,
    supplied::{HostSecret, Supplied},
};

/// The credentials of one slot, none of which goes to another's host.
pub(super) struct ByHost(Vec<(OwnHost, Arc<Slot>)>);

impl ByHost {
    /// What a tenant supplies for a slot that has one for each host, or why that can't be used.
    pub(super) fn of(name: &str, asked: &CredentialSlot, supplied: &Supplied, hidden: &Hidden) -> Result<Self, String> {
        let Supplied::ByHost(secrets) = supplied else {
            return Err(format!(
                "there is one for each host: write `credentials.{name} = [{{ host = \"api.example.com\", env = \"NAME\" }}]`"
            ));
        };
        let mut all: Vec<(OwnHost, Arc<Slot>)> = Vec::new();
        for HostSecret { host, secret, placement } in secrets {
            if all.iter().any(|(known, _)| known == host) {
                return Err(format!("the host {host} is there twice: it gets one credential"));
            }
            let place = match placement {
                Some(placement) => Place::of_tenant(placement),
                None => Place::of(&asked.placement),
            };
            let slot = place.map_err(|error| error.to_string()).and_then(|place| Slot::granted(place, secret, hidden));
            all.push((host.clone(), Arc::new(slot.map_err(|why| format!("of the host {host}: {why}"))?)));
        }
        Ok(Self(all))
    }

    /// The credential of the host that a request goes to. None: it goes without.
    pub(super) fn slot(&self, target: &Target) -> Option<&Arc<Slot>> {
        self.0.iter().find(|(host, _)| host.is_of(target)).map(|(_, slot)| slot)
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = &Arc<Slot>> {
        self.0.iter().map(|(_, slot)| slot)
    }
}
