//! What holds at the door for one plugin in one tenant, whatever the call.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use aftercall_core::{
    egress::{Policy, Rule},
    id::PluginName,
    manifest::{EgressRequest, Manifest},
    secret::Secret,
};
use http::HeaderName;
use reqwest::Client;
use url::{Host, Url};

use super::{
    address::Addresses,
    client,
    header::{self, Credential},
    resolver::Resolver,
    scrub::Scrubber,
};
use crate::limits::{CREDENTIAL_BYTES_MAX, CREDENTIAL_BYTES_MIN, Limits};

/// Other places for vendors' hosts, by host: requests to that host are connected there instead.
///
/// This is how a test double, a recording proxy or the demo's sandbox stands in for a vendor. Rules and
/// credentials go by the vendor's own name, the `Host` header keeps it, path and query stay as they are. The place
/// is the operator's word: an address in it is not checked against the refused ranges, a name is.
pub type Reroutes = BTreeMap<String, Url>;

/// What the operator says for all tenants.
pub(crate) struct Operator {
    pub(crate) ceiling: Option<Vec<Rule>>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) reroutes: Reroutes,
}

/// What a tenant grants one plugin to request.
pub(crate) struct Outlet {
    pub(super) policy: Policy,
    pub(super) limits: Limits,
    pub(super) injected: Vec<HeaderName>,
    pub(super) scrubber: Scrubber,
    pub(super) operator: Arc<Operator>,
    requests: Vec<EgressRequest>,
    credentials: BTreeMap<String, Credential>,
    client: OnceLock<Client>,
}

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

impl Outlet {
    pub(crate) fn new(
        manifest: &Manifest,
        policy: Policy,
        secrets: &BTreeMap<String, Secret>,
        limits: Limits,
        operator: Arc<Operator>,
    ) -> Result<Self, Error> {
        let plugin = &manifest.name;
        if let Some(slot) = secrets.keys().find(|slot| !manifest.credentials.contains_key(*slot)) {
            let slots = manifest.credentials.keys().map(|slot| format!("`{slot}`")).collect::<Vec<_>>().join(", ");
            let slots = if slots.is_empty() { "none".to_owned() } else { slots };
            return Err(Error::Unknown { plugin: plugin.clone(), slot: slot.clone(), slots });
        }
        let mut credentials = BTreeMap::new();
        let mut hidden = Vec::new();
        let mut injected = Vec::new();
        for (slot, asked) in &manifest.credentials {
            let unusable = |why: String| Error::Unusable { plugin: plugin.clone(), slot: slot.clone(), why };
            let Some(secret) = secrets.get(slot) else {
                let (slot, description) = (slot.clone(), asked.description.clone());
                return Err(Error::Missing { plugin: plugin.clone(), slot, description });
            };
            let credential = Credential::new(&asked.placement, secret).map_err(|error| unusable(error.to_string()))?;
            let parts = Credential::hidden(&asked.placement, secret);
            if parts.iter().any(|part| !(CREDENTIAL_BYTES_MIN..=CREDENTIAL_BYTES_MAX).contains(&part.len())) {
                let range = format!("it must have {CREDENTIAL_BYTES_MIN} to {CREDENTIAL_BYTES_MAX} bytes");
                return Err(unusable(range));
            }
            hidden.extend(parts);
            if let Credential::Header { name, .. } = &credential {
                injected.push(name.clone());
            }
            credentials.insert(slot.clone(), credential);
        }
        Ok(Self {
            policy,
            limits,
            injected,
            scrubber: Scrubber::new(hidden),
            operator,
            requests: manifest.egress.clone(),
            credentials,
            client: OnceLock::new(),
        })
    }

    /// Whether the component may neither set nor read that header.
    pub(crate) fn is_forbidden(&self, name: &HeaderName) -> bool {
        header::is_forbidden(name, &self.injected)
    }

    /// The manifest's request of that place.
    pub(super) fn request(&self, author_rule: usize) -> &EgressRequest {
        &self.requests[author_rule]
    }

    /// The credential that the manifest wants on it.
    pub(super) fn credential(&self, request: &EgressRequest) -> Option<&Credential> {
        request.credential.as_ref().and_then(|slot| self.credentials.get(slot))
    }

    /// Made for the first request that may leave.
    pub(super) fn client(&self) -> &Client {
        self.client.get_or_init(|| client::make(&self.operator, self.limits.request_ms_max))
    }

    /// Where a request is connected to, and the `Host` that it then needs to be told.
    pub(super) fn place(&self, url: &Url) -> (Url, Option<String>) {
        let Some(base) = url.host_str().and_then(|host| self.operator.reroutes.get(host)) else {
            return (url.clone(), None);
        };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        let mut place = base.clone();
        place.set_path(url.path());
        place.set_query(url.query());
        (place, Some(host))
    }

    /// Whether a connection to that address is in order: an address of the operator's rerouting is.
    pub(super) fn check_address(&self, url: &Url, rerouted: bool) -> Result<(), super::Error> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            _ => return Ok(()),
        };
        if !rerouted {
            self.operator.addresses.check(url.host_str().unwrap_or_default(), address)?;
        }
        Ok(())
    }
}
